"""Elevadministration in a browser: every page on a phone, a Chromebook and a wide screen, readable by all."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.apps.elevadministration.office import Office, open_office, pupils
from tests.browser.accessibility import violations
from tests.browser.fixtures import OpenPage
from tests.builders.people import People, Somebody
from tests.builders.services import Services
from tests.roster.documents import employee, member, person, student
from tests.server import RunningServer

SCREENS = {"da": ((360, 740), (1920, 1080)), "en": ((1366, 768),)}
HIDDEN = person("6105160951", first="Kaj", family="Skjult", protected="true")
STAFF = (
    member("m-1", person("6105160952", first="Rikke", family="Tavle"), employee("Lærer")),
    member("m-2", person("6105160951", first="Kaj", family="Skjult"), employee("Lærer", "TAP")),
)

SALARIED = (
    member("l-1", person("6105160956", first="Ib", family="Fagligansat"), employee("Lærer")),
    member("l-2", person("6105160957", first="Mia", family="Rejst"), employee("Pædagog")),
)


RETURN = (
    "insert into access_return (institution_id, account_id, actor_group, role, wanted_by)"
    " select institution_id, $1::uuid, 'Ekstern', 'Ekstern', $3::uuid from directory_institution where number = $2"
    " returning true"
)


@pytest.fixture(scope="module")
def pages(server: RunningServer, people: People) -> tuple[Office, dict[str, str]]:
    """An office where everything waits that can wait, and the address of each page."""
    office = open_office(server, people)
    everybody = (*pupils(28, seed=51), *pupils(22, first=41, main="3a", seed=52))
    office.deliver(*everybody, *STAFF)
    other = member("e-1", person("6405160953", first="Elev1", family="Prøvesen"), student())
    hidden = member("m-2", HIDDEN, employee("Lærer"))
    office.deliver(other, *everybody[1:], STAFF[0], hidden)
    parked = office.deliver(*everybody[:28], hidden, source="Nyt og meget langt systemnavn 12.4")
    parked = office.deliver(*everybody[2:28], STAFF[0], hidden)
    office.browser.open(f"{office.url}/manuel/ny")
    added = {"cpr": "6502900954", "first_name": "Pia Marie", "family_name": "Ekstern-Østergaard"}
    office.post(f"{office.url}/manuel/ny", role="Ekstern", **added)
    ends = "update directory_manual set until_at = kit_now() + interval '9 days' where confirmed_by = $1 returning true"
    assert office.value(ends, office.head.account_id)
    for one in (people.teacher(secret=None), people.teacher(secret=None)):
        assert office.value(RETURN, one.account_id, office.number, office.head.account_id)
    office.browser.open(f"{office.url}/cpr")
    case = office.browser.document.xpath("//td/a[contains(@href, '/cpr/')]/@href")[0]
    delivery = f"{office.url}/import/{parked.delivery_id}"
    doubtful = member("n-1", person("6405160955", first="Elev2", family="Prøvesen"), student())
    jumping = [one.replace("<Level>2", "<Level>8") for one in everybody[2:4]]
    switch = office.plan_switch(*jumping, *everybody[4:28], doubtful, source="Et Helt Nyt System")
    twice = [people.pupil(institution=office.number, secret=None) for _ in range(4)]
    for one in twice:
        call_them_alike(office, one)
    office.browser.open(f"{office.url}/sammenlaegning")
    office.post(f"{office.url}/sammenlaegning/foreslaa", one=twice[0].username, other=twice[1].username)
    proposal = str(office.browser.path)
    split = propose_split(office, twice[2])
    return office, {
        "split_proposal": split,
        "switch_both": f"{office.url}/systemskift/{beside(office)}",
        "undo": f"{office.url}/import/{wanted_back(office)}",
        "asked": f"{office.url}/import/{asked_about(office)}",
        "overview": office.url,
        "history": f"{office.url}/import",
        "parked": delivery,
        "changes": f"{delivery}/personer",
        "cpr": f"{office.url}/cpr",
        "case": case,
        "manual": f"{office.url}/manuel",
        "add": f"{office.url}/manuel/ny",
        "protection": f"{office.url}/navnebeskyttelse",
        "switch": f"{office.url}/systemskift/{switch}",
        "switch_new": f"{office.url}/systemskift/ny",
        "exports": f"{office.url}/eksport",
        "proposal": proposal,
        "merging": f"{office.url}/sammenlaegning",
    }


def propose_split(office: Office, mixed: Somebody) -> str:
    """Propose that a pupil whom two services know is two."""
    services = [Services(office.dsn).add() for _ in range(2)]
    for service in services:
        known = "insert into services_pairwise (account_id, sector) values ($1, $2) returning true"
        assert office.value(known, mixed.account_id, service.client_id)
    office.browser.open(f"{office.url}/sammenlaegning")
    office.post(f"{office.url}/sammenlaegning/deling", username=mixed.username)
    keys = {
        name: str(office.browser.document.xpath(f"//input[@name='{name}']/@value")[0])
        for name in ("membership", "service")
    }
    fields = {"username": mixed.username, "first_name": "Bo", "family_name": "Dobbelt-Østergaard"}
    office.post(f"{office.url}/sammenlaegning/deling/foreslaa", **fields, **keys)
    return str(office.browser.path)


def beside(office: Office) -> object:
    """A change of system after whose run the old system's people are there for a while."""
    return office.value(
        "insert into roster_switch (institution_id, old_source, new_source, file_hash, actor_kind, actor_id, run_at,"
        " retire_at) select institution_id, 'Prøvesystem', 'Et Helt Andet System', sha256('x'), 'operator', 'x',"
        " kit_now(), kit_now() + interval '9 days' from directory_institution where number = $1 returning switch_id",
        office.number,
    )


def asked_about(office: Office) -> object:
    """A delivery in which two pupils jump in grade."""
    few = pupils(2, first=70, seed=53)
    office.deliver(*few, source="SFO-systemet")
    return office.deliver(*(one.replace("<Level>2", "<Level>9") for one in few), source="SFO-systemet").delivery_id


def wanted_back(office: Office) -> object:
    """A delivery that took access from a teacher, and that somebody wants taken back."""
    office.deliver(*SALARIED, source="Lønsystem")
    gone = office.deliver(SALARIED[0], source="Lønsystem").delivery_id
    word = "insert into roster_undo_word (delivery_id, actor_kind, actor_id) values ($1, 'operator', 'x')"
    assert office.value(f"{word} returning true", gone)
    domain = (
        "insert into roster_sds_domain (institution_id, domain, said_by) select institution_id, 'skole.example', $2"
    )
    assert office.value(f"{domain} from directory_institution where number = $1 returning true", office.number, gone)
    return gone


def call_them_alike(office: Office, who: Somebody) -> None:
    statement = "update directory_person set first_name = 'Ella Sofie', family_name = 'Dobbelt-Østergaard'"
    assert office.value(f"{statement} where person_id = $1 returning true", who.person_id)
    also = (
        "insert into directory_membership (person_id, institution_id, source, local_person_id, actor_group, roles,"
        " raw_hash) select $1, institution_id, 'tests', 'x' || $2, 'Elev', array['Elev'], ''"
        " from directory_institution where number = $3 returning true"
    )
    assert office.value(also, who.person_id, who.username, office.number)


@pytest.mark.parametrize("language", ["da", "en"])
def test_every_page_on_every_screen(
    server: RunningServer, open_page: OpenPage, pages: tuple[Office, dict[str, str]], language: str
) -> None:
    office, urls = pages
    locale, scheme = {"da": ("da-DK", "light"), "en": ("en-GB", "dark")}[language]
    page = open_page(f"{server.base_url}/elevadministration", width=360, height=740, locale=locale, color_scheme=scheme)
    check(page, f"door-{language}")
    page.context.add_cookies(
        [
            {"name": one.name, "value": one.value or "", "url": server.base_url}
            for one in office.browser.client.cookies.jar
            if not one.name.endswith("language")
        ]
    )
    for name, url in urls.items():
        page.goto(f"{server.base_url}{url}")
        assert page.url.endswith(url), name
        for width, height in SCREENS[language]:
            page.set_viewport_size({"width": width, "height": height})
            check(page, f"{name}-{width}-{language}", read_aloud=width < 1920)
    width, height = SCREENS[language][0]
    page.set_viewport_size({"width": width, "height": height})
    with page.expect_navigation():
        page.locator("form[action$='/analyse'] button").first.press("Enter")  # by keyboard
    check(page, f"merge-{width}-{language}")
    username = page.locator("td code").first.inner_text()
    page.goto(f"{server.base_url}{urls['merging']}")
    page.fill("#username", username)
    with page.expect_navigation():
        page.press("#username", "Enter")
    check(page, f"split-{width}-{language}")


def check(page: Page, name: str, *, read_aloud: bool = True) -> None:
    """Nothing to the side of the screen, buttons as large as a thumb, no violation; and a picture if asked for."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
    small = page.evaluate(
        "[...document.querySelectorAll('main button, main .button, main .check-box')]"
        ".filter(e => e.getClientRects().length && Math.min(e.offsetHeight, e.offsetWidth) < 44).map(e => e.outerHTML)"
    )
    assert small == [], name
    if read_aloud:
        assert violations(page) == [], name
