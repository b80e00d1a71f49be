"""Rows B-O18 … B-O25 of security.md that need somebody who is signed in, or a look at more than one answer."""

from urllib.parse import urlencode

from tests.protocols.oidc.relying_party import answer_of, type_in
from tests.protocols.oidc.rows.authorization import LOCAL, outcome
from tests.protocols.oidc.rows.stage import Row, Stage, logged
from tests.visitor import Visitor


def _twice(stage: Stage) -> str:
    attempt = stage.service.attempt()
    query = urlencode({"scope": "openid"})
    response = stage.http.post(f"{stage.service.address('auth')}?{query}", data=attempt.parameters)
    return outcome(stage, response, redirect_uri=stage.service.redirect_uri, state=attempt.parameters["state"])


def _kept_twice(stage: Stage) -> str:
    """The address a posted request goes on at works once."""
    response = stage.http.post(stage.service.address("auth"), data=stage.service.attempt().parameters)
    going_on = stage.service.server.base_url + response.headers["location"]
    assert outcome(stage, stage.http.get(going_on), redirect_uri=stage.service.redirect_uri) == "journey"
    return outcome(stage, stage.http.get(going_on), redirect_uri=stage.service.redirect_uri)


def _fetched(stage: Stage, **sent: str) -> str:
    headers = {f"Sec-Fetch-{name.title()}": value for name, value in sent.items()}
    return str(stage.http.get(stage.service.attempt().url, headers=headers).status_code)


def _framed(stage: Stage) -> str:
    page = Visitor(stage.service.server.base_url).open(stage.service.attempt().url)
    return "blocked" if "frame-ancestors 'none'" in page.headers["content-security-policy"] else "framed"


def _answered(stage: Stage, browser: Visitor, **parameters: str) -> str:
    """Send the signed-in browser with these parameters and say where it went."""
    browser.open(stage.service.attempt(**parameters).url)
    answer = answer_of(browser)
    if "code" in answer:
        return "code"
    return f"redirect {answer['error']}" if answer else "journey"


def _fresh_login(stage: Stage, **parameters: str) -> str:
    """Somebody signed in is asked again, and then enters with a younger proof."""
    before = stage.service.claims(stage.tokens()["id_token"])
    browser = stage.service.sign_in(stage.pupil).browser
    attempt = stage.service.attempt(**parameters)
    browser.open(attempt.url)
    assert browser.heading == "Vælg login"
    type_in(browser, stage.pupil)
    code = answer_of(browser)["code"]
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": stage.service.redirect_uri}
    tokens = stage.service.post("token", fields | {"code_verifier": attempt.verifier}).json()
    claims = stage.service.claims(tokens["id_token"])
    assert claims["sid"] != before["sid"]
    return "fresh login"


def _level(stage: Stage, **parameters: str) -> str:
    entered = stage.entered(stage.service, **parameters)
    return str(stage.service.claims(stage.service.tokens(entered)["id_token"])["acr"]).rpartition("/")[2]


def _hint(stage: Stage, *, prompt: str | None, whose: str) -> str:
    hints = {
        "own": stage.tokens()["id_token"],
        "other client's": stage.tokens(stage.other)["id_token"],
        "other user's": stage.service.tokens(stage.service.sign_in(stage.people.pupil()))["id_token"],
    }
    hint = hints[whose.removeprefix("broken ")]
    hint = hint[:-4] + "AAAA" if whose.startswith("broken ") else hint
    return _answered(stage, stage.browser, **({"prompt": prompt} if prompt else {}), id_token_hint=hint)


def _hint_of_another_after_login(stage: Stage) -> str:
    hint = stage.service.tokens(stage.service.sign_in(stage.people.pupil()))["id_token"]
    entered = stage.service.sign_in(stage.pupil, attempt=stage.service.attempt(id_token_hint=hint))
    return f"redirect {entered.answer['error']}"


def _hinted_page(stage: Stage, hint: str) -> str:
    """The username page after a login_hint, in the source."""
    browser = stage.service.new_browser()
    browser.open(stage.service.attempt(login_hint=hint).url)
    browser.submit(button=("selectedIdp", "uni_idp"))
    assert "<b>" not in browser.page.text
    return str(browser.document.xpath("string(//input[@name='username']/@value)"))


def _cpr_hint_leaves_no_trace(stage: Stage) -> str:
    """Not in the page, the log of the server, or the address the journey comes back to."""
    number = "610110ZZZ9"
    assert _hinted_page(stage, number) == ""
    assert "cpr_in_login_hint" in logged(stage.service.server)
    stage.database.execute(
        "do $$ begin if exists (select from signin_journey where return_to || demands::text ilike '%ZZZ9%')"
        " then raise exception 'kept'; end if; end $$"
    )
    return "kept" if number in stage.service.server.log.read_text(errors="replace") else "dropped"


ROWS = (
    Row("B-O18", "scope in query and body", "redirect invalid_request", _twice),
    Row("B-O18", "the address of a posted request opened twice", LOCAL, _kept_twice),
    Row("B-O19", "fetch", "403", lambda stage: _fetched(stage, mode="cors", dest="empty", site="cross-site")),
    Row("B-O19", "fetch without CORS", "403", lambda stage: _fetched(stage, mode="no-cors", dest="image")),
    Row("B-O19", "iframe", "403", lambda stage: _fetched(stage, mode="navigate", dest="iframe", site="cross-site")),
    Row("B-O19", "popup", "303", lambda stage: _fetched(stage, mode="navigate", dest="document", site="cross-site")),
    Row("B-O19", "the page it leads to, in a frame", "blocked", _framed),
    Row("B-O20", "prompt none with a session", "code", lambda stage: _answered(stage, stage.browser, prompt="none")),
    Row("B-O20", "prompt login with a session", "fresh login", lambda stage: _fresh_login(stage, prompt="login")),
    Row("B-O20", "prompt select_account", "fresh login", lambda stage: _fresh_login(stage, prompt="select_account")),
    Row("B-O21", "max_age 0 with a session", "fresh login", lambda stage: _fresh_login(stage, max_age="0")),
    Row("B-O21", "max_age 3600 with a session", "code", lambda stage: _answered(stage, stage.browser, max_age="3600")),
    Row(
        "B-O21",
        "max_age 0 and prompt none",
        "redirect login_required",
        lambda stage: _answered(stage, stage.browser, max_age="0", prompt="none"),
    ),
    Row("B-O22", "a higher level asked for, not claimed", "Low", lambda stage: _level(stage, acr_values="ToFaktor")),
    Row("B-O23", "own hint, prompt none", "code", lambda stage: _hint(stage, prompt="none", whose="own")),
    Row(
        "B-O23",
        "other user's hint, prompt none",
        "redirect login_required",
        lambda stage: _hint(stage, prompt="none", whose="other user's"),
    ),
    Row("B-O23", "other user's hint", "journey", lambda stage: _hint(stage, prompt=None, whose="other user's")),
    Row("B-O23", "other user's hint, and yet this one", "redirect login_required", _hint_of_another_after_login),
    Row("B-O23", "other client's hint", "code", lambda stage: _hint(stage, prompt="none", whose="other client's")),
    Row("B-O23", "broken signature", "code", lambda stage: _hint(stage, prompt="none", whose="broken other user's")),
    Row("B-O24", "login_hint with markup", "<b>x</b>", lambda stage: _hinted_page(stage, "<b>x</b>")),
    Row("B-O24", "login_hint with another's name", "anna1234", lambda stage: _hinted_page(stage, "anna1234")),
    Row("B-O24", "login_hint with a CPR number", "dropped", _cpr_hint_leaves_no_trace),
)
