"""What offices, operators and time do in the machine of rosters: numbers, accounts, people by hand, systems, years."""

import io
import zipfile
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.builders.running import run
from tests.roster.expecting import check_aged, check_corrected, check_same_but
from tests.roster.registry import OPERATOR
from tests.roster.sending import FEW, SCHOOL, Sending
from tests.roster.tables import Tables, check_kept
from tests.roster.world import SECRET, Row, file_of
from unilogin.apps.elevadministration.actions import mind_manual
from unilogin.domain.access.gates import children_in_custody
from unilogin.domain.directory.cpr import read_cpr
from unilogin.domain.directory.manual import NotAdded, Place, add_by_hand, confirm, end
from unilogin.domain.directory.model import AccountId, ActorGroup, FoundPerson, InstitutionId, Username
from unilogin.domain.directory.newcomers import Newcomer
from unilogin.domain.directory.queries import find_people
from unilogin.domain.identity import actions as identity
from unilogin.domain.identity.forgetting import forget_old_corrections
from unilogin.domain.identity.model import CorrectionId, Done, NewPerson
from unilogin.roster.cpr_cases import accept, dismiss, open_cases
from unilogin.roster.deciding import forget_parked
from unilogin.roster.expiring import end_old_imports, forget_people
from unilogin.roster.export import export_institution
from unilogin.roster.model import ExportFormat, Receipt
from unilogin.roster.switching.actions import decide_doubt, plan_switch, run_switch, undo_switch
from unilogin.roster.switching.model import SwitchId
from unilogin.roster.switching.queries import plan
from unilogin.roster.switching.retiring import retire_due
from unilogin.roster.undoing import forget_what_was

JOBS: tuple[Callable[[Any], Awaitable[None]], ...] = (
    mind_manual, end_old_imports, forget_parked, forget_what_was, forget_people, forget_old_corrections, retire_due,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Correction:
    """A merge or a split, and what stood around it."""

    done: Done
    before: Tables
    after: Tables


@dataclass(frozen=True, slots=True)
class Switch:
    """A change of system that was run."""

    switch_id: SwitchId
    old: tuple[str, str]
    new: tuple[str, str]
    rows: list[Row]
    before: Tables
    after: Tables


class Offices(Sending):
    """The rules that are no delivery."""

    def __init__(self) -> None:
        super().__init__()
        self.corrections: list[Correction] = []
        self.switches: list[Switch] = []

    def _person(self, tables: Tables, which: int) -> str:
        return sorted(tables.accounts)[which % len(tables.accounts)]

    # Time ------------------------------------------------------------------------------------------------------------

    @rule(days=st.sampled_from([1, 1, 8, 29, 40, 200, 370]))
    def wait(self, days: int) -> None:
        """Time goes by, and all jobs do their work."""
        before = self.now
        run(self.ground.clock.move(days * 86400))
        self.passed += timedelta(days=days)
        for job in JOBS:
            self.registry.act(job)
        self.look()
        erased = check_aged(before, self.now)
        check_kept(before, self.now, moved=erased)

    # By hand ---------------------------------------------------------------------------------------------------------

    @rule(number=SCHOOL, which=FEW, known=st.booleans(), protected=st.booleans())
    def add_by_hand(self, number: str, which: int, *, known: bool, protected: bool) -> None:
        humans = self.world.humans
        human = humans[(which * 3) % len(humans)] if known else self.world.somebody(adult=which % 2 == 0)
        before = self.now
        vault = self.vault
        place = self.registry.row("select institution_id from directory_institution where number = $1", number)[0]
        by = AccountId(UUID(self._person(before, 0)))
        alias = human.alias if protected else None

        async def add(tx: Any) -> AccountId | NotAdded:
            number = read_cpr(human.number)
            who = Newcomer.read(number, first_name=human.name, family_name=human.family, alias=alias, vault=vault)
            there = Place(InstitutionId(UUID(str(place))), ActorGroup.EKSTERN, "Ekstern")
            return await add_by_hand(tx, who, there, by=by, actor=OPERATOR, vault=vault)

        done = self.registry.act(add)
        self.look()
        check_kept(before, self.now)
        if isinstance(done, NotAdded):
            check_same_but(before, self.now)
            return
        (fresh,) = self.now.members.keys() - before.members.keys()
        person = before.person_of(self.index(human)) or self.now.person_of(self.index(human))
        assert self.now.members[fresh]["person_id"] == person == self.now.accounts[str(done)]["person_id"]
        assert not protected or self.now.people[str(person)]["protected"]
        check_same_but(before, self.now, members={fresh}, people={str(person)})

    def _by_hand(self) -> list[str]:
        return sorted(key for key in self.now.by_hand if self.now.members[key]["ended_at"] is None)

    @precondition(lambda self: self._by_hand())
    @rule(which=FEW, ends=st.booleans())
    def confirm_or_end(self, which: int, *, ends: bool) -> None:
        there = self._by_hand()
        member = there[which % len(there)]
        before, at = self.now, InstitutionId(UUID(self.now.members[member]["institution_id"]))
        by = AccountId(UUID(self._person(before, 0)))
        if ends:
            assert self.registry.act(lambda tx: end(tx, UUID(member), institution_id=at, actor=OPERATOR))
        else:
            assert self.registry.act(lambda tx: confirm(tx, UUID(member), institution_id=at, by=by, actor=OPERATOR))
        self.look()
        check_kept(before, self.now)
        check_same_but(before, self.now, members={member})
        assert (self.now.members[member]["ended_at"] is not None) == ends

    # Numbers ---------------------------------------------------------------------------------------------------------

    @precondition(lambda self: any(one["settled_at"] is None for one in self.now.cases.values()))
    @rule(which=FEW, taken=st.booleans())
    def decide_number(self, which: int, *, taken: bool) -> None:
        before, secrets = self.now, self.registry.secrets
        cases = self.registry.do(open_cases)
        if not cases:
            return
        case = cases[which % len(cases)]
        told = before.cases[str(case.case_id)]
        if taken:
            done = self.registry.act(lambda tx: accept(tx, case.case_id, secrets=secrets, actor=OPERATOR))
        else:
            done = self.registry.act(lambda tx: dismiss(tx, case.case_id, actor=OPERATOR))
        self.look()
        check_kept(before, self.now)
        person = before.members[told["membership_id"]]["person_id"]
        if not taken or done is False:
            check_same_but(before, self.now)
            assert done is not False or before.person_of(told["cpr_index"]) not in (None, person)
            return
        assert self.now.people[person]["cpr_index"] == told["cpr_index"]
        assert self.now.person_of(before.people[person]["cpr_index"]) == person, "the former number means them, too"
        check_same_but(before, self.now, people={person}, numbers=True)

    # Who is who ------------------------------------------------------------------------------------------------------

    @rule(one=FEW, other=FEW, together=st.booleans())
    def merge(self, one: int, other: int, *, together: bool) -> None:
        """Make one account of two, of pupils or of any two."""
        accounts = sorted(self.now.accounts)
        pair = (accounts[one % len(accounts)], accounts[(one + other + 1 if together else other * 3) % len(accounts)])
        kept, gives = (Username(self.now.accounts[key]["username"]) for key in pair)
        before, vault = self.now, self.vault
        done = self.registry.act(
            lambda tx: identity.merge(tx, kept=kept, other=gives, two_numbers=True, vault=vault, actor=OPERATOR)
        )
        self._corrected(done, before)

    @precondition(lambda self: len(self.now.members) > 4)
    @rule(which=FEW)
    def split(self, which: int) -> None:
        """Make two accounts of one: one belonging is somebody else's."""
        members = sorted(self.now.members)
        member = self.now.members[members[(which * 5) % len(members)]]
        (account,) = (a for a in self.now.accounts.values() if a["person_id"] == member["person_id"])
        who = NewPerson("Delt", "Prøve", ((member["number"], member["local_person_id"]),))
        before, vault, name = self.now, self.vault, Username(account["username"])
        done = self.registry.act(lambda tx: identity.split(tx, name, who, number=None, vault=vault, actor=OPERATOR))
        self._corrected(done, before)

    def _corrected(self, done: object, before: Tables) -> None:
        self.look()
        if not isinstance(done, Done):
            check_kept(before, self.now)
            check_same_but(before, self.now)
            return
        pair = {str(done.kept), str(done.other)}
        check_kept(before, self.now, moved=pair)
        check_corrected(before, self.now, pair=pair)
        self.corrections.append(Correction(done, before, self.now))

    @precondition(lambda self: self.corrections)
    @rule(which=FEW)
    def take_correction_back(self, which: int) -> None:
        correction = self.corrections[-1 - which % len(self.corrections)]
        before, vault = self.now, self.vault
        named = CorrectionId(correction.done.correction_id)
        done = self.registry.act(lambda tx: identity.take_back(tx, named, vault=vault, actor=OPERATOR))
        self.look()
        if not isinstance(done, Done):
            check_kept(before, self.now)
            check_same_but(before, self.now)
            return
        self.corrections.remove(correction)
        pair = {str(done.kept), str(done.other)}
        check_kept(before, self.now, moved=pair)
        check_corrected(before, self.now, pair=pair)
        for member, one in correction.before.members.items():
            if before.members[member]["person_id"] == correction.after.members[member]["person_id"]:
                assert self.now.members[member]["person_id"] == one["person_id"], "whose it was"

    # Systems ---------------------------------------------------------------------------------------------------------

    @rule(which=st.integers(0, 1), other=FEW, how=st.integers(0, 3))
    def change_system(self, which: int, other: int, how: int) -> None:
        """Another system takes over, with local ids of its own, and perhaps another number or somebody missing."""
        old = sorted(self.world.systems)[which]
        new = (old[0], f"{old[1]}+")
        before = self.now
        rows = [replace(row, local_id=f"n{row.local_id}", broken=False) for row in self.world.systems[old]]
        self.world.systems[new] = rows
        for edit in ("number", "leave", "join")[:how]:
            self.world.edit(new, edit, other, 1)
        rows = self.world.systems.pop(new)
        if not rows:
            return
        file, time = io.BytesIO(), datetime.now(UTC) + self.passed
        file.write(file_of(rows, number=new[0], source=new[1], time=f"{time:%Y-%m-%dT%H:%M:%S.%fZ}").encode())
        planned = self._plan(file, old)
        if isinstance(planned, str):
            self.look()
            check_same_but(before, self.now)
            return
        self._decide_doubts(planned, like=other % 2 == 0)
        told = self._run(planned, file)
        self.look()
        check_kept(before, self.now)
        if not isinstance(told, Receipt):
            self.registry.act(lambda tx: undo_switch(tx, planned, actor=OPERATOR))
            self.look()
            check_same_but(before, self.now)
            return
        self._has_switched(rows, old, new, before)
        self.switches.append(Switch(planned, old, new, self.world.systems.pop(old), before, self.now))
        self.world.systems[new] = rows

    def _plan(self, file: io.BytesIO, old: tuple[str, str]) -> Any:
        secrets = self.registry.secrets
        facts: dict[str, Any] = {"number": old[0], "old_source": old[1], "secrets": secrets, "actor": OPERATOR}
        return self.registry.do(lambda connection: plan_switch(connection, file, **facts))

    def _run(self, planned: SwitchId, file: io.BytesIO) -> Any:
        looked = self.registry.do(lambda connection: plan(connection, planned))
        assert looked
        facts: dict[str, Any] = {"secrets": self.registry.secrets, "actor": OPERATOR, "leaving": len(looked.leaving)}
        return self.registry.do(lambda connection: run_switch(connection, planned, file, **facts))

    def _decide_doubts(self, planned: SwitchId, *, like: bool) -> None:
        looked = self.registry.do(lambda connection: plan(connection, planned))
        assert looked
        for doubt in looked.doubts:
            same = doubt.fits[0].local_person_id if like and doubt.fits else None
            if same is None or not self._decide_doubt(planned, doubt.local_person_id, same):
                assert self._decide_doubt(planned, doubt.local_person_id, None)

    def _decide_doubt(self, planned: SwitchId, local_id: str, same: str | None) -> bool:
        return self.registry.act(lambda tx: decide_doubt(tx, planned, local_id, same_as=same, actor=OPERATOR))

    def _has_switched(self, rows: list[Row], old: tuple[str, str], new: tuple[str, str], before: Tables) -> None:
        is_there = self.now.keys()
        for row in rows:
            member = self.now.members[is_there[(*new, row.local_id)]]
            assert member["ended_at"] is None, "everybody of the new system is here"
            known = before.person_of(self.index(row.human))
            assert known in (None, member["person_id"]), "as who they are"
            if member["raw_hash"] != "\\x":
                self.seen[(*new, row.local_id, member["raw_hash"])] = row
        for key, one in self.now.members.items():
            if (one["number"], one["source"]) == old:
                assert one["ended_at"] is not None, "the old system has let everybody go"
            elif (one["number"], one["source"]) != new:
                assert self.now.belongs(key) == before.belongs(key), "nobody else"

    @precondition(lambda self: self.switches)
    @rule()
    def change_system_back(self) -> None:
        switch, before = self.switches[-1], self.now
        why = self.registry.act(lambda tx: undo_switch(tx, switch.switch_id, actor=OPERATOR))
        self.look()
        check_kept(before, self.now)
        if why is not None:
            check_same_but(before, self.now)
            return
        self.switches.pop()
        self.world.systems.pop(switch.new)
        self.world.systems[switch.old] = switch.rows
        for key, one in self.now.members.items():
            system = (one["number"], one["source"])
            if system == switch.new:
                assert one["ended_at"] is not None, "the new system has nobody"
            elif system == switch.old and before.belongs(key) == switch.after.belongs(key):
                assert self.now.belongs(key) == switch.before.belongs(key), "as before the change"
            elif system != switch.old:
                assert self.now.belongs(key) == before.belongs(key), "nobody else"

    # Looking ---------------------------------------------------------------------------------------------------------

    @rule(number=SCHOOL, written_as=st.sampled_from(ExportFormat))
    def export(self, number: str, written_as: ExportFormat) -> None:
        """What goes out names everybody who is here, and nobody protected."""
        out = io.BytesIO()
        facts: dict[str, Any] = {"out": out, "written_as": written_as, "actor": OPERATOR}
        self.registry.do(lambda connection: export_institution(connection, number, **facts))
        with zipfile.ZipFile(out) as archive:
            text = "".join(archive.read(name).decode() for name in archive.namelist())
        here = {one["person_id"] for one in self.now.members.values()
                if one["ended_at"] is None and one["number"] == number}  # fmt: skip
        for person in here:
            one = self.now.people[person]
            shown = one["alias_first_name"] if one["protected"] else one["first_name"]
            assert shown in text
        self._hidden_from(text)

    @rule()
    def look_around(self) -> None:
        """Whoever searches, decides numbers or looks after children reads no name of somebody protected."""
        cases = self.registry.do(open_cases)
        self._hidden_from("".join(f"{case.name} {case.told_name}" for case in cases))
        for person, one in self.now.people.items():
            if one["protected"] and one["first_name"].startswith(SECRET):
                assert self._found(one["first_name"]) == []
            self._children_of(person)

    def _found(self, name: str) -> list[FoundPerson]:
        return self.registry.do(lambda connection: find_people(connection, name))

    def _hidden_from(self, text: str) -> None:
        for one in self.now.people.values():
            hidden = one["protected"] and one["first_name"].startswith(SECRET)
            assert not hidden or one["first_name"] not in text

    def _children_of(self, person: str) -> None:
        said: dict[str, list[bool]] = {}
        for member, ties in self.now.contacts.items():
            one = self.now.members[member]
            if person in ties and one["ended_at"] is None and one["actor_group"] == "Elev":
                said.setdefault(one["person_id"], []).append(ties[person]["child_custody"])
        (account,) = (key for key, one in self.now.accounts.items() if one["person_id"] == person)
        found = self.registry.do(lambda connection: children_in_custody(connection, AccountId(UUID(account))))
        children = {self.now.accounts[str(child.account_id)]["person_id"] for child in found}
        agreed = {child for child, words in said.items() if all(words)}
        places = Counter(
            one["person_id"]
            for one in self.now.members.values()
            if one["ended_at"] is None and one["actor_group"] == "Elev"
        )
        assert children <= agreed, "nobody has custody of whom a school says no"
        assert {child for child in agreed if places[child] == 1} <= children
