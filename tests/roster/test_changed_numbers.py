"""B-R22, B-R23: numbers change, systems learn of it at different times, files have slips: nobody becomes another.

People with numbers of their own, two systems that each believe something about them, and somebody who decides by what
is true. After every step each account has numbers of one human alone; in the end one who has two accounts is a case.
"""

import itertools
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.roster.documents import employee, member, person, student
from tests.roster.registry import NUMBERS, OPERATOR, Registry
from unilogin.domain.directory.bulk_undo import Undone
from unilogin.domain.directory.cpr import read_cpr
from unilogin.roster.cpr_cases import accept, analyse, dismiss, open_cases
from unilogin.roster.model import DeliveryStatus, Receipt

HUMANS = ("Åse", "Bo", "Ida")
_serial = itertools.count(1)
_worlds = itertools.count(1)


@dataclass
class World:
    """What is true, and what each system believes: under which id it has whom, with which number."""

    registry: Registry
    mark: int = field(default_factory=lambda: next(_worlds))
    owner: dict[str, str] = field(default_factory=dict)
    number: dict[str, str] = field(default_factory=dict)
    believed: dict[str, dict[str, tuple[str, str]]] = field(default_factory=lambda: {place: {} for place in NUMBERS})
    told: dict[str, list[tuple[Receipt, dict[str, tuple[str, str]]]]] = field(
        default_factory=lambda: {place: [] for place in NUMBERS}
    )

    def renumber(self, human: str) -> None:
        """Somebody gets another number; the old one is nobody else's ever after."""
        self.number[human] = f"6{self.mark % 3 + 1}01{self.mark % 90 + 10}{next(_serial):04}"
        self.owner[self.number[human]] = human

    def enrol(self, place: str, human: str) -> None:
        """A system takes somebody in under an id of their own, with the number of today."""
        if human not in {known for known, _ in self.believed[place].values()}:
            self.believed[place][f"{human}-{self.mark}-{next(_serial)}"] = (human, self.number[human])

    def learn(self, place: str, human: str) -> None:
        """A system hears of a new number."""
        for local_id, (known, _) in self.believed[place].items():
            if known == human:
                self.believed[place][local_id] = (human, self.number[human])

    def slip(self, place: str, human: str) -> None:
        """Somebody types another one's number."""
        other = HUMANS[(HUMANS.index(human) + 1) % len(HUMANS)]
        for local_id, (known, _) in self.believed[place].items():
            if known == human:
                self.believed[place][local_id] = (human, self.number[other])

    def reuse(self, place: str, human: str) -> None:
        """A system gives the id of somebody who left to somebody else."""
        other = HUMANS[(HUMANS.index(human) + 1) % len(HUMANS)]
        if other in {known for known, _ in self.believed[place].values()}:
            return
        for local_id, (known, _) in self.believed[place].items():
            if known == human:
                self.believed[place][local_id] = (other, self.number[other])

    def deliver(self, place: str, _: str = "") -> None:
        teacher = member("m-1", person(f"610180{NUMBERS.index(place)}299", first="Lars"), employee())
        rows = [
            member(local_id, person(number, first=f"{human}{self.mark}"), student(groups=["kor"]))
            for local_id, (human, number) in self.believed[place].items()
        ]
        receipt = self.registry.deliver(teacher, *rows, number=place)
        assert receipt.status is DeliveryStatus.APPLIED
        self.told[place].append((receipt, dict(self.believed[place])))

    def undo(self, place: str, _: str) -> None:
        if len(self.told[place]) > 1 and isinstance(self.registry.undo(self.told[place][-1][0]), Undone):
            self.told[place].pop()

    def decide(self, *_: str) -> None:
        """Whoever knows the people says of each case what is true."""
        for case in self.registry.do(open_cases):
            index = self._row("select cpr_index from roster_cpr_case where case_id = $1", case.case_id)[0]
            true = self._humans()[bytes(index)]  # type: ignore[call-overload]
            if case.name == f"{true}{self.mark} Prøve":
                self.registry.act(partial(accept, case_id=case.case_id, secrets=self.registry.secrets, actor=OPERATOR))
            elif not self._is_taken(case.case_id):
                self.registry.act(partial(dismiss, case_id=case.case_id, actor=OPERATOR))

    def _is_taken(self, case_id: UUID) -> bool:
        found = self.registry.do(lambda connection: analyse(connection, case_id, secrets=self.registry.secrets))
        return found is not None and found.taken_by is not None

    def _row(self, sql: str, *arguments: object) -> tuple[object, ...]:
        return self.registry.row(sql, *arguments)

    def _humans(self) -> dict[bytes, str]:
        vault = self.registry.secrets.cpr_vault()
        return {vault.index(read_cpr(number)): human for number, human in self.owner.items()}

    def accounts(self) -> dict[str, set[object]]:
        """The accounts of each human, by their numbers; nobody has numbers of two."""
        humans = self._humans()
        rows = self.registry.rows(
            "select p.person_id, p.first_name, n.cpr_index from directory_person p join ("
            " select person_id, cpr_index from directory_person union select person_id, cpr_index"
            " from directory_former_cpr) n using (person_id) where n.cpr_index = any ($1::bytea[])",
            list(humans),
        )
        found: dict[str, set[object]] = {human: set() for human in HUMANS}
        names: dict[object, set[str]] = {}
        for person_id, first_name, index in rows:
            human = humans[bytes(index)]  # type: ignore[call-overload]
            found[human].add(person_id)
            names.setdefault(person_id, set()).add(human)
            assert str(first_name) == f"{human}{self.mark}", "whoever is called so has that number"
        assert all(len(of_one) == 1 for of_one in names.values()), "numbers of two humans under one account"
        return found

    def check(self) -> None:
        """Nobody is mixed with anybody; who a system means by an id is who is there, or it is a case."""
        accounts = self.accounts()
        told = [
            (place, local_id, human)
            for place, deliveries in self.told.items()
            for local_id, (human, _) in (deliveries[-1][1] if deliveries else {}).items()
        ]
        if not told:
            return
        rows = self.registry.rows(
            "select t.human, m.person_id,"
            " exists (select from roster_cpr_case c where c.membership_id = m.membership_id)"
            " from unnest($1::text[], $2::text[], $3::text[]) as t (place, local_id, human)"
            " join directory_institution i on i.number = t.place join directory_membership m"
            " on m.institution_id = i.institution_id and m.local_person_id = t.local_id and m.ended_at is null",
            *(list(column) for column in zip(*told, strict=True)),
        )
        assert all(person_id in accounts[str(human)] or is_case for human, person_id, is_case in rows)

    def come_to_rest(self) -> None:
        """Every system learns what is true, and whoever decides does."""
        for _ in range(2):
            for place, known in self.believed.items():
                for local_id, (human, _number) in known.items():
                    known[local_id] = (human, self.number[human])
                self.deliver(place)
                self.check()
            self.decide()
        two = {human for human, accounts in self.accounts().items() if len(accounts) > 1}
        taken = {case.name for case in self.registry.do(open_cases) if self._is_taken(case.case_id)}
        believed = {human for known in self.believed.values() for human, _ in known.values()}
        assert {f"{human}{self.mark} Prøve" for human in two & believed} <= taken, "two accounts, and nobody is told"


NO_BRAKE = """
  insert into roster_limit select institution_id, 100, 1000, 100, 1000, 1000 from directory_institution
  on conflict do nothing
"""
STEPS = st.tuples(
    st.sampled_from(["renumber", "enrol", "learn", "learn", "slip", "reuse", "deliver", "deliver", "undo", "decide"]),
    st.sampled_from(NUMBERS),
    st.sampled_from(HUMANS),
)
A, B = NUMBERS


@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, min_size=4, max_size=8))
@example(
    steps=[
        ("renumber", A, "Åse"),
        ("learn", A, "Åse"),
        ("deliver", A, "Åse"),
        ("decide", A, "Åse"),
        ("deliver", B, "Åse"),
        ("undo", A, "Åse"),
        ("reuse", A, "Åse"),
        ("deliver", A, "Åse"),
        ("decide", A, "Åse"),
        ("enrol", A, "Åse"),
        ("deliver", A, "Åse"),
    ]
)
@example(
    steps=[
        ("slip", A, "Åse"),
        ("deliver", A, "Åse"),
        ("decide", A, "Åse"),
        ("renumber", A, "Bo"),
        ("learn", B, "Bo"),
        ("deliver", B, "Bo"),
        ("decide", B, "Bo"),
        ("deliver", A, "Bo"),
        ("undo", A, "Bo"),
    ]
)
def test_b_r22_no_two_become_one_and_nobody_two_whatever_systems_believe(
    registry: Registry, steps: list[tuple[str, str, str]]
) -> None:
    registry.execute(NO_BRAKE)
    world = World(registry)
    for human in HUMANS:
        world.renumber(human)
    for place, human in ((A, "Åse"), (A, "Bo"), (B, "Åse"), (B, "Bo")):
        world.enrol(place, human)
    for place in NUMBERS:
        world.deliver(place)
    for what, place, human in steps:
        if what == "renumber":
            world.renumber(human)
        else:
            getattr(world, what)(place, human)
        world.check()
    world.come_to_rest()
