"""B-A05: nobody alone lets somebody in again who was dismissed and whose right sleeps."""

import itertools
from dataclasses import dataclass

import pytest

from tests.apps.elevadministration.office import Office, open_office, pupils
from tests.apps.elevadministration.test_people import add
from tests.builders.people import People
from tests.builders.running import run
from tests.roster.documents import employee, member, person
from tests.server import RunningServer
from unilogin.domain.access.returning import agree, open_returns
from unilogin.domain.audit.model import Actor
from unilogin.kit.db.connection import connect

_numbers = itertools.count(10)
RIGHT = """
  insert into access_right (account_id, institution_id, name, granted_by)
  select a.account_id, i.institution_id, 'Brugeradministrator', a.account_id
  from directory_account a join directory_person p using (person_id), directory_institution i
  where p.family_name = $1 and i.number = $2 returning true
"""
HERE = """
  select count(*) from directory_membership m join directory_person p using (person_id)
  join directory_institution i using (institution_id)
  where p.family_name = $1 and i.number = $2 and m.ended_at is null
"""


@pytest.fixture(scope="module")
def both(server: RunningServer, people: People) -> tuple[Office, Office]:
    """Two administrators of a school."""
    one = open_office(server, people)
    return one, open_office(server, people, institution=one.number)


@dataclass
class Gone:
    """Somebody who was staff here, holds a right, and is dismissed."""

    office: Office
    number: int

    @property
    def family(self) -> str:
        """A name of their own."""
        return f"Afskediget-{'abcdefghijklmnopqrstuvwxyz'[self.number % 26]}"

    @property
    def typed(self) -> dict[str, str]:
        """What an office types to add them."""
        return {"cpr": f"61067778{self.number}", "first_name": "Lone", "family_name": self.family, "role": "Ekstern"}

    def is_here(self) -> bool:
        """Whether they belong to the school."""
        return bool(self.office.value(HERE, self.family, self.office.number))


@pytest.fixture
def gone(both: tuple[Office, Office]) -> Gone:
    """A colleague who was dismissed a moment ago."""
    office, _ = both
    who = Gone(office, next(_numbers))
    staff = member(f"m-{who.number}", person(f"61067778{who.number}", first="Lone", family=who.family), employee())
    office.deliver(*pupils(3, seed=78), staff)
    assert office.value(RIGHT, who.family, office.number)
    office.deliver(*pupils(3, seed=78))
    assert not who.is_here()
    return who


def url_of(office: Office, word: str) -> str:
    (action,) = office.browser.document.xpath("//form[contains(@action, '/tilbage/')]/@action")
    return str(action).removesuffix("ja") + word


def test_b_a05_whoever_holds_a_right_is_added_by_two(both: tuple[Office, Office], gone: Gone) -> None:
    office, second = both
    for _ in range(2):  # one person's second word is no second person's
        assert "ikke tilføjet endnu" in add(office, **gone.typed)
        assert not gone.is_here()
    waiting = f"Lone {gone.family} har en rettighed og bliver tilføjet"
    assert office.browser.open(office.url).text.count(waiting) == 1
    office.browser.open(f"{office.url}/manuel")
    assert "Ja, tilføj" not in office.browser.text
    assert "selv foreslået" in office.post(url_of(office, "ja")).page.text
    assert not gone.is_here()
    second.browser.open(f"{second.url}/manuel")
    assert "vil tilføje personen" in second.browser.text
    agreed = url_of(second, "ja")
    assert "tilføjet for et år" in second.post(agreed).page.text
    assert gone.is_here()
    assert "ikke noget at tage stilling til" in second.post(agreed).page.text
    told = "select count(*) from notices_notice n join directory_account a using (account_id)"
    whose = "join directory_person p using (person_id) where p.family_name = $1 and n.kind = 'added_by_hand'"
    assert office.value(f"{told} {whose}", gone.family) == 1
    asked = "select count(*) from notices_notice where account_id = $1 and kind = 'second_word_waits'"
    assert office.value(asked, second.head.account_id) == 1, "asked once"


def test_b_a05_a_no_ends_it_and_whoever_asked_may_have_been_dismissed(both: tuple[Office, Office], gone: Gone) -> None:
    office, second = both
    add(office, **gone.typed)
    second.browser.open(f"{second.url}/manuel")
    assert "bliver ikke tilføjet" in second.post(url_of(second, "nej")).page.text
    add(office, **gone.typed)
    second.browser.open(f"{second.url}/manuel")
    agreed = url_of(second, "ja")
    leave = (
        "update access_right set revoked_at = {} where account_id = $1 and institution_id is not null returning true"
    )
    assert office.value(leave.format("kit_now()"), office.head.account_id)
    assert "ikke noget at tage stilling til" in second.post(agreed).page.text
    assert not gone.is_here()
    assert "ikke tilføjet endnu" in add(second, **gone.typed), "and is no word that hers could be the second to"
    assert not gone.is_here()
    assert office.value(leave.format("null"), office.head.account_id)
    office.browser.open(f"{office.url}/manuel")
    assert "tilføjet for et år" in office.post(url_of(office, "ja")).page.text
    assert gone.is_here()


def test_b_a05_whoever_runs_unilogin_may_be_the_second(both: tuple[Office, Office], gone: Gone) -> None:
    office, _ = both
    add(office, **gone.typed)

    async def work() -> int:
        connection = await connect(office.dsn)
        try:
            mine = [one for one in await open_returns(connection) if one.name.endswith(gone.family)]
            async with connection.transaction():
                for one in mine:
                    by = Actor("operator", "tests")
                    assert await agree(connection, one.return_id, institution_id=None, actor=by)
            return len(mine)
        finally:
            await connection.close()

    assert run(work()) == 1
    assert gone.is_here()


def test_another_schools_office_agrees_to_nothing(server: RunningServer, people: People, gone: Gone) -> None:
    elsewhere = open_office(server, people)
    add(gone.office, **gone.typed)
    gone.office.browser.open(f"{gone.office.url}/manuel")
    path = url_of(gone.office, "ja").removeprefix(gone.office.url)
    for word in ("ja", "nej"):
        assert "Afskediget" not in elsewhere.browser.open(f"{elsewhere.url}/manuel").text
        answer = elsewhere.post(f"{elsewhere.url}{path.removesuffix('ja')}{word}")
        assert answer.page.status_code == 404
    assert not gone.is_here()


def test_whoever_holds_no_right_is_added_by_one(both: tuple[Office, Office], gone: Gone) -> None:
    office, _ = both
    taken = (
        "update access_right r set revoked_at = kit_now() from directory_account a join directory_person p"
        " using (person_id) where a.account_id = r.account_id and p.family_name = $1 returning true"
    )
    assert office.value(taken, gone.family)
    assert "tilføjet for et år" in add(office, **gone.typed)
    assert gone.is_here()
