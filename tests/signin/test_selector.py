"""The selector offers the ways in that there are."""

from collections.abc import Iterator

import pytest

from tests.builders.provider import Providers, stub_provider
from tests.signin.conftest import BeginJourney
from unilogin.kit.secrets import Secrets
from unilogin.signin.model import Alias


@pytest.fixture
def offered(shared_database: str, secrets: Secrets) -> Iterator[Alias]:
    """A provider that is offered while the test runs."""
    providers = Providers(shared_database, secrets)
    with stub_provider() as stub:
        alias = providers.add(stub)
        yield alias
        providers.switch(alias, on=False)


def test_without_a_provider_mitid_is_not_offered(begin_journey: BeginJourney) -> None:
    visitor = begin_journey()
    assert visitor.document.xpath("//button/@value") == ["uni_idp", "1"]
    assert "MitID" not in visitor.text


def test_a_provider_is_offered_by_its_name(begin_journey: BeginJourney, offered: Alias) -> None:
    visitor = begin_journey()
    assert visitor.document.xpath("//button/@value") == ["uni_idp", offered, "1"]
    assert "MitID" in visitor.text


def test_the_provider_chosen_last_time_stands_first(begin_journey: BeginJourney, offered: Alias) -> None:
    visitor = begin_journey()
    selector = str(visitor.page.url)
    visitor.submit(button=("selectedIdp", offered))
    visitor.open(selector)
    assert visitor.document.xpath("//button/@value") == [offered, "uni_idp", "1"]
    assert "Brugt sidst" in visitor.text
    visitor.submit(button=("selectedIdp", "uni_idp"))
    visitor.open(selector)
    assert visitor.document.xpath("//button/@value") == ["uni_idp", offered, "1"]


def test_a_remembered_provider_that_is_gone_is_forgotten(
    begin_journey: BeginJourney, offered: Alias, shared_database: str, secrets: Secrets
) -> None:
    visitor = begin_journey()
    selector = str(visitor.page.url)
    visitor.submit(button=("selectedIdp", offered))
    Providers(shared_database, secrets).switch(offered, on=False)
    visitor.open(selector)
    assert visitor.document.xpath("//button/@value") == ["uni_idp", "1"]


@pytest.mark.parametrize("value", ["nemlogin3", "", "stub-999", "uni_idp ", "../../login", "showIdpList"])
def test_v_36_what_is_not_on_offer_shows_the_selector_again(begin_journey: BeginJourney, value: str) -> None:
    visitor = begin_journey()
    visitor.submit(button=("selectedIdp", value))
    assert visitor.heading == "Vælg login"
