"""Mit Unilogin: each sees themselves, in words of their own, and nobody else."""

from uuid import uuid4

import httpx
import pytest

from tests.apps.entering import csrf_of, enter
from tests.apps.households import Households
from tests.builders.people import People, Somebody
from tests.builders.services import Services
from tests.protocols.oidc.relying_party import RelyingParty
from tests.server import RunningServer
from tests.visitor import Visitor
from unilogin.domain.directory.model import ActorGroup
from unilogin.domain.services.actions import Registered
from unilogin.domain.services.model import Attribute

PICTURES = ["sol", "hus", "bil", "is"]


def go_into(server: RunningServer, registered: Registered, somebody: Somebody) -> Visitor:
    """Let somebody go into a service, which is told about them; return their browser."""
    with httpx.Client() as http:
        party = RelyingParty(server, registered, http)
        entered = party.sign_in(somebody)
        party.tokens(entered)
    return entered.browser


def name_of(registered: Registered) -> str:
    return f"Tjeneste {registered.client_id.removeprefix('service-')}"


def names(browser: Visitor) -> list[str]:
    """The services that are links on the page."""
    return [str(text).strip() for text in browser.document.xpath("//main//a[contains(@href, 'localhost:9')]/text()")]


def sections(browser: Visitor) -> list[str]:
    """Where the page says one can go."""
    return [str(text).strip() for text in browser.document.xpath("//nav[contains(@class, 'app-nav')]//span/text()")]


class TestWhoOneIs:
    def test_a_child_that_has_just_learned_to_read_gets_few_words(self, server: RunningServer, people: People) -> None:
        child = people.pupil(level="1", secret=PICTURES)
        browser = enter(server, child)
        assert sections(browser) == ["Mig", "Mine sider", "Logget ind"]
        assert child.username in browser.text
        names = " ".join(browser.document.xpath("//a[@class='big-link']//text()"))
        assert len(browser.text.split()) - len(names.split()) < 40

    def test_a_pupil_sees_school_and_username(self, server: RunningServer, people: People) -> None:
        pupil = people.pupil(level="8")
        browser = enter(server, pupil)
        assert sections(browser) == ["Mig", "Tjenester", "Sikkerhed", "Historik"]
        assert f"Skole {pupil.institution}" in browser.text
        assert "Elev" in browser.text
        assert pupil.uniid not in browser.text

    def test_a_teacher_who_is_a_parent_is_both(self, server: RunningServer, households: Households) -> None:
        parent, child = households.parent_and_child()
        browser = enter(server, parent)
        assert sections(browser) == ["Mig", "Mine børn", "Tjenester", "Sikkerhed", "Historik"]
        assert "Lærer" in browser.text
        assert "Forælder eller kontaktperson" in browser.text
        assert f"/mit/boern/{child.account_id}" in browser.page.text

    def test_a_protected_person_is_called_by_the_alias_and_told_why(
        self, server: RunningServer, people: People, households: Households
    ) -> None:
        pupil = people.pupil(level="8")
        households.protect(pupil, alias=("Bente", "Dæknavn"))
        browser = enter(server, pupil)
        assert browser.heading == "Hej Bente"
        assert "beskyttet navn og adresse" in browser.text
        assert "Hemmelig" not in browser.page.text
        assert "Virkelig" not in browser.page.text

    def test_a_right_is_named_with_its_place(
        self, server: RunningServer, people: People, households: Households
    ) -> None:
        teacher = people.teacher()
        browser = enter(server, teacher)
        assert "Brugeradministrator" not in browser.text
        households.execute(
            "insert into access_right (account_id, institution_id, name, granted_by) select $1, institution_id,"
            " 'Brugeradministrator', 'tests' from directory_institution where number = $2",
            teacher.account_id,
            teacher.institution,
        )
        browser.open("/mit")
        assert f"Brugeradministrator på Skole {teacher.institution}" in browser.text

    @pytest.mark.parametrize(("language", "heading"), [("da", "Hej"), ("en", "Hello")])
    def test_it_speaks_both_languages(self, server: RunningServer, people: People, language: str, heading: str) -> None:
        browser = enter(server, people.pupil())
        browser.open(f"/mit?lang={language}")
        assert browser.heading.startswith(heading)
        browser.open("/mit")
        assert browser.heading.startswith(heading), "the choice is remembered"


class TestServices:
    def test_only_what_one_may_enter_is_listed(self, server: RunningServer, people: People, services: Services) -> None:
        pupil = people.pupil()
        licensed, unlicensed = services.add(licence_required=True), services.add(licence_required=True)
        services.license(licensed, pupil.institution)
        staff_only = services.add(actor_groups=[ActorGroup.MEDARBEJDER])
        browser = enter(server, pupil, to="/mit/tjenester")
        shown = {
            name for name in (name_of(each) for each in (licensed, unlicensed, staff_only)) if name in names(browser)
        }
        assert shown == {name_of(licensed)}
        assert "Mit Unilogin" not in names(browser)

    def test_what_a_service_was_told_is_told(self, server: RunningServer, people: People, services: Services) -> None:
        pupil = people.pupil()
        registered = services.add(attributes=[Attribute.UNIID, Attribute.INSTITUTION_IDS])
        browser = go_into(server, registered, pupil)
        browser.open("/mit/tjenester")
        line = browser.document.xpath(f"//li[contains(., '{name_of(registered)}')]")[0]
        said = " ".join(line.text_content().split())
        assert "Sidst brugt i dag kl." in said
        assert "UniID" in said
        assert "Nummeret på skolen" in said
        assert "elev, forælder eller medarbejder" not in said
        assert "Aldrig navn" in said

    def test_a_service_that_lost_its_licence_is_still_among_those_that_were_told(
        self, server: RunningServer, people: People, services: Services, households: Households
    ) -> None:
        pupil = people.pupil()
        registered = services.add(licence_required=True)
        services.license(registered, pupil.institution)
        browser = go_into(server, registered, pupil)
        households.execute("delete from services_licence where service_id = $1", registered.service_id)
        browser.open("/mit/tjenester")
        assert name_of(registered) in browser.text
        assert name_of(registered) not in names(browser)


class TestDevices:
    def test_one_signs_another_device_out(self, server: RunningServer, people: People) -> None:
        pupil = people.pupil()
        here, there = enter(server, pupil, to="/mit/sikkerhed"), enter(server, pupil)
        here.open("/mit/sikkerhed")
        there_id = str(here.document.xpath("string(//button[@name='session']/@value)"))
        here.post("/mit/sikkerhed/log-ud", {"csrf": csrf_of(here), "session": there_id})
        assert here.path == "/mit/sikkerhed"
        assert there.open("/mit").url.path.startswith("/login/")
        assert here.open("/mit").url.path == "/mit"

    def test_another_persons_device_is_not_there(self, server: RunningServer, people: People) -> None:
        pupil, stranger = people.pupil(), people.pupil()
        here, theirs = enter(server, pupil, to="/mit/sikkerhed"), enter(server, stranger)
        for session in (str(people.sessions(stranger)[0].session_id), str(uuid4()), "x", ""):
            here.post("/mit/sikkerhed/log-ud", {"csrf": csrf_of(here), "session": session})
            assert here.path == "/mit/sikkerhed"
        assert theirs.open("/mit").url.path == "/mit"
        assert len(people.sessions(stranger)) == 1

    def test_everywhere_else_leaves_this_one_and_strangers_alone(self, server: RunningServer, people: People) -> None:
        pupil, stranger = people.pupil(), people.pupil()
        others = [enter(server, pupil) for _ in range(2)]
        here, theirs = enter(server, pupil, to="/mit/sikkerhed"), enter(server, stranger)
        here.post("/mit/sikkerhed/log-ud-andre", {"csrf": csrf_of(here)})
        assert len(people.sessions(pupil)) == 1
        assert all(other.open("/mit").url.path.startswith("/login/") for other in others)
        assert here.open("/mit").url.path == theirs.open("/mit").url.path == "/mit"

    def test_this_device_says_that_it_is_this_one(self, server: RunningServer, people: People) -> None:
        browser = enter(server, people.pupil(), to="/mit/sikkerhed")
        assert browser.text.count("Denne her") == 1
        assert not browser.document.xpath("//button[@name='session']")


class TestHistory:
    def test_it_is_ones_own_and_names_nobody_else(
        self, server: RunningServer, people: People, households: Households
    ) -> None:
        pupil, stranger = people.pupil(), people.pupil()
        enter(server, stranger)
        households.execute(
            "insert into audit_event (action, actor_kind, actor_id, account_id) values"
            " ('person.changed', 'operator', 'grethe@kontoret', $1)",
            pupil.account_id,
        )
        browser = enter(server, pupil, to="/mit/historik")
        assert "Skolen rettede oplysninger om dig." in browser.text
        assert "grethe" not in browser.page.text
        assert browser.text.count("Du loggede ind.") == 1

    def test_going_into_an_app_of_ours_is_nothing_that_happened(self, server: RunningServer, people: People) -> None:
        browser = enter(server, people.pupil(), to="/mit/historik")
        assert "Du gik ind i" not in browser.text

    def test_it_is_read_a_page_at_a_time(self, server: RunningServer, people: People, households: Households) -> None:
        pupil = people.pupil()
        households.execute(
            "insert into audit_event (action, actor_kind, actor_id, account_id, at) select 'person.changed', 'source',"
            " 'x', $1, now() - n * interval '1 day' from generate_series(1, 90) n order by n desc",
            pupil.account_id,
        )
        browser = enter(server, pupil, to="/mit/historik")
        seen = 0
        for _ in range(4):
            seen += browser.text.count("Skolen rettede oplysninger om dig.")
            older = browser.document.xpath("//a[contains(@href, 'before=')]/@href")
            if not older:
                break
            browser.open(older[0])
        assert seen == 90
        assert "Tilbage til det nyeste" in browser.text

    @pytest.mark.parametrize("before", ["x", "-1", "9" * 40, "1;drop table", "١"])
    def test_a_strange_place_to_go_on_from_is_the_beginning(
        self, server: RunningServer, people: People, before: str
    ) -> None:
        browser = enter(server, people.pupil())
        page = browser.client.get("/mit/historik", params={"before": before})
        assert page.status_code == 200
        assert "Du loggede ind." in page.text


class TestPassword:
    def test_one_changes_it_and_is_back_with_every_other_device_out(
        self, server: RunningServer, people: People
    ) -> None:
        pupil = people.pupil(secret="solskin over klitten 7")
        other, browser = enter(server, pupil), enter(server, pupil, to="/mit/sikkerhed")
        browser.open(str(browser.document.xpath("string(//a[contains(@href, 'skift')]/@href)")))
        assert pupil.username not in str(browser.page.url)
        assert pupil.username in browser.text
        browser.submit({"password": "solskin over klitten 7"})
        browser.submit({"new-password": "grønne gulerødder ler 4", "again": "grønne gulerødder ler 4"})
        browser.move_on()
        assert browser.path == "/mit/sikkerhed"
        assert len(people.sessions(pupil)) == 1
        assert other.open("/mit").url.path.startswith("/login/")
        browser.open("/mit/historik")
        assert "Du valgte en ny adgangskode." in browser.text

    def test_whoever_is_not_signed_in_signs_in_first(self, server: RunningServer, people: People) -> None:
        pupil = people.pupil()
        browser = enter(server, pupil, to="/skift-adgangskode")
        assert browser.path == "/mit/sikkerhed"

    def test_pictures_are_given_and_not_chosen(self, server: RunningServer, people: People) -> None:
        browser = enter(server, people.pupil(level="2", secret=PICTURES), to="/mit/sikkerhed")
        assert "Har du glemt dine billeder?" in browser.text
        assert "skift-adgangskode" not in browser.page.text
