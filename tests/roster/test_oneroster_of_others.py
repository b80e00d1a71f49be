"""OneRoster files of other systems: custody, contact persons from either end, several schools, what does not count."""

import io
from uuid import UUID

import pytest

from tests.roster.oneroster import CLASSES, FAMILY, LEA, Row, delivery, enrolled, opened, role, rows, table, user
from tests.roster.registry import OPERATOR, Registry
from unilogin.domain.directory.model import InstitutionId
from unilogin.roster.custody_roles import set_custody_roles
from unilogin.roster.errors import DeliveryRefusedError
from unilogin.roster.formats.opening import institutions_in
from unilogin.roster.messages import Found, Refused
from unilogin.roster.model import DeliveryKind, DeliveryStatus

GOOD = user("e-9", "God", "Nok", grades="03")
GOOD_ROLE = role("e-9")


def contacts_of(data: bytes, *, custody: frozenset[str] = frozenset()) -> list[tuple[str, str, bool]]:
    """Who the first person's contact persons are, what to them, and whether they decide."""
    document = opened(data)
    document.custody_by_role(custody)
    first = next(row for chunk in document.rows(100, is_known=lambda _: False) for row in chunk)
    assert first.row
    return [(one.facts.first_name, one.relation, one.child_custody) for one in first.row.contacts]


def family(*, custody: str = "", agents: str = "k-1,k-2", roles: tuple[str, str] = ("parent", "guardian")) -> bytes:
    child = user("e-1", agentSourcedIds=agents, metadata__dk__agentCustody=custody)
    adults = [user("k-1", "Ida"), user("k-2", "Bo")]
    return delivery([child, *adults], [role("e-1"), role("k-1", roles[0]), role("k-2", roles[1])])


CUSTODY: list[tuple[str, bytes, frozenset[str], list[bool]]] = [
    ("no_role_means_custody", family(), frozenset(), [False, False]),
    ("the_school_vouches_for_parents", family(), frozenset({"parent"}), [True, False]),
    ("and_for_guardians", family(), frozenset({"parent", "guardian"}), [True, True]),
    ("never_for_relatives", family(roles=("relative", "parent")), frozenset({"parent", "relative"}), [False, True]),
    ("the_file_says_no", family(custody="false,"), frozenset({"parent", "guardian"}), [False, True]),
    ("the_file_says_yes", family(custody="true,false"), frozenset(), [True, False]),
    ("an_empty_place_is_a_place", family(custody=",true"), frozenset(), [False, True]),
    ("a_list_that_does_not_fit", family(custody="true"), frozenset({"parent"}), [False, False]),
    ("a_word_nobody_knows", family(custody="yes,ja"), frozenset({"parent"}), [False, False]),
]


@pytest.mark.parametrize(("data", "vouched", "decide"), [one[1:] for one in CUSTODY], ids=[one[0] for one in CUSTODY])
def test_custody_is_what_the_file_or_the_school_says_and_never_guessed(
    data: bytes, vouched: frozenset[str], decide: list[bool]
) -> None:
    assert [told[2] for told in contacts_of(data, custody=vouched)] == decide


def test_contact_persons_may_name_the_child_instead_or_as_well() -> None:
    adults = [
        user("k-1", "Ida", agentSourcedIds="e-9,e-1", metadata__dk__agentCustody="false,true"),
        user("k-2", "Bo", agentSourcedIds="e-1"),
        user("a-1", "Lis", agentSourcedIds="e-1"),
    ]
    roles = [role("e-1"), role("k-1", "parent"), role("k-2", "ext:primaryGuardian"), role("a-1", "teacher")]
    both = delivery([user("e-1", agentSourcedIds="k-2"), GOOD, *adults], [*roles, GOOD_ROLE])
    assert contacts_of(both) == [("Bo", "Andet", False), ("Ida", "Andet", True)]
    assert [row.local_person_id for row in rows(both) if row.row] == ["e-1", "e-9", "a-1"]
    gone = [{**adults[0], "enabledUser": "false"}, {**adults[1], "status": "tobedeleted"}]
    assert contacts_of(delivery([user("e-1"), *gone], roles)) == []


def test_of_a_file_with_several_schools_one_delivery_is_about_one() -> None:
    with pytest.raises(DeliveryRefusedError) as refusal:
        opened(LEA)
    assert (refusal.value.reason, refusal.value.fields) == (
        Refused.ONEROSTER_SCHOOLS, {"count": 2, "numbers": "999001, 999002"},
    )  # fmt: skip
    told = {}
    for number in institutions_in(io.BytesIO(LEA)):
        document = opened(LEA, number)
        assert (document.header.institution_number, document.group_findings) == (number, ())
        people = [row for chunk in document.rows(100, is_known=lambda _: False) for row in chunk]
        told[number] = [(row.local_person_id, row.row and (row.row.roles, len(row.row.contacts))) for row in people]
        assert not any(row.findings for row in people)
    assert told == {
        "999001": [("e-1", (("Elev",), 1)), ("a-1", (("Lærer",), 0))],
        "999002": [("e-2", (("Elev",), 0)), ("a-1", (("Leder",), 0)), ("a-2", (("Lærer",), 0))],
    }
    assert institutions_in(io.BytesIO(FAMILY)) == institutions_in(io.BytesIO(b"<x/>")) == []


def test_who_is_to_be_deleted_or_whose_time_is_over_is_not_here_in_bulk_either() -> None:
    gone = {**user("e-1"), "status": "tobedeleted"}
    past = [role("e-2", endDate="2020-07-31"), role("e-3", beginDate="2030-08-01")]
    removed = {**role("e-9", "teacher"), "status": "tobedeleted"}
    found = rows(delivery([gone, user("e-2"), user("e-3"), GOOD], [role("e-1"), *past, GOOD_ROLE, removed]))
    assert [(row.local_person_id, row.row and row.row.roles, row.findings) for row in found] == [("e-9", ("Elev",), ())]


def test_classes_of_another_term_do_not_count_unless_all_are() -> None:
    sessions = table(
        [
            {"sourcedId": name, "type": "term", "startDate": start, "endDate": end}
            for name, start, end in (("old", "2024-08-01", "2025-07-31"), ("new", "2025-08-01", "2026-07-31"))
        ]
    )
    last_year = {**CLASSES[0], "sourcedId": "c-2a", "title": "2.A", "grades": "02", "termSourcedIds": "old"}
    this_year = {**CLASSES[0], "termSourcedIds": "old,new"}
    places = enrolled("e-1", "c-2a", "c-3a")
    told = {"file.academicSessions": "bulk"}
    for classes, main in (((last_year, this_year), "c-3a"), ((last_year,), "c-2a")):
        data = delivery(
            [user("e-1")], [role("e-1")], places[: len(classes)], classes=classes, manifest=told,
            files={"academicSessions.csv": sessions},
        )  # fmt: skip
        (found,) = rows(data)
        assert found.row
        assert (found.row.main_group, found.row.groups, found.findings) == (main, (), ())


WARNED: list[tuple[str, Row, list[Row], list[Row], tuple[Found, str, int]]] = [
    ("class_unknown", user("e-1"), [], enrolled("e-1", "c-none"), (Found.REFERENCE_UNKNOWN, "enrollments.csv", 2)),
    ("role_foreign", user("e-1"), [role("e-1", "ext:mentor"), role("e-1")], [], (Found.VALUE_UNKNOWN, "roles.csv", 2)),
    ("agent_unknown", user("e-1", agentSourcedIds="k-0"), [], [], (Found.REFERENCE_UNKNOWN, "users.csv", 2)),
    ("mail_wrong", user("e-1", email="nobody"), [], [], (Found.EMAIL_WRONG, "users.csv", 2)),
    ("garbled", user("e-1", given="SÃ¸ren"), [], [], (Found.TWICE_ENCODED, "users.csv", 2)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("ill", "roles", "places", "told"), [one[1:] for one in WARNED], ids=[one[0] for one in WARNED]
)
def test_what_can_be_left_out_is_told_and_the_person_is_loaded(
    ill: Row, roles: list[Row], places: list[Row], told: tuple[Found, str, int]
) -> None:
    (found,) = rows(delivery([ill], roles or [role("e-1")], places))
    assert found.row
    assert [(one.code, one.fields["file"], one.line) for one in found.findings] == [told]
    assert not any(group.startswith("c-none") for group in found.row.groups)


GRADES = (("KG", "0"), ("kg", "0"), ("0", "0"), ("01", "1"), ("9", "9"), ("10", "10"), ("11", "U1"), ("pk", "DT"),
          ("07,08", "7"), ("UG", "Andet"), ("other", "Andet"), ("u2", "U2"))  # fmt: skip


def test_grades_are_read_in_the_words_of_the_standard_and_in_ours() -> None:
    for grade, level in GRADES:
        (found,) = rows(delivery([user("e-1", grades=grade)], [role("e-1")]))
        assert (found.row and found.row.level) == level


def test_a_cpr_number_may_stand_among_a_users_ids_and_names_and_passwords_of_theirs_are_not_read() -> None:
    theirs = user("e-1", userIds="{LDAP:aa},{CPR: 620516-2233}", username="hack1234", password="hunter2")
    (found,) = rows(delivery([theirs], [role("e-1")]))
    assert found.row
    assert found.row.facts.cpr == "6205162233"
    assert "hack1234" not in str(found)
    assert "hunter2" not in str(found)


def test_whether_somebody_is_enabled_is_not_guessed() -> None:
    (broken, good) = rows(delivery([{**user("e-1"), "enabledUser": "0"}, GOOD], [role("e-1"), GOOD_ROLE]))
    assert (broken.local_person_id, broken.row, broken.findings[0].code) == ("e-1", None, Found.VALUE_UNKNOWN)
    assert good.row


def test_a_school_that_vouches_for_its_systems_parents_is_asked_at_each_delivery(registry: Registry) -> None:
    def send() -> list[tuple[object, ...]]:
        hour_later = delivery([user("e-1", agentSourcedIds="k-1"), user("k-1")], [role("e-1"), role("k-1", "parent")])
        assert registry.send(hour_later).status is DeliveryStatus.APPLIED
        return registry.rows("select child_custody, access_level from directory_contact")

    def vouch(*roles: str) -> None:
        registry.act(lambda tx: set_custody_roles(tx, where, source="Skolesystemet", roles=roles, actor=OPERATOR))

    (found,) = registry.row("select institution_id from directory_institution where number = '999001'")
    where = InstitutionId(UUID(str(found)))
    assert send() == [(False, 0)]
    vouch("parent")
    assert send() == [(True, 1)]
    vouch()
    assert send() == [(False, 0)]
    assert registry.audit("delivery.custody_roles_set") == 2


def test_each_school_of_a_file_is_a_delivery_of_its_own(registry: Registry) -> None:
    for number in ("999001", "999002"):
        receipt = registry.send(LEA, sent_for=number)
        assert (receipt.institution_number, receipt.status) == (number, DeliveryStatus.APPLIED)
    # Whoever has no number is somebody else at another school.
    assert registry.row("select count(*) from directory_membership where ended_at is null") == (5,)


def test_what_people_hang_on_may_be_whole_in_a_delta(registry: Registry) -> None:
    registry.send(FAMILY)
    whole = {"file.orgs": "bulk", "file.classes": "bulk"}
    changed = delivery(
        [user("a-1", "Lis", "Nyt")], [role("a-1", "teacher")], enrolled("a-1", "c-3a"), state="delta", manifest=whole
    )
    receipt = registry.send(changed)
    assert (receipt.status, receipt.kind, receipt.counts.changed) == (
        DeliveryStatus.APPLIED, DeliveryKind.DELTA, 1,
    )  # fmt: skip
