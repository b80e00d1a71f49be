"""OneRoster 1.2 CSV: people put together from several tables, through the same door as every delivery."""

import io
import random
import zipfile
from collections.abc import Mapping

import pytest

from tests.roster.oneroster import CLASSES, FAMILY, ORGS, Row, delivery, enrolled, opened, role, rows, table, user
from tests.roster.registry import Registry
from unilogin.domain.directory.protection import NEUTRAL_ALIAS
from unilogin.kit.text import load_texts
from unilogin.kit.xml.errors import DocumentError, TooLargeError
from unilogin.kit.xml.packed_folder import PackedFolder
from unilogin.roster.errors import DeliveryRefusedError
from unilogin.roster.formats import oneroster_store
from unilogin.roster.formats.csv_table import LONGEST_LINE
from unilogin.roster.formats.oneroster_head import OnerosterFiles
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
        (text.encode("latin-1"), DeliveryRefusedError),  # B-R08
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
    ("mixed_up", delivery([GOOD], manifest={"file.classes": "delta"}), Refused.ONEROSTER_MIXED),
    ("told_absent", delivery([GOOD], manifest={"file.roles": "absent"}), Refused.ONEROSTER_FILE_MISSING),
    ("semicolons", delivery([GOOD], files={"users.csv": "sourcedId;givenName;familyName\nx;y;z\n"}),
     Refused.CSV_SEMICOLONS),
    ("tabs", delivery([GOOD], files={"roles.csv": "userSourcedId\trole\torgSourcedId\n"}), Refused.CSV_SEMICOLONS),
    ("latin_1", delivery([GOOD], files={"users.csv": "sourcedId,givenName,familyName\ne-1,Bø,Bo\n".encode("latin-1")}),
     Refused.CSV_NOT_UTF8),
    ("utf_16", delivery([GOOD], files={"users.csv": "sourcedId,givenName,familyName\n".encode("utf-16")}),
     Refused.CSV_NOT_UTF8),
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


def test_b_r03_one_person_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few kilobytes of zip are a million rows about one person, or an agent whom everybody names."""
    people = [user(f"e-{number}", grades="03", agentSourcedIds="k") for number in range(120)]
    roles = [*(role(str(one["sourcedId"])) for one in people), role("k", "parent")]
    named_by_all = rows(delivery([user("k"), *people], roles))
    assert len(named_by_all) == len([row for row in named_by_all if row.row and len(row.row.contacts) == 1]) == 120
    crowded = [role("k", "parent") for _ in range(oneroster_store.MOST_PARTS + 1)]
    with pytest.raises(DeliveryRefusedError) as refused:
        rows(delivery([user("k"), *people], [*roles, *crowded]))
    assert (refused.value.reason, refused.value.fields["file"]) == (Refused.CSV_MALFORMED, "roles.csv")
    twice = rows(delivery([user("k", "Ida"), user("k", "Bo"), *people], roles))
    assert {row.row.contacts[0].facts.first_name for row in twice if row.row} == {"Ida"}, "the first of one id"
    sessions = "sourcedId,title,type,startDate,endDate,schoolYear\r\n" + "s,T,term,2025-08-01,2025-12-31,\r\n" * 10_001
    named = {"file.academicSessions": "bulk"}
    terms = delivery([user("k")], roles, manifest=named, files={"academicSessions.csv": sessions})
    with pytest.raises(DeliveryRefusedError, match="line 10002"):
        opened(terms)
    classes = [{**CLASSES[1], "sourcedId": f"c{number}"} for number in range(20_001)]
    with pytest.raises(TooLargeError):
        opened(delivery([user("k")], roles, classes=classes))
    orgs = [{**ORGS[0], "sourcedId": f"o{number}", "identifier": f"{number:06}"} for number in range(3000)]
    schools = OnerosterFiles(PackedFolder(io.BytesIO(delivery([user("k")], roles, orgs=orgs)))).schools()
    assert len({id(school.all) for school in schools}) == 1, "what each knows of the others is not kept for each"
    monkeypatch.setattr(oneroster_store, "MOST_PARTS_AT_ONCE", 50)
    with pytest.raises(DeliveryRefusedError):
        rows(delivery([user("k"), *people], roles))


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


def test_a_row_of_a_delta_without_a_status_is_told_once_and_by_its_name(registry: Registry) -> None:
    registry.send(FAMILY)
    rows = {**user("e-2", "Øjvind", "Andet"), "status": ""}
    receipt = registry.send(delivery([rows], [role("e-2")], enrolled("e-2", "c-3a"), state="delta"))
    assert [(one.code, one.local_person_id, one.fields["element"]) for one in receipt.findings] == [
        (Found.ELEMENT_MISSING, "e-2", "status")
    ]
    assert receipt.counts == Counts(refused=1)


@pytest.mark.parametrize(
    ("state", "kind", "refusal"),
    [
        ("bulk", DeliveryKind.FULL, None),
        ("bulk", DeliveryKind.DELTA, "oneroster_kind"),
        ("bulk", DeliveryKind.DELETE, "oneroster_kind"),
        ("delta", DeliveryKind.FULL, None),  # whoever says nothing says this
        ("delta", DeliveryKind.DELTA, None),
        ("delta", DeliveryKind.DELETE, "oneroster_kind"),
    ],
)
def test_tables_that_say_another_thing_than_their_sender_are_refused(
    registry: Registry, state: str, kind: DeliveryKind, refusal: str | None
) -> None:
    registry.send(FAMILY)
    before = registry.people()
    receipt = registry.send(delivery([user("a-2", "Ny", "Lærer")], [role("a-2", "principal")], state=state), kind=kind)
    assert receipt.refusal == refusal
    assert receipt.institution_number == "999001"
    assert (registry.people() == before) == (refusal is not None or receipt.status is DeliveryStatus.PARKED)


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


def test_tables_are_written_as_they_are_read() -> None:
    assert table([{"a": "1", "b": "x,y"}]) == 'a,b\r\n1,"x,y"\r\n'


REUSED = {
    "another name and birthday": (("Bo", "Holm", "2010-03-04"), False),
    "another name, and no birthday": (("Bo", "Holm", ""), False),
    "a new family name": (("Åse", "Holm", "2015-01-02"), True),
    "a new name, and the same birthday": (("Bo", "Holm", "2015-01-02"), True),
    "a corrected birthday": (("Åse", "Prøve", "2015-02-01"), True),
    "spelled otherwise": (("ÅSE", "Holm", "2015-02-01"), True),
}


def test_b_r21_an_id_that_another_child_has_now_gives_it_nobodys_account(registry: Registry) -> None:
    """Without a number, the id alone says who somebody is: whoever comes next would have all of the first one."""

    def deliver(first: str, family: str, born: str) -> tuple[object, list[str]]:
        births = [{"sourcedId": "e-1", "birthDate": born}] if born else [{"sourcedId": "e-9", "birthDate": ""}]
        people = [user("e-1", first, family, grades="03"), user("e-9", "God", "Nok", grades="03")]
        told = registry.send(delivery(people, [role("e-1"), role("e-9")], demographics=births))
        assert told.status is DeliveryStatus.APPLIED
        name = registry.row(
            "select first_name || ' ' || family_name from directory_person join directory_membership using (person_id)"
            " where local_person_id = 'e-1' and ended_at is null"
        )
        return name[0], [one.code for one in told.findings if one.local_person_id == "e-1"]

    for what, ((first, family, born), same) in REUSED.items():
        assert deliver("Åse", "Prøve", "2015-01-02") == ("Åse Prøve", []), what
        name, found = deliver(first, family, born)
        assert name == (f"{first} {family}" if same else "Åse Prøve"), what
        assert found == ([] if same else ["local_id_of_another"]), what
