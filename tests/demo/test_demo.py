"""The demo is a contract: one command from nothing to people signing in, and the same for scripts."""

import re
import shutil
import subprocess
import time
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import violations
from tests.browser.fixtures import OpenPage
from tests.demo.conftest import Prepared, RunningDemo, start_demo, uniids
from tests.visitor import Visitor
from unilogin.demo.cast import ANSWERS_TO_NOBODY
from unilogin.kit.web.look.pictograms import PICTOGRAMS

PERSON = {
    "name",
    "actor_group",
    "roles",
    "institution",
    "school",
    "class",
    "level",
    "username",
    "uniid",
    "protected",
    "secret",
    "mitid",
    "children",
}
WORDS = {pictogram.id: pictogram.word_da for pictogram in PICTOGRAMS}


def give_secret(page: Page, secret: dict[str, object]) -> None:
    """Give a secret the way its owner would."""
    if secret["type"] == "pictures":
        for picture in list(secret["value"]):  # type: ignore[call-overload]  # JSON of the contract
            page.get_by_role("button", name=WORDS[picture], exact=True).click()
        page.get_by_role("button", name="Næste").click()
    else:
        page.get_by_label("Adgangskode", exact=True).fill(str(secret["value"]))
        page.get_by_role("button", name="Log ind").click()


@pytest.mark.parametrize("class_name", ["2.B", "5.A", "8.C"])
def test_a_person_with_only_a_browser_gets_in_and_out_again(
    demo: RunningDemo, open_page: OpenPage, class_name: str
) -> None:
    pupil = demo.person(class_name=class_name)
    page = open_page(f"{demo.home}/")
    page.get_by_role("link", name="Log ind med Unilogin").click()
    page.get_by_role("button", name="Unilogin").click()
    page.get_by_label("Brugernavn").fill(pupil["username"])
    page.get_by_role("button", name="Næste").click()
    give_secret(page, pupil["secret"])
    expect(page).to_have_url(f"{demo.home}/me")
    expect(page.get_by_text(pupil["uniid"])).to_be_visible()
    assert pupil["name"] not in page.inner_text("body")
    page.get_by_role("button", name="Log ud").click()
    expect(page).to_have_url(re.compile(f"{demo.home}/signed-out"))


def test_the_link_beside_a_person_fills_in_the_name(demo: RunningDemo, open_page: OpenPage) -> None:
    pupil = demo.person(class_name="2.B")
    page = open_page(f"{demo.base_url}/demo")
    page.get_by_role("link", name=f"Log ind som {pupil['name']}").first.click()
    page.get_by_role("button", name="Unilogin").click()
    expect(page.get_by_label("Brugernavn")).to_have_value(pupil["username"])


@pytest.mark.parametrize("language", ["da-DK", "en-GB"])
def test_n_116_axe_finds_nothing_on_the_demo_page(demo: RunningDemo, open_page: OpenPage, language: str) -> None:
    assert violations(open_page(f"{demo.base_url}/demo", locale=language)) == []


@pytest.mark.parametrize("width", [320, 360, 1024, 1440])
def test_the_demo_page_fits_every_width(demo: RunningDemo, open_page: OpenPage, width: int) -> None:
    page = open_page(f"{demo.base_url}/demo", width=width)
    assert not page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")


def test_demo_json_has_the_shape_of_the_contract(demo: RunningDemo) -> None:
    assert demo.told.keys() == {"base_url", "issuer", "people", "services", "simulators"}
    assert demo.told["base_url"] == demo.base_url
    assert demo.told["issuer"] == f"{demo.base_url}/auth/realms/broker"
    for person in demo.told["people"]:
        assert person.keys() == PERSON
    service = demo.told["services"][0]
    assert service.keys() == {"client_id", "client_secret", "protocol", "redirect_uris", "home"}
    assert service["home"] == demo.home


def test_demo_json_tells_of_everybody_the_municipality_was_made_for(demo: RunningDemo) -> None:
    people = demo.told["people"]
    classes = {person["class"] for person in people if person["institution"] == "999001"}
    assert {"0.A", "2.B", "5.A", "8.C", "9.A"} <= classes
    assert {"999001", "999002", "999003", "999004"} == {person["institution"] for person in people}
    assert {"Elev", "Medarbejder", "Ekstern", "Kontaktperson"} == {person["actor_group"] for person in people}
    assert any(person["protected"] for person in people)
    mother = next(person for person in people if person["name"] == "Mette Krogh")
    assert mother["actor_group"] == "Medarbejder"
    assert len(mother["children"]) == 3
    assert all(person["secret"] is None for person in people if person["actor_group"] == "Kontaktperson")
    assert {"pictures", "words", "password"} == {person["secret"]["type"] for person in people if person["secret"]}


def test_demo_json_drives_the_whole_sign_in_by_script(demo: RunningDemo) -> None:
    for class_name in ("2.B", "8.C"):
        pupil = demo.person(class_name=class_name)
        secret = pupil["secret"]
        start = httpx.get(f"{demo.home}/login", follow_redirects=False).headers["location"]
        visitor = Visitor(demo.base_url)
        visitor.open(start)
        visitor.submit(button=("selectedIdp", "uni_idp"))
        visitor.submit({"username": pupil["username"]})
        if secret["type"] == "pictures":
            for picture in secret["value"]:
                visitor.submit(button=("picture", picture))
            visitor.submit(button=("next", "1"))
        else:
            visitor.submit({"password": secret["value"]})
        visitor.move_on()
        assert str(visitor.left_for).startswith(f"{demo.home}/callback?code=")


def test_n_113_a_protected_persons_address_and_name_are_nowhere_to_be_seen(demo: RunningDemo) -> None:
    shown = httpx.get(f"{demo.base_url}/demo").text + httpx.get(f"{demo.base_url}/demo.json").text
    assert "Signe Dahl" in shown
    for hidden in (ANSWERS_TO_NOBODY, "Freja Lind", "Camilla Østergård"):
        assert hidden not in shown


def test_a_start_after_kill_9_or_ctrl_c_finds_everything(prepared: Prepared, demo: RunningDemo) -> None:
    first, second = prepared.told
    assert first == second == uniids(demo)
    assert prepared.ended == 0, "Ctrl-C ends it in good order"


def test_a_reset_starts_over_and_sigterm_ends_it_wherever_it_is(prepared: Prepared, tmp_path: Path) -> None:
    data = tmp_path / "var"
    shutil.copytree(prepared.data, data, ignore=shutil.ignore_patterns("socket", "lock"))
    before, old = (data / "secrets.toml").read_text(), data / "cluster" / "of-the-old-one"
    old.touch()
    process = start_demo(data, "--reset")
    until_said(process, tmp_path / "demo.log", "Giving 297 people")  # a start that finds them has nobody to give one
    process.terminate()
    assert process.wait(120) == 0
    assert (data / "secrets.toml").read_text() != before
    assert (data / "cluster" / "PG_VERSION").exists()
    assert not old.exists()


def until_said(process: "subprocess.Popen[bytes]", log: Path, sentence: str) -> None:
    """Wait until a demo says so."""
    deadline = time.monotonic() + 120
    while sentence not in log.read_text(errors="replace"):
        assert process.poll() is None, log.read_text(errors="replace")
        assert time.monotonic() < deadline
        time.sleep(0.05)  # waits for a condition, not for luck


def test_a_database_that_is_not_a_demos_is_refused(tmp_path: Path, database: str) -> None:
    process = start_demo(tmp_path / "var", DATABASE_URL=database)
    assert process.wait(120) == 2
    assert "not a demo's" in (tmp_path / "demo.log").read_text()
