"""People added by hand, changed CPR numbers, protected people, and exports."""

import io
import zipfile
from uuid import uuid4

import pytest

from tests.apps.elevadministration.office import Office, open_office, pupils
from tests.builders.people import People
from tests.builders.running import run
from tests.roster.documents import contact, employee, member, person, student
from tests.server import RunningServer
from unilogin.apps.elevadministration.actions import mind_manual
from unilogin.apps.elevadministration.forms import masked, read_person
from unilogin.domain.directory.model import SOURCE_BY_HAND
from unilogin.kit.db.connection import connect

NEW = {"cpr": "650290-4411", "first_name": "Pia", "family_name": "Ekstern-Hansen", "role": "Ekstern"}
HIDDEN = NEW | {
    "cpr": "6801014414", "first_name": "Hemmelig", "family_name": "Virkeligsen", "protected": "1",
    "alias_first_name": "Anna", "alias_family_name": "Dahl",
}  # fmt: skip
PUPIL = {"role": "Elev", "level": "2", "group": "2.B"}


@pytest.fixture
def own(server: RunningServer, people: People) -> Office:
    """A school of this test's own, to which nobody has been added yet."""
    return open_office(server, people)


def add(office: Office, **fields: str) -> str:
    """Add somebody by hand and return the page that comes."""
    office.browser.open(f"{office.url}/manuel/ny")
    return str(office.post(f"{office.url}/manuel/ny", **fields).page.text)


def here(office: Office, name: str) -> int:
    """How many times somebody of a family name belongs to the school now."""
    return int(
        str(
            office.value(
                "select count(*) from directory_membership m join directory_person p using (person_id)"
                " join directory_institution i using (institution_id)"
                " where i.number = $1 and p.family_name = $2 and m.ended_at is null",
                office.number,
                name,
            )
        )
    )


def test_somebody_is_added_confirmed_and_ended(own: Office) -> None:
    office = own
    assert "tilføjet for et år" in add(office, **NEW)
    page = office.browser.page.text
    assert "650290-••••" in page
    assert "4411" not in page
    assert here(office, "Ekstern-Hansen") == 1
    assert office.value(
        "select a.username from directory_account a join directory_person p using (person_id)"
        " where p.family_name = 'Ekstern-Hansen'"
    )
    assert "Personen er her allerede" in add(office, **NEW)
    key = office.value(
        "select membership_id from directory_manual join directory_membership using (membership_id)"
        " join directory_person p using (person_id) where p.family_name = 'Ekstern-Hansen'"
    )
    _set_end(office, "11 days")
    assert "1 manuel tilknytning udløber snart" in office.browser.open(office.url).text
    assert "Snart" in office.browser.open(f"{office.url}/manuel").text
    assert "Bekræftet for et år mere" in office.post(f"{office.url}/manuel/{key}/bekraeft").page.text
    assert "Snart" not in office.browser.page.text
    assert "Vi fandt ingen" in office.post(f"{office.url}/manuel", q="_").page.text
    assert "Pia" in office.post(f"{office.url}/manuel", q="ekstern-h").page.text
    assert "afsluttet" in office.post(f"{office.url}/manuel/{key}/afslut").page.text
    assert here(office, "Ekstern-Hansen") == 0
    assert office.post(f"{office.url}/manuel/{key}/bekraeft").page.status_code == 404
    office.browser.open(office.url)
    log = "select count(*) from audit_event e where action = $1 and actor_id = $2"
    for action in ("person.created", "membership.started", "membership.confirmed", "membership.ended"):
        assert office.value(log, action, str(office.head.account_id)) == 1, action


def test_grades_are_said_in_words_where_somebody_is_added(office: Office) -> None:
    text = office.browser.open(f"{office.url}/manuel/ny").text
    for level, said in (("2", "2. klasse"), ("DT", "Dagtilbud"), ("U1", "1. år på en ungdomsuddannelse (U1)")):
        assert f'<option value="{level}">{said}</option>' in text


def test_a_history_names_the_school_at_which_it_happened(office: Office) -> None:
    school = office.value("select name from directory_institution where number = $1", office.number)
    assert f"Du fik en rettighed på {school}." in office.browser.open("/mit/historik").text


def _set_end(office: Office, after: str) -> None:
    office.value(
        "update directory_manual u set until_at = kit_now() + $2::text::interval from directory_membership m"
        " join directory_institution i using (institution_id)"
        " where u.membership_id = m.membership_id and i.number = $1 returning true",
        office.number,
        after,
    )


def test_who_comes_back_is_the_same_person_with_the_same_username(office: Office) -> None:
    ids = (
        "select a.username from directory_account a join directory_person p using (person_id)"
        " where p.family_name = 'Igen-Hansen'"
    )
    known = NEW | {"cpr": "650290-4421", "family_name": "Igen-Hansen"}
    assert "tilføjet for et år" in add(office, **known)
    key = office.value(
        "select membership_id from directory_manual join directory_membership using (membership_id)"
        " join directory_person p using (person_id) where p.family_name = 'Igen-Hansen'"
    )
    assert "afsluttet" in office.post(f"{office.url}/manuel/{key}/afslut").page.text
    before = office.value(ids)
    assert "tilføjet for et år" in add(office, **known | {"first_name": "PIA Maria", "family_name": "igen-hansen"})
    assert office.value(ids) == before
    assert here(office, "Igen-Hansen") == 1
    told = (
        "select true from notices_notice join directory_account a using (account_id)"
        " where a.username = $1 and kind = 'added_by_hand'"
    )
    assert office.value(told, before), "whom a school adds without being asked finds out"


def test_who_was_forgotten_after_a_year_away_is_told_about_anew(office: Office) -> None:
    assert "tilføjet for et år" in add(office, **NEW | {"cpr": "6601014420", "first_name": "Gry", "family_name": "Før"})
    known = (
        "select a.username from directory_account a join directory_person p using (person_id) where p.family_name = $1"
    )
    before = office.value(known, "Før")
    left = (
        "update directory_membership m set ended_at = kit_now() from directory_person p"
        " where p.person_id = m.person_id and p.family_name = 'Før' returning true"
    )
    forgotten = (
        "update directory_person set erased_at = kit_now(), first_name = 'Tidligere', family_name = 'Bruger'"
        " where family_name = 'Før' returning true"
    )
    assert office.value(left)
    assert office.value(forgotten)
    fields = NEW | {"cpr": "6601014420", "first_name": "Gry", "family_name": "Nu"}
    assert "tilføjet for et år" in add(office, **fields)
    assert office.value(known, "Nu") == before


def test_b_a07_a_number_with_another_name_joins_nobody_and_tells_no_name(office: Office) -> None:
    known = NEW | {"cpr": "660290-4413", "first_name": "Ronja", "family_name": "Navnesen"}
    assert "tilføjet for et år" in add(office, **known)
    page = add(office, **known | {"first_name": "Per", "role": "Praktikant"})
    assert "Navnet passer ikke" in page
    assert "Ronja" not in page
    assert "4413" not in page
    assert office.value("select count(*) from audit_event where action = 'person.not_added'")


def test_a_pupil_is_added_to_a_class_where_no_system_sends_pupils(own: Office) -> None:
    office = own
    assert "Vælg elevens trin" in add(office, **NEW | {"cpr": "6701124412", "role": "Elev"})
    fields = {"cpr": "6701124412", "first_name": "Nor", "family_name": "Haandfast"} | PUPIL
    assert "tilføjet for et år" in add(office, **fields)
    assert "2.B" in office.browser.page.text
    office.deliver(*pupils(3, seed=41))
    page = add(office, **fields | {"cpr": "6701124413", "first_name": "Ida"})
    assert "Skolens system sender selv" in page
    assert office.deliver(*pupils(3, seed=41), source=SOURCE_BY_HAND).refusal == "source_reserved"
    assert here(office, "Haandfast") == 1  # no system's delivery says anything of who was added by hand


def test_what_nobody_confirms_ends_and_administrators_are_told_a_month_before(own: Office) -> None:
    office = own
    assert "tilføjet for et år" in add(office, **NEW | {"cpr": "650290-4422", "family_name": "Haard"})
    _set_end(office, "20 days")
    run(_mind(office))
    told = "select count(*) from notices_notice where account_id = $1 and kind = 'manual_ending'"
    assert office.value(told, office.head.account_id) == 1
    _set_end(office, "-1 second")
    run(_mind(office))
    assert here(office, "Haard") == 1, "not before a month after they were told"
    run(_told_earlier(office))
    run(_mind(office))
    assert here(office, "Haard") == 0
    assert office.value(told, office.head.account_id) == 1


async def _told_earlier(office: Office) -> None:
    connection = await connect(office.dsn)
    await connection.execute("update directory_manual set reminded_at = reminded_at - interval '27 days'")
    await connection.close()


async def _mind(office: Office) -> None:
    connection = await connect(office.dsn, role="unilogin_run")
    async with connection.transaction():
        await mind_manual(connection)
    await connection.close()


def test_a_protected_person_is_added_under_the_alias(office: Office) -> None:
    fields = HIDDEN | {"cpr": "6801014423", "family_name": "Sandnavn", "alias_family_name": "Fjord"}
    assert "Skriv et alias" in add(office, **fields | {"alias_first_name": "", "alias_family_name": ""})
    page = add(office, **fields)
    assert "Anna Fjord" in page
    assert "••••••-••••" in page
    assert "Sandnavn" not in page
    assert "Anna Fjord" in office.browser.open(f"{office.url}/navnebeskyttelse").text


def _becomes_known_by_the_alias(office: Office, key: object) -> None:
    """A username that begins like the hidden name gives it away: the school can give one that comes of the alias."""
    url = f"{office.url}/navnebeskyttelse"
    names = "select username from directory_account where person_id = $1"
    before = office.value(names, key)
    assert str(before).startswith("kajk")
    assert str(before) not in office.browser.open(url).text, "the list does not put it beside the alias"
    assert "Giv nyt brugernavn" in office.browser.text
    for _ in range(2):  # pressed twice: one name, shown twice
        page = office.post(f"{url}/{key}/brugernavn").page.text
        after = office.value(names, key)
        assert str(after).startswith("bobe")
        assert str(after) in page
        assert str(before) not in page
    assert (
        office.value(
            "select count(*) from directory_former_username f join directory_account a using (account_id)"
            " where a.person_id = $1",
            key,
        )
        == 1
    )
    assert "Giv nyt brugernavn" not in office.browser.open(url).text
    assert str(after) not in office.browser.page.text
    own = f"{url}/{office.head.person_id}/brugernavn"
    assert "er, som det var" in office.post(own).page.text, "who is not protected keeps theirs"
    assert office.head.username not in office.browser.page.text
    assert office.post(f"{url}/{uuid4()}/brugernavn").page.status_code == 404
    office.browser.open(url)


def test_a_protected_person_without_an_alias_is_given_one(office: Office) -> None:
    staff = member("m-7", person("6105164415", first="Kaj", family="Kendt"), employee("Lærer"))
    office.deliver(*pupils(3, seed=41), staff)
    hidden = member("m-7", person("6105164415", first="Kaj", family="Kendt", protected="true"), employee("Lærer"))
    office.deliver(*pupils(3, seed=41), hidden)
    assert "1 beskyttet person mangler et alias" in office.browser.open(office.url).text
    url = f"{office.url}/navnebeskyttelse"
    page = office.browser.open(url)
    assert "Kendt" not in page.text
    key = office.value("select person_id from directory_person where family_name = 'Kendt'")
    assert "både fornavn og efternavn" in office.post(f"{url}/{key}", alias_first_name="Bo").page.text
    given = {"alias_first_name": "Bo", "alias_family_name": "Berg"}
    assert "fået sit alias" in office.post(f"{url}/{key}", **given).page.text
    assert "Bo Berg" in office.browser.page.text
    assert "har allerede et alias" in office.post(f"{url}/{key}", **given).page.text
    _becomes_known_by_the_alias(office, key)
    assert "Vi fandt ingen" in office.post(url, q="Kendt").page.text


def test_b_a05_the_number_of_a_contact_person_who_holds_a_right_is_for_the_operator(office: Office) -> None:
    lone = person("6105164430", first="Lone", family="Mor")
    office.deliver(*pupils(3, seed=41), member("e-54", person("6205164431"), student(more=contact(lone))))
    key = office.value("select person_id from directory_person where family_name = 'Mor' and first_name = 'Lone'")
    right = (
        "insert into access_right (account_id, institution_id, name, granted_by) select a.account_id,"
        " i.institution_id, 'Brugeradministrator', a.account_id from directory_account a, directory_institution i"
        " where a.person_id = $1 and i.number = $2 returning true"
    )
    assert office.value(right, key, office.number)
    case = office.value(
        "insert into roster_cpr_case (contact_id, pupil_membership_id, delivery_id, local_person_id, sealed_for,"
        " cpr_sealed, cpr_index, told_name)"
        " select p.person_id, m.membership_id, d.delivery_id, 'e-54', p.person_id, p.cpr_sealed, 'x', 'Lone Mor'"
        " from directory_person p, directory_membership m join directory_institution i using (institution_id)"
        " join roster_delivery d using (institution_id)"
        " where p.person_id = $1 and m.local_person_id = 'e-54' and i.number = $2 and d.status = 'applied'"
        " limit 1 returning case_id",
        key,
        office.number,
    )
    assert "Lone Mor har fået et andet CPR-nummer." in office.browser.open(office.url).text
    assert "kontaktperson til <code>e-54</code>" in office.browser.open(f"{office.url}/cpr").text
    url = f"{office.url}/cpr/{case}"
    page = office.browser.open(url).text
    assert "den, der driver Unilogin" in page
    assert "Det er den samme: skift nummeret" not in page
    office.browser.open(url)
    office.post(f"{url}/skift")
    assert office.value("select count(*) from roster_cpr_case where case_id = $1 and settled_at is null", case) == 1


@pytest.mark.parametrize(("act", "told"), [("afvis", "Nummeret er afvist"), ("skift", "Nummeret er skiftet")])
def test_another_cpr_number_waits_for_somebodys_word(office: Office, act: str, told: str) -> None:
    local, before, number = {
        "afvis": ("e-50", "6205164418", "6105164416"),
        "skift": ("e-51", "6205164419", "6105164417"),
    }[act]
    known = office.deliver(*pupils(3, seed=41), member(local, person(before, first="Ib"), student()))
    assert known.counts.refused == 0
    office.deliver(*pupils(3, seed=41), member(local, person(number, first="Ib"), student()))
    assert "Ib Prøve har fået et andet CPR-nummer." in office.browser.open(office.url).text
    page = office.browser.open(f"{office.url}/cpr").text
    assert local in page
    case = office.browser.document.xpath("//td/a[contains(@href, '/cpr/')]/@href")[0]
    page = office.browser.open(case).text
    assert "620516-••••" in page
    assert "610516-••••" in page
    assert number[6:] not in page
    assert told in office.post(f"{case}/{act}").page.text
    assert office.post(f"{case}/{act}").page.status_code == 404


def test_b_a05_the_number_of_somebody_who_holds_a_right_is_not_for_the_office_to_change(office: Office) -> None:
    office.deliver(*pupils(3, seed=41), member("m-51", person("6205164428", first="Bo"), employee()))
    office.deliver(*pupils(3, seed=41), member("m-51", person("6105164429", first="Bo"), employee()))
    where = "from directory_membership m join directory_account a using (person_id) where m.local_person_id = 'm-51'"
    school = "(select institution_id from directory_institution where number = $1)"
    office.value(
        "insert into access_right (account_id, institution_id, name, granted_by)"
        f" select a.account_id, m.institution_id, 'Brugeradministrator', a.account_id {where}"
        f" and m.institution_id = {school} returning true",
        office.number,
    )
    case = f"{office.url}/cpr/" + str(
        office.value(
            "select case_id from roster_cpr_case join directory_membership m using (membership_id)"
            f" where m.local_person_id = 'm-51' and m.institution_id = {school}",
            office.number,
        )
    )
    page = office.browser.open(case).text
    assert "Personen har en rettighed" in page
    assert "skift nummeret" not in page
    assert "Det nummer kan du ikke skifte" in office.post(f"{case}/skift").page.text
    assert "Nummeret er afvist" in office.post(f"{case}/afvis").page.text


@pytest.mark.parametrize("written_as", ["oneroster", "sds"])
def test_everybody_is_exported_without_numbers_and_real_names(office: Office, written_as: str) -> None:
    add(office, **HIDDEN)
    office.browser.open(f"{office.url}/eksport")
    page = office.post(f"{office.url}/eksport", format=written_as).page
    assert page.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(page.content)) as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist()).decode()
    assert "Dahl" in everything
    for secret in ("Kendt", "Virkeligsen", "6801014414", "610516"):
        assert secret not in everything
    office.browser.open(office.url)
    assert office.value("select count(*) from audit_event where action = 'roster.exported'")
    assert office.post(f"{office.url}/eksport", format="xml").page.status_code == 404


def test_a_domain_makes_addresses_for_sds_and_what_is_none_is_told(office: Office) -> None:
    url = f"{office.url}/eksport"

    def wrong(address: str) -> None:
        office.browser.open(url)
        page = office.post(address, format="sds", domain="<b>skole").page
        assert (page.status_code, "Det er ikke et domæne." in page.text) == (422, True)
        assert "&lt;b&gt;skole" in page.text

    wrong(url)
    assert "@skole.example," in users_for_sds(office, domain="@Skole.example")
    assert "@skole.example," in users_for_sds(office), "asked once"
    assert "<bdi>skole.example</bdi>" in office.browser.open(url).text
    wrong(f"{url}/domaene")
    assert "Domænet er gemt" in office.post(f"{url}/domaene", domain="Elev.Skole.example").page.text
    assert "@elev.skole.example," in users_for_sds(office, domain="andet.example"), (
        "what is remembered is changed above"
    )
    office.browser.open(url)
    assert "Domænet er glemt" in office.post(f"{url}/domaene", domain="").page.text
    assert "@" not in users_for_sds(office).split("\n")[1]
    said = "select string_agg(detail ->> 'domain', ' ' order by sequence) from audit_event join directory_institution i"
    said += " using (institution_id) where action = 'roster.export_domain_set' and i.number = $1"
    assert office.value(said, office.number) == "skole.example elev.skole.example "


def users_for_sds(office: Office, **fields: str) -> str:
    office.browser.open(f"{office.url}/eksport")
    page = office.post(f"{office.url}/eksport", format="sds", **fields).page
    with zipfile.ZipFile(io.BytesIO(page.content)) as archive:
        return archive.read("users.csv").decode()


@pytest.mark.parametrize(
    ("field", "value", "wrong"),
    [
        ("cpr", "310290-1111", "cpr"),
        ("cpr", "12", "cpr"),
        ("first_name", "", "first_name"),
        ("first_name", "12 34", "first_name"),
        ("family_name", "x" * 100, "family_name"),
        ("family_name", "A\x00B", "family_name"),
        ("role", "Brugeradministrator", "role"),
        ("role", "Kontaktperson", "role"),
    ],
)
def test_what_is_typed_is_read_strictly(field: str, value: str, wrong: str) -> None:
    typed = NEW | {"protected": "", field: value}
    found = read_person(lambda name: typed.get(name, ""))
    assert isinstance(found, dict)
    assert list(found) == [wrong]


def test_a_number_on_a_screen_tells_a_date_at_most() -> None:
    assert masked("6502904411", protected=False) == "650290-••••"
    assert masked("6502904411", protected=True) == "••••••-••••"
