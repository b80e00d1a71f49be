"""An app on a host name of its own: nothing of the sign-in is there, and nothing of the app where the sign-in is."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx
import pytest

from tests.apps.entering import parameters
from tests.builders.people import People
from tests.server import RunningServer, free_port, start_server
from tests.visitor import Visitor
from unilogin.kit.secrets import Secrets


@pytest.fixture(scope="module")
def moved(postgres: object, template: str, secrets_file: Path, request: pytest.FixtureRequest) -> Iterator["Moved"]:
    """A server whose Mit Unilogin is at 127.0.0.1, while everything else is at localhost."""
    dsn = request.getfixturevalue("postgres").create_database("apps_moved", template)
    port = free_port()
    extra = {"UNILOGIN_BASE_URL": f"http://localhost:{port}", "UNILOGIN_APP_HOSTS": f"mit=http://127.0.0.1:{port}"}
    server = start_server(dsn, secrets_file, extra=extra, port=port)
    yield Moved(server, f"http://127.0.0.1:{port}", dsn)
    server.stop()


class Moved:
    """The server, where the app is, and the database."""

    def __init__(self, server: RunningServer, app: str, dsn: str) -> None:
        self.server, self.app, self.dsn = server, app, dsn


def travel(client: httpx.Client, url: str) -> list[httpx.Response]:
    """Follow redirects from host to host; return every answer."""
    answers = [client.get(url)]
    while answers[-1].is_redirect:
        answers.append(client.get(urljoin(str(answers[-1].url), answers[-1].headers["location"])))
    return answers


def test_one_signs_in_at_the_door_and_is_in_the_app(moved: Moved, secrets: Secrets) -> None:
    pupil = People(moved.dsn, secrets).pupil()
    visitor = Visitor(moved.server.base_url)
    client = visitor.client
    visitor.page = travel(client, f"{moved.server.base_url}/mit/historik")[-1]
    assert visitor.path.startswith("/login/")
    visitor.submit(button=("selectedIdp", "uni_idp"))
    visitor.submit({"username": pupil.username})
    visitor.submit({"password": str(pupil.secret)})
    back = str(visitor.document.xpath("//meta[@http-equiv='refresh']/@content")[0]).partition("url=")[2]
    answers = travel(client, urljoin(moved.server.base_url, back))
    assert str(answers[-1].url) == f"{moved.app}/mit/historik"
    assert answers[-1].status_code == 200
    seen = {(each.url.host, name.strip()) for each in answers for name in _cookies_sent(each)}
    assert ("127.0.0.1", "unilogin_session") not in seen
    assert ("localhost", "unilogin_account") not in seen

    visitor.page = answers[-1]
    csrf = visitor.document.xpath("string(//input[@name='csrf']/@value)")
    leaving = client.post(f"{moved.app}/mit/sign-out", data={"csrf": csrf}, headers={"Origin": moved.app})
    visitor.page = leaving
    away = str(visitor.document.xpath("//meta[@http-equiv='refresh']/@content")[0]).partition("url=")[2]
    assert away.startswith(moved.server.base_url)
    answers = travel(client, away)
    assert str(answers[-1].url) == f"{moved.app}/mit/signed-out"
    assert "/login/" in str(travel(client, f"{moved.app}/mit")[-1].url)


def _cookies_sent(answer: httpx.Response) -> list[str]:
    return [part.partition("=")[0] for part in answer.request.headers.get("cookie", "").split(";") if part]


@pytest.mark.parametrize(
    ("asked_at", "path", "answered_at"),
    [
        ("app", "/", "app/mit"),
        ("app", "/hjaelp", "home/hjaelp"),
        ("app", "/hjaelp?lang=en", "home/hjaelp?lang=en"),
        (
            "app",
            "/auth/realms/broker/.well-known/openid-configuration",
            "home/auth/realms/broker/.well-known/openid-configuration",
        ),
        ("home", "/mit", "app/mit"),
        ("home", "/mit/boern", "app/mit/boern"),
    ],
)
def test_a_page_is_answered_at_one_host_only(moved: Moved, asked_at: str, path: str, answered_at: str) -> None:
    at = {"app": moved.app, "home": moved.server.base_url}
    answer = httpx.get(at[asked_at] + path)
    assert answer.status_code == 303
    host, _, rest = answered_at.partition("/")
    assert answer.headers["location"] == f"{at[host]}/{rest}"


@pytest.mark.parametrize(
    ("asked_at", "path"), [("app", "/auth/realms/broker/protocol/openid-connect/token"), ("home", "/mit/sign-out")]
)
def test_nothing_is_posted_at_the_wrong_host(moved: Moved, asked_at: str, path: str) -> None:
    at = {"app": moved.app, "home": moved.server.base_url}
    assert httpx.post(at[asked_at] + path, data={"a": "b"}).status_code == 404


def test_files_of_the_look_are_at_both_hosts(moved: Moved) -> None:
    page = httpx.get(f"{moved.app}/mit/signed-out")
    assert page.status_code == 200
    style = page.text.partition('rel="stylesheet" href="')[2].partition('"')[0]
    for origin in (moved.app, moved.server.base_url):
        assert httpx.get(origin + style).status_code == 200


def test_a_host_that_is_nobodys_is_refused(moved: Moved) -> None:
    port = urlsplit(moved.app).port
    assert httpx.get(f"{moved.app}/mit", headers={"Host": f"evil.example:{port}"}).status_code == 421


def test_the_way_in_names_the_apps_own_host(moved: Moved) -> None:
    asked = parameters(httpx.get(f"{moved.app}/mit/sign-in").headers["location"])
    assert asked["redirect_uri"] == f"{moved.app}/mit/callback"


def test_a_form_is_taken_from_the_apps_own_origin_alone(moved: Moved) -> None:
    for origin in (moved.server.base_url, "null", "http://evil.example"):
        answer = httpx.post(f"{moved.app}/mit/sign-out", data={"csrf": "x"}, headers={"Origin": origin})
        assert answer.status_code == 403
        assert "Vi tog ikke imod" in answer.text
