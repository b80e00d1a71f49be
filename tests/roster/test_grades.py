"""B-R25: a jump of grades is loaded as it came, and asked about; of a class that jumps together once.

One school for all cases: each has a source and people of its own.
"""

import itertools
from collections.abc import Iterator

import pytest

from tests.builders.running import run
from tests.postgres import TestServer
from tests.roster.documents import GROUPS, document, member, person, student
from tests.roster.oneroster import delivery, role, user
from tests.roster.registry import Registry, open_registry
from tests.roster.test_undoing import NO_LIMITS
from unilogin.kit.secrets import Secrets
from unilogin.kit.text import load_texts
from unilogin.roster.deciding import Decision
from unilogin.roster.messages import what_is_wrong, what_to_do
from unilogin.roster.model import DeliveryKind, DeliveryStatus, Receipt

CLASSES = GROUPS + GROUPS.replace("2b", "3a").replace("2.B", "3.A").split("<Group><GroupId>kor")[0]
_cases = itertools.count(10)


@pytest.fixture(scope="module")
def one_registry(postgres: TestServer, template: str, secrets: Secrets) -> Iterator[Registry]:
    registry = run(open_registry(postgres.create_database("grades", template), secrets))
    registry.execute(NO_LIMITS)
    yield registry
    postgres.drop_database("grades")


@pytest.fixture
def case() -> int:
    return next(_cases)


def pupil(case: int, n: int, level: str, *, main: str = "2b") -> str:
    return member(f"e-{n}", person(f"620516{case:02}{n:02}", first=f"Barn{n}"), student(level=level, main=main))


def deliver(registry: Registry, case: int, *pupils: str, kind: DeliveryKind = DeliveryKind.FULL) -> Receipt:
    return registry.deliver(*pupils, source=f"Kilde {case}", groups=CLASSES, kind=kind)


def asked(receipt: Receipt) -> list[tuple[str, str | None]]:
    assert receipt.status is DeliveryStatus.APPLIED, receipt
    return [(one.code, one.local_person_id) for one in receipt.findings]


@pytest.mark.parametrize(
    ("before", "after", "is_asked"),
    [
        ("0", "9", True),
        ("3", "1", True),
        ("3", "6", True),
        ("DT", "3", True),
        ("9", "U3", True),
        ("U1", "4", True),
        ("3", "4", False),
        ("3", "3", False),
        ("3", "5", False),
        ("3", "2", False),  # the year once more, after everybody was moved up
        ("DT", "0", False),
        ("9", "U1", False),
        ("10", "U1", False),
        ("3", "VU", False),
        ("Andet", "9", False),
    ],
)
def test_b_r25_a_jump_is_loaded_and_asked_about(
    one_registry: Registry, case: int, before: str, after: str, *, is_asked: bool
) -> None:
    others = [pupil(case, n, "2") for n in (7, 8, 9)]
    deliver(one_registry, case, pupil(case, 1, before), *others)
    receipt = deliver(one_registry, case, pupil(case, 1, after), *others)
    assert asked(receipt) == ([("grade_jump", "e-1")] if is_asked else [])
    assert all(one.line > 5 for one in receipt.findings)
    level = "select level from directory_membership where source = $1 and local_person_id = 'e-1'"
    assert one_registry.row(level, f"Kilde {case}") == (after,)
    assert asked(deliver(one_registry, case, pupil(case, 1, after), *others)) == [], "once"


def test_b_r25_the_question_is_asked_in_plain_words(one_registry: Registry, case: int) -> None:
    texts = load_texts()
    deliver(one_registry, case, pupil(case, 1, "0"), pupil(case, 2, "DT"), pupil(case, 3, "2"))
    receipt = deliver(one_registry, case, pupil(case, 1, "9"), pupil(case, 2, "U2"), pupil(case, 3, "2"))
    assert [what_is_wrong(texts, "da", one) for one in receipt.findings] == [
        "Eleven gik i 0. klasse og står nu i 9. klasse. Er det rigtigt?",
        "Eleven gik i dagtilbud og står nu i U2. Er det rigtigt?",
    ]
    assert (
        what_is_wrong(texts, "en", receipt.findings[0])
        == "The pupil was in grade 0 and is now in grade 9. Is that right?"
    )
    assert what_to_do(texts, "da", receipt.findings[0]).startswith("Er det en fejl, så ret klassetrinnet")


def test_b_r25_a_class_that_jumps_is_asked_about_once(one_registry: Registry, case: int) -> None:
    """Of five in a class four jump alike; the fifth is asked about alone, and so are two of another class."""
    texts = load_texts()
    rest = [pupil(case, 11, "3", main="3a"), pupil(case, 12, "3", main="3a"), pupil(case, 13, "3", main="3a")]
    deliver(one_registry, case, *(pupil(case, n, "2") for n in range(5)), *rest)
    jumping = [pupil(case, n, "8") for n in range(4)]
    few = [rest[0], *(pupil(case, n, "7", main="3a") for n in (12, 13))]
    receipt = deliver(one_registry, case, *jumping, pupil(case, 4, "9"), *few)
    assert asked(receipt) == [
        ("grade_jump_class", None),
        ("grade_jump", "e-4"),
        ("grade_jump", "e-12"),
        ("grade_jump", "e-13"),
    ]
    first = receipt.findings[0]
    assert (first.group, first.fields["count"]) == ("2b", 4)
    assert (
        what_is_wrong(texts, "da", first)
        == "Klassen 2.B: 4 elever gik i 2. klasse og står nu i 8. klasse. Er det rigtigt?"
    )
    assert (
        what_is_wrong(texts, "en", first)
        == "Class 2.B: 4 pupils were in grade 2 and are now in grade 8. Is that right?"
    )


def test_b_r25_whoever_is_new_or_comes_back_may_be_in_any_grade(one_registry: Registry, case: int) -> None:
    others = [pupil(case, n, "2") for n in (7, 8, 9)]
    deliver(one_registry, case, pupil(case, 1, "0"), *others)
    deliver(one_registry, case, *others)
    assert asked(deliver(one_registry, case, pupil(case, 1, "9"), pupil(case, 2, "9"), *others)) == []


def test_b_r25_changes_alone_ask_too(one_registry: Registry, case: int) -> None:
    deliver(one_registry, case, pupil(case, 1, "0"), *(pupil(case, n, "2") for n in (7, 8, 9)))
    receipt = deliver(one_registry, case, pupil(case, 1, "9"), kind=DeliveryKind.DELTA)
    assert asked(receipt) == [("grade_jump", "e-1")]


def test_b_r25_tables_ask_too(registry: Registry) -> None:
    """By the grades of OneRoster."""
    people = [user(f"e-{n}", f"Barn{n}", grades="02") for n in range(2, 6)]
    roles = [role(f"e-{n}") for n in range(1, 6)]
    registry.send(delivery([user("e-1", grades="KG"), *people], roles))
    assert asked(registry.send(delivery([user("e-1", grades="09"), *people], roles))) == [("grade_jump", "e-1")]


def test_b_r25_a_delivery_that_waits_asks_already(registry: Registry) -> None:
    crowd = [pupil(1, n, "2") for n in range(2, 40)]
    registry.deliver(pupil(1, 1, "0"), *crowd)
    parked = registry.send(document(pupil(1, 1, "9"), *crowd[:10], time="2025-09-01T00:00:00Z"))
    assert parked.status is DeliveryStatus.PARKED
    assert [one.code for one in parked.findings] == ["grade_jump"]
    registry.decide(parked, Decision.RELEASE, who="anne")
    decided = registry.decide(parked, Decision.RELEASE, who="bo")
    assert decided
    assert decided.receipt
    assert asked(decided.receipt) == [("grade_jump", "e-1")]
