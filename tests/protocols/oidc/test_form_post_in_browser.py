"""The answer by form post in a real browser: it posts itself, and only where the policy of that one page allows."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs

import pytest

from tests.browser.fixtures import OpenPage
from tests.builders.people import Somebody
from tests.builders.services import Services
from tests.protocols.oidc.relying_party import RelyingParty


class Listening(HTTPServer):
    """A service of its own origin; sends whoever posts to it on to ``onward``, if that is set."""

    onward: str | None = None
    posted: dict[str, list[str]] | None = None

    @property
    def address(self) -> str:
        return f"http://localhost:{self.server_address[1]}/callback"


class _Page(BaseHTTPRequestHandler):
    server: Listening

    def do_POST(self) -> None:
        self.server.posted = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
        if self.server.onward is not None:
            self.send_response(303)
            self.send_header("Location", self.server.onward)
            self.end_headers()
        else:
            self._arrived()

    def do_GET(self) -> None:
        self._arrived()

    def _arrived(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><link rel=icon href=data:,><title>Inside</title><h1>Inside</h1>")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@contextmanager
def listening() -> Iterator[Listening]:
    server = Listening(("127.0.0.1", 0), _Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("goes_on", [False, True], ids=["and stays", "and is sent on to another origin"])
def test_the_answer_arrives_by_form_post(
    service: RelyingParty, services: Services, pupil: Somebody, open_page: OpenPage, *, goes_on: bool
) -> None:
    with ExitStack() as stack:
        callback, elsewhere = stack.enter_context(listening()), stack.enter_context(listening())
        callback.onward = elsewhere.address if goes_on else None
        registered = services.add(redirect_uris=[callback.address])
        party = RelyingParty(service.server, registered, service.http, callback.address)
        page = open_page(party.attempt(response_mode="form_post").url)
        page.click("button[value=uni_idp]")
        page.fill("[name=username]", pupil.username)
        page.press("[name=username]", "Enter")
        page.fill("[name=password]", str(pupil.secret))
        page.press("[name=password]", "Enter")
        page.wait_for_selector("h1:text-is('Inside')")
        assert callback.posted is not None
        assert set(callback.posted) == {"code", "state", "iss"}
        assert page.url == (elsewhere if goes_on else callback).address
