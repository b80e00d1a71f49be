"""The UNILoginImport format: every rule of it, one healthy document, and what is said about ill ones."""

import re
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.roster.documents import (
    GROUPS,
    PUPIL,
    TIME,
    codes,
    contact,
    document,
    employee,
    member,
    opened,
    person,
    rows,
    student,
)
from unilogin.domain.directory.model import ActorGroup
from unilogin.kit.text import LANGUAGES, Texts, load_texts
from unilogin.kit.xml.errors import DocumentError, TooLargeError
from unilogin.roster.errors import DeliveryRefusedError
from unilogin.roster.formats.fields import MOST_OF_ONE
from unilogin.roster.formats.tidy import LONGEST, tidy
from unilogin.roster.formats.unilogin_import import NAMESPACES
from unilogin.roster.messages import refusal_in_words, what_is_wrong, what_to_do
from unilogin.roster.model import GroupRow, Severity


@pytest.fixture(scope="module")
def texts() -> Texts:
    return load_texts()


FULL_PERSON = """<Person protected="true" verificationLevel="0">
<FirstName>Anna\u00a0 Bodil</FirstName><FamilyName>Af Klit</FamilyName>
<CivilRegistrationNumber>610580-2234</CivilRegistrationNumber><EmailAddress>anna@example.dk</EmailAddress>
<BirthDate>1980-05-01</BirthDate><Gender>K</Gender><PhotoId>a.jpg</PhotoId>
<Address><StreetAddress>Strandvej 1</StreetAddress><PostalCode>9990</PostalCode><PostalDistrict>Skagen</PostalDistrict>
<CountryCode>DK</CountryCode><Country>Danmark</Country><MunicipalityCode>813</MunicipalityCode>
<MunicipalityName>Frederikshavn</MunicipalityName></Address>
<HomePhoneNumber protected="false">98 44 00 00</HomePhoneNumber><WorkPhoneNumber protected="1">984400</WorkPhoneNumber>
<MobilePhoneNumber protected="true">+45 20 00 00 00</MobilePhoneNumber>
<AliasFirstName>Maja</AliasFirstName><AliasFamilyName>Holm</AliasFamilyName></Person>"""


def test_a_pupil_with_everything_is_read_whole() -> None:
    who = student(
        groups=["kor", "2b", "kor", "ukendt"],
        more="<!-- contacts -->"
        + contact(person("0305801234", first="Ida", family="Prøve"))
        + contact(FULL_PERSON, relation="Officielt tilknyttet person", custody="0"),
    ).replace("<Level>", "<StudentNumber>77</StudentNumber><Level>")
    (row,) = rows(document(member("e-1", person(more="<Gender>K</Gender>"), who)))
    assert row.findings == ()
    assert row.line == 6
    assert len(row.raw_hash) == 16
    pupil = row.row
    assert pupil is not None
    assert (pupil.local_person_id, pupil.actor_group, pupil.roles, pupil.level) == (
        "e-1",
        ActorGroup.ELEV,
        ("Elev",),
        "2",
    )
    assert (pupil.main_group, pupil.groups, pupil.detail) == ("2b", ("kor", "ukendt"), {"StudentNumber": "77"})
    assert (pupil.facts.first_name, pupil.facts.cpr, pupil.facts.gender) == ("Åse", "6205162233", "K")
    mother, official = pupil.contacts
    assert (mother.relation, mother.child_custody, mother.access_level) == ("Mor", True, 1)
    assert mother.facts.birth_date == date(1980, 5, 3)  # from the CPR number, where none is given
    assert (official.child_custody, official.access_level) == (False, 0)
    facts = official.facts
    assert (facts.first_name, facts.cpr, facts.protected) == ("Anna Bodil", "6105802234", True)
    assert (facts.alias_first_name, facts.alias_family_name) == ("Maja", "Holm")
    assert (facts.email, facts.birth_date) == ("anna@example.dk", date(1980, 5, 1))
    assert facts.contact == {
        "PhotoId": "a.jpg",
        "StreetAddress": "Strandvej 1",
        "PostalCode": "9990",
        "PostalDistrict": "Skagen",
        "CountryCode": "DK",
        "Country": "Danmark",
        "MunicipalityCode": "813",
        "MunicipalityName": "Frederikshavn",
        "HomePhoneNumber": "98 44 00 00",
        "HomePhoneNumberProtected": False,
        "WorkPhoneNumber": "984400",
        "WorkPhoneNumberProtected": True,
        "MobilePhoneNumber": "+45 20 00 00 00",
        "MobilePhoneNumberProtected": True,
    }


def test_staff_and_externals_are_read_whole() -> None:
    more = "<ShortName>AB</ShortName><Occupation>Lærer</Occupation><Location>Hus 2</Location><GroupId>2b</GroupId>"
    teacher, trainee = rows(
        document(
            member("m-1", person("6105802234"), employee("Lærer", "Leder", more=more)),
            member("x-1", person("610580ZZZ9"), "<Extern><Role>Praktikant</Role><GroupId>kor</GroupId></Extern>"),
        )
    )
    assert teacher.row is not None
    assert trainee.row is not None
    assert (teacher.row.actor_group, teacher.row.roles) == (ActorGroup.MEDARBEJDER, ("Lærer", "Leder"))
    assert teacher.row.detail == {"ShortName": "AB", "Occupation": "Lærer", "Location": "Hus 2"}
    assert (teacher.row.main_group, teacher.row.groups) == (None, ("2b",))
    assert (trainee.row.actor_group, trainee.row.roles) == (ActorGroup.EKSTERN, ("Praktikant",))


def test_head_and_groups_are_read() -> None:
    reading = opened(document())
    assert reading.header.institution_number == "999001"
    assert reading.header.source == "Prøvesystem"
    assert reading.header.source_time == datetime(2025, 8, 10, 1, tzinfo=UTC)
    assert reading.groups == (
        GroupRow("2b", "2.B", "Hovedgruppe", "2", "B", None, None),
        GroupRow("kor", "kor", "Hold", None, None, None, None),
    )
    assert reading.group_findings == ()


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_every_known_namespace_is_read(namespace: str) -> None:
    assert codes(document(namespace=namespace)) == []


def test_prefixes_and_mixed_namespaces_are_read() -> None:
    text = document(namespace="https://unilogin.dk").replace(
        "<InstitutionPerson>", '<InstitutionPerson xmlns:q="https://unilogin.dk/data">'
    )
    text = text.replace("LocalPersonId>", "q:LocalPersonId>")
    assert codes(text) == []


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-01-10T03:00:00", timezone(timedelta(hours=1))),
        ("2026-03-29T01:59:59", timezone(timedelta(hours=1))),
        ("2026-03-29T03:00:00", timezone(timedelta(hours=2))),
        ("2026-07-10T03:00:00.123", timezone(timedelta(hours=2))),
        ("2026-10-25T01:59:59", timezone(timedelta(hours=2))),
        ("2026-10-25T03:00:00", timezone(timedelta(hours=1))),
        ("2026-07-10T03:00:00Z", UTC),
    ],
)
def test_a_time_without_a_zone_is_danish(written: str, read: timezone) -> None:
    assert opened(document(time=written)).header.source_time == datetime.fromisoformat(written).replace(tzinfo=read)


# One person --------------------------------------------------------------------------------------------------------

# Where the date a number tells matters it has no 60 added to the day; these fail modulus 11 and are nobody's.
REFUSALS = [
    ("local_id_missing", member("", person(), student())),
    ("local_id_missing", PUPIL.replace("LocalPersonId>", "LocalId>")),
    ("local_id_wrong", member("e 1", person(), student())),
    ("local_id_wrong", member("e" * 19, person(), student())),
    ("local_id_wrong", member("ø" * 10, person(), student())),
    ("local_id_is_cpr", member("6205162233", person(), student())),
    ("local_id_is_cpr", member("620516-2233", person(more="<Gender>X</Gender>"), student())),
    ("cpr_missing", member("e-1", person(None), student())),
    ("cpr_missing", member("e-1", person(""), student())),
    ("cpr_format", member("e-1", person("620516223"), student())),
    ("cpr_format", member("e-1", person("62051622334"), student())),
    ("cpr_format", member("e-1", person("620516223A"), student())),
    ("cpr_date", member("e-1", person("3102992233"), student())),
    ("cpr_date", member("e-1", person("0000002233"), student())),
    ("cpr_date", member("e-1", person("9202162233"), student())),
    ("cpr_date", member("e-1", person("2902010001"), student())),
    ("element_missing", PUPIL.replace("FirstName>", "Fornavn>")),
    ("element_missing", member("e-1", person(first="\u200b"), student())),
    ("element_missing", member("e-1", person(family=" "), student())),
    ("element_missing", member("e-1", "", student())),
    ("element_missing", PUPIL.replace("<Role>Elev</Role>", "")),
    ("element_missing", PUPIL.replace("<Level>2</Level>", "")),
    ("element_missing", PUPIL.replace("<MainGroupId>2b</MainGroupId>", "")),
    ("element_missing", member("e-1", person(), "<Employee><ShortName>A</ShortName></Employee>")),
    ("element_twice", PUPIL.replace("</LocalPersonId>", "</LocalPersonId><LocalPersonId>e-2</LocalPersonId>")),
    ("element_twice", member("e-1", person() + person(), student())),
    ("element_twice", PUPIL.replace("<Level>", "<Role>Barn</Role><Level>")),
    ("person_attribute_missing", PUPIL.replace(' protected="false"', "")),
    ("person_attribute_missing", PUPIL.replace('protected="false"', 'Protected="false"')),
    ("alias_missing", PUPIL.replace('"false"', '"ja"')),
    ("too_long", member("e-1", person(first="a" * 100), student())),
    ("too_long", member("e-1", person(family="å" * 50), student())),
    ("date_wrong", member("e-1", person(more="<BirthDate>2016-02-30</BirthDate>"), student())),
    ("date_wrong", member("e-1", person(more="<BirthDate>20160502</BirthDate>"), student())),
    ("birth_date_unbelievable", member("e-1", person(more="<BirthDate>2025-08-11</BirthDate>"), student())),
    ("birth_date_unbelievable", member("e-1", person(more="<BirthDate>1890-01-01</BirthDate>"), student())),
    ("birth_date_unbelievable", member("e-1", person("0305585001"), student())),
    ("alias_missing", member("e-1", person(protected="true"), student())),
    ("alias_missing", member("e-1", person(protected="1", alias=("A", "")), student())),
    ("value_unknown", member("e-1", person(), student(role="Elever"))),
    ("value_unknown", member("e-1", person(), student(level="11"))),
    ("value_unknown", member("e-1", person(), student(level="-1"))),
    ("value_unknown", member("e-1", person(), employee("Lærer", "admin"))),
    ("value_unknown", member("e-1", person(), "<Extern><Role>Lærer</Role></Extern>")),
    ("main_group_undeclared", member("e-1", person(), student(main="9z"))),
    ("main_group_wrong_type", member("e-1", person(), student(main="kor"))),
    ("actor_missing", member("e-1", person(), "")),
    ("actor_twice", member("e-1", person(), student() + employee())),
]


@pytest.mark.parametrize(("code", "ill"), REFUSALS)
def test_one_ill_person_is_refused_and_the_others_go_on(code: str, ill: str, texts: Texts) -> None:
    healthy = member("e-9", person("6305162234"), student())
    first, second, third = rows(document(healthy, ill, member("e-8", person("6305162234"), student())))
    assert first.row is not None
    assert third.row is not None
    assert second.row is None
    assert second.raw_hash == b""
    (found,) = [finding for finding in second.findings if finding.severity is Severity.REFUSED and finding.code == code]
    assert found.line >= second.line
    for language in LANGUAGES:
        assert "{" not in what_is_wrong(texts, language, found) + what_to_do(texts, language, found)


WARNINGS = [
    ("protection_unclear", PUPIL.replace('"false"', '"måske"')),
    ("protection_unclear", PUPIL.replace('"false"', '""')),
    ("protection_unclear", PUPIL.replace('"false"', '"2"')),
    ("protection_unclear", member("e-1", person(protected="?", alias=("A", "B")), student())),
    ("element_unknown", PUPIL.replace("<Role>", "<Rolle>x</Rolle><Role>")),
    ("element_unknown", PUPIL.replace("<Role>", '<x xmlns="urn:other"><y/></x><Role>')),
    ("element_order", PUPIL.replace("<Role>Elev</Role><Level>2</Level>", "<Level>2</Level><Role>Elev</Role>")),
    ("attribute_unknown", PUPIL.replace("<Person ", '<Person secret="no" ')),
    ("value_unknown", PUPIL.replace('Level="0"', 'Level="2"')),
    ("value_unknown", member("e-1", person(more="<Gender>X</Gender>"), student())),
    ("email_wrong", member("e-1", person(more="<EmailAddress>a.b</EmailAddress>"), student())),
    ("email_wrong", member("e-1", person(more="<EmailAddress>a..b@c.dk</EmailAddress>"), student())),
    ("too_long", member("e-1", person(more=f"<EmailAddress>{'a' * 150}@c.dk</EmailAddress>"), student())),
    (
        "phone_wrong",
        member("e-1", person(more='<WorkPhoneNumber protected="false">12345</WorkPhoneNumber>'), student()),
    ),
    ("person_attribute_missing", member("e-1", person(more="<WorkPhoneNumber>123456</WorkPhoneNumber>"), student())),
    ("birth_date_differs", member("e-1", person("0205160001", more="<BirthDate>1916-05-03</BirthDate>"), student())),
    ("twice_encoded", member("e-1", person(first="SÃ¸ren"), student())),
    ("alias_not_needed", member("e-1", person(alias=("A", "B")), student())),
    ("role_twice", member("e-1", person(), employee("Lærer", "Lærer"))),
    ("too_long", member("e-1", person(), employee(more=f"<ShortName>{'a' * 21}</ShortName>"))),
    ("too_many_contacts", member("e-1", person(), student(more=contact(person("6105802234")) * 11))),
]


@pytest.mark.parametrize(("code", "odd"), WARNINGS)
def test_what_keeps_nobody_out_is_a_warning(code: str, odd: str, texts: Texts) -> None:
    (row,) = rows(document(odd))
    assert row.row is not None
    assert row.raw_hash == b""  # read again next time, so that it is told again
    assert [(finding.code, finding.severity) for finding in row.findings] == [(code, Severity.WARNING)]
    for language in LANGUAGES:
        said = what_is_wrong(texts, language, row.findings[0]) + what_to_do(texts, language, row.findings[0])
        assert "{" not in said


ILL_CONTACTS = [
    ("person_attribute_missing", contact(person("6105802234")).replace(' relation="Mor"', "")),
    ("value_unknown", contact(person("6105802234"), relation="Moster")),
    ("person_attribute_missing", contact(person("6105802234")).replace(' childCustody="true"', "")),
    ("value_unknown", contact(person("6105802234"), access="2")),
    ("cpr_missing", contact(person(None))),
    ("alias_missing", contact(person("6105802234", protected="true"))),
    ("alias_missing", contact(person("6105802234", protected="Ja"))),
    ("element_missing", '<ContactPerson relation="Mor" childCustody="true"></ContactPerson>'),
    ("element_twice", contact(person("6105802234") + person("6105802234"))),
    ("contact_is_pupil", contact(person())),
    ("contact_twice", contact(person("6305802235"), relation="Far")),
    ("contact_too_young", contact(person("0205124001"))),
]


@pytest.mark.parametrize(("code", "ill"), ILL_CONTACTS)
def test_an_ill_contact_person_is_left_out_and_the_pupil_stays(code: str, ill: str, texts: Texts) -> None:
    (row,) = rows(document(member("e-1", person(), student(more=contact(person("6305802235")) + ill))))
    assert row.row is not None
    assert [one.facts.cpr for one in row.row.contacts] == ["6305802235"]
    assert not row.row.contacts_complete
    (finding,) = row.findings
    assert (finding.code, finding.contact, finding.severity) == (code, 2, Severity.WARNING)
    assert what_is_wrong(texts, "da", finding).startswith("Kontaktperson nr. 2: ")


def test_protected_people_without_alias_are_named_for_hiding() -> None:
    ill = member("e-1", person(protected="true"), student(more=contact(person("6305802235", protected="true"))))
    (row,) = rows(document(ill))
    assert [(one.keys, one.own) for one in row.protect] == [(("6205162233",), True), (("6305802235",), False)]


def test_a_cpr_number_as_local_id_is_nowhere_to_be_seen() -> None:
    (row,) = rows(document(member("6205162233", person(more="<Gender>X</Gender>"), student())))
    assert row.local_person_id is None
    assert "6205162233" not in str(row.findings)


def test_b_r10_names_are_stored_in_one_form_without_what_nobody_sees() -> None:
    name = "A\u030ase\u200b \u00a0Ma\u00adrie\ufeff"
    (row,) = rows(document(member("e-1", person(first=name, family="  Sø\n ren\tsen "), student())))
    assert row.row is not None
    assert (row.row.facts.first_name, row.row.facts.family_name) == ("Åse Marie", "Sø ren sen")


def test_b_r35_names_that_look_like_commands_are_names() -> None:
    name = "'; drop table x; -- ${7*7} {{7*7}} =HYPERLINK()"
    (row,) = rows(document(member("e-1", person(first=name), student())))
    assert row.row is not None
    assert row.row.facts.first_name == name


@given(digits=st.text("0123456789", min_size=6, max_size=10), place=st.sampled_from(["role", "level", "main", "born"]))
@settings(max_examples=30)
def test_no_finding_repeats_what_could_be_a_cpr_number(digits: str, place: str) -> None:
    """Numbers get into the wrong column (K-13)."""
    ill = {
        "role": member("e-1", person(), student(role=f"{digits}x")),
        "level": member("e-1", person(), student(level=f"{digits}x")),
        "main": member("e-1", person(), student(main=f"{digits}x")),
        "born": member("e-1", person(more=f"<BirthDate>{digits}-1234</BirthDate>"), student()),
    }[place]
    (row,) = rows(document(ill))
    assert all(digits not in str(finding.fields) for finding in row.findings)


# Groups ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "group", "loaded"),
    [
        ("element_missing", "<Group><GroupType>Hold</GroupType></Group>", False),
        ("element_missing", "<Group><GroupId>x</GroupId></Group>", False),
        ("value_unknown", "<Group><GroupId>x</GroupId><GroupType>Klasse</GroupType></Group>", False),
        ("too_long", f"<Group><GroupId>{'x' * 76}</GroupId><GroupType>Hold</GroupType></Group>", False),
        (
            "date_wrong",
            "<Group><GroupId>x</GroupId><GroupType>Hold</GroupType><FromDate>i dag</FromDate></Group>",
            False,
        ),
        ("group_level_missing", "<Group><GroupId>x</GroupId><GroupType>Hovedgruppe</GroupType></Group>", True),
        (
            "group_level_missing",
            "<Group><GroupId>x</GroupId><GroupType>Hovedgruppe</GroupType><GroupLevel>12</GroupLevel></Group>",
            True,
        ),
        (
            "group_level_not_needed",
            "<Group><GroupId>x</GroupId><GroupType>Hold</GroupType><GroupLevel>2</GroupLevel></Group>",
            True,
        ),
        ("group_twice", "<Group><GroupId>kor</GroupId><GroupType>Team</GroupType></Group>", False),
    ],
)
def test_an_ill_group_is_a_finding(code: str, group: str, loaded: bool, texts: Texts) -> None:
    reading = opened(document(groups=GROUPS + group))
    assert code in [finding.code for finding in reading.group_findings]
    assert len(reading.groups) == (3 if loaded else 2)
    assert reading.groups[1].type == "Hold"
    for finding in reading.group_findings:
        assert "{" not in what_is_wrong(texts, "da", finding) + what_to_do(texts, "da", finding)


# Whole files -------------------------------------------------------------------------------------------------------

WHOLE = document()


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        ("root_unknown", "<UNILoginExport><InstitutionPerson></InstitutionPerson></UNILoginExport>"),
        ("root_unknown", "<html></html>"),
        ("namespace_unknown", document(namespace="https://example.org")),
        ("structure", WHOLE.replace("<Institution>", "<School>").replace("</Institution>", "</School>")),
        ("structure", '<UNILoginImport sourceDateTime="x"></UNILoginImport>'),
        ("structure", WHOLE.replace("</Institution>", "</Institution><Institution></Institution>")),
        ("structure", WHOLE.replace("<InstitutionNumber>999001</InstitutionNumber>", "")),
        ("structure", WHOLE.replace("</InstitutionName>", "</InstitutionName><InstitutionName>x</InstitutionName>")),
        ("structure", WHOLE.replace("<Group>", "<Gruppe/><Group>", 1)),
        ("structure", WHOLE.replace("</Institution>", "<Group></Group></Institution>")),
        ("institution_number_wrong", document(number="9990011")),
        ("institution_number_wrong", document(number="99 001")),
        ("institution_number_wrong", document(number="")),
        ("attribute_missing", WHOLE.replace(' source="Prøvesystem"', "")),
        ("attribute_missing", document(source=" ")),
        ("attribute_missing", WHOLE.replace(f' sourceDateTime="{TIME}"', "")),
        ("attribute_missing", WHOLE.replace(' schoolYear="2026-2027"', "")),
        ("attribute_wrong", document(time="2025-08-10")),
        ("attribute_wrong", document(time="2026-02-30T00:00:00Z")),
        ("attribute_wrong", document(source="x" * 101)),
        ("attribute_wrong", WHOLE.replace("2026-2027", "26/27")),
        ("no_persons", document("")),
    ],
)
def test_another_document_is_refused_whole(reason: str, text: str, texts: Texts) -> None:
    with pytest.raises(DeliveryRefusedError) as caught:
        rows(text)
    assert caught.value.reason == reason
    for language in LANGUAGES:
        said = refusal_in_words(texts, language, reason, caught.value.fields)
        assert "{" not in said
        assert reason != "attribute_wrong" or re.search("2026-08-10T03:00:00|2026-2027|100 ", said), "what it must be"


@given(cut=st.integers(0, len(WHOLE.encode().rstrip()) - 1))
def test_b_r07_f_27_a_file_cut_anywhere_is_refused(cut: int) -> None:
    with pytest.raises((DocumentError, DeliveryRefusedError)):
        rows(WHOLE.encode()[:cut])


def test_the_same_person_has_the_same_hash_wherever_they_stand() -> None:
    other = member("e-2", person("6305162234"), student())
    first = {row.local_person_id: row.raw_hash for row in rows(document(PUPIL, other))}
    second = {
        row.local_person_id: row.raw_hash for row in rows(document(other, "\n  " + PUPIL, time="2027-01-01T00:00:00Z"))
    }
    assert first == second
    changed = rows(document(PUPIL.replace("Prøve", "Prøvé"), other))
    assert changed[0].raw_hash != first["e-1"]


def test_the_fingerprint_tells_documents_apart() -> None:
    def fingerprint(text: str) -> bytes:
        reading = opened(text)
        for _ in reading.records(10):
            pass
        return reading.finish()

    assert fingerprint(WHOLE) == fingerprint(WHOLE)
    assert (
        len({fingerprint(text) for text in (WHOLE, document(time="2025-08-11T00:00:00Z"), document(PUPIL, PUPIL))}) == 3
    )


def test_b_r03_what_is_wrong_with_one_person_a_thousand_times_is_told_a_hundred_times() -> None:
    """And it is told that they are refused: 30 MB of empty elements were 3 GB of findings."""
    odd = "<Underligt/>" * 3000 + "<FirstName>To</FirstName>" * 2
    (row,) = rows(document(member("e-1", person(more=odd), student())))
    assert row.row is None
    assert len(row.findings) <= MOST_OF_ONE + 1
    assert [one.code for one in row.findings if one.severity is Severity.REFUSED] == ["element_twice"]
    groups = document(groups=GROUPS + "<Group/>\n" * 20_000)
    assert len(opened(groups).group_findings) <= 10_000 + MOST_OF_ONE
    many = "".join(f"<Group><GroupId>g{n}</GroupId><GroupType>Hold</GroupType></Group>\n" for n in range(20_000))
    with pytest.raises(TooLargeError):
        opened(document(groups=GROUPS + many))


def test_b_r10_marks_without_end_are_not_put_in_order() -> None:
    assert len(tidy("å" + "\u0315\u0300" * 5000)) <= LONGEST
    assert tidy("Å" + " " * 5000 + "se") == "Å se"
    assert codes(document(member("e-1", person(first="Å" + "\u0315\u0300" * 5000), student()))) == ["too_long"]
