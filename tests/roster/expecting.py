"""What a delivery must have done: read from its rows and from what was there before, without asking the program."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.roster.tables import Key, Tables, differences
from tests.roster.world import Human, Row
from unilogin.domain.directory.cpr import Cpr
from unilogin.kit.secrets import CprVault
from unilogin.roster.model import DeliveryKind, Receipt

SHOWN_OR_NOT = {"protected", "alias_first_name", "alias_family_name", "protection_doubted_at", "changed_at"}


Seen = tuple[str, str, str, str]
"""Number, source, local id, and the hash of the row."""


@dataclass(frozen=True, slots=True)
class Noted:
    """What was written down about a delivery: who changed how, by local id, and the log by action."""

    changes: Mapping[str, str]
    log: Mapping[str, int]


@dataclass
class Sent:
    """A file on its way, and what stood before and after it counted."""

    school: tuple[str, str]
    kind: DeliveryKind
    rows: tuple[Row, ...]
    text: str
    receipt: Receipt | None = None
    noted: Noted | None = None
    before: Tables | None = None
    after: Tables | None = None

    @property
    def by_key(self) -> dict[Key, Row]:
        return {(*self.school, row.local_id): row for row in self.rows}


class Expecting:
    """Compares two moments around a delivery that counts."""

    def __init__(self, sent: Sent, before: Tables, now: Tables, *, seen: Mapping[Seen, Row], vault: CprVault) -> None:
        self.sent, self.before, self.now, self.seen = sent, before, now, seen
        self._vault = vault
        self._was, self._is = before.keys(), now.keys()

    def index(self, human: Human) -> str:
        return "\\x" + self._vault.index(Cpr(human.number)).hex()

    def numbers_of(self, person: str) -> set[str]:
        former = {index for index, owner in self.before.former.items() if owner == person}
        return former | {self.before.people[person]["cpr_index"]}

    def is_refused(self, key: Key, row: Row) -> bool:
        """Whether the row cannot be loaded, or waits for somebody to look at its number."""
        if row.broken:
            return True
        if key not in self._was:
            return self._is_shared(key, row)
        if self.is_recognised(key, row):
            return False
        known = self.before.members[self._was[key]]["person_id"]
        return self.index(row.human) not in self.numbers_of(known) or self._is_shared(key, row)

    def _is_shared(self, key: Key, row: Row) -> bool:
        """Whether another row of the file has the same number, and calls its person otherwise."""
        index, names = self.index(row.human), (row.human.name, row.human.family)
        person = self.before.people.get(self.before.person_of(index) or "")
        is_known = person is not None and person["cpr_index"] == index
        for other, said in self.sent.by_key.items():
            if other == key or said.broken:
                continue
            if not self.is_recognised(other, said):
                if self.index(said.human) == index and (said.human.name, said.human.family) != names:
                    return True
            elif person and is_known and self._owner_of(other) == person["person_id"] and _names(person) != names:
                return True
        return False

    def _owner_of(self, key: Key) -> str | None:
        return self.before.members[self._was[key]]["person_id"] if key in self._was else None

    def is_recognised(self, key: Key, row: Row) -> bool:
        """Whether it stands there word for word as it was read last: it is not read again."""
        member = self.before.members.get(self._was.get(key, ""))
        if not member or member["ended_at"]:
            return False
        return self.seen.get((*key, member["raw_hash"])) == row

    def learn(self, seen: dict[Seen, Row]) -> None:
        """Note what each row looks like to the program."""
        for key, row in self.sent.by_key.items():
            if self.sent.kind is not DeliveryKind.DELETE and not self.is_refused(key, row):
                read = self.now.members[self._is[key]]["raw_hash"]
                if read != "\\x":
                    seen[(*key, read)] = row

    def check(self) -> None:
        rows = self.sent.by_key if self.sent.kind is not DeliveryKind.DELETE else {}
        for key, row in rows.items():
            if self.is_refused(key, row):
                self._stays(key)
            else:
                self._is_as_told(key, row)
        leave = self._who_leaves()
        for key in leave:
            self._has_left(key)
        for key in self._was.keys() - rows.keys() - leave:
            self._stays(key)
        assert self._is.keys() - self._was.keys() <= rows.keys(), "somebody whom nobody told of"
        self._nobody_else(rows.values())
        self._counts(rows, len(leave))

    def _who_leaves(self) -> set[Key]:
        here = {
            key
            for key, member in self._was.items()
            if key[:2] == self.sent.school and self.before.members[member]["ended_at"] is None
        }
        match self.sent.kind:
            case DeliveryKind.FULL:
                return here - self.sent.by_key.keys()
            case DeliveryKind.DELETE:
                return here & self.sent.by_key.keys()
            case _:
                return set()

    def _stays(self, key: Key) -> None:
        if key in self._was:
            member = self._was[key]
            assert self.now.belongs(member) == self.before.belongs(member), f"{key} is as before"
        else:
            assert key not in self._is, f"{key} is nobody"

    def _has_left(self, key: Key) -> None:
        was, now = self.before.belongs(self._was[key]), self.now.belongs(self._was[key])
        assert now["ended_at"] is not None, f"{key} has left"
        assert now == was | {"ended_at": now["ended_at"]}, f"{key} is as before, and has left"

    def _is_as_told(self, key: Key, row: Row) -> None:
        assert key in self._is, f"{key} is there"
        member = self._is[key]
        told = self.now.members[member]
        person = self.before.person_of(self.index(row.human)) or self.now.person_of(self.index(row.human))
        recognised = self.is_recognised(key, row)
        if recognised:  # whoever was split off has no number, until their row is another one
            person = self.before.members[member]["person_id"]
        assert told["person_id"] == person, f"{key} is who has the number"
        assert told["ended_at"] is None, f"{key} belongs"
        assert told["actor_group"] == ("Elev" if row.is_pupil else "Medarbejder")
        assert set(told["roles"]) == set(row.roles)
        assert told["level"] == row.level
        groups = {
            self.now.groups[group]["group_id"]: main for group, main in self.now.in_groups.get(member, {}).items()
        }
        assert groups == {**dict.fromkeys(row.groups, False), **({row.main: True} if row.main else {})}, key
        custody = {contact: tie["child_custody"] for contact, tie in self.now.contacts.get(member, {}).items()}
        told_of = defaultdict(set)
        for tie in row.ties:
            told_of[self.now.person_of(self.index(tie.human))].add(tie.custody)
        assert custody.keys() == told_of.keys(), key
        assert all(has in told_of[contact] for contact, has in custody.items()), key
        for human in (row.human, *(tie.human for tie in row.ties)):
            if human.protected:
                one = self.now.people[str(self.now.person_of(self.index(human)))]
                assert one["protected"], "hidden as soon as one says so"
        if not recognised:
            assert self.now.people[str(person)]["family_name"] == row.human.family, f"{key} is called so"

    def _nobody_else(self, rows: Iterable[Row]) -> None:
        """Whoever is not in the file is as before, and no number changes by a file."""
        told = {self.index(human) for row in rows for human in (row.human, *(tie.human for tie in row.ties))}
        named = self.sent.by_key.keys() & self._was.keys()
        known_by_id = {self.before.members[self._was[key]]["person_id"] for key in named}
        for person, one in self.before.people.items():
            now = self.now.people[person]
            assert now["cpr_index"] == one["cpr_index"], "a number"
            if not self.numbers_of(person) & told and person not in known_by_id:
                changed = {name for name in one if one[name] != now[name]}
                assert changed <= {"contact_until"}, f"{changed} of somebody who is not in the file"
        for group, one in self.before.groups.items():
            if (one["number"], one["source"]) != self.sent.school:
                assert self.now.groups[group] == one, "another school's class"
        for table in ("former", "by_hand", "subjects", "secrets", "sessions"):
            assert getattr(self.now, table) == getattr(self.before, table), table

    def _counts(self, rows: Mapping[Key, Row], left: int) -> None:
        assert self.sent.receipt
        counts, new = self.sent.receipt.counts, 0
        refused = sum(self.is_refused(key, row) for key, row in rows.items())
        for key in rows:
            was = self._was.get(key)
            is_here = key in self._is and self.now.members[self._is[key]]["ended_at"] is None
            new += is_here and (was is None or self.before.members[was]["ended_at"] is not None)
        assert (counts.created, counts.left, counts.refused) == (new, left, refused)
        assert counts.created + counts.changed + counts.unchanged + counts.refused == len(rows)
        differ = sum(
            self.before.belongs(was) != self.now.belongs(was)
            for key, was in self._was.items()
            if key in rows and self.before.members[was]["ended_at"] is None
        )
        assert counts.changed >= differ, "everybody who is otherwise is counted"
        fresh = self.now.people.keys() - self.before.people.keys()
        assert self.sent.receipt.new_accounts == len(fresh)
        self._is_written_down(len(fresh))

    def _is_written_down(self, fresh: int) -> None:
        """The page of the delivery and the log say what was done, and no more."""
        assert self.sent.receipt
        assert self.sent.noted
        counts, log = self.sent.receipt.counts, self.sent.noted.log
        assert log.get("membership.started", 0) == counts.created
        assert log.get("membership.changed", 0) == counts.changed
        assert log.get("membership.ended", 0) == counts.left
        assert log.get("person.created", 0) == fresh
        assert log.get("delivery.applied", 0) == 1
        kinds = {}
        for key, member in self._is.items():
            if key[:2] == self.sent.school and (kind := self._kind(member)):
                kinds[key[2]] = kind
        told = dict(self.sent.noted.changes)
        if not told and not any(key[:2] == self.sent.school for key in self._was):
            return  # of a first delivery everybody is new
        assert {one: kind for one, kind in told.items() if kind != "changed"} == {
            one: kind for one, kind in kinds.items() if kind != "changed"
        }
        assert kinds.keys() <= told.keys()
        assert sum(kind in ("moved", "changed") for kind in told.values()) == counts.changed
        lines = self.sent.receipt.plan
        assert sum(line.new + line.back for line in lines if line.actor_group != "Kontaktperson") == counts.created
        assert sum(line.left for line in lines if line.actor_group != "Kontaktperson") == counts.left

    def _kind(self, member: str) -> str | None:
        """How somebody at the delivery's own school is otherwise."""
        if member not in self.before.members:
            return "new"
        was, now = self.before.belongs(member), self.now.belongs(member)
        if was["ended_at"] or now["ended_at"]:
            return "left" if not was["ended_at"] else "back" if not now["ended_at"] else None
        if self._class_of(self.before, was) != self._class_of(self.now, now):
            return "moved"
        return "changed" if was != now else None

    def _class_of(self, tables: Tables, says: Mapping[str, Any]) -> str | None:
        return next((tables.groups[group]["name"] for group, main in says["groups"].items() if main), None)


def check_waiting(before: Tables, now: Tables) -> None:
    """A delivery that waits, or was refused or rejected, has hidden names and done nothing else."""
    for table in ("accounts", "groups", "in_groups", "former", "by_hand", "names", "subjects", "secrets", "sessions"):
        assert getattr(now, table) == getattr(before, table), table
    assert now.members.keys() == before.members.keys()
    for member in before.members:
        assert now.belongs(member) == before.belongs(member)
    for was, one in differences(before.people, now.people).values():
        changed = {name for name in was if was[name] != one[name]}
        assert changed <= SHOWN_OR_NOT, f"{changed} by a delivery that waits"
        assert one["protected"] >= was["protected"], "shown by a delivery that waits"


def check_undone(sent: Sent, before: Tables, now: Tables) -> None:
    """What the delivery changed and nothing changed since is what it was; everything else is as it is.

    ``before`` and ``now`` stand around the undo; ``sent.before`` and ``sent.after`` around the delivery.
    """
    assert sent.before, sent.after
    assert sent.after
    for key in before.members:
        was, after = (one.belongs(key) if key in one.members else None for one in (sent.before, sent.after))
        found = now.belongs(key)
        if after is None or was == after:
            assert found == before.belongs(key), "untouched by the delivery, and by its undo"
        elif was is None:
            assert found["ended_at"] is not None, "made by the delivery"
            assert found["groups"] == before.belongs(key)["groups"]
        elif before.belongs(key) == after:
            assert found == was, "as it was before the delivery"
        else:
            raise AssertionError(f"undone over what came later: {before.belongs(key)} was {after}")
    for key, one in before.people.items():
        was, after, found = sent.before.people.get(key), sent.after.people.get(key), now.people[key]
        kept = [name for name in one if name not in SHOWN_OR_NOT | {"contact_until"}]
        if was is not None and was != after and one == after:
            assert [found[name] for name in kept] == [was[name] for name in kept], "a person as before"
        else:
            assert [found[name] for name in kept] == [one[name] for name in kept], "a person untouched"
        assert found["protected"] >= one["protected"], "hidden names stay hidden"
        if was is not None and was["protected"] and was != after and one == after:
            assert found["protected"]
    for table in ("accounts", "former", "by_hand", "names", "subjects", "secrets", "sessions"):
        assert getattr(now, table) == getattr(before, table), table


ALSO_KEPT = ("groups", "former", "by_hand", "subjects", "secrets", "sessions")


def check_same_but(
    before: Tables,
    now: Tables,
    *,
    members: Collection[str] = (),
    people: Collection[str] = (),
    numbers: bool = False,
) -> None:
    """Nothing is otherwise but these memberships and persons; ``numbers``: nor but the numbers people had."""
    for key in before.members.keys() - set(members):
        assert now.belongs(key) == before.belongs(key)
    assert now.members.keys() - before.members.keys() <= set(members)
    for key in before.people.keys() - set(people):
        assert now.people[key] == before.people[key]
    assert now.people.keys() - before.people.keys() <= set(people)
    changed = {"by_hand"} if members else set()
    changed |= {"former"} if numbers else set()
    fresh = now.accounts.keys() - before.accounts.keys()
    for table in set(ALSO_KEPT) - changed:
        was, one = getattr(before, table), getattr(now, table)
        told = {key: said for key, said in one.items() if not fresh or _owner(said) not in fresh}
        assert told == was, table


def _names(person: Mapping[str, Any]) -> tuple[str, str]:
    return person["first_name"], person["family_name"]


def _owner(row: object) -> object:
    return row.get("account_id") if isinstance(row, dict) else None


def check_corrected(before: Tables, now: Tables, *, pair: Collection[str]) -> None:
    """Two accounts have become one, or one two, or are again what they were: nobody else is touched."""
    persons = {now.accounts[account]["person_id"] for account in pair}
    for key, one in before.members.items():
        if one["person_id"] in persons:
            assert now.members[key]["person_id"] in persons
        else:
            assert now.members[key]["person_id"] == one["person_id"]
        assert now.members[key] | {"person_id": 0} == one | {"person_id": 0}, "whose it is, and nothing else"
        assert now.in_groups.get(key) == before.in_groups.get(key)
        was, ties = before.contacts.get(key, {}), now.contacts.get(key, {})
        for contact in (was.keys() | ties.keys()) - persons:
            assert ties.get(contact) == was.get(contact), "another contact person"
        if was.keys() & persons:
            assert ties.keys() & persons, "a child keeps a contact person"
    for key, one in before.people.items():
        if key not in persons:
            assert now.people[key] == one, "somebody else"
    hidden = [before.people[key]["protected"] for key in persons if key in before.people]
    if any(hidden):
        gone = [now.people[key] for key in persons if not now.people[key]["protected"]]
        assert all(before.people[one["person_id"]]["cpr_index"] is None or len(hidden) == 2 for one in gone)


def check_aged(before: Tables, now: Tables) -> set[str]:
    """Time alone ends what is due and forgets who left a year ago; returns the accounts of those."""
    erased = {key for key, one in now.people.items() if one["erased_at"] and not before.people[key]["erased_at"]}
    for key, one in before.people.items():
        if key not in erased:
            assert now.people[key] == one, "nobody changes by getting older"
    here = defaultdict(list)
    for key, one in before.members.items():
        for person in (one["person_id"], *before.contacts.get(key, {})):
            here[person].append(one["ended_at"])
    year_ago = now.at - timedelta(days=365)
    for person in erased:
        assert all(ended and datetime.fromisoformat(ended) <= year_ago for ended in here[person]), "a year away"
    for key, one in before.members.items():
        was, found = before.belongs(key), now.belongs(key)
        if was["ended_at"] is None and found["ended_at"] is not None:
            assert _is_due(before, key, now.at), "nobody leaves before it is time"
            assert found == was | {"ended_at": found["ended_at"]}
        elif one["person_id"] in erased:
            assert (found["groups"], found["contacts"], found["detail"]) == ({}, {}, {})
        else:
            assert found == was
    accounts = {key for key, one in now.accounts.items() if one["person_id"] in erased}
    assert before.secrets.keys() - now.secrets.keys() <= accounts
    return accounts


def _is_due(before: Tables, member: str, at: datetime) -> bool:
    if member in before.by_hand:
        return datetime.fromisoformat(before.by_hand[member]["until_at"]) <= at
    one = before.members[member]
    heard = [
        datetime.fromisoformat(told["applied_at"] if told["status"] == "applied" else told["settled_at"])
        for told in before.deliveries.values()
        if (told["institution_id"], told["source"]) == (one["institution_id"], one["source"])
        and (told["status"] == "applied" or (told["status"] == "undone" and told["actor_kind"] == "system"))
    ]
    return max(heard) <= at - timedelta(days=365)
