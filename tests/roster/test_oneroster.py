"""OneRoster 1.2 CSV: people put together from several tables, through the same door as every delivery."""

import io
import random
import zipfile
from collections.abc import Mapping
from uuid import UUID

import pytest

from tests.roster.oneroster import CLASSES, FAMILY, LEA, Row, delivery, enrolled, opened, role, rows, table, user
from tests.roster.registry import OPERATOR, Registry
from unilogin.domain.directory.model import InstitutionId
from unilogin.domain.directory.protection import NEUTRAL_ALIAS
from unilogin.kit.text import load_texts
from unilogin.kit.xml.errors import DocumentError
from unilogin.roster.custody_roles import set_custody_roles
from unilogin.roster.errors import DeliveryRefusedError
from unilogin.roster.formats.csv_table import LONGEST_LINE
from unilogin.roster.formats.opening import institutions_in
from unilogin.roster.messages import Found, Refused, what_is_wrong
from unilogin.roster.model import Counts, DeliveryKind, DeliveryStatus, ReadRow, Severity

GOOD = user("e-9", "God", "Nok", grades="03")
GOOD_ROLE = role("e-9")


def read_with(ill: Row, *roles: Row, **more: str) -> list[ReadRow]:
    """Everybody in a delivery of one ill person and one good one."""
    return rows(delivery([ill, GOOD], [*(roles or (role(str(ill["sourcedId"])),)), GOOD_ROLE], files=more or None))


# Reading ------------------------------------------------------------------------------------------------------------


def test_a_pupil_is_put_together_from_all_tables() -> None:
    pupil, brother, teacher = (row.row for row in rows(FAMILY))
    assert pupil
    assert brother
    assert teacher
    assert (pupil.main_group, pupil.groups, pupil.level, pupil.roles) == ("c-3a", ("c-kor",), "3", ("Elev",))
    assert (pupil.facts.gender, str(pupil.facts.birth_date), pupil.facts.cpr) == ("K", "2016-05-02", None)
    assert [(one.facts.first_name, one.relation, one.child_custody) for one in pupil.contacts] == [
        ("Ida", "Mor", False), ("Bo", "Andet", False),
    ]  # fmt: skip
    assert (brother.level, len(brother.contacts)) == ("3", 1)
    assert (teacher.actor_group, teacher.roles, teacher.groups) == ("Medarbejder", ("Lærer",), ("c-3a",))


def test_extension_columns_tell_what_the_standard_has_no_column_for() -> None:
    more: Mapping[str, str] = {
        "agentSourcedIds": "k-1", "metadata__dk__agentRelations": "Far", "metadata__dk__agentCustody": "true",
        "metadata__dk__cpr": "620516-2233", "metadata__dk__protected": "true", "metadata__dk__aliasGivenName": "Anna",
        "metadata__dk__aliasFamilyName": "Andet", "metadata__dk__level": "U1", "metadata__dk__studentNumber": "17",
    }  # fmt: skip
    (found, *_) = rows(
        delivery(
            [user("e-1", **more), user("k-1", "Bo")],
            [{**role("e-1"), "metadata.dk.role": "Studerende"}, role("k-1", "parent")],
        )
    )
    assert found.row
    facts = found.row.facts
    assert (facts.cpr, facts.protected, facts.alias_first_name, facts.alias_family_name) == (
        "6205162233", True, "Anna", "Andet",
    )  # fmt: skip
    assert (found.row.level, found.row.roles, found.row.detail) == ("U1", ("Studerende",), {"StudentNumber": "17"})
    (father,) = found.row.contacts
    assert (father.relation, father.child_custody, father.access_level) == ("Far", True, 1)


ILL: list[tuple[str, Row, list[Row], Found]] = [
    ("cpr_as_id", user("6205162233"), [], Found.LOCAL_ID_IS_CPR),
    ("id_with_space", user("e 1"), [], Found.LOCAL_ID_WRONG),
    ("no_name", user("e-1", given=""), [], Found.ELEMENT_MISSING),
    ("role_unknown", user("e-1"), [role("e-1", "wizard")], Found.VALUE_UNKNOWN),
    ("no_role", user("e-1"), [role("e-9")], Found.ELEMENT_MISSING),
    ("pupil_and_teacher", user("e-1"), [role("e-1"), role("e-1", "teacher")], Found.ACTOR_TWICE),
    ("grade_unknown", user("e-1", grades="47"), [], Found.VALUE_UNKNOWN),
    ("cpr_too_short", user("e-1", metadata__dk__cpr="62051622"), [], Found.CPR_FORMAT),
    ("cpr_no_date", user("e-1", metadata__dk__cpr="3102992233"), [], Found.CPR_DATE),
    ("no_alias", user("e-1", metadata__dk__protected="true"), [], Found.ALIAS_MISSING),
    ("protection_unclear", user("e-1", metadata__dk__protected="maybe"), [], Found.VALUE_UNKNOWN),
    ("role_date_wrong", user("e-1"), [role("e-1", beginDate="31-12-2024")], Found.DATE_WRONG),
    ("name_too_long", user("e-1", given="å" * 60), [], Found.TOO_LONG),
    ("control", user("e-1", given="Å\x00se"), [], Found.ROW_CONTROL),
]


@pytest.mark.parametrize(("ill", "roles", "code"), [one[1:] for one in ILL], ids=[one[0] for one in ILL])
def test_one_ill_person_is_told_with_file_and_line_and_the_rest_goes_on(
    ill: Row, roles: list[Row], code: Found
) -> None:
    found = read_with(ill, *roles)
    refused = [one for row in found if row.row is None for one in row.findings]
    assert code in [one.code for one in refused]
    assert all(one.line in (2, 3) and one.fields["file"] in ("users.csv", "roles.csv") for one in refused)
    assert [row.local_person_id for row in found if row.row] == ["e-9"]
    said = [what_is_wrong(load_texts(), "da", one) for one in refused]
    assert all(sentence.startswith(("users.csv: ", "roles.csv: ")) for sentence in said)
    assert "2233" not in str(found)


@pytest.mark.parametrize(
    ("line", "code", "known"),
    [
        ("e-1,Åse", Found.ROW_CELLS, "e-1"),
        ("e-1,Åse,Prøve,03,more", Found.ROW_CELLS, "e-1"),
        ("6205162233,Åse", Found.ROW_CELLS, None),
        (f'e-1,"{"x" * LONGEST_LINE}",Prøve,03', Found.ROW_LONG, "e-1"),
        ("x" * 1_000_000, Found.ROW_LONG, None),
    ],
    ids=["ragged", "more", "unknown", "long", "b-r12-megabyte"],
)
def test_b_r12_a_row_that_cannot_be_read_is_told_and_the_rest_goes_on(
    line: str, code: Found, known: str | None
) -> None:
    content = f"sourcedId,givenName,familyName,grades\n{line}\ne-9,God,Nok,03\n"
    broken, good = rows(delivery([], [role("e-9")], files={"users.csv": content}))
    assert [(one.code, one.line, one.local_person_id) for one in broken.findings] == [(code, 2, known)]
    assert (broken.row, broken.local_person_id) == (None, known)
    assert good.row
    assert good.row.facts.first_name == "God"


def test_a_broken_row_of_another_table_leaves_its_person_as_they_were() -> None:
    found = rows(delivery([user("e-1"), GOOD], [role("e-1", endDate="soon"), GOOD_ROLE]))
    assert [(row.local_person_id, row.row is None) for row in found] == [("e-1", True), ("e-9", False)]


def test_b_r28_who_administers_in_a_file_is_staff_and_no_more() -> None:
    for name in ("systemAdministrator", "siteAdministrator", "districtAdministrator"):
        (found,) = rows(delivery([user("e-1")], [role("e-1", name)]))
        assert found.row
        assert (found.row.actor_group, found.row.roles) == ("Medarbejder", ("TAP",))


def test_rows_that_count_no_more_or_not_yet_or_elsewhere_do_not_count() -> None:
    roles = [role("e-1"), role("e-1", "teacher", endDate="2020-01-01"), role("e-1", "aide", beginDate="2030-01-01")]
    roles += [{**role("e-1", "principal"), "orgSourcedId": "another"}]
    (found,) = rows(delivery([user("e-1", grades="04")], roles))
    assert found.row
    assert found.row.roles == ("Elev",)


def test_who_is_not_enabled_is_not_here_and_references_to_nobody_are_told() -> None:
    data = delivery([user("e-1"), {**GOOD, "enabledUser": "false"}], [role("e-1"), GOOD_ROLE, role("ghost")])
    assert [row.local_person_id for row in rows(data)] == ["e-1"]
    assert [(one.code, one.local_person_id) for one in opened(data).group_findings] == [
        (Found.NOT_ENABLED, "e-9"), (Found.REFERENCE_UNKNOWN, "ghost"),
    ]  # fmt: skip


def test_b_r13_byte_order_marks_semicolons_encodings_and_quotes() -> None:
    text = 'sourcedId,givenName,familyName\r\ne-9,"Gó, d",Nok\r\n'
    (found,) = rows(delivery([], [role("e-9")], files={"users.csv": b"\xef\xbb\xbf" + text.encode()}))
    assert found.row
    assert found.row.facts.first_name == "Gó, d"
    for content, error in (
        (text.replace(",", ";").encode(), DeliveryRefusedError),
        (text.encode("latin-1"), DocumentError),  # B-R08
        (text.replace('d"', "d").encode(), DeliveryRefusedError),
        (text.replace("\n", "").encode(), DeliveryRefusedError),
        (b"", DeliveryRefusedError),
        (b"sourcedId,givenName,givenName\n", DeliveryRefusedError),
        (text.replace("givenName", "fornavn").encode(), DeliveryRefusedError),
    ):
        with pytest.raises(error):
            rows(delivery([], [role("e-9")], files={"users.csv": content}))


REFUSALS: list[tuple[str, bytes, str]] = [
    ("version", delivery([GOOD], manifest={"oneroster.version": "1.1"}), Refused.ONEROSTER_VERSION),
    ("no_source", delivery([GOOD], manifest={"source.systemName": ""}), Refused.ONEROSTER_MANIFEST),
    ("state", delivery([GOOD], manifest={"file.users": "some"}), Refused.ONEROSTER_MANIFEST),
    ("missing", delivery([GOOD], manifest={"file.demographics": "bulk"}), Refused.ONEROSTER_FILE_MISSING),
    ("mixed", delivery([GOOD], manifest={"file.roles": "delta"}), Refused.ONEROSTER_MIXED),
    ("no_school", delivery([GOOD], orgs=[]), Refused.ONEROSTER_NO_SCHOOL),
    ("schools", delivery([GOOD], orgs=[{"sourcedId": str(n), "name": "x", "type": "school"} for n in (1, 2)]),
     Refused.ONEROSTER_SCHOOLS),
    ("number", delivery([GOOD], orgs=[{"sourcedId": "1234567", "name": "x", "type": "school"}]),
     Refused.INSTITUTION_NUMBER_WRONG),
    ("nobody", delivery(), Refused.NO_PERSONS),
    ("classes", delivery([GOOD], files={"classes.csv": "sourcedId,title,classType\nx\n"}), Refused.CSV_MALFORMED),
    ("when", delivery([GOOD], manifest={"source.dateTime": "i går"}), Refused.ONEROSTER_TIME),
]  # fmt: skip


@pytest.mark.parametrize(("data", "reason"), [one[1:] for one in REFUSALS], ids=[one[0] for one in REFUSALS])
def test_what_is_wrong_with_the_whole_refuses_it(data: bytes, reason: str) -> None:
    with pytest.raises(DeliveryRefusedError) as refusal:
        rows(data)
    assert refusal.value.reason == reason


def with_entry(name: str, content: bytes = b"x") -> bytes:
    data = io.BytesIO(FAMILY)
    with zipfile.ZipFile(data, "a") as archive:
        archive.writestr(name, content)
    return data.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        with_entry("../users2.csv"), with_entry("/etc/x.csv"), with_entry("deeper/users.csv"), with_entry("USERS.csv"),
        with_entry("C:\\x.csv"), with_entry("more.csv") + b"behind",
        delivery([GOOD], files={"roles.csv": b"x" * 60_000_000}),
        delivery([GOOD], files={"roles.csv": FAMILY}),
    ],
    ids=["up", "absolute", "two-folders", "twice", "drive", "behind", "bomb", "nested"],
)  # fmt: skip
def test_b_r04_archives_that_are_no_honest_archives_are_refused(data: bytes) -> None:
    with pytest.raises(DocumentError):
        rows(data)


def test_a_folder_in_the_zip_is_fine() -> None:
    assert len(rows(delivery([GOOD], [GOOD_ROLE], folder="export/"))) == 1


def test_f_27_a_file_cut_anywhere_is_refused() -> None:
    chance = random.Random(27)
    for _ in range(40):
        with pytest.raises(DocumentError):
            rows(FAMILY[: chance.randrange(1, len(FAMILY) - 1)])


def test_memory_does_not_grow_with_the_school() -> None:
    chunks = list(opened(FAMILY).rows(2, is_known=lambda _: False))
    assert max(map(len, chunks)) <= 2


# Loading ------------------------------------------------------------------------------------------------------------


def test_people_without_a_cpr_number_are_the_same_people_next_time(registry: Registry) -> None:
    first = registry.send(FAMILY)
    assert (first.status, first.counts, first.new_accounts) == (DeliveryStatus.APPLIED, Counts(created=3), 5)
    before = registry.rows("select person_id, username from directory_account order by 1")
    again = registry.send(FAMILY)
    assert again.repeated
    later = delivery(
        [
            user("e-1", "Åse Marie", "Prøve", grades="04", agentSourcedIds="k-1"),
            user("k-1", "Ida", "Nyt"),
            user("a-1", "Lis", "Lærer"),
            user("a-2", "Ny", "Lærer"),
            user("e-2", "Øjvind", "Prøve", agentSourcedIds="k-1"),
        ],
        [role("e-1"), role("e-2"), role("k-1", "parent"), role("a-1", "teacher"), role("a-2", "teacher")],
        [*enrolled("e-1", "c-3a"), *enrolled("e-2", "c-3a"), *enrolled("a-1", "c-3a")],
        classes=CLASSES,
    )
    assert registry.send(later).status is DeliveryStatus.APPLIED
    after = registry.rows("select person_id, username from directory_account order by 1")
    assert set(before) < set(after)
    assert len(after) == len(before) + 1
    assert registry.rows(
        "select p.first_name, p.family_name, m.level from directory_membership m"
        " join directory_person p using (person_id) where m.local_person_id = 'e-1'"
    ) == [("Åse Marie", "Prøve", "4")]
    assert registry.rows("select cpr_sealed, cpr_index from directory_person where cpr_index is not null") == []


def test_the_same_ids_at_another_school_are_other_people_and_a_cpr_number_makes_them_one(registry: Registry) -> None:
    numbered = user("e-1", metadata__dk__cpr="6205162233")
    for number in ("999001", "999002"):
        orgs = [{"sourcedId": "o1", "name": "x", "type": "school", "identifier": number}]
        receipt = registry.send(delivery([numbered, user("e-2")], [role("e-1"), role("e-2")], orgs=orgs))
        assert receipt.status is DeliveryStatus.APPLIED
    assert registry.row("select count(*) from directory_person") == (3,)


def test_an_id_given_twice_is_told_of_both_rows_and_changes_nobody(registry: Registry) -> None:
    registry.send(FAMILY)
    twice = [user("e-2", "En", "Anden"), user("e-2", "Og", "Entredje"), user("a-1", "Lis", "Lærer")]
    receipt = registry.send(delivery([*twice, user("e-1")], [role("e-1"), role("e-2"), role("a-1", "teacher")]))
    assert [one.code for one in receipt.findings] == [Found.LOCAL_ID_TWICE] * 2
    assert registry.row("select count(*) from directory_person where first_name in ('En', 'Og')") == (0,)
    assert registry.row("select ended_at from directory_membership where local_person_id = 'e-2'") == (None,)


def test_protection_without_an_alias_hides_somebody_without_a_cpr_number_at_once(registry: Registry) -> None:
    registry.send(FAMILY)
    hidden = user("e-1", metadata__dk__protected="true")
    registry.send(delivery([hidden, user("a-1")], [role("e-1"), role("a-1", "aide")]))
    assert registry.rows("select alias_first_name, alias_family_name from directory_person where protected") == [
        NEUTRAL_ALIAS
    ]


def test_a_delta_changes_whom_it_names_wholly_and_nobody_else(registry: Registry) -> None:
    registry.send(FAMILY)
    data = delivery(
        [user("e-2", "Øjvind", "Andet", grades="04"), user("e-1", "Kun", "Navn"), user("k-2", "Bo", "Ny")],
        [role("e-2"), role("k-2", "guardian")],
        enrolled("e-2", "c-3a"),
        state="delta",
    )
    assert opened(data).kind is DeliveryKind.DELTA
    receipt = registry.send(data)
    assert [(one.code, one.local_person_id) for one in receipt.findings if one.severity is Severity.REFUSED] == [
        (Found.DELTA_INCOMPLETE, "e-1"), (Found.DELTA_INCOMPLETE, "k-2"),
    ]  # fmt: skip
    assert receipt.counts.left == 0
    named = "select p.family_name from directory_membership join directory_person p using (person_id)"
    assert registry.rows(f"{named} where ended_at is null order by local_person_id") == [
        ("Lærer",), ("Prøve",), ("Andet",),
    ]  # fmt: skip


def test_a_delta_names_those_who_left_among_those_who_changed(registry: Registry) -> None:
    registry.send(FAMILY)
    gone = {**user("e-2"), "status": "tobedeleted"}
    receipt = registry.send(delivery([gone, user("a-2", "Ny", "Lærer")], [role("a-2", "principal")], state="delta"))
    assert (receipt.kind, receipt.counts) == (DeliveryKind.DELTA, Counts(created=1, left=1))
    left = "select local_person_id from directory_membership where ended_at is not null order by 1"
    assert registry.rows(left) == [("e-2",)]
    nobody_new = delivery([{**user(one), "status": "tobedeleted"} for one in ("a-2", "ghost")], state="delta")
    receipt = registry.send(nobody_new)
    assert (receipt.counts.left, [one.code for one in receipt.findings]) == (1, [Found.LOCAL_ID_UNKNOWN])
    assert registry.rows(left) == [("a-2",), ("e-2",)]


# What other systems' files are like ---------------------------------------------------------------------------------


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


def test_b_r25_grades_are_read_in_the_words_of_the_standard_and_in_ours() -> None:
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


def test_tables_are_written_as_they_are_read() -> None:
    assert table([{"a": "1", "b": "x,y"}]) == 'a,b\r\n1,"x,y"\r\n'
