"""How good a new password is, said while one types: the script says what the server would, and sends nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import Environment
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.gallery import LOOK, environment
from unilogin.domain.credentials.model import PasswordPolicy, PasswordType, PersonWords
from unilogin.domain.credentials.policy import Strength, hints, strength
from unilogin.kit.text import load_texts
from unilogin.kit.web.frame import CONTENT_SECURITY_POLICY

ADDRESS = "http://strength.test/page.html"
ACCEPTED = (Path(__file__).parents[1] / "domain/credentials/must_accept.txt").read_text(encoding="utf-8")
PAGE = """{% extends "look/base.html" %}{% import "look/components.html" as ui with context %}
{% block title %}Styrke{% endblock %}{% block head %}<script src="/strength.js" defer></script>{% endblock %}
{% block main %}<form class="card" method="post">{{ ui.field("new-password", "Ny adgangskode", type="password") }}
{{ ui.strength("new-password", hints) }}{{ ui.button("Gem") }}</form>{% endblock %}"""


def judged(secret: str) -> Strength:
    return strength(
        secret,
        password_type=PasswordType.PASSWORD,
        person_words=PersonWords(),
        policy=PasswordPolicy.MODERN,
    )


@pytest.fixture(scope="module")
def texts_of_the_page() -> Environment:
    return environment(load_texts(), "da")


@pytest.fixture(scope="module")
def _opened(chromium: Browser, texts_of_the_page: Environment) -> Iterator[Page]:
    """A window for all tests of the field, under the product's own policy."""
    body = texts_of_the_page.from_string(PAGE).render(hints=hints())
    context = chromium.new_context(locale="da-DK")

    def serve(route: Route) -> None:
        name = route.request.url.rpartition("/")[2]
        headers = {"content-security-policy": CONTENT_SECURITY_POLICY}
        if name == "page.html":
            route.fulfill(headers=headers | {"content-type": "text/html; charset=utf-8"}, body=body)
        elif name in ("strength.js", "submit.js"):
            route.fulfill(headers=headers | {"content-type": "text/javascript"}, body=(LOOK / name).read_text("utf-8"))
        else:
            route.fulfill(status=200, headers={"content-type": "text/css"}, body="")

    context.route("**/*", serve)
    yield context.new_page()
    context.close()


@pytest.fixture
def meter(_opened: Page) -> Page:
    """The page with the field, as it comes."""
    _opened.goto(ADDRESS)
    return _opened


def level(page: Page, typed: str) -> str:
    page.locator("#new-password").fill(typed)
    return page.locator(".strength").get_attribute("data-level") or ""


LEVELS = """(secrets) => {
  const field = document.getElementById("new-password");
  return secrets.map((secret) => {
    field.value = secret;
    field.dispatchEvent(new Event("input", {bubbles: true}));
    return document.querySelector(".strength").dataset.level;
  });
}"""


def test_it_is_silent_until_something_is_typed(meter: Page) -> None:
    expect(meter.locator(".strength")).to_be_hidden()
    assert level(meter, "k") == "short"
    expect(meter.locator(".strength-word")).to_have_text("For kort endnu")
    assert level(meter, "") == ""
    expect(meter.locator(".strength")).to_be_hidden()


def test_it_says_of_what_is_taken_what_the_server_says(meter: Page) -> None:
    taken = [line for line in ACCEPTED.splitlines() if line and not line.startswith("#")]
    told = dict(zip(taken, meter.evaluate(LEVELS, taken), strict=True))
    assert {secret: said for secret, said in told.items() if said != judged(secret).value} == {}


@pytest.mark.parametrize(
    "typed",
    [
        "sommer2024", "S0mmer2024!", "foraaret1", "forår2025", "efteraar24", "unilogin1", "5k0le2024", "Adgangskode1",
        "p4ssw0rd!", "qwertyui", "asdf1234", "12345678", "zxcv1234", "aaaaaaaa", "abcabcabc", "lollollol", "katkatkat",
        "minecraft2024", "Fodbold10", "jegelskerdig", "hund1234", "M1n3cr4ft", "hestesko2012", "juleaften", "Torsdag7",
    ],
)  # fmt: skip
def test_it_says_at_once_what_is_too_easy(meter: Page, typed: str) -> None:
    assert judged(typed) is Strength.WEAK
    assert level(meter, typed) == "weak"
    expect(meter.locator(".strength-word")).to_have_text("For let at gætte")


def test_nothing_typed_leaves_the_page(meter: Page) -> None:
    sent: list[str] = []
    meter.on("request", lambda request: sent.append(request.url) if "favicon" not in request.url else None)
    meter.locator("#new-password").press_sequentially("kagelygte42")
    expect(meter.locator(".strength-word")).to_have_text("Okay")
    assert sent == []
    assert meter.evaluate("localStorage.length + sessionStorage.length") == 0
