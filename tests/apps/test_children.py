"""A guardian and a child: what one may see and do, asked again at every step, and written down."""

from collections.abc import Callable, Iterator
from ipaddress import ip_address
from uuid import uuid4

import httpx
import pytest

from tests.apps.entering import csrf_of, enter
from tests.apps.households import Households
from tests.builders.people import People, Somebody
from tests.builders.running import run
from tests.server import RunningServer
from tests.visitor import Visitor
from unilogin.domain.audit.model import Actor
from unilogin.domain.credentials.windows import Claim, claim_window
from unilogin.domain.directory.model import PersonId
from unilogin.domain.directory.numbers import change_number
from unilogin.kit.db.connection import connect

PAGES = ("", "/adgangskode")
FORMS = ("/brugernavn", "/adgangskode", "/adgangskode/luk")


def of(child: Somebody) -> str:
    return f"/mit/boern/{child.account_id}"


def claim(households: Households, child: Somebody) -> None:
    """Let the child take what is open for it."""

    async def do() -> None:
        connection = await connect(households.dsn)
        try:
            async with connection.transaction():
                browser = "Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X) Version/17.0 Safari/605.1.15"
                claim = Claim(child.account_id, uuid4(), browser, ip_address("127.0.0.1"))
                assert await claim_window(connection, claim)
        finally:
            await connection.close()

    run(do())


def renumber(households: Households, child: Somebody) -> None:
    """Let somebody take another CPR number over for the child."""

    async def do() -> None:
        connection = await connect(households.dsn)
        try:
            async with connection.transaction():
                school = await connection.fetchval(
                    "select institution_id from directory_institution where number = $1", child.institution
                )
                assert await change_number(
                    connection,
                    PersonId(child.person_id),
                    cpr_index=uuid4().bytes,
                    cpr_sealed=b"sealed",
                    institution_id=school,
                    actor=Actor("operator", "tests"),
                )
        finally:
            await connection.close()

    run(do())


class TestSeeing:
    def test_the_children_are_listed_with_school_and_class(self, server: RunningServer, households: Households) -> None:
        parent, child = households.parent_and_child()
        browser = enter(server, parent, to="/mit/boern")
        assert f"Skole {child.institution}" in browser.text
        assert child.username not in browser.page.text
        assert of(child) in browser.page.text

    def test_the_username_is_shown_only_when_asked_for_and_that_is_written_down(
        self, server: RunningServer, households: Households
    ) -> None:
        parent, child = households.parent_and_child()
        browser = enter(server, parent, to=of(child))
        assert child.username not in browser.page.text
        assert not households.audited(child, "child.username_shown")
        browser.post(f"{of(child)}/brugernavn", {"csrf": csrf_of(browser)})
        assert child.username in browser.text
        assert child.username not in str(browser.page.url)
        assert households.audited(child, "child.username_shown") == [("person", str(parent.account_id))]

    def test_k_35_each_look_at_a_child_is_written_down(self, server: RunningServer, households: Households) -> None:
        """And the child can read that a parent looked."""
        parent, child = households.parent_and_child()
        browser = enter(server, parent, to=of(child))
        browser.open(of(child))
        assert households.audited(child, "child.viewed") == [("person", str(parent.account_id))] * 2
        own = enter(server, child, to="/mit/historik")
        assert own.text.count("En forælder så på dit Unilogin.") == 2
        assert parent.username not in own.page.text
        assert str(parent.account_id) not in own.page.text

    def test_a_protected_child_has_only_its_alias(self, server: RunningServer, households: Households) -> None:
        parent, child = households.parent_and_child()
        households.protect(child, alias=("Bente", "Dæknavn"))
        browser = enter(server, parent, to="/mit/boern")
        pages = [
            browser.page.text,
            *(browser.open(page).text for page in (of(child), f"{of(child)}/adgangskode", "/mit")),
        ]
        for page in pages:
            assert "Bente Dæknavn" in page
            assert "Hemmelig" not in page
            assert "Virkelig" not in page

    def test_another_cpr_number_is_told_to_the_parent_and_to_the_child_without_the_number(
        self, server: RunningServer, households: Households
    ) -> None:
        parent, child = households.parent_and_child()
        assert "CPR-nummer, Unilogin kender" not in enter(server, parent, to=of(child)).text
        renumber(households, child)
        assert "CPR-nummer, Unilogin kender" in enter(server, parent, to=of(child)).text
        assert "CPR-nummer blev rettet" in enter(server, child, to="/mit/historik").text

    def test_a_child_with_two_schools_is_one_child(
        self, server: RunningServer, people: People, households: Households
    ) -> None:
        parent, child = households.parent_and_child()
        second = people.pupil()
        households.execute(
            "insert into directory_membership (person_id, institution_id, source, local_person_id, actor_group, roles,"
            " level, raw_hash) select $1, institution_id, 'more', 'l2', 'Elev', '{Elev}', '2', ''"
            " from directory_institution where number = $2",
            child.person_id,
            second.institution,
        )
        households.execute(
            "insert into directory_contact select membership_id, $2, 'Mor', true, 1 from directory_membership"
            " where person_id = $1 and source = 'more'",
            child.person_id,
            parent.person_id,
        )
        browser = enter(server, parent, to="/mit/boern")
        assert browser.page.text.count(of(child)) == 1
        assert f"Skole {second.institution}" in browser.text


Change = Callable[[Households, Somebody, Somebody], None]

STRANGERS: dict[str, Change] = {
    "another family's": lambda households, parent, child: households.forget_contact(parent, child),
    "a contact without custody": lambda households, parent, child: households.take_custody(parent, child),
    "a child of 18": lambda households, parent, child: households.grow_up(child, years=18),
    "a child that left": lambda households, parent, child: households.people.leave(child),
    "a child that is blocked": lambda households, parent, child: households.people.block(child),
}


class TestOtherPeoplesChildren:
    """An id in an address opens nothing by itself, and tells nothing either."""

    @pytest.mark.parametrize("change", STRANGERS.values(), ids=STRANGERS)
    def test_what_is_not_ones_own_is_not_there(
        self, server: RunningServer, households: Households, change: Change
    ) -> None:
        parent, child = households.parent_and_child()
        other = households.people.pupil()
        households.people.make_parent_of(parent, other)
        browser = enter(server, parent, to=of(child))
        assert browser.page.status_code == 200
        seen_before = len(households.audited(child, "child.viewed"))
        change(households, parent, child)  # between the list and the page
        browser.open("/mit/boern")
        assert of(child) not in browser.page.text
        token = csrf_of(browser)
        answers = {
            (answer.status_code, browser.text)
            for whose in (of(child), f"/mit/boern/{uuid4()}", "/mit/boern/x")
            for answer in self._answers(browser, whose, token)
        }
        assert [status for status, _ in answers] == [404], "not allowed and not there look alike"
        assert len(households.audited(child, "child.viewed")) == seen_before
        assert not households.audited(child, "child.username_shown")
        assert not households.audited(child, "window.opened")

    @pytest.mark.parametrize("page", PAGES)
    def test_nobody_is_their_own_child_and_a_teacher_is_no_parent(
        self, server: RunningServer, people: People, page: str
    ) -> None:
        child = people.pupil(level="8")
        teacher = people.teacher(institution=child.institution)
        for somebody in (child, teacher):
            assert enter(server, somebody, to="/mit").open(of(child) + page).status_code == 404

    def _answers(self, browser: Visitor, child: str, csrf: str) -> Iterator[httpx.Response]:
        yield from (browser.open(child + page) for page in PAGES)
        yield from (browser.post(child + form, {"csrf": csrf}) for form in FORMS)


class TestNewPassword:
    def test_a_parent_opens_the_child_takes_and_the_parent_sees_it(
        self, server: RunningServer, households: Households
    ) -> None:
        parent, child = households.parent_and_child()
        browser = enter(server, parent, to=f"{of(child)}/adgangskode")
        assert browser.heading == "Nye billeder"
        browser.post(f"{of(child)}/adgangskode", {"csrf": csrf_of(browser)})
        assert "Der er åbent til kl." in browser.text
        assert households.audited(child, "window.opened") == [("person", str(parent.account_id))]
        claim(households, child)
        browser.open(f"{of(child)}/adgangskode")
        assert "Dit barn fik nye billeder kl." in browser.text
        assert "Safari på iPad" in browser.text

    def test_an_older_child_gets_a_password(self, server: RunningServer, households: Households) -> None:
        parent, child = households.parent_and_child(level="7")
        browser = enter(server, parent, to=f"{of(child)}/adgangskode")
        assert browser.heading == "Ny adgangskode"

    def test_it_can_be_closed_again(self, server: RunningServer, households: Households) -> None:
        parent, child = households.parent_and_child()
        browser = enter(server, parent, to=f"{of(child)}/adgangskode")
        browser.post(f"{of(child)}/adgangskode", {"csrf": csrf_of(browser)})
        browser.post(f"{of(child)}/adgangskode/luk", {"csrf": csrf_of(browser)})
        assert "Du lukkede igen" in browser.text
        with pytest.raises(AssertionError):
            claim(households, child)

    def test_custody_that_was_lost_after_the_opening_opens_nothing(
        self, server: RunningServer, households: Households
    ) -> None:
        parent, child = households.parent_and_child()
        browser = enter(server, parent, to=f"{of(child)}/adgangskode")
        browser.post(f"{of(child)}/adgangskode", {"csrf": csrf_of(browser)})
        households.take_custody(parent, child)
        with pytest.raises(AssertionError):
            claim(households, child)
        assert browser.open(f"{of(child)}/adgangskode").status_code == 404

    def test_time_that_ran_out_is_told(self, server: RunningServer, households: Households) -> None:
        parent, child = households.parent_and_child()
        browser = enter(server, parent, to=f"{of(child)}/adgangskode")
        browser.post(f"{of(child)}/adgangskode", {"csrf": csrf_of(browser)})
        households.execute(
            "update credentials_window set expires_at = now() - interval '1 second' where account_id = $1",
            child.account_id,
        )
        browser.open(f"{of(child)}/adgangskode")
        assert "Tiden gik" in browser.text

    def test_two_parents_open_beside_each_other(self, server: RunningServer, households: Households) -> None:
        mother, child = households.parent_and_child()
        father = households.people.teacher()
        households.people.make_parent_of(father, child)
        for parent in (mother, father):
            browser = enter(server, parent, to=f"{of(child)}/adgangskode")
            browser.post(f"{of(child)}/adgangskode", {"csrf": csrf_of(browser)})
        claim(households, child)
        for parent in (mother, father):
            assert "Det virkede" in enter(server, parent, to=f"{of(child)}/adgangskode").text

    def test_the_child_reads_who_helped_by_kind_alone(self, server: RunningServer, households: Households) -> None:
        parent, child = households.parent_and_child(level="5")
        browser = enter(server, parent, to=f"{of(child)}/adgangskode")
        own = enter(server, child)
        browser.post(f"{of(child)}/adgangskode", {"csrf": csrf_of(browser)})
        own.open("/mit/historik")
        assert "En forælder åbnede for, at du kunne få en ny adgangskode." in own.text
        assert parent.username not in own.page.text


def test_a_contact_without_children_is_told_why(server: RunningServer, households: Households) -> None:
    parent, child = households.parent_and_child()
    households.take_custody(parent, child)
    browser = enter(server, parent, to="/mit/boern")
    assert "Vi kan ikke se, at du har børn under 18 her." in browser.text
