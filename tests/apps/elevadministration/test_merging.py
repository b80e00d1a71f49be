"""Sammenlægning and deling: two people, only pupils of one's own schools; and who tries to take an account over."""

import re
from datetime import date
from uuid import uuid4

import pytest

from tests.apps.elevadministration.office import Office, open_office
from tests.apps.entering import csrf_of
from tests.builders.people import People, Somebody
from tests.builders.services import Services
from tests.server import RunningServer
from unilogin.domain.directory.cpr import read_cpr
from unilogin.domain.services.actions import Registered


@pytest.fixture(scope="module")
def second(server: RunningServer, people: People, office: Office) -> Office:
    """Another administrator of the same school."""
    return open_office(server, people, institution=office.number)


@pytest.fixture(scope="module")
def stranger(server: RunningServer, people: People) -> Office:
    """An administrator of another school."""
    return open_office(server, people)


def pupils(office: Office, count: int = 2) -> tuple[Somebody, ...]:
    return tuple(office.people.pupil(institution=office.number, secret=None) for _ in range(count))


def merging(office: Office) -> str:
    return f"{office.url}/sammenlaegning"


def propose(office: Office, one: Somebody, other: Somebody) -> str:
    """Propose a merge; return the address of the proposal."""
    office.browser.open(merging(office))
    office.post(f"{merging(office)}/foreslaa", one=one.username, other=other.username)
    assert office.browser.path.startswith(f"{merging(office)}/"), office.browser.text
    return str(office.browser.path)


def leads_to(office: Office, who: Somebody) -> object:
    return office.value("select merged_into from directory_account where account_id = $1", who.account_id)


def say(office: Office, url: str, word: str) -> str:
    office.browser.open(url)
    return office.post(f"{url}/{word}").page.text


def test_two_people_merge_what_one_has_seen(office: Office, second: Office) -> None:
    kept, other = pupils(office)
    office.people.give(kept, "solskin over klitten 7")
    office.browser.open(merging(office))
    page = office.post(f"{merging(office)}/analyse", one=other.username, other=kept.username).page
    assert kept.username not in str(page.url)
    assert f"{kept.username} fortsætter" in page.text
    assert "Det har en adgangskode" in page.text
    assert "1 tilknytning" in page.text
    office.value(
        "delete from notices_notice where account_id = $1", second.head.account_id
    )  # of other tests' proposals
    url = propose(office, other, kept)
    assert "En anden person skal sige ja" in office.browser.text
    assert leads_to(office, other) is None
    mail = "update directory_person set email = $2 where person_id = $1 returning true"
    for who, address in ((kept, "Ida@hjem.example"), (other, "ida@skole.example")):
        assert office.value(mail, who.person_id, address)
    assert "lægge to Unilogin sammen venter på en anden" in second.browser.open(second.url).text
    assert "lagt sammen til ét" in say(second, url, "ja")
    assert leads_to(office, other) == kept.account_id
    told = "select count(*) from notices_notice where account_id = $1 and kind = $2"
    assert office.value(told, kept.account_id, "accounts_merged") == 1
    assert office.value(told, other.account_id, "accounts_merged") == 1, (
        "whoever reads the other mailbox finds out, too"
    )
    assert office.value(told, second.head.account_id, "second_word_waits") == 1
    assert office.value(told, office.head.account_id, "second_word_waits") == 0
    assert "ikke noget at tage stilling til" in say(second, url, "ja")
    assert "Det er fortrudt" in say(office, url, "fortryd")
    assert leads_to(office, other) is None
    assert "allerede fortrudt" in say(office, url, "fortryd")


def test_b_a05_nobody_is_two_people(office: Office, second: Office) -> None:
    one, other = pupils(office)
    url = propose(office, one, other)
    assert "Ja, læg dem sammen" not in office.browser.text
    assert "Du har selv foreslået det" in say(office, url, "ja")
    assert propose(office, other, one) == url, "the same again is the same proposal, and its proposer's"
    assert leads_to(office, one) is leads_to(office, other) is None
    assert "afvist" in say(second, url, "nej")
    assert "ikke noget at tage stilling til" in say(second, url, "ja")
    assert leads_to(office, one) is leads_to(office, other) is None


def test_the_database_refuses_one_persons_two_words(office: Office) -> None:
    held = "select pg_get_constraintdef(oid) from pg_constraint where conrelid = 'identity_proposal'::regclass"
    found = office.value(f"select string_agg(d, ' ') from ({held}) x (d)")
    assert "settled_by <> proposed_by" in str(found)


def attempts(office: Office, stranger: Office) -> dict[str, tuple[Somebody, str]]:
    """Whom an administrator must not get at, and what is said about it."""
    people = office.people
    colleague = people.teacher(institution=office.number)
    child = people.pupil(institution=office.number)
    parent = people.pupil(institution=office.number, secret=None)  # a pupil who is somebody's contact person
    people.make_parent_of(parent, child)
    holder = people.pupil(institution=office.number)
    office.value(
        "insert into access_right (account_id, institution_id, name, granted_by) select $1, institution_id, $2, 'tests'"
        " from directory_institution where number = $3 returning true",
        holder.account_id,
        "Brugeradministrator",
        office.number,
    )
    guest = people.pupil(institution=office.number)
    also_there(office, guest, stranger.number)
    elsewhere = people.pupil(institution=stranger.number)
    return {
        "a colleague": (colleague, "ikke en elev"),
        "a parent": (parent, "ikke en elev"),
        "the holder of a right": (holder, "ikke en elev"),
        "a pupil of two schools": (guest, "ikke er brugeradministrator"),
        "a pupil of another school": (elsewhere, "kender vi ikke her"),
        "nobody": (replaced(elsewhere, "ingen9999"), "kender vi ikke her"),
        "oneself": (office.head, "dit eget"),
    }


def replaced(who: Somebody, username: str) -> Somebody:
    return Somebody(who.account_id, who.person_id, username, who.uniid, who.institution, None)


def also_there(office: Office, who: Somebody, number: str) -> None:
    office.value(
        "insert into directory_membership (person_id, institution_id, source, local_person_id, actor_group, roles,"
        " raw_hash) select $1, institution_id, 'tests', 'x' || $2, 'Elev', array['Elev'], ''"
        " from directory_institution where number = $3 returning true",
        who.person_id,
        who.username,
        number,
    )


def test_nobody_takes_over_a_colleague_a_parent_or_another_schools_pupil(office: Office, stranger: Office) -> None:
    (own,) = pupils(office, 1)
    for name, (who, why) in attempts(office, stranger).items():
        for one, other in ((own, who), (who, own)):
            for act in ("analyse", "foreslaa"):
                office.browser.open(merging(office))
                page = office.post(f"{merging(office)}/{act}", one=one.username, other=other.username).page
                assert page.status_code == 422, name
                assert why in page.text, name
        office.browser.open(merging(office))
        for act in ("deling", "deling/foreslaa"):
            fields = {"username": who.username, "first_name": "Bo", "family_name": "Holm"}
            page = office.post(f"{merging(office)}/{act}", **fields).page
            assert page.status_code == 422, name
        assert leads_to(office, who) is None
    assert (
        office.value("select count(*) from identity_proposal where kept_id = $1 or other_id = $1", own.account_id) == 0
    )


def test_a_name_of_elsewhere_sounds_like_one_that_never_was(office: Office, stranger: Office) -> None:
    """No usernames are tried out here (B-A01)."""
    (own,) = pupils(office, 1)
    elsewhere = office.people.pupil(institution=stranger.number)
    answers = []
    for name in (elsewhere.username, "ingen9998"):
        office.browser.open(merging(office))
        text = office.post(f"{merging(office)}/analyse", one=own.username, other=name).page.text
        answers.append(re.sub(r'value="[^"]*"', "", text))
    assert answers[0] == answers[1]


def test_who_has_become_somebody_elses_by_then_is_not_merged(office: Office, second: Office, stranger: Office) -> None:
    """The gate is asked again at the second word."""
    one, other = pupils(office)
    url = propose(office, one, other)
    also_there(office, other, stranger.number)
    assert "ikke er brugeradministrator" in say(second, url, "ja")
    assert leads_to(office, one) is leads_to(office, other) is None


def test_b_a01_another_schools_proposal_is_unknown(office: Office, stranger: Office) -> None:
    one, other = pupils(office)
    url = propose(office, one, other)
    theirs = url.replace(office.url, stranger.url)
    stranger.browser.open(stranger.url)
    assert stranger.browser.open(url).status_code == 404
    assert stranger.browser.open(theirs).status_code == 404
    stranger.browser.open(f"{stranger.url}/sammenlaegning")
    for word in ("ja", "nej", "fortryd"):
        assert stranger.post(f"{theirs}/{word}").page.status_code == 404
        stranger.browser.open(f"{stranger.url}/sammenlaegning")
    assert one.username not in stranger.browser.text


def test_two_numbers_of_the_register_are_two_people(office: Office) -> None:
    one, other = pupils(office)
    for who, number in ((one, "0101100961"), (other, "0101100962")):
        give_number(office, who, number)
    office.browser.open(merging(office))
    page = office.post(f"{merging(office)}/analyse", one=one.username, other=other.username).page
    assert "Det ligner to personer" in page.text
    assert "Foreslå at lægge dem sammen" not in page.text
    assert (
        "Det ligner to personer"
        in office.post(f"{merging(office)}/foreslaa", one=one.username, other=other.username).page.text
    )


def test_two_birthdays_are_two_people(office: Office, second: Office) -> None:
    one, other = pupils(office)
    url = propose(office, one, other)
    born = "update directory_person set birth_date = $2 where person_id = $1 returning true"
    for who, day in ((one, date(2018, 3, 1)), (other, date(2018, 3, 2))):
        assert office.value(born, who.person_id, day)
    assert "Ja, læg dem sammen" not in second.browser.open(url).text
    assert "ikke samme fødselsdag" in say(second, url, "ja")
    assert leads_to(office, one) is leads_to(office, other) is None
    say(office, url, "nej")
    office.browser.open(merging(office))
    page = office.post(f"{merging(office)}/foreslaa", one=one.username, other=other.username).page
    assert page.status_code == 422
    assert "ikke samme fødselsdag" in page.text


def give_number(office: Office, who: Somebody, number: str) -> None:
    vault, cpr = office.people.secrets.cpr_vault(), read_cpr(number)
    sealed, index = vault.seal(cpr, who.person_id), vault.index(cpr)
    statement = "update directory_person set cpr_sealed = $2, cpr_index = $3 where person_id = $1 returning true"
    assert office.value(statement, who.person_id, sealed, index)


def call(office: Office, who: Somebody, first: str, family: str, *, alias: str | None = None) -> None:
    office.value(
        "update directory_person set first_name = $2, family_name = $3, protected = $4::text is not null,"
        " alias_first_name = $4, alias_family_name = $4 where person_id = $1 returning true",
        who.person_id,
        first,
        family,
        alias,
    )


def test_doubles_are_found_and_no_alias_is_seen_through(office: Office) -> None:
    one, other, hidden, hidden_too, third = pupils(office, 5)
    call(office, one, "Ella", "Dobbelt")
    call(office, other, "ella", "dobbelt")
    give_number(office, one, "6101100963")
    give_number(office, other, "0101100963")
    call(office, hidden, "Ella", "Dobbelt", alias="Skygge")
    call(office, hidden_too, "Ella", "Dobbelt", alias="Skumring")
    call(office, third, "Emil", "Dobbelt")
    text = office.browser.open(merging(office)).text
    pairs = re.findall(r'name="one" value="(\w+)"><input type="hidden" name="other" value="(\w+)"', text)
    found = {frozenset(pair) for pair in pairs}
    assert frozenset((one.username, other.username)) in found
    assert frozenset((hidden.username, hidden_too.username)) in found
    assert not [pair for pair in found if len(pair & {one.username, other.username}) == 1]
    assert third.username not in text
    url = propose(office, one, other)
    assert (one.username, other.username) not in re.findall(
        r'name="one" value="(\w+)".*?value="(\w+)"', office.browser.open(merging(office)).text
    )
    say(office, url, "nej")
    office.browser.open(merging(office))
    page = office.post(f"{merging(office)}/analyse", one=one.username, other=hidden.username).page
    assert "Skygge Skygge" in page.text


def test_the_same_username_twice_is_said_where_it_was_typed(office: Office) -> None:
    (one,) = pupils(office, 1)
    office.browser.open(merging(office))
    page = office.post(f"{merging(office)}/analyse", one=one.username, other=one.username.upper()).page
    assert page.status_code == 422
    assert "Det er det samme brugernavn to gange." in page.text
    assert 'id="other"' in page.text


def test_two_people_split_an_account_and_take_it_back(office: Office, second: Office) -> None:
    (mixed,) = pupils(office, 1)
    also_there(office, mixed, office.number)
    office.browser.open(merging(office))
    assert (
        "Hvad hører til den anden elev" in office.post(f"{merging(office)}/deling", username=mixed.username).page.text
    )
    every = [str(key) for key in office.browser.document.xpath("//input[@name='membership']/@value")]
    assert len(every) == 2
    names = {"username": mixed.username, "first_name": "Bo", "family_name": "Delt"}
    for wrong in ({}, {"membership": "x"}, {"membership": every[0], "cpr": "1"}):
        page = office.post(f"{merging(office)}/deling/foreslaa", **names, **wrong).page
        assert page.status_code == 422
    nothing = office.post(f"{merging(office)}/deling/foreslaa", username=mixed.username).page.text
    assert "Vælg noget, men ikke det hele." in nothing, "all that is missing is said at once"
    assert "Skriv navnet." in nothing
    office.post(f"{merging(office)}/deling/foreslaa", **names, membership=every[0], cpr="6101100964")
    url = str(office.browser.path)
    assert "Bo Delt" in office.browser.text
    assert "Du har selv foreslået det" in say(office, url, "ja")
    assert "har fået sit eget Unilogin" in say(second, url, "ja")
    theirs = (
        "select p.first_name || ' ' || p.family_name || (p.cpr_index = $2)::text from directory_membership m"
        " join directory_person p using (person_id) where m.membership_id::text = $1"
    )
    index = office.people.secrets.cpr_vault().index(read_cpr("6101100964"))
    assert office.value(theirs, every[0], index) == "Bo Delttrue"
    assert "Det er fortrudt" in say(second, url, "fortryd")
    stays = "select count(*) from directory_membership where person_id = $1"
    assert office.value(stays, mixed.person_id) == 2


def test_the_work_at_services_goes_where_two_people_say_and_comes_back(office: Office, second: Office) -> None:
    """Whoever keeps a service's subject keeps the work; the other one begins afresh there."""
    (mixed,) = pupils(office, 1)
    also_there(office, mixed, office.number)
    goes, told, stays = (Services(office.dsn).add() for _ in range(3))
    plain = "update services_service set attributes = array_remove(attributes, 'uniid') where service_id = $1"
    assert office.value(f"{plain} returning true", goes.service_id)
    wants = "update services_client set events_wanted = true where client_id = $1 returning true"
    assert office.value(wants, told.client_id)
    for service in (goes, told, stays):
        assert office.value(
            "insert into services_pairwise (account_id, sector) select $1, sector from services_service"
            " where service_id = $2 returning true",
            mixed.account_id,
            service.service_id,
        )
    before = known(office, mixed)
    office.browser.open(merging(office))
    office.post(f"{merging(office)}/deling", username=mixed.username)
    assert "Hvis arbejde ligger hos tjenesterne?" in office.browser.text
    labels = [
        " ".join(one.text_content().split()) for one in office.browser.document.xpath("//input[@name='service']/..")
    ]
    keys = [str(key) for key in office.browser.document.xpath("//input[@name='service']/@value")]
    assert len(keys) == 3
    assert not {str(subject) for subject in before} & set(keys), "no page shows a subject"
    chosen = [key for key, label in zip(keys, labels, strict=True) if name_of(office, stays) not in label]
    (place, *_) = [str(key) for key in office.browser.document.xpath("//input[@name='membership']/@value")]
    fields = {"csrf": csrf_of(office.browser), "username": mixed.username, "first_name": "Bo", "family_name": "Delt"}
    sent = fields | {"membership": place, "service": [*chosen, str(uuid4())]}
    answer = office.browser.client.post(f"{merging(office)}/deling/foreslaa", data=sent)
    url = str(answer.headers["location"]).partition("?")[0]
    text = " ".join(second.browser.open(url).text.split())
    assert "får selv besked om det nye UniID" in text
    assert "behøver ingen besked" in text
    assert "har fået sit eget Unilogin" in say(second, url, "ja")
    made = office.value("select other_id from identity_correction where kept_id = $1", mixed.account_id)
    left = known(office, mixed)
    assert {sector for _, sector in left.items()} == {stays.client_id}
    assert {subject for subject in before if subject not in left} == set(known_by(office, made))
    change = "select count(*)::int from services_identifier_change join identity_correction using (correction_id)"
    assert office.value(f"{change} where kept_id = $1 and service_id = $2", mixed.account_id, told.service_id) == 1
    assert office.value(f"{change} where kept_id = $1 and service_id = $2", mixed.account_id, stays.service_id) == 0
    assert "Det er fortrudt" in say(second, url, "fortryd")
    assert known(office, mixed) == before


def test_what_a_service_has_forgotten_meanwhile_is_not_given_away(office: Office, second: Office) -> None:
    (mixed, other) = pupils(office, 2)
    also_there(office, mixed, office.number)
    service = Services(office.dsn).add()
    insert = "insert into services_pairwise (account_id, sector) values ($1, $2) returning true"
    assert office.value(insert, mixed.account_id, service.client_id)
    office.browser.open(merging(office))
    office.post(f"{merging(office)}/deling", username=mixed.username)
    (key,) = office.browser.document.xpath("//input[@name='service']/@value")
    (place, *_) = office.browser.document.xpath("//input[@name='membership']/@value")
    names = {"username": mixed.username, "first_name": "Bo", "family_name": "Delt"}
    office.post(f"{merging(office)}/deling/foreslaa", **names, membership=str(place), service=str(key))
    url = str(office.browser.path)
    moved = "update services_pairwise set account_id = $2 where account_id = $1 returning true"
    assert office.value(moved, mixed.account_id, other.account_id)
    say(second, url, "ja")
    assert office.value("select count(*) from identity_correction where kept_id = $1", mixed.account_id) == 0


def known(office: Office, who: Somebody) -> dict[str, str]:
    return known_by(office, who.account_id)


def known_by(office: Office, account_id: object) -> dict[str, str]:
    """Subject → sector."""
    found = office.value(
        "select coalesce(jsonb_object_agg(subject, sector), '{}') from services_pairwise where account_id = $1",
        account_id,
    )
    assert isinstance(found, dict)
    return found


def name_of(office: Office, service: Registered) -> str:
    return str(office.value("select name from services_service where service_id = $1", service.service_id))
