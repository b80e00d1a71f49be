"""The look in Chromium, under the product's own content security policy: sizes, keyboard, scripts, and no scripts."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.gallery import render
from unilogin.kit.web.frame import CONTENT_SECURITY_POLICY
from unilogin.kit.web.look.pictograms import PICTOGRAMS

_TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_SMALL = """() => [...document.querySelectorAll("a, button, input:not([type=hidden]), summary")]
  .filter((one) => one.checkVisibility() && !one.classList.contains("skip"))
  .map((one) => one.matches("input.sr") ? one.labels[0] : one) // what is hit there is its picture
  .map((one) => [one.getBoundingClientRect(), one.outerHTML.slice(0, 80)])
  .filter(([box]) => box.height < 43.5 || box.width < 43.5).map(([, html]) => html)"""


class _Server(ThreadingHTTPServer):
    folder: Path
    posted: list[dict[str, list[str]]]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        file = self.server.folder / urlsplit(self.path).path.removeprefix("/")
        headers = {"content-security-policy": CONTENT_SECURITY_POLICY, "content-type": _TYPES[file.suffix]}
        if file.suffix != ".html":  # as in the product, where a changed file has another name
            headers["cache-control"] = "max-age=3600, immutable"
        self._answer(headers, file.read_bytes())

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers["content-length"])).decode()
        self.server.posted.append(parse_qs(sent, keep_blank_values=True))
        self._answer({"content-type": "text/html"}, b"<!doctype html><link rel=icon href=data:,>posted")

    def _answer(self, headers: dict[str, str], body: bytes) -> None:
        self.send_response(200)
        for name, value in (headers | {"content-length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        pass


class Gallery:
    """The rendered pages, served to Chromium from a folder as the product would serve them; keeps what is posted."""

    def __init__(self, server: _Server, browser: Browser) -> None:
        self.pages = render(server.folder)
        self.address = f"http://localhost:{server.server_port}"
        self.posted = server.posted
        self.complaints: list[str] = []
        self._browser = browser
        self._contexts: list[BrowserContext] = []

    def open(self, name: str, *, width: int = 1024, height: int = 768, **options: Any) -> Page:
        """Open a page in a browser window of its own; whatever Chromium complains of is kept."""
        context = self._browser.new_context(viewport={"width": width, "height": height}, **options)
        self._contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(f"{self.address}/{name}.html")
        return page

    def close(self) -> None:
        """Close the windows of one test, which must have passed without complaint."""
        for context in self._contexts:
            context.close()
        complaints, self._contexts, self.complaints = self.complaints, [], []
        self.posted.clear()
        assert complaints == []


@pytest.fixture(scope="module")
def _opened(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[Gallery]:
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.daemon_threads, server.folder, server.posted = True, tmp_path_factory.mktemp("gallery"), []
        threading.Thread(target=server.serve_forever).start()
        yield Gallery(server, chromium)
        server.shutdown()


@pytest.fixture
def gallery(_opened: Gallery) -> Iterator[Gallery]:
    yield _opened
    _opened.close()


def _tap(page: Page, *words: str) -> None:
    for word in words:
        page.get_by_role("button", name=word, exact=True).click()


def _names(page: Page) -> list[str | None]:
    return [place.get_attribute("aria-label") for place in page.locator(".place").all()]


@pytest.mark.parametrize("language", ["da", "en"])
def test_no_page_is_wider_than_its_window_and_everything_can_be_hit_by_a_thumb(gallery: Gallery, language: str) -> None:
    page = gallery.open(f"{language}/username")
    window = page.context.new_cdp_session(page)  # Playwright's own way waits for a window nobody sees
    for file in gallery.pages:
        if file.parent.name != language or file.stem in ("moving-on", "form-post"):  # these leave at once
            continue
        page.goto(f"{gallery.address}/{file.parent.name}/{file.name}")
        for width, height in ((320, 256), (360, 640), (1024, 768), (1440, 900)):
            size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
            window.send("Emulation.setDeviceMetricsOverride", size)
            assert page.evaluate("[innerWidth, document.documentElement.scrollWidth <= innerWidth]") == [width, True]
            assert page.evaluate(_SMALL) == [], (file, width)


@pytest.mark.parametrize(("width", "height"), [(1024, 768), (1366, 640), (1440, 900)])
def test_on_a_chromebook_all_pictures_and_the_button_are_in_view(gallery: Gallery, width: int, height: int) -> None:
    page = gallery.open("da/pictures-full", width=width, height=height)
    for one in [*page.locator(".picture").all(), page.get_by_role("button", name="Næste")]:
        box = one.bounding_box()
        assert box
        assert box["y"] + box["height"] <= height


def test_pictures_are_much_bigger_than_a_thumb_on_a_small_phone(gallery: Gallery) -> None:
    box = gallery.open("da/pictures", width=360, height=640).locator(".picture").first.bounding_box()
    assert box
    assert box["width"] >= 64


def test_taps_fill_the_places_in_order_and_only_the_finished_code_is_sent(gallery: Gallery) -> None:
    page = gallery.open("da/pictures")
    done = page.get_by_role("button", name="Næste")
    assert page.get_by_role("status").inner_text() == "Begynd med det første."
    before = page.locator(".picture").first.bounding_box()
    _tap(page, "sol", "hus")
    assert page.get_by_role("status").inner_text() == "2 af 4 valgt"
    assert done.is_disabled()
    _tap(page, "sol", "is", "bil")  # the fifth finds no place
    assert page.locator(".picture").first.bounding_box() == before  # nothing moved
    assert page.get_by_role("status").inner_text() == "4 af 4 valgt. Tryk på Næste."
    assert gallery.posted == []
    with page.expect_navigation():
        done.click()
    assert gallery.posted[0]["pictures"] == ["sol,hus,sol,is"]
    assert gallery.posted[0]["next"] == ["1"]
    assert "picture" not in gallery.posted[0]


def test_a_tap_on_a_place_empties_it_and_the_next_picture_goes_there(gallery: Gallery) -> None:
    page = gallery.open("da/pictures-full")
    _tap(page, "Plads 2: hus. Tryk for at fjerne")
    assert page.get_by_role("status").inner_text() == "3 af 4 valgt"
    assert _names(page)[1] == "Plads 2: tom"
    _tap(page, "fugl")
    assert _names(page)[1] == "Plads 2: fugl. Tryk for at fjerne"
    with page.expect_navigation():
        page.get_by_role("button", name="Næste").click()
    assert gallery.posted[0]["pictures"] == ["sol,fugl,bil,is"]


def test_a_keyboard_walks_the_grid_and_focus_is_never_lost(gallery: Gallery) -> None:
    page = gallery.open("da/pictures")
    page.get_by_role("button", name="sol", exact=True).focus()
    for key in ("Enter", "ArrowDown", "Enter", "ArrowRight", "Space", "Tab", "Enter"):
        page.keyboard.press(key)
    assert [name.split(".")[0] for name in _names(page) if name] == [
        "Plads 1: sol", "Plads 2: hus", "Plads 3: fisk", "Plads 4: træ"
    ]  # fmt: skip
    page.locator(".place").first.focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.value") == "sol"


def test_a_page_that_is_left_keeps_nothing_of_the_code(gallery: Gallery) -> None:
    page = gallery.open("da/pictures-full")
    page.evaluate("window.dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))")
    assert _names(page) == [f"Plads {number}: tom" for number in range(1, 5)]
    assert page.locator(".place img").count() == 0
    assert [page.locator(f"[name={name}]").input_value() for name in ("chosen", "pictures")] == ["", ""]


def test_without_javascript_every_tap_is_a_post_that_carries_the_sealed_choice(gallery: Gallery) -> None:
    page = gallery.open("da/pictures-two", java_script_enabled=False)
    with page.expect_navigation():
        _tap(page, "hest")
    assert gallery.posted[0] == {"csrf": ["sealed"], "chosen": ["sealed"], "pictures": [""], "picture": ["hest"]}
    page.goto(f"{gallery.address}/da/pictures-two.html")
    with page.expect_navigation():
        _tap(page, "Plads 3: is. Tryk for at fjerne")
    assert gallery.posted[1]["empty"] == ["3"]


@pytest.mark.parametrize("language", ["da", "en"])
def test_every_picture_is_announced_by_its_word(gallery: Gallery, language: str) -> None:
    page = gallery.open(f"{language}/pictures")
    for picture in PICTOGRAMS:
        assert page.get_by_role("button", name=picture.word(language), exact=True).count() == 1


def test_the_password_can_be_shown_and_is_sent_hidden_again(gallery: Gallery) -> None:
    page = gallery.open("da/password")
    field = page.get_by_label("Adgangskode", exact=True)
    field.fill("Sommerfugl")
    page.get_by_role("button", name="Vis adgangskoden").click()
    assert field.get_attribute("type") == "text"
    page.evaluate("document.forms[0].addEventListener('submit', (event) => event.preventDefault())")
    field.press("Enter")
    assert field.get_attribute("type") == "password"
    assert gallery.open("da/password", java_script_enabled=False).locator(".reveal").is_hidden()


def test_a_form_is_sent_once_however_often_it_is_tapped(gallery: Gallery) -> None:
    page = gallery.open("da/username")
    taps = "const b = document.querySelector('.button'); b.click(); b.click(); b.click();"
    prevented = page.evaluate(
        "() => { const seen = []; window.addEventListener('submit', (e) => { seen.push(e.defaultPrevented); "
        "e.preventDefault(); }); " + taps + " return seen; }"
    )
    assert prevented == [False, True, True]


def test_the_list_of_local_logins_is_filtered_and_enter_in_the_filter_chooses_nobody(gallery: Gallery) -> None:
    page = gallery.open("da/local-logins")
    page.get_by_label("Skole eller kommune").fill("elev birk")
    assert page.locator("#idp-list li:visible").all_inner_texts() == ["Birkerup Kommune Elev"]
    assert page.get_by_role("status").inner_text() == "1 passer til det, du har skrevet."
    page.keyboard.press("Enter")
    page.get_by_label("Skole eller kommune").fill("kommune")
    assert page.get_by_role("status").inner_text() == "4 passer til det, du har skrevet."
    assert gallery.posted == []
    assert gallery.open("da/local-logins", java_script_enabled=False).locator(".filter").is_hidden()


def test_an_answer_by_form_post_sends_itself_or_waits_for_a_tap(gallery: Gallery) -> None:
    gallery.open("da/form-post").wait_for_function("document.body.innerText.includes('posted')")
    page = gallery.open("da/form-post", java_script_enabled=False)
    with page.expect_navigation():
        page.get_by_role("button", name="Videre").click()
    assert gallery.posted == [{"code": ["abc"], "state": ["x y&z"]}] * 2


def test_the_end_of_the_journey_moves_on_by_itself_without_javascript(gallery: Gallery) -> None:
    page = gallery.open("da/moving-on", java_script_enabled=False)
    page.wait_for_url("**/username.html")
