"""Parsing decides nothing and survives everything; what it makes of a request is the same the second time."""

from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unilogin.kit.web.forms import parse_fields
from unilogin.protocols.oidc.answers import with_parameters
from unilogin.protocols.oidc.incidents import as_told
from unilogin.protocols.oidc.request import AuthorizationRequest, Prompt, holds_cpr

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=60)
NAMES = st.sampled_from((*AuthorizationRequest.KNOWN, "unknown", "journey", "asked_at", ""))
PARAMETERS = st.dictionaries(NAMES, st.lists(TEXT, min_size=1, max_size=3), max_size=12)


@given(PARAMETERS)
def test_any_parameters_become_a_request(parameters: dict[str, list[str]]) -> None:
    request = AuthorizationRequest.parse(parameters)
    assert request.repeated == {n for n in AuthorizationRequest.KNOWN if len(parameters.get(n, [])) > 1}
    assert request.state == parameters.get("state", [""])[0]


@given(PARAMETERS)
def test_a_request_comes_back_from_its_own_query_unchanged(parameters: dict[str, list[str]]) -> None:
    """What a journey returns to is the same request, without what was unknown, empty or given twice."""
    once = AuthorizationRequest.parse({name: values[:1] for name, values in parameters.items()})
    again = AuthorizationRequest.parse(parse_fields(once.query))
    assert again.query == once.query
    assert (again.state, again.nonce, again.redirect_uri) == (once.state, once.nonce, once.redirect_uri)
    assert (again.prompts, again.max_age, again.scope) == (once.prompts, once.max_age, once.scope)


@given(TEXT, st.sampled_from(["https://rp.dk/", "https://rp.dk/?a=1", "https://rp.dk/?a=1&", "https://rp.dk/?"]))
def test_a_state_comes_back_byte_by_byte(state: str, uri: str) -> None:
    query = urlsplit(with_parameters(uri, {"code": "x", "state": state})).query
    sent = dict(parse_qsl(query, keep_blank_values=True))
    assert sent["state"] == state
    assert with_parameters(uri, {"code": "x"}).startswith(uri)


def test_an_empty_parameter_is_absent() -> None:
    request = AuthorizationRequest.parse({"nonce": [""], "prompt": [""], "max_age": [""], "response_mode": [""]})
    assert (request.nonce, request.prompts, request.max_age) == ("", frozenset(), None)
    assert request.response_mode == "query"
    assert request.query == ""


def test_an_unknown_parameter_does_not_travel_on() -> None:
    request = AuthorizationRequest.parse({"client_id": ["a"], "cpr": ["0101010101"], "journey": ["x"]})
    assert parse_qs(request.query) == {"client_id": ["a"]}


@pytest.mark.parametrize(
    ("text", "prompts"),
    [("none", {Prompt.NONE}), ("login consent", {Prompt.LOGIN, Prompt.CONSENT}), ("login  login", {Prompt.LOGIN})],
)
def test_prompts_are_words_between_spaces(text: str, prompts: set[Prompt]) -> None:
    assert AuthorizationRequest.parse({"prompt": [text]}).prompts == prompts


@pytest.mark.parametrize(
    "text", ["6101101234", "610110-1234", "610110 ZZZ9", "hej 010110-1234!", "0101101234", "3112991ABC"]
)
def test_what_looks_like_a_cpr_number_is_seen(text: str) -> None:
    assert holds_cpr(text)
    request = AuthorizationRequest.parse({"login_hint": [text]})
    assert (request.login_hint, request.hint_held_cpr, request.query) == ("", True, "")
    assert text not in as_told(text)


@pytest.mark.parametrize("text", ["anna1234", "1000013b36", "anna@skole.dk", "010113", "https://rp.dk:51000/x", "46"])
def test_what_does_not_look_like_one_is_left_alone(text: str) -> None:
    assert not holds_cpr(text)
    assert AuthorizationRequest.parse({"login_hint": [text]}).login_hint == text
