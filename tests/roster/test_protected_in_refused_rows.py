"""N-113: protection begins at once with whoever says so, whatever is wrong with the row that says it.

One school for all cases: each has a source and people of its own.
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from tests.builders.running import run
from tests.postgres import TestServer
from tests.roster.documents import contact, document, employee, member, person, student
from tests.roster.oneroster import CLASSES, delivery, enrolled, role, user
from tests.roster.registry import Registry, open_registry
from tests.roster.test_undoing import NO_LIMITS
from unilogin.kit.secrets import Secrets
from unilogin.roster.model import DeliveryKind, DeliveryStatus, Receipt

_cases = itertools.count(10)


@pytest.fixture(scope="module")
def one_registry(postgres: TestServer, template: str, secrets: Secrets) -> Iterator[Registry]:
    registry = run(open_registry(postgres.create_database("protected_in_refused", template), secrets))
    registry.execute(NO_LIMITS)
    yield registry
    postgres.drop_database("protected_in_refused")


@dataclass
class School:
    """Two pupils, Åse and Bo, and Åse's mother Ida; their source is their own."""

    registry: Registry
    case: int = field(default_factory=lambda: next(_cases))

    @property
    def source(self) -> str:
        return f"Kilde {self.case}"

    def cpr(self, n: int) -> str:
        return f"610580{self.case:02}{n:02}"

    def who(
        self, n: int, first: str, *, hidden: bool = False, alias: bool = False, cpr: str | None = "", more: str = ""
    ) -> str:
        return person(
            self.cpr(n) if cpr == "" else cpr,
            first=first,
            protected="true" if hidden else "false",
            alias=("Maja", "Holm") if alias else None,
            more=more,
        )

    @property
    def ida(self) -> str:
        return contact(self.who(7, "Ida"))

    def aase(self, who: str = "", what: str = "", *, local_id: str = "e-1") -> str:
        return member(local_id, who or self.who(1, "Åse"), what or student(more=self.ida))

    @property
    def bo(self) -> str:
        return member("e-2", self.who(2, "Bo"), student())

    def deliver(self, *members: str, kind: DeliveryKind = DeliveryKind.FULL) -> Receipt:
        receipt = self.registry.deliver(*members, source=self.source, kind=kind)
        assert receipt.status is DeliveryStatus.APPLIED, receipt
        return receipt

    def hidden(self) -> dict[str, str]:
        """Who is hidden, and what they are called now."""
        rows = self.registry.rows(
            "select distinct p.first_name, p.alias_first_name from directory_person p"
            " where p.protected and p.person_id in (select person_id from directory_membership where source = $1 union"
            " select c.contact_person_id from directory_contact c join directory_membership using (membership_id)"
            " where source = $1)",
            self.source,
        )
        return {str(first): str(alias) for first, alias in rows}


@pytest.fixture
def school(one_registry: Registry) -> School:
    return School(one_registry)


Row = Callable[[School], list[str]]
NEUTRAL = {"Åse": "Beskyttet"}
MANY = range(20, 32)

CASES: dict[str, tuple[Row, dict[str, str]]] = {
    "another number, no alias": (lambda s: [s.aase(s.who(9, "Åse", hidden=True)), s.bo], NEUTRAL),
    "no number": (lambda s: [s.aase(s.who(1, "Åse", hidden=True, cpr=None)), s.bo], NEUTRAL),
    "no number, an alias": (
        lambda s: [s.aase(s.who(1, "Åse", hidden=True, alias=True, cpr=None)), s.bo],
        {"Åse": "Maja"},
    ),
    "a number that is none": (lambda s: [s.aase(s.who(1, "Åse", hidden=True, cpr="12")), s.bo], NEUTRAL),
    "an alias, no class": (
        lambda s: [s.aase(s.who(1, "Åse", hidden=True, alias=True), student(main="9z")), s.bo],
        {"Åse": "Maja"},
    ),
    "an alias, another name": (
        lambda s: [s.aase(s.who(1, "Ny", hidden=True, alias=True), student(main="9z")), s.bo],
        NEUTRAL,
    ),
    "an alias, nothing that one is": (
        lambda s: [s.aase(s.who(1, "Åse", hidden=True, alias=True), "<Location>x</Location>"), s.bo],
        {"Åse": "Maja"},
    ),
    "the number of somebody else, no alias": (
        lambda s: [s.aase(s.who(2, "Åse", hidden=True)), s.bo],
        {"Åse": "Beskyttet", "Bo": "Beskyttet"},
    ),
    "the number of somebody else, an alias": (
        lambda s: [s.aase(s.who(2, "Åse", hidden=True, alias=True)), s.bo],
        {"Åse": "Maja", "Bo": "Beskyttet"},
    ),
    "one local id twice": (
        lambda s: [s.aase(), s.aase(s.who(9, "Else", hidden=True, alias=True)), s.bo],
        NEUTRAL,
    ),
    "one number, two names": (
        lambda s: [s.aase(), member("e-3", s.who(1, "Else", hidden=True, alias=True), student()), s.bo],
        NEUTRAL,
    ),
    "a contact person without a relation": (
        lambda s: [
            s.aase(what=student(more=contact(s.who(7, "Ida", hidden=True, alias=True), relation="Tante"))), s.bo
        ],
        {"Ida": "Maja"},
    ),
    "a contact person of a pupil who is refused": (
        lambda s: [s.aase(what=student(main="9z", more=contact(s.who(7, "Ida", hidden=True, alias=True)))), s.bo],
        {"Ida": "Maja"},
    ),
    "a contact person of a pupil with another number": (
        lambda s: [
            s.aase(s.who(9, "Åse"), student(more=contact(s.who(7, "Ida", hidden=True, alias=True)))), s.bo
        ],
        {"Ida": "Maja"},
    ),
    "one of too many contact persons": (
        lambda s: [
            s.aase(
                what=student(
                    more="".join(contact(s.who(n, "Mor")) for n in MANY) + contact(s.who(7, "Ida", hidden=True))
                )
            ),
            s.bo,
        ],
        {"Ida": "Beskyttet"},
    ),
    "staff of another name without a role": (
        lambda s: [member("e-1", s.who(1, "Åse", hidden=True, alias=True), employee("Direktør")), s.bo],
        {"Åse": "Maja"},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("sent", "hidden"), CASES.values(), ids=list(CASES))
def test_n_113_whoever_a_refused_row_calls_protected_is_hidden(
    school: School, sent: Row, hidden: dict[str, str]
) -> None:
    school.deliver(school.aase(), school.bo)
    assert school.hidden() == {}
    assert school.deliver(*sent(school)).findings
    assert school.hidden() == hidden
    for _ in range(2):  # it ends as any other does
        school.deliver(school.aase(), school.bo)
    assert school.hidden() == {}


def says(school: School, word: str, *, alias: bool = False, n: int = 1, level: str = "2") -> str:
    """Åse's row with a word of its own about protection."""
    who = school.who(n, "Åse", alias=alias).replace('"false"', f'"{word}"', 1)
    return school.aase(who, student(level=level, more=school.ida))


@pytest.mark.parametrize(
    ("word", "alias", "called"),
    [
        ("ja", True, "Maja"),
        ("måske", True, "Maja"),
        ("måske", False, "Beskyttet"),
        ("", False, "Beskyttet"),
        ("-1", False, "Beskyttet"),
    ],
)
def test_n_113_a_word_that_nobody_can_read_hides_and_the_rest_goes_on(
    school: School, word: str, called: str, *, alias: bool
) -> None:
    school.deliver(school.aase(), school.bo)
    receipt = school.deliver(says(school, word, alias=alias, level="3"), school.bo)
    assert (receipt.counts.refused, receipt.counts.changed) == (0, 1)
    assert [one.code for one in receipt.findings] == ([] if word == "ja" else ["protection_unclear"])
    assert school.hidden() == {"Åse": called}
    where = "from directory_membership where source = $1 and local_person_id = 'e-1'"
    assert school.registry.rows(f"select level {where}", school.source) == [("3",)]
    for _ in range(2):
        school.deliver(school.aase(), school.bo)
    assert school.hidden() == {}


def test_n_113_a_word_that_nobody_can_read_never_ends_protection(school: School) -> None:
    hidden = says(school, "true", alias=True)
    school.deliver(hidden, school.bo)
    unclear = says(school, "nix")
    for _ in range(3):
        school.deliver(unclear, school.bo)
    assert school.hidden() == {"Åse": "Maja"}, "and the alias stays"
    school.deliver(school.aase(), school.bo)
    school.deliver(unclear, school.bo)  # takes the doubt back
    school.deliver(school.aase(), school.bo)
    assert school.hidden() == {"Åse": "Maja"}
    unread = school.aase().replace(' protected="false"', "", 1)
    for _ in range(2):
        assert [one.code for one in school.deliver(unread, school.bo).findings] == ["person_attribute_missing"]
    assert school.hidden() == {"Åse": "Maja"}, "nothing said ends nothing"


def test_n_113_somebody_new_is_not_made_of_a_word_that_nobody_can_read(school: School) -> None:
    school.deliver(school.bo)
    receipt = school.deliver(says(school, "måske"), school.bo)
    assert receipt.counts.refused == 1
    assert {one.code for one in receipt.findings} == {"protection_unclear", "alias_missing"}
    assert school.registry.rows("select 1 from directory_person where birth_date is null and first_name = 'Åse'"
                                " and person_id in (select person_id from directory_membership where source = $1)",
                                school.source) == []  # fmt: skip
    assert school.deliver(says(school, "måske", alias=True), school.bo).counts.refused == 0
    assert school.hidden() == {"Åse": "Maja"}


def test_n_113_a_word_that_nobody_can_read_hides_whoever_comes_with_another_number(school: School) -> None:
    school.deliver(school.aase(), school.bo)
    receipt = school.deliver(says(school, "måske", n=9), school.bo)
    assert {one.code for one in receipt.findings} == {"protection_unclear", "cpr_changed"}
    assert school.hidden() == NEUTRAL


def test_n_113_a_row_that_names_nobody_hides_whose_number_it_is(school: School) -> None:
    """In changes alone, where nothing else is to be done."""
    school.deliver(school.aase(), school.bo)
    school.deliver(school.aase(school.who(1, "Åse", hidden=True), local_id=""), kind=DeliveryKind.DELTA)
    assert school.hidden() == NEUTRAL


def test_n_113_a_refused_row_hides_though_its_delivery_waits(registry: Registry) -> None:
    school = School(registry)
    crowd = [member(f"t-{n}", school.who(n, f"Barn{n}"), student()) for n in range(20, 60)]
    school.deliver(school.aase(), school.bo, *crowd)
    twice = [school.aase(), school.aase(school.who(9, "Else", hidden=True, alias=True))]
    unread = member("e-2", school.who(9, "Bo", hidden=True), student())
    parked = registry.send(document(*twice, unread, source=school.source, time="2025-09-01T00:00:00Z"))
    assert parked.status is DeliveryStatus.PARKED
    assert school.hidden() == {"Åse": "Beskyttet", "Bo": "Beskyttet"}


HIDDEN = {f"metadata__dk__{name}": value for name, value in
          {"protected": "true", "aliasGivenName": "Maja", "aliasFamilyName": "Holm"}.items()}  # fmt: skip


@pytest.mark.parametrize(
    ("row", "more"),
    [
        ({**HIDDEN, "enabledUser": "måske"}, {}),
        (HIDDEN, {"beginDate": "i går"}),
        ({"metadata__dk__protected": "true", "metadata__dk__cpr": "6105809999"}, {}),
        (HIDDEN, {"role": "wizard"}),
    ],
)
def test_n_113_in_tables_too(registry: Registry, row: dict[str, str], more: dict[str, str]) -> None:
    def send(**facts: str) -> Receipt:
        roles = [{**role("e-1"), **(more if facts else {})}, role("e-2")]
        people = [user("e-1", "Åse", **facts), user("e-2", "Bo")]
        return registry.send(delivery(people, roles, enrolled("e-1", "c-3a"), classes=CLASSES))

    send()
    assert send(**row).counts.refused == 1
    (called,) = registry.row("select alias_first_name from directory_person where first_name = 'Åse' and protected")
    assert called == ("Maja" if HIDDEN.items() <= row.items() else "Beskyttet")


@pytest.mark.parametrize("word", ["måske", "JA", "x"])
def test_n_113_a_word_that_nobody_can_read_hides_in_tables_too(registry: Registry, word: str) -> None:
    def send(mother: str = "", **facts: str) -> Receipt:
        people = [user("e-1", "Åse", agentSourcedIds="k-1", **facts), user("e-2", "Bo")]
        people.append(user("k-1", "Ida", metadata__dk__protected=mother))
        roles = [role("e-1"), role("e-2"), role("k-1", "parent")]
        return registry.send(delivery(people, roles, enrolled("e-1", "c-3a"), classes=CLASSES))

    send()
    alias = HIDDEN if word == "JA" else {}
    receipt = send(mother=word, **{**alias, "metadata__dk__protected": word, "email": "a@b.dk"})
    assert receipt.counts.refused == 0
    unclear = [] if word == "JA" else ["protection_unclear"]
    assert sorted(one.code for one in receipt.findings) == sorted([*unclear * 2, "alias_missing"])
    assert registry.rows(
        "select first_name, alias_first_name, email from directory_person where protected order by 1"
    ) == [
        ("Ida", "Beskyttet", None),
        ("Åse", "Maja" if alias else "Beskyttet", "a@b.dk"),
    ]
    assert registry.row("select count(*) from directory_contact") == (1,), "known before, and stays"


def test_n_113_changes_in_tables_that_do_not_tell_all_hide(registry: Registry) -> None:
    registry.send(
        delivery([user("e-1", "Åse"), user("e-2", "Bo")], [role("e-1"), role("e-2")], enrolled("e-1", "c-3a"))
    )
    receipt = registry.send(delivery([user("e-1", "Åse", **HIDDEN)], state="delta"))
    assert [one.code for one in receipt.findings] == ["delta_incomplete"]
    assert registry.rows("select first_name, alias_first_name from directory_person where protected") == [
        ("Åse", "Maja")
    ]


def test_n_113_a_contact_person_of_a_pupil_whose_row_cannot_be_read_is_hidden_in_tables(registry: Registry) -> None:
    def send(begins: str = "", **facts: str) -> Receipt:
        people = [user("e-1", "Åse", agentSourcedIds="k-1"), user("e-2", "Bo"), user("k-1", "Ida", **facts)]
        roles = [role("e-1"), role("e-2"), role("k-1", "parent")]
        return registry.send(delivery(people, [{**one, "beginDate": begins} for one in roles[:1]] + roles[1:]))

    send()
    assert send("i går", **HIDDEN).counts.refused == 1
    assert registry.rows("select first_name, alias_first_name from directory_person where protected") == [
        ("Ida", "Maja")
    ]


def test_f_28_nobody_leaves_because_another_row_that_is_refused_calls_them_or_their_mother_protected(
    school: School,
) -> None:
    """Their rows are the same as before and are read again from now on: they are in the file all the same."""
    ida = contact(school.who(7, "Ida", hidden=True, alias=True))
    bo = member("e-2", school.who(2, "Bo"), student(more=ida))
    aase_again = member("x-1", school.who(1, "Åse"), employee())
    school.deliver(school.aase(what=student(more=ida)), aase_again, bo)
    there = "select local_person_id from directory_membership where source = $1 and ended_at is null order by 1"
    for _ in range(2):
        broken = school.aase(school.who(1, "Åse", hidden=True), student(main="9z", more=ida))
        receipt = school.deliver(broken, aase_again, bo)
        assert (receipt.counts.refused, receipt.counts.left, receipt.counts.created) == (1, 0, 0)
        assert school.registry.rows(there, school.source) == [("e-1",), ("e-2",), ("x-1",)]
