"""Rows B-O38 … B-O42 of security.md: logout, forged hosts, other origins, registration."""

from urllib.parse import urlencode

import httpx

from tests.builders.services import SIGNED_OUT
from tests.protocols.oidc.relying_party import RelyingParty
from tests.protocols.oidc.rows.stage import PAGE_ORIGIN, Row, Stage
from tests.visitor import Visitor

ASKED = "asked, still signed in"


def _logout(stage: Stage, **changed: str | None) -> str:
    """Sign in anew, ask for logout so, and say what became of it."""
    entered = stage.service.sign_in(stage.pupil)
    hint = stage.service.tokens(entered)["id_token"]
    good: dict[str, str | None] = {"id_token_hint": hint, "post_logout_redirect_uri": SIGNED_OUT}
    fields = {name: value for name, value in (good | changed).items() if value is not None}
    entered.browser.open(f"{stage.service.address('logout')}?{urlencode(fields)}")
    return _after_logout(stage, entered.browser)


def _after_logout(stage: Stage, browser: Visitor) -> str:
    left_for = browser.left_for
    heading = browser.heading if left_for is None else ""
    browser.open(stage.service.attempt(prompt="none").url)
    signed_in = "code=" in str(browser.left_for)
    if left_for is not None:
        assert left_for == SIGNED_OUT
        return "back at the service" + (", still signed in" if signed_in else "")
    if heading == "Vil du logge ud?":
        return ASKED if signed_in else "asked"
    assert heading == "Du er logget ud"
    return "signed out here" + (", still signed in" if signed_in else "")


def _forged_hint(stage: Stage) -> str:
    hint = stage.tokens()["id_token"]
    return _logout(stage, id_token_hint=hint[:-4] + "AAAA")


def _confirmed(stage: Stage) -> str:
    browser = stage.service.sign_in(stage.pupil).browser
    browser.open(stage.service.address("logout"))
    browser.submit()
    return _after_logout(stage, browser)


def _confirmed_with_a_way_back(stage: Stage) -> str:
    browser = stage.service.sign_in(stage.pupil).browser
    fields = {"client_id": stage.service.client_id, "post_logout_redirect_uri": SIGNED_OUT, "state": "x y"}
    browser.open(f"{stage.service.address('logout')}?{urlencode(fields)}")
    browser.submit()
    assert browser.left_for is None
    return str(browser.document.xpath("string(//a[contains(@class, 'button')]/@href)"))


def _confirmed_from_elsewhere(stage: Stage, *, csrf: str, origin: str) -> str:
    browser = stage.service.sign_in(stage.pupil).browser
    browser.open(stage.service.address("logout"))
    real = str(browser.document.xpath("string(//input[@name='csrf']/@value)"))
    browser.post(stage.service.address("logout"), {"csrf": csrf or real}, headers={"Origin": origin})
    status = browser.page.status_code
    browser.open(stage.service.attempt(prompt="none").url)
    return f"{status}, still signed in" if "code=" in str(browser.left_for) else str(status)


def _by_post(stage: Stage) -> str:
    """A service posts the logout from its own page; the session cookie does not come along."""
    entered = stage.service.sign_in(stage.pupil)
    hint = stage.service.tokens(entered)["id_token"]
    response = stage.http.post(stage.service.address("logout"), data={"id_token_hint": hint})
    assert response.status_code == 200
    entered.browser.open(stage.service.attempt().url)
    return "signed out everywhere" if entered.browser.heading == "Vælg login" else "still signed in"


def _old_hint_in_anothers_browser(stage: Stage) -> str:
    """V-41: the page of the last pupil on a shared computer does not sign the next one out."""
    browser = stage.service.sign_in(stage.people.pupil()).browser
    hint = stage.tokens()["id_token"]
    browser.open(f"{stage.other.address('logout')}?id_token_hint={hint}&client_id={stage.service.client_id}")
    assert browser.heading == "Du er logget ud"
    browser.open(stage.service.attempt(prompt="none").url)
    stage.service.sign_in(stage.pupil, browser=stage.browser)  # the stage's own session ended with its hint
    return "still signed in" if "code=" in str(browser.left_for) else "signed out"


def _forged_hosts(stage: Stage) -> str:
    headers = {"X-Forwarded-Host": "evil.dk", "X-Forwarded-Proto": "https", "Forwarded": "host=evil.dk"}
    address = f"{stage.issuer}/.well-known/openid-configuration"
    document = stage.http.get(address, headers=headers).json()
    assert document == stage.http.get(address).json()
    assert all(str(url).startswith(stage.issuer) for name, url in document.items() if name.endswith("_endpoint"))
    return str(stage.http.get(address, headers={"Host": "evil.dk"}).status_code)


def _allowed(response: httpx.Response) -> str:
    return str(response.headers.get("access-control-allow-origin", "none"))


def _preflight(stage: Stage, endpoint: str, origin: str) -> str:
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    return _allowed(stage.http.options(stage.service.address(endpoint), headers=headers))


def _read_by_page(stage: Stage, endpoint: str, origin: str) -> str:
    """Whether a page of this origin may read what a service with registered pages is told."""
    pages = stage.clients["pages"]
    tokens = stage.tokens(pages)
    token = {"Authorization": f"Bearer {tokens['access_token']}", "Origin": origin}
    if endpoint == "userinfo":
        return _allowed(stage.http.get(pages.address("userinfo"), headers=token))
    return _allowed(_posted_by_page(stage, pages, endpoint, origin, tokens["refresh_token"]))


def _posted_by_page(stage: Stage, pages: RelyingParty, endpoint: str, origin: str, token: str) -> httpx.Response:
    fields = {"grant_type": "refresh_token", "refresh_token": token, "token": token, "client_id": pages.client_id}
    return stage.http.post(pages.address(endpoint), data=fields, headers={"Origin": origin})


EVIL = "https://evil.dk"

ROWS = (
    Row("B-O38", "with a hint and a registered address", "back at the service", _logout),
    Row("B-O38", "with a hint alone", "signed out here", lambda stage: _logout(stage, post_logout_redirect_uri=None)),
    Row("B-O38", "foreign address", ASKED, lambda stage: _logout(stage, post_logout_redirect_uri=EVIL)),
    Row(
        "B-O38",
        "address with something after it",
        ASKED,
        lambda stage: _logout(stage, post_logout_redirect_uri=f"{SIGNED_OUT}/x"),
    ),
    Row(
        "B-O38",
        "a redirect URI as address",
        ASKED,
        lambda stage: _logout(stage, post_logout_redirect_uri=stage.service.redirect_uri),
    ),
    Row("B-O38", "forged hint", ASKED, _forged_hint),
    Row("B-O38", "no hint", ASKED, lambda stage: _logout(stage, id_token_hint=None)),
    Row(
        "B-O38",
        "hint of another client than named",
        ASKED,
        lambda stage: _logout(stage, client_id=stage.other.client_id),
    ),
    Row("B-O38", "asked and confirmed", "signed out here", _confirmed),
    Row("B-O38", "asked and confirmed, with a way back", f"{SIGNED_OUT}?state=x%20y", _confirmed_with_a_way_back),
    Row(
        "B-O38",
        "confirmed with a made-up token",
        "403, still signed in",
        lambda stage: _confirmed_from_elsewhere(stage, csrf="made-up", origin=stage.service.server.base_url),
    ),
    Row(
        "B-O38",
        "confirmed from another site",
        "403, still signed in",
        lambda stage: _confirmed_from_elsewhere(stage, csrf="", origin=EVIL),
    ),
    Row("B-O38", "by POST, without a cookie", "signed out everywhere", _by_post),
    Row("V-41", "an old hint in another person's browser", "still signed in", _old_hint_in_anothers_browser),
    Row("B-O39", "forged forwarding headers, foreign host", "421", _forged_hosts),
    Row("B-O40", "preflight to token, registered", PAGE_ORIGIN, lambda stage: _preflight(stage, "token", PAGE_ORIGIN)),
    Row(
        "B-O40",
        "preflight to userinfo, registered",
        PAGE_ORIGIN,
        lambda stage: _preflight(stage, "userinfo", PAGE_ORIGIN),
    ),
    Row("B-O40", "preflight to token, foreign", "none", lambda stage: _preflight(stage, "token", EVIL)),
    Row("B-O40", "preflight to token, null", "none", lambda stage: _preflight(stage, "token", "null")),
    Row("B-O40", "preflight to authorize, registered", "none", lambda stage: _preflight(stage, "auth", PAGE_ORIGIN)),
    Row(
        "B-O40",
        "preflight to introspection, registered",
        "none",
        lambda stage: _preflight(stage, "token/introspect", PAGE_ORIGIN),
    ),
    Row(
        "B-O40",
        "userinfo read by a registered page",
        PAGE_ORIGIN,
        lambda stage: _read_by_page(stage, "userinfo", PAGE_ORIGIN),
    ),
    Row("B-O40", "userinfo read by a foreign page", "none", lambda stage: _read_by_page(stage, "userinfo", EVIL)),
    Row(
        "B-O40",
        "token read by a registered page",
        PAGE_ORIGIN,
        lambda stage: _read_by_page(stage, "token", PAGE_ORIGIN),
    ),
    Row("B-O40", "token read by a foreign page", "none", lambda stage: _read_by_page(stage, "token", EVIL)),
    Row(
        "B-O42",
        "dynamic registration",
        "404",
        lambda stage: str(stage.http.post(f"{stage.issuer}/clients-registrations/openid-connect", json={}).status_code),
    ),
)
