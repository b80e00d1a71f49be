"""What a delivery must have done: read from its rows and from what was there before, without asking the program."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tests.roster.tables import Key, Tables, differences
from tests.roster.world import SECRET, Human, Row
from unilogin.domain.directory.cpr import Cpr
from unilogin.kit.secrets import CprVault
from unilogin.roster.model import DeliveryKind, Receipt

SHOWN_OR_NOT = {"protected", "alias_first_name", "alias_family_name", "protection_doubted_at", "changed_at"}


@dataclass
class Sent:
    """A file on its way, and what stood before and after it counted."""

    school: tuple[str, str]
    kind: DeliveryKind
    rows: tuple[Row, ...]
    text: str
    classes: tuple[str, ...]
    receipt: Receipt | None = None
    before: Tables | None = None
    after: Tables | None = None
    known: dict[Key, Row] = field(default_factory=dict)

    @property
    def by_key(self) -> dict[Key, Row]:
        return {(*self.school, row.local_id): row for row in self.rows}


class Expecting:
    """Compares two moments around a delivery that counts."""

    def __init__(self, sent: Sent, before: Tables, now: Tables, *, vault: CprVault) -> None:
        self.sent, self.before, self.now = sent, before, now
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
            return False
        known = self.before.members[self._was[key]]["person_id"]
        return self.index(row.human) not in self.numbers_of(known)

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
        assert custody == {self.now.person_of(self.index(tie.human)): tie.custody for tie in row.ties}, key
        for human in (row.human, *(tie.human for tie in row.ties)):
            if human.protected:
                one = self.now.people[str(self.now.person_of(self.index(human)))]
                assert one["protected"], "hidden as soon as one says so"
        if self.sent.known.get(key) != row:
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


def check_waiting(sent: Sent, before: Tables, now: Tables) -> None:
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


def real_names_of_protected(now: Tables) -> list[str]:
    """The names that nobody may read."""
    return [one["first_name"] for one in now.people.values() if one["protected"] and SECRET in one["first_name"]]
