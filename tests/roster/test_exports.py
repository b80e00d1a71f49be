"""Exports: everybody of an institution as others may see them, and the same people again where they are taken in."""

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders.running import run
from tests.postgres import TestServer
from tests.roster.documents import GROUPS, contact, employee, member, person, student
from tests.roster.oneroster import delivery, enrolled, role, user
from tests.roster.registry import OPERATOR, Registry, open_registry
from unilogin.kit.db.connection import connect
from unilogin.kit.secrets import Secrets
from unilogin.roster.export import UnknownInstitutionError, export_institution
from unilogin.roster.formats.cells import neutral, plain
from unilogin.roster.formats.sds_writer import COLUMNS as SDS_COLUMNS
from unilogin.roster.formats.sds_writer import e164, read_domain
from unilogin.roster.generating.generator import write_roster
from unilogin.roster.generating.schools import school_of
from unilogin.roster.model import DeliveryStatus, ExportFormat

SECRET = ("Hemmelig", "Rigtignavn")
PHONES = (
    '<HomePhoneNumber protected="true">+45 11 22 33 44</HomePhoneNumber>'
    '<MobilePhoneNumber protected="false">+45 55 66 77 88</MobilePhoneNumber>'
)
MOTHER = person(
    "6105802234", first="Ida", family="=HYPERLINK()", more=f"<EmailAddress>ida@hjem.example</EmailAddress>{PHONES}"
)
UNREACHABLE = person("6105812234", first="Uden", family="Post")
HIDDEN = person(
    "6305142236",
    first=SECRET[0],
    family=SECRET[1],
    protected="true",
    alias=("Anna", "Andet"),
    more=f"<EmailAddress>{SECRET[0]}@skole.example</EmailAddress><BirthDate>2014-05-03</BirthDate>{PHONES}",
)
TEACHER = employee("Lærer", "Leder", more="<GroupId>2b</GroupId>")
MEMBERS = (
    member(
        "e-1",
        person(first="Åse", family="@Prøve"),
        student(groups=["kor"], more=contact(MOTHER) + contact(UNREACHABLE)),
    ),
    member("e-2", HIDDEN, student(more=contact(MOTHER, relation="Andet", custody="false"))),
    member(
        "a-1", person("6207752235", first="Bo", family="Ek"), employee("Lærer", "Leder", more="<GroupId>2b</GroupId>")
    ),
)


async def _export(dsn: str, written_as: ExportFormat, number: str = "999001", *, domain: str | None = None) -> bytes:
    out = io.BytesIO()
    connection = await connect(dsn, role="unilogin_run")
    try:
        await export_institution(connection, number, out=out, written_as=written_as, actor=OPERATOR, domain=domain)
    finally:
        await connection.close()
    return out.getvalue()


def tables(data: bytes) -> dict[str, list[dict[str, str]]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {
            name.removesuffix(".csv"): list(csv.DictReader(io.StringIO(archive.read(name).decode(), newline="")))
            for name in archive.namelist()
        }


@pytest.fixture(scope="module")
def school(postgres: TestServer, template: str, secrets: Secrets) -> Iterator[Registry]:
    """An institution with an awkward family in a database of this module's own."""
    registry = run(open_registry(postgres.create_database("exports", template), secrets))
    assert registry.deliver(*MEMBERS, groups=GROUPS).status is DeliveryStatus.APPLIED
    yield registry
    postgres.drop_database("exports")


@pytest.fixture(scope="module")
def oneroster(school: Registry) -> bytes:
    return run(_export(school.dsn, ExportFormat.ONEROSTER))


@pytest.fixture(scope="module")
def sds(school: Registry) -> bytes:
    return run(_export(school.dsn, ExportFormat.SDS))


def test_oneroster_holds_everybody_with_roles_classes_and_contact_persons(school: Registry, oneroster: bytes) -> None:
    told = tables(oneroster)
    accounts = "directory_person p join directory_account a using (person_id)"
    names = {str(name): f"u{uniid}" for name, uniid in school.rows(f"select p.first_name, a.uniid from {accounts}")}
    users = {row["sourcedId"]: row for row in told["users"]}
    assert set(users) == set(names.values())
    aase = users[str(names["Åse"])]
    assert (aase["grades"], aase["metadata.dk.agentCustody"]) == ("02", "true,true")
    assert set(aase["agentSourcedIds"].split(",")) == {names["Ida"], names["Uden"]}
    assert {(row["userSourcedId"], row["role"]) for row in told["roles"]} == {
        (names["Åse"], "student"), (names[SECRET[0]], "student"), (names["Ida"], "parent"), (names["Uden"], "parent"),
        (names["Bo"], "teacher"), (names["Bo"], "principal"),
    }  # fmt: skip
    classes = {row["sourcedId"]: row for row in told["classes"]}
    assert [row["classType"] for row in classes.values()] == ["homeroom", "scheduled"]
    assert sorted(classes[row["classSourcedId"]]["title"] for row in told["enrollments"]) == [
        "2.B",
        "2.B",
        "2.B",
        "kor",
    ]
    assert {row["value"] for row in told["manifest"] if row["propertyName"] == "oneroster.version"} == {"1.2"}


def test_a_protected_person_is_an_alias_and_nobody_has_a_cpr_number(oneroster: bytes, sds: bytes) -> None:
    for data in (oneroster, sds):
        text = "".join(str(rows) for rows in tables(data).values())
        assert not any(word in text or word.lower() in text for word in SECRET)
        assert not re.search(r"630514|610580|620516", text)
        assert "2014-05-03" not in text
        assert "11 22 33 44" not in text
        assert "11223344" not in text
        assert "Anna" in text


def test_n_70_b_r14_nothing_in_an_export_is_computed_by_a_spreadsheet(oneroster: bytes, sds: bytes) -> None:
    for data in (oneroster, sds):
        told = tables(data)
        cells = [cell for rows in told.values() for row in rows for cell in row.values()]
        assert not [cell for cell in cells if re.search(r"(^|[;\t\r\n])\s*[=+\-@\t\r]", cell)]
        assert {"'=HYPERLINK()", "'@Prøve"} <= {row["familyName"] for row in told["users"]}


# Column by column, as the standards are published: what must be there, in this order, and what may stand in it.
ONEROSTER: dict[str, tuple[str, ...]] = {
    "academicSessions": ("title!", "type!", "startDate!", "endDate!", "parentSourcedId", "schoolYear!"),
    "orgs": ("name!", "type!", "identifier", "parentSourcedId"),
    "courses": ("schoolYearSourcedId", "title!", "courseCode", "grades", "orgSourcedId!", "subjects", "subjectCodes"),
    "classes": ("title!", "grades", "courseSourcedId!", "classCode", "classType!", "location", "schoolSourcedId!",
                "termSourcedIds!", "subjects", "subjectCodes", "periods"),
    "users": ("enabledUser!", "username!", "userIds", "givenName!", "familyName!", "middleName", "identifier", "email",
              "sms", "phone", "agentSourcedIds", "grades", "password", "userMasterIdentifier", "preferredGivenName",
              "preferredMiddleName", "preferredFamilyName", "primaryOrgSourcedId", "pronouns"),
    "roles": ("userSourcedId!", "roleType!", "role!", "beginDate", "endDate", "orgSourcedId!", "userProfileSourcedId"),
    "enrollments": ("classSourcedId!", "schoolSourcedId!", "userSourcedId!", "role!", "primary", "beginDate",
                    "endDate"),
    "demographics": ("birthDate", "sex", "americanIndianOrAlaskaNative", "asian", "blackOrAfricanAmerican",
                     "nativeHawaiianOrOtherPacificIslander", "white", "demographicRaceTwoOrMoreRaces",
                     "hispanicOrLatinoEthnicity", "countryOfBirthCode", "stateOfBirthAbbreviation", "cityOfBirth",
                     "publicSchoolResidenceStatus"),
}  # fmt: skip
CEDS = {"", "IT", "PR", "PK", "TK", "KG", *(f"{grade:02}" for grade in range(1, 14)), "PS", "UG", "Other"}
IN_ONEROSTER = {
    ("academicSessions", "type"): {"gradingPeriod", "semester", "schoolYear", "term"},
    ("orgs", "type"): {"department", "school", "district", "local", "state", "national"},
    ("classes", "classType"): {"homeroom", "scheduled"},
    ("users", "enabledUser"): {"true", "false"},
    ("users", "grades"): CEDS,
    ("classes", "grades"): CEDS,
    ("roles", "roleType"): {"primary", "secondary"},
    ("roles", "role"): {"aide", "counselor", "districtAdministrator", "guardian", "parent", "principal", "proctor",
                        "relative", "siteAdministrator", "student", "systemAdministrator", "teacher"},
    ("enrollments", "role"): {"administrator", "proctor", "student", "teacher"},
    ("enrollments", "primary"): {"true", "false"},
    ("demographics", "sex"): {"male", "female", "unspecified", "other"},
}  # fmt: skip
REFERENCES = {
    "userSourcedId": "users", "orgSourcedId": "orgs", "schoolSourcedId": "orgs", "classSourcedId": "classes",
    "courseSourcedId": "courses", "termSourcedIds": "academicSessions", "parentSourcedId": "academicSessions",
    "agentSourcedIds": "users", "primaryOrgSourcedId": "orgs", "schoolYearSourcedId": "academicSessions",
}  # fmt: skip


def assert_is_oneroster(data: bytes) -> None:
    """Hold an export against the published tables: columns, what is required, enumerations, references, manifest."""
    told = tables(data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert all("/" not in name for name in archive.namelist())
        heads = {name.removesuffix(".csv"): archive.read(name).split(b"\r\n")[0] for name in archive.namelist()}
    states = {row["propertyName"]: row["value"] for row in told["manifest"]}
    assert (states["manifest.version"], states["oneroster.version"]) == ("1.0", "1.2")
    assert {name.removeprefix("file.") for name, value in states.items() if value == "bulk"} == set(ONEROSTER)
    ids = {name: {row["sourcedId"] for row in told[name]} for name in ONEROSTER}
    for name, columns in ONEROSTER.items():
        ours = [column for column in heads[name].decode().split(",") if not column.startswith("metadata.")]
        assert ours == ["sourcedId", "status", "dateLastModified", *(column.rstrip("!") for column in columns)]
        assert len(ids[name]) == len(told[name])
        for row in told[name]:
            assert (row["status"], row["dateLastModified"]) == ("", "")  # bulk
            assert not [column for column in columns if column.endswith("!") and not row[column[:-1]]]
            for column, value in row.items():
                allowed = IN_ONEROSTER.get((name, column))
                assert allowed is None or value in allowed or (column == "role" and value.startswith("ext:"))
                for one in value.split(",") if value and column in REFERENCES else ():
                    assert one in ids[REFERENCES[column]]
    primary = [row["userSourcedId"] for row in told["roles"] if row["roleType"] == "primary"]
    assert len(primary) == len(set(primary)) == len({row["userSourcedId"] for row in told["roles"]})


def test_an_export_is_what_the_standard_asks_for_column_by_column(oneroster: bytes) -> None:
    assert_is_oneroster(oneroster)


SDS_HEADS = {
    "orgs": "sourcedId,name,type,parentSourcedId",
    "academicSessions": "sourcedId,title,type,schoolYear,startDate,endDate",
    "users": "sourcedId,username,givenName,familyName,password,activeDirectoryMatchId,email,phone,sms",
    "roles": "userSourcedId,orgSourcedId,role,sessionSourcedId,grade,isPrimary,roleStartDate,roleEndDate",
    "classes": "sourcedId,orgSourcedId,title,sessionSourcedIds,courseSourcedId",
    "enrollments": "classSourcedId,userSourcedId,role",
    "relationships": "userSourcedId,relationshipUserSourcedId,relationshipRole",
}
IN_SDS = {
    ("orgs", "type"): {"school"},
    ("roles", "role"): {"student", "teacher", "substitute", "assistant", "principal", "administrator", "staff"},
    ("roles", "isPrimary"): {"true", "false"},
    ("roles", "grade"): CEDS | {"14"},
    ("enrollments", "role"): {"student", "teacher"},
    ("relationships", "relationshipRole"): {"parent", "guardian", "relative"},
}


def test_sds_knows_its_values_and_contact_persons_by_mail_alone(school: Registry, sds: bytes) -> None:
    told = tables(sds)
    assert {name: ",".join(rows[0]) for name, rows in told.items()} == SDS_HEADS
    for (name, column), allowed in IN_SDS.items():
        assert {row[column] for row in told[name]} <= allowed
    people = {row["sourcedId"]: row for row in told["users"]}
    assert "Uden" not in {row["givenName"] for row in people.values()}
    for row in told["relationships"]:
        assert people[row["relationshipUserSourcedId"]]["email"] == "ida@hjem.example"
    assert {row["sms"] for row in people.values()} == {"", "4555667788"}  # E.164, and nothing to compute
    assert {row["userSourcedId"] for row in told["roles"]} <= set(people)


def test_with_a_domain_the_usernames_of_the_school_are_addresses_there(school: Registry, sds: bytes) -> None:
    plain_names = {row["sourcedId"]: row["username"] for row in tables(sds)["users"]}
    told = tables(run(_export(school.dsn, ExportFormat.SDS, domain="skole.example")))
    here = {row["userSourcedId"] for row in told["roles"]}
    for row in told["users"]:
        suffix = "@skole.example" if row["sourcedId"] in here else ""
        assert row["username"] == plain_names[row["sourcedId"]] + suffix


@pytest.mark.parametrize(
    ("typed", "domain"),
    [
        (" @Skole.Example ", "skole.example"), ("a-b.c.dk", "a-b.c.dk"), ("skole", None), ("", None), ("-a.dk", None),
        ("a..dk", None), ("a.dk/x", None), ("a@b.dk", None), ("=a.dk", None), ("æ.dk", None), ("a" * 64 + ".dk", None),
        ("a.dk\r\nx", None), ("a." * 130 + "dk", None),
    ],
)  # fmt: skip
def test_a_domain_is_read_strictly(typed: str, domain: str | None) -> None:
    assert read_domain(typed) == domain


def test_numbers_of_telephones_are_written_as_sds_reads_them() -> None:
    told = ("+45 55 66 77 88", "0045 55667788", "55 66 77 88", "+299 12 34 56", "", None)
    assert [e164(one) for one in told] == ["4555667788", "4555667788", "4555667788", "299123456", "", ""]


def test_sds_has_exactly_the_headers_it_asks_for_and_no_line_breaks(sds: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(sds)) as archive:
        heads = {name: archive.read(name).decode().split("\r\n")[0] for name in archive.namelist()}
    assert heads == {f"{name}.csv": ",".join(columns) for name, columns in SDS_COLUMNS.items()}
    told = tables(sds)
    assert sorted(row["role"] for row in told["roles"]) == ["principal", "student", "student", "teacher"]
    assert {row["grade"] for row in told["roles"] if row["role"] == "student"} == {"02"}
    assert sorted(row["relationshipRole"] for row in told["relationships"]) == ["parent", "relative"]
    assert all("\n" not in cell for rows in told.values() for row in rows for cell in row.values())


SAME = """
  select case when p.protected then p.alias_first_name else p.first_name end as first,
         case when p.protected then p.alias_family_name else p.family_name end as family,
         p.protected, m.actor_group, m.level, m.detail ->> 'Occupation' as occupation,
         (select array_agg(role order by role) from unnest(m.roles) role) as roles,
         (select array_agg(format('%s %s %s %s', g.name, g.type, g.level, gm.main) order by g.name)
          from directory_group_member gm join directory_group g using (group_key)
          where gm.membership_id = m.membership_id) as groups,
         (select array_agg(told order by told) from (
            select format('%s %s %s %s', case when k.protected then k.alias_first_name else k.first_name end,
                          c.relation, c.child_custody, c.access_level) as told
            from directory_contact c join directory_person k on k.person_id = c.contact_person_id
            where c.membership_id = m.membership_id) contacts) as contacts
  from directory_membership m join directory_person p using (person_id) where m.ended_at is null
  order by 1, 2, 4, 5, 6, 7, 8, 9
"""


def test_a_whole_invented_school_comes_out_as_it_went_in(
    postgres: TestServer, template: str, registry: Registry, secrets: Secrets, tmp_path: Path
) -> None:
    invented = school_of(7, lines=1)
    school = replace(invented, institution=replace(invented.institution, number="999001"))
    size = write_roster(tmp_path / "school.xml", school, seed=70)
    assert registry.send((tmp_path / "school.xml").read_bytes()).status is DeliveryStatus.APPLIED
    exported = run(_export(registry.dsn, ExportFormat.ONEROSTER))
    assert_is_oneroster(exported)
    elsewhere = run(open_registry(postgres.create_database("elsewhere", template), secrets))
    try:
        receipt = elsewhere.send(exported)
        assert (receipt.counts.created, receipt.findings) == (size.pupils + size.staff, ())
        assert elsewhere.rows(SAME) == registry.rows(SAME)
    finally:
        postgres.drop_database("elsewhere")


def test_what_is_exported_makes_the_same_people_where_it_is_taken_in(
    school: Registry, oneroster: bytes, database: str, secrets: Secrets
) -> None:
    elsewhere = run(open_registry(database, secrets))
    receipt = elsewhere.send(oneroster)
    assert (receipt.status, receipt.findings, receipt.counts.created) == (DeliveryStatus.APPLIED, (), 3)
    assert elsewhere.rows(SAME) == school.rows(SAME)
    again = tables(run(_export(elsewhere.dsn, ExportFormat.ONEROSTER)))
    assert {name: _but_for_ids(rows) for name, rows in again.items() if name != "manifest"} == {
        name: _but_for_ids(rows) for name, rows in tables(oneroster).items() if name != "manifest"
    }
    assert {row["sms"] for row in again["users"]} == {"", "0045 55 66 77 88"}, "and still without a plus"


_OURS = ("username", "userMasterIdentifier", "identifier")


def _but_for_ids(rows: list[dict[str, str]]) -> list[list[tuple[str, str]]]:
    """The rows without what each installation makes anew; lists in the order of contact persons have another order."""
    told = [{name: cell for name, cell in row.items() if not name.endswith(("ourcedId", "ourcedIds"))} for row in rows]
    return sorted(sorted((k, ",".join(sorted(v.split(",")))) for k, v in row.items() if k not in _OURS) for row in told)


def test_an_export_is_in_the_audit_log_and_of_nobody_there_is_none(school: Registry, oneroster: bytes) -> None:
    assert oneroster
    assert school.audit("roster.exported") > 0
    with pytest.raises(UnknownInstitutionError):
        run(_export(school.dsn, ExportFormat.SDS, number="nobody"))


@given(st.text(st.sampled_from("=+-@;'\t\r\n aæ"), max_size=12))
def test_a_neutral_cell_computes_nothing_and_is_taken_back_as_it_was(text: str) -> None:
    assert not re.search(r"(^|[;\t\r\n])\s*[=+\-@]|^[\t\r\n]", neutral(text))
    if "'" not in text:
        assert plain(neutral(text)) == text


def test_people_without_a_cpr_number_are_exported_too(registry: Registry, tmp_path: Path) -> None:
    registry.send(delivery([user("e-1", "Uden", "Nummer")], [role("e-1")], enrolled("e-1", "c-3a")))
    (tmp_path / "out.zip").write_bytes(run(_export(registry.dsn, ExportFormat.ONEROSTER)))
    assert [row["givenName"] for row in tables((tmp_path / "out.zip").read_bytes())["users"]] == ["Uden"]
