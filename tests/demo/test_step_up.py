"""Regneriget's locked doors: a second grader with a parent beside, an 8th grader with MitID, and who stays out."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import violations
from tests.browser.fixtures import OpenPage
from tests.demo.conftest import RunningDemo

PARENT = "Hvis din forælder er her"


def sign_in(page: Page, demo: RunningDemo, person: dict[str, Any]) -> None:
    """Sign in to Regneriget with one's own secret."""
    page.goto(f"{demo.home}/login")
    page.locator("button[value=uni_idp]").click()
    page.locator("input[name=username]").fill(person["username"])
    page.locator("form.card button.button-primary").click()
    if person["secret"]["type"] == "pictures":
        for picture in person["secret"]["value"]:
            page.locator(f"button[name=picture][value={picture}]").click()
        page.locator("button[name=next]").click()
    else:
        page.locator("input[name=password]").fill(person["secret"]["value"])
        page.locator("form.card button.button-primary").click()
    page.wait_for_url(f"{demo.home}/me")


def use_mitid(page: Page, name: str) -> None:
    """Approve as somebody in the simulator."""
    page.locator("button[name=provider]").first.click()
    page.locator("input[name=q]").fill(name)
    with page.expect_navigation():
        page.locator("form.search button").click()
    page.locator(f"input[name=identity][value='{name}']").check()
    page.locator("button[name=answer][value=approve]").click()


def parent_of(demo: RunningDemo, child: dict[str, Any]) -> dict[str, Any]:
    return next(one for one in demo.told["people"] if child["username"] in one["children"] and one["mitid"])


def person(demo: RunningDemo, name: str) -> dict[str, Any]:
    return next(one for one in demo.told["people"] if one["name"] == name)


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_parent_opens_the_treasury_for_a_second_grader(
    demo: RunningDemo, open_page: OpenPage, *, scripts: bool
) -> None:
    august = person(demo, "August Vang Bjerregaard")
    page = open_page(width=360, height=740, java_script_enabled=scripts)
    sign_in(page, demo, august)
    page.get_by_text("Åbn skatkammeret").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Få hjælp af en voksen")
    looked_at(page, scripts=scripts)
    page.get_by_text(PARENT).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Til dig, der er forælder")
    expect(page.locator("main")).to_contain_text(august["username"])
    looked_at(page, scripts=scripts)
    use_mitid(page, parent_of(demo, august)["mitid"])
    page.wait_for_url(f"{demo.home}/me")
    expect(page.get_by_text("Skatkammeret er åbent")).to_be_visible()
    expect(page.get_by_text("VoksenVerificeret").first).to_be_visible()
    expect(page.get_by_text("Åbn kongens kammer")).to_be_visible()


def looked_at(page: Page, *, scripts: bool) -> None:
    if scripts:
        assert violations(page) == []


def test_somebody_elses_parent_opens_nothing(demo: RunningDemo, open_page: OpenPage) -> None:
    page = open_page(may_be_refused=True)
    sign_in(page, demo, person(demo, "Anna Winther Rasmussen"))
    page.get_by_text("Åbn skatkammeret").click()
    page.get_by_text(PARENT).click()
    use_mitid(page, parent_of(demo, person(demo, "August Vang Bjerregaard"))["mitid"])
    expect(page.get_by_role("heading", level=1)).to_have_text("Du kan ikke sige ja for det barn")
    assert violations(page) == []
    page.get_by_role("link", name="Prøv igen").click()
    page.get_by_role("button", name="Tilbage til Regneriget").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Døren er stadig låst")
    page.get_by_text("Tilbage til riget").click()
    expect(page.get_by_text("Åbn skatkammeret")).to_be_visible()


def test_a_second_grader_cannot_reach_the_kings_chamber_and_is_told_why(demo: RunningDemo, open_page: OpenPage) -> None:
    page = open_page(locale="en-GB", may_be_refused=True)
    sign_in(page, demo, person(demo, "Emma Jensen"))
    page.get_by_text("Open the king's chamber").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You cannot come in here")
    expect(page.locator("main")).to_contain_text("you must be 13")
    assert violations(page) == []
    page.get_by_role("button", name="Back to Regneriget").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The door is still locked")


def test_an_8th_grader_opens_both_with_mitid_of_their_own(demo: RunningDemo, open_page: OpenPage) -> None:
    freja = person(demo, "Freja Skov")
    page = open_page()
    sign_in(page, demo, freja)
    page.get_by_text("Åbn kongens kammer").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Der skal lidt mere til her")
    assert violations(page) == []
    use_mitid(page, parent_of(demo, freja)["mitid"])
    expect(page.get_by_role("heading", level=1)).to_have_text("Det er en andens MitID")
    page.get_by_role("link", name="Prøv igen").click()
    use_mitid(page, freja["mitid"])
    page.wait_for_url(f"{demo.home}/me")
    expect(page.get_by_text("Skatkammeret er åbent")).to_be_visible()
    expect(page.get_by_text("Kongens kammer er åbent")).to_be_visible()
