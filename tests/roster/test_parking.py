"""The plan of changes and the brake: what would do too much waits for two people, and changes nothing until then."""

import io
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.roster.documents import GROUPS, contact, document, employee, member, person, student
from tests.roster.oneroster import CLASSES as TABLE_CLASSES
from tests.roster.oneroster import delivery, enrolled, role, user
from tests.roster.registry import SOURCE, Registry
from unilogin.kit.danish_time import danish_time
from unilogin.kit.text import load_texts
from unilogin.roster.actions import import_file
from unilogin.roster.deciding import Decision
from unilogin.roster.messages import in_words, why_held, why_refused
from unilogin.roster.model import ChangeKind, DeliveryKind, DeliveryState, DeliveryStatus, Receipt

CLASSES = GROUPS + GROUPS.replace("2b", "3a").replace("2.B", "3.A").split("<Group><GroupId>kor")[0]


def pupil(n: int, *, main: str = "2b", first: str | None = None, guardian: int | None = None) -> str:
    parent = "" if guardian is None else contact(person(f"61058{guardian:05}", first=f"Mor{guardian}"))
    return member(f"e-{n}", person(f"62051{n:05}", first=first or f"Barn{n}"), student(main=main, more=parent))


def teacher(n: int) -> str:
    return member(f"m-{n}", person(f"62071{n:05}", first=f"Lærer{n}"), employee())


def school(*, without: frozenset[int] = frozenset(), **what: object) -> list[str]:
    """Thirty pupils in 2.B, ten in 3.A, five teachers."""
    pupils = [pupil(n, main="2b" if n < 30 else "3a", guardian=n) for n in range(40) if n not in without]
    return [*pupils, *(teacher(n) for n in range(5))]


def words(receipt: Receipt) -> list[str]:
    texts = load_texts()
    return [in_words(texts, "da", line) for line in receipt.plan]


def held(receipt: Receipt) -> list[str]:
    return [breach.code for breach in receipt.held_by]


def test_a_delivery_tells_for_each_class_what_it_changes(registry: Registry) -> None:
    first = registry.deliver(*school(), groups=CLASSES)
    assert words(first) == ["2.B: 30 nye", "3.A: 10 nye", "Medarbejdere: 5 nye", "Kontaktpersoner: 40 nye"]
    changed = [
        *(pupil(n, guardian=n) for n in range(3, 29)),
        pupil(29, main="3a", guardian=29),
        *(pupil(n, main="3a", guardian=n) for n in range(30, 38)),
        pupil(38, main="3a", first="Anna", guardian=38),
        pupil(39, main="3a", guardian=77),
        pupil(80),
        pupil(81),
        *(teacher(n) for n in range(5)),
    ]
    second = registry.deliver(*changed, groups=CLASSES)
    assert words(second) == [
        "2.B: 2 nye, 3 er her ikke længere, 1 flyttet til 3.A, 26 som før",
        "3.A: 2 ændrede, 1 flyttet hertil, 8 som før",
        "Kontaktpersoner: 1 ny, 4 er her ikke længere",
    ]
    rows = registry.rows(
        "select local_person_id, kind, class_before, class_after, fields from roster_change"
        " where delivery_id = $1 and kind not in ('new', 'left') order by local_person_id",
        second.delivery_id,
    )
    assert rows == [
        ("e-29", "moved", "2.B", "3.A", ["groups"]),
        ("e-38", "changed", "3.A", "3.A", ["names"]),
        ("e-39", "changed", "3.A", "3.A", ["contacts"]),
    ]
    third = registry.deliver(*changed, pupil(0, guardian=0), groups=CLASSES)
    assert words(third)[0] == "2.B: 1 kommer tilbage, 28 som før"
    assert registry.deliver(*changed, pupil(0, guardian=0), groups=CLASSES).plan == ()


def test_pupils_without_a_class_are_counted_wherever_they_come_from_and_go_to(registry: Registry) -> None:
    """Each step: pupils of 2.B, of 3.A, of no class; and what the plan says of those in no class."""
    steps: list[tuple[set[int], set[int], set[int], str | None]] = [
        ({1, 2, 3}, {4, 5}, {6, 7}, "Elever uden klasse: 2 nye"),
        ({1, 2, 3}, {4, 5}, {6, 7, 8}, "Elever uden klasse: 1 ny, 2 som før"),
        ({1, 2}, {4, 5}, {3, 6, 7, 8}, "Elever uden klasse: 1 flyttet hertil, 3 som før"),
        ({1, 2, 6}, {4, 5}, {3, 7, 8}, "Elever uden klasse: 1 flyttet til 2.B, 3 som før"),
        ({1, 2, 6}, {4, 5}, {3, 7}, "Elever uden klasse: 1 er her ikke længere, 2 som før"),
        ({1, 2, 6}, {4, 5}, {3, 7, 8}, "Elever uden klasse: 1 kommer tilbage, 2 som før"),
        ({1, 2}, {4, 5, 6}, {3, 7, 8}, None),
        ({1, 2}, {4, 5}, {3, 6, 7, 8, 9}, "Elever uden klasse: 1 ny, 1 flyttet hertil, 3 som før"),
        ({1, 2, 9, 8}, {4, 5, 7}, {3, 6}, "Elever uden klasse: 2 flyttet til 2.B, 1 flyttet til 3.A, 2 som før"),
    ]
    for second, third, none, wanted in steps:
        everybody = sorted(second | third | none)
        places = [*(enrolled(f"e-{n}", "c-2b") for n in second), *(enrolled(f"e-{n}", "c-3a") for n in third)]
        receipt = registry.send(
            delivery(
                [user(f"e-{n}", f"Barn{n}", grades="03") for n in everybody],
                [role(f"e-{n}") for n in everybody],
                [row for rows in places for row in rows],
                classes=[*TABLE_CLASSES, {**TABLE_CLASSES[0], "sourcedId": "c-2b", "title": "2.B"}],
            )
        )
        plan = [line for line in words(receipt) if line.startswith("Elever uden")]
        assert plan == ([wanted] if wanted else []), (second, third, none)


def without_guardians(text: str) -> str:
    return re.sub("<ContactPerson.*</ContactPerson>", "", text, flags=re.DOTALL)


TOO_MUCH = [
    ("removed", [*school(without=frozenset(range(9, 30)))]),
    ("class", school(without=frozenset(range(30, 40)))),
    ("staff", [one for one in school() if "m-" not in one]),
    ("guardians", [without_guardians(one) for one in school()]),
    ("names", [one.replace("<FirstName>Barn1", "<FirstName>Ny1") for one in school()]),
    (
        "cpr",
        [one.replace("<CivilRegistrationNumber>620510001", "<CivilRegistrationNumber>620510091") for one in school()],
    ),
    ("garbled", [one.replace("<FirstName>Lærer", "<FirstName>LÃ¦rer").replace("Barn2", "BÃ¥rn2") for one in school()]),
]


@pytest.mark.parametrize(("code", "sent"), TOO_MUCH, ids=[one[0] for one in TOO_MUCH])
def test_f_28_b_r09_b_r30_what_would_do_too_much_is_parked_whole(
    registry: Registry, code: str, sent: list[str]
) -> None:
    registry.deliver(*school(), groups=CLASSES)
    before = registry.people()
    receipt = registry.deliver(*sent, pupil(90), groups=CLASSES)
    assert receipt.status is DeliveryStatus.PARKED
    assert code in held(receipt)
    assert registry.people() == before
    assert registry.row("select count(*) from directory_journal where delivery_id = $1", receipt.delivery_id) == (0,)
    assert registry.row(
        "select count(*) from roster_change where delivery_id = $1 and kind = 'new'", receipt.delivery_id
    ) == (1,)
    texts = load_texts()
    assert all(why_held(texts, language, breach) for breach in receipt.held_by for language in ("da", "en"))
    assert registry.audit("delivery.parked") == 1


def test_f_28_a_file_without_nine_in_ten_is_parked_and_explained(registry: Registry) -> None:
    registry.deliver(*school(), groups=CLASSES)
    receipt = registry.deliver(pupil(0, guardian=0), teacher(0), pupil(30, main="3a", guardian=30), groups=CLASSES)
    assert [why_held(load_texts(), "da", breach) for breach in receipt.held_by] == [
        "42 af 45 personer ville forsvinde. Uden godkendelse må det højst være 20."
    ]
    assert words(receipt)[0] == "2.B: 29 er her ikke længere, 1 som før"


def test_f_28_ten_of_eleven_are_nearly_all(registry: Registry) -> None:
    registry.deliver(*(pupil(n) for n in range(11)))
    assert held(registry.deliver(pupil(0))) == ["nearly_all"]
    assert registry.deliver(*(pupil(n) for n in range(2))).status is DeliveryStatus.APPLIED


def test_two_people_release_and_one_is_not_enough(registry: Registry) -> None:
    registry.deliver(*school(), groups=CLASSES)
    parked = registry.deliver(*(pupil(n, guardian=n) for n in range(30)), pupil(90), groups=CLASSES)
    before = registry.people()
    for _ in range(2):  # the same person twice is one person
        decided = registry.decide(parked, Decision.RELEASE, who="anne")
        assert decided
        assert decided.needs_another
    assert registry.people() == before
    decided = registry.decide(parked, Decision.RELEASE, who="bo")
    assert decided
    assert decided.receipt
    assert decided.receipt.status is DeliveryStatus.APPLIED
    assert decided.receipt.delivery_id == parked.delivery_id
    assert decided.receipt.counts.left == 15
    assert decided.receipt.plan == parked.plan
    assert registry.row("select count(*) from directory_membership where ended_at is null") == (31,)
    assert registry.rows("select count(*) from roster_parked_part") == [(0,)]
    assert registry.audit("delivery.decided") == 3
    assert registry.decide(parked, Decision.RELEASE, who="cai") is None


def test_two_who_are_second_at_once_release_once(registry: Registry) -> None:
    registry.deliver(*school(), groups=CLASSES)
    parked = registry.deliver(pupil(0, guardian=0), groups=CLASSES)
    registry.decide(parked, Decision.RELEASE, who="anne")
    with ThreadPoolExecutor(2) as threads:
        words = list(threads.map(lambda who: registry.decide(parked, Decision.RELEASE, who=who), ["bo", "cai"]))
    receipts = [word.receipt for word in words if word and word.receipt]
    assert receipts
    assert {receipt.status for receipt in receipts} == {DeliveryStatus.APPLIED}
    assert registry.audit("delivery.applied") == 2  # the first file, and this one once


def test_no_caller_can_release_what_two_people_have_not_released(registry: Registry) -> None:
    registry.deliver(*school(), groups=CLASSES)
    parked = registry.deliver(pupil(0, guardian=0), groups=CLASSES)
    registry.decide(parked, Decision.RELEASE, who="anne")
    registry.decide(parked, Decision.REJECT, who="bo")
    before = registry.people()
    file = io.BytesIO(document(pupil(0, guardian=0), groups=CLASSES, time="2025-09-01T00:00:00Z").encode())
    receipt = registry.do(
        lambda connection: import_file(
            connection, file, secrets=registry.secrets, actor=SOURCE, released=parked.delivery_id
        )
    )
    assert (receipt.status, receipt.repeated) == (DeliveryStatus.PARKED, True)
    assert registry.people() == before


def test_two_people_reject_and_the_same_file_stays_rejected(registry: Registry) -> None:
    registry.deliver(*school(), groups=CLASSES)
    before = registry.people()
    text = document(pupil(0), time="2025-09-01T00:00:00Z", groups=CLASSES)
    parked = registry.send(text)
    assert registry.send(text).repeated
    registry.decide(parked, Decision.REJECT, who="anne")
    registry.decide(parked, Decision.RELEASE, who="bo")
    decided = registry.decide(parked, Decision.REJECT, who="cai")
    assert decided
    assert decided.receipt
    assert decided.receipt.status is DeliveryStatus.REJECTED
    again = registry.send(text)
    assert (again.repeated, again.status) == (True, DeliveryStatus.REJECTED)
    assert registry.people() == before


def test_a_later_delivery_takes_the_place_of_one_that_waits(registry: Registry) -> None:
    registry.deliver(*school(), groups=CLASSES)
    parked = registry.deliver(pupil(0), groups=CLASSES)
    assert registry.deliver(*school(), pupil(90), groups=CLASSES).status is DeliveryStatus.APPLIED
    assert registry.decide(parked, Decision.RELEASE, who="anne") is None
    assert registry.row("select status from roster_delivery where delivery_id = $1", parked.delivery_id) == (
        "overtaken",
    )
    assert registry.rows("select number from roster_parked_part") == []


def test_f_30_an_older_file_does_not_take_the_place_of_a_newer_one_that_waits(registry: Registry) -> None:
    registry.deliver(*school(), groups=CLASSES)
    older, newer, between = (
        document(pupil(n), time=f"2025-09-0{day}T00:00:00Z", groups=CLASSES) for n, day in ((0, 1), (1, 3), (2, 2))
    )
    first, waiting = registry.send(older), registry.send(newer)
    assert waiting.status is DeliveryStatus.PARKED
    again = registry.send(older)
    assert (again.delivery_id, again.status, again.repeated) == (first.delivery_id, DeliveryStatus.OVERTAKEN, True)
    assert registry.send(between).refusal == "time_not_later"
    registry.decide(waiting, Decision.RELEASE, who="anne")
    decided = registry.decide(waiting, Decision.RELEASE, who="bo")
    assert decided
    assert decided.receipt
    assert decided.receipt.state is DeliveryState.RELEASED


@pytest.mark.parametrize("kind", [DeliveryKind.DELTA, DeliveryKind.DELETE])
def test_f_30_changes_do_not_take_the_place_of_what_waits_and_build_on_it_afterwards(
    registry: Registry, kind: DeliveryKind
) -> None:
    registry.deliver(*school(), groups=CLASSES)
    waiting = registry.deliver(pupil(0), pupil(90), groups=CLASSES)
    assert waiting.status is DeliveryStatus.PARKED
    before = registry.people()
    text = document(pupil(0, first="Anna"), groups="", time="2025-09-01T00:00:00Z")
    refused = registry.send(text, kind=kind)
    assert (refused.status, refused.refusal) == (DeliveryStatus.REFUSED, "earlier_waits")
    assert " august 2025 kl. " in why_refused(load_texts(), "da", refused)
    assert waiting.source_time
    assert refused.refusal_fields["earlier"] == f"{danish_time(waiting.source_time):%Y-%m-%d %H:%M:%S}"
    assert registry.people() == before
    registry.decide(waiting, Decision.RELEASE, who="anne")
    decided = registry.decide(waiting, Decision.RELEASE, who="bo")
    assert decided
    assert decided.receipt
    assert decided.receipt.state is DeliveryState.RELEASED
    again = registry.send(text, kind=kind)
    assert (again.status, again.repeated) == (DeliveryStatus.APPLIED, False)
    assert registry.rows("select local_person_id from directory_membership where ended_at is null order by 1") == [
        (local_id,) for local_id in (["e-0", "e-90"] if kind is DeliveryKind.DELTA else ["e-90"])
    ]


def test_whom_changes_out_of_turn_protect_is_hidden_all_the_same(registry: Registry) -> None:
    registry.deliver(*school(), groups=CLASSES)
    registry.deliver(pupil(0), groups=CLASSES)
    hidden = person("6205100001", first="Barn1", protected="true", alias=("Grå", "And"))
    unread = person("6205100002", first="Barn2", protected="true")
    refused = registry.deliver(
        member("e-1", hidden, student()), member("e-2", unread, student()), groups="", kind=DeliveryKind.DELTA
    )
    assert refused.refusal == "earlier_waits"
    assert registry.rows(
        "select first_name, alias_first_name from directory_person where protected order by first_name"
    ) == [("Barn1", "Grå"), ("Barn2", "Beskyttet")]
    assert registry.rows("select status from roster_delivery where status = 'parked'") == [("parked",)]


def test_a_full_file_takes_the_place_of_changes_that_wait(registry: Registry) -> None:
    registry.deliver(*school(), groups=CLASSES)
    many = [pupil(n, first=f"Andet{n}", guardian=n) for n in range(20)]
    waiting = registry.deliver(*many, groups="", kind=DeliveryKind.DELTA)
    assert waiting.status is DeliveryStatus.PARKED
    assert registry.deliver(pupil(91), groups="", kind=DeliveryKind.DELTA).refusal == "earlier_waits"
    assert registry.deliver(*school(), pupil(91), groups=CLASSES).counts.created == 1
    assert registry.deliver(pupil(92), groups="", kind=DeliveryKind.DELTA).counts.created == 1


def test_an_institution_may_have_limits_of_its_own(registry: Registry) -> None:
    registry.deliver(*school(), groups=CLASSES)
    registry.execute(
        "insert into roster_limit (institution_id, removed_persons, removed_percent, smallest_whole)"
        " select institution_id, 0, 2, 3 from directory_institution where number = '999001'"
    )
    assert held(registry.deliver(*school(without=frozenset((0,))), groups=CLASSES)) == ["removed"]
    registry.execute("update roster_limit set removed_percent = 100, smallest_whole = 1000")
    assert registry.deliver(pupil(0), groups=CLASSES).status is DeliveryStatus.APPLIED


def test_the_parked_file_is_sealed(registry: Registry) -> None:
    registry.deliver(*school(), groups=CLASSES)
    registry.deliver(pupil(0), groups=CLASSES)
    (sealed,) = registry.row("select sealed from roster_parked_part")
    assert isinstance(sealed, bytes)
    assert b"6205100000" not in sealed
    assert sealed[:2] != b"\x1f\x8b"


@pytest.mark.parametrize("kind", [DeliveryKind.DELETE, DeliveryKind.DELTA])
def test_f_28_the_brake_holds_for_changes_and_deletions_too(registry: Registry, kind: DeliveryKind) -> None:
    registry.deliver(*school(), groups=CLASSES)
    renamed = [one.replace("<FirstName>Barn", "<FirstName>Ny") for one in school()]
    receipt = registry.deliver(*renamed, groups=CLASSES if kind is DeliveryKind.DELTA else "", kind=kind)
    assert receipt.status is DeliveryStatus.PARKED
    assert held(receipt)[0] == ("names" if kind is DeliveryKind.DELTA else "removed")
    registry.decide(receipt, Decision.RELEASE, who="anne")
    decided = registry.decide(receipt, Decision.RELEASE, who="bo")
    assert decided
    assert decided.receipt
    assert (decided.receipt.status, decided.receipt.kind) == (DeliveryStatus.APPLIED, kind)


def test_every_kind_of_change_has_its_words() -> None:
    codes = load_texts().codes("da")
    assert {f"roster.plan.{kind}" for kind in ChangeKind} <= codes
