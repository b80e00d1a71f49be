"""B-L01 … B-L17: what can be typed, sent and planted on the way in, and what must come of it."""

import secrets
import threading
from collections.abc import Iterator
from urllib.parse import quote, urlencode
from uuid import uuid4

import httpx
import pytest

from tests.attacks.conftest import HOME, Door
from tests.builders.journeys import RETURN_TO
from tests.builders.people import People, Somebody
from tests.builders.running import run
from tests.builders.services import Services
from tests.builders.throttle import Throttle
from tests.protocols.oidc.relying_party import RelyingParty, type_in
from tests.server import RunningServer
from tests.signin.conftest import BeginJourney, begin_journey  # noqa: F401 - the fixture
from tests.visitor import Visitor
from unilogin.domain.directory.model import ActorGroup
from unilogin.kit.db.connection import connect

UNILOGIN = ("selectedIdp", "uni_idp")


@pytest.fixture(scope="module")
def pupil(people: People) -> Somebody:
    return people.pupil()


@pytest.fixture(scope="module")
def service(server: RunningServer, services: Services) -> Iterator[RelyingParty]:
    with httpx.Client(timeout=60) as http:
        yield RelyingParty(server, services.add(), http)


@pytest.fixture
def at_username(begin_journey: BeginJourney) -> Visitor:  # noqa: F811 - the fixture
    """A browser at the page of the username."""
    visitor = begin_journey()
    visitor.submit(button=UNILOGIN)
    assert visitor.path.endswith("/username")
    return visitor


def post_raw(visitor: Visitor, body: bytes, content_type: str) -> int:
    """Post a body as it is from the page one is at, which stays; ``{csrf}`` in it stands for the page's token.

    Return the status; 413 too when the server said that and hung up before all was sent, which not every client hears.
    """
    csrf = quote(str(visitor.document.forms[0].fields["csrf"])).encode()
    # Not on a connection of the visitor's: the server hangs up on a body it does not want, and that takes its time.
    headers = {"Origin": visitor.base_url, "Content-Type": content_type, "Connection": "close"}
    try:
        answer = visitor.client.post(visitor.path, content=body.replace(b"{csrf}", csrf), headers=headers)
    except (httpx.RemoteProtocolError, httpx.WriteError, httpx.ReadError):
        return 413 if len(body) > 100_000 else 0
    assert "set-cookie" not in answer.headers
    return answer.status_code


TYPED = {
    "a megabyte": (b"csrf={csrf}&username=" + b"a" * 1_000_000, 413),
    "a little more than fits": (b"csrf={csrf}&username=" + b"a" * 17_000, 413),
    "a zero byte": (b"csrf={csrf}&username=test%001234", 400),
    "a zero byte in another field": (b"csrf={csrf}&username=test1234&shared=%00", 400),
    "half a surrogate pair": (b"csrf={csrf}&username=%ED%A0%80", 400),
    "letters that are not UTF-8": (b"csrf={csrf}&username=%E6%F8%E5", 400),
    "bytes that are not UTF-8": (b"csrf={csrf}&username=\xff\xfe", 400),
    "too many fields": (b"csrf={csrf}&username=a" + b"&x=1" * 100, 400),
    "a line break": (b"csrf={csrf}&username=test1234%0D%0ASet-Cookie:%20a=b", 200),
    "an array": (b"csrf={csrf}&username%5B%5D=test1234", 200),
    "nothing": (b"csrf={csrf}&username=", 200),
    "only spaces": (b"csrf={csrf}&username=%20%20%C2%A0%E3%80%80", 200),
    "broken percent signs": (b"csrf={csrf}&username=%zz%4", 200),
    "a long name that fits": (b"csrf={csrf}&username=" + b"a" * 10_000, 200),
    "invisible letters": (b"csrf={csrf}&username=te%E2%80%8Bst1234", 200),
    "an order to write from right to left": (b"csrf={csrf}&username=%E2%80%AE4321tset", 200),
    "Cyrillic letters that look like ours": (b"csrf={csrf}&username=t%D0%B5st1234", 200),
    "digits of another script": (b"csrf={csrf}&username=test%d9%a1%d9%a2%d9%a3%d9%a4", 200),
}


@pytest.mark.parametrize(("body", "status"), TYPED.values(), ids=TYPED.keys())
def test_b_l01_b_l02_what_is_no_username_is_neither_a_fault_nor_anybody(
    at_username: Visitor, pupil: Somebody, body: bytes, status: int
) -> None:
    assert post_raw(at_username, body, "application/x-www-form-urlencoded") == status
    at_username.submit({"username": pupil.username})
    assert at_username.path.endswith("/secret"), "the journey goes on as if nothing had been"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b'{"username": "test1234"}'),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="username"\r\n\r\na\r\n--x--',
        ),
        ("text/plain", b"csrf={csrf}&username=test1234"),
        ("", b"csrf={csrf}&username=test1234"),
        ("application/x-www-form-urlencodedx", b"csrf={csrf}&username=test1234"),
    ],
)
def test_b_l02_a_body_of_another_kind_is_refused_unread(at_username: Visitor, content_type: str, body: bytes) -> None:
    assert post_raw(at_username, body, content_type) == 415


@pytest.mark.parametrize("step", ["", "/method", "/username", "/secret", "/role", "/done", "/soon/mitid"])
def test_b_l08_a_journey_of_another_browser_is_none(at_username: Visitor, pupil: Somebody, step: str) -> None:
    """Not mine, not anybody's and not even an id: all look the same, by GET and by POST."""
    mine, stranger = at_username.path.removesuffix("/username"), Visitor(at_username.base_url)
    stranger.client.cookies.set("unilogin_browser", secrets.token_urlsafe(32))
    addresses = [f"{mine}{step}", f"/login/{uuid4()}{step}", f"/login/x{step}", f"/login/{'9' * 40}{step}"]
    pages = set()
    for address in addresses:
        pages.add((stranger.open(address).status_code, stranger.text))
        stranger.post(address, {"username": pupil.username, "csrf": "x"})
        assert stranger.page.status_code in (403, 405)
    assert len(pages) == 1
    assert pages.pop()[0] == 403


ELSEWHERE = ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "http:evil.example")


@pytest.mark.parametrize("url", ELSEWHERE)
def test_b_l09_nothing_in_an_address_or_a_form_decides_where_one_is_sent(
    begin_journey: BeginJourney,  # noqa: F811 - the fixture
    pupil: Somebody,
    url: str,
) -> None:
    names = ("next", "return", "return_to", "returnUrl", "redirect_uri", "url", "continue", "RelayState", "back_url")
    planted = dict.fromkeys(names, url)
    visitor = begin_journey()
    visitor.open(f"{visitor.path}?{urlencode(planted)}")
    visitor.submit(planted, button=UNILOGIN)
    visitor.open(f"{visitor.path}?{urlencode(planted)}")
    visitor.submit(planted | {"username": pupil.username})
    visitor.open(f"{visitor.path}?{urlencode(planted)}")
    visitor.submit(planted | {"password": str(pupil.secret)})
    assert visitor.moves_on
    assert "evil" not in visitor.page.text
    visitor.move_on()
    assert str(visitor.page.url).startswith(visitor.base_url + RETURN_TO)


def enters_silently(service: RelyingParty, cookie: str) -> bool:
    """Whether somebody with this Cookie header is let in without a question."""
    attempt = service.attempt(prompt="none")
    answer = httpx.get(attempt.url, headers=[(b"Cookie", cookie.encode())])
    assert answer.status_code == 303
    return "code=" in answer.headers["location"]


def test_b_l10_a_session_cookie_that_was_touched_is_none(service: RelyingParty, pupil: Somebody) -> None:
    token = service.sign_in(pupil).browser.client.cookies["unilogin_session"]
    assert enters_silently(service, f"unilogin_session={token}")
    flipped = token[:-3] + ("A" if token[-3] != "A" else "B") + token[-2:]
    touched = (
        *(flipped, token[:-1], token + "A", token + "=", token.lower(), token[::-1], "", "null", "0", "A" * 43),
        *("x" * 8_000, f'"{token}"', quote(token + "\0"), f"{token}%00", f"{token}, {token}", "../" * 14, "é" * 20),
    )
    for value in touched:
        assert not enters_silently(service, f"unilogin_session={value}"), value
    names = ("__Host-unilogin_session", "Unilogin_session", "unilogin_session ", "session", "unilogin_browser")
    for name in names[:2] + names[3:]:
        assert not enters_silently(service, f"{name}={token}"), name


def test_b_l10_a_cookie_planted_beside_ours_leaves_none(service: RelyingParty, pupil: Somebody, people: People) -> None:
    """A neighbour on our domain can set a cookie of our name; which of the two is ours nobody can tell."""
    mine, planted = (
        service.sign_in(somebody).browser.client.cookies["unilogin_session"] for somebody in (pupil, people.pupil())
    )
    for cookie in (
        f"unilogin_session={planted}; unilogin_session={mine}",
        f"unilogin_session={mine}; unilogin_session=",
    ):
        assert not enters_silently(service, cookie)


def test_b_l10_the_browsers_own_cookie_cannot_be_touched_or_borrowed(at_username: Visitor) -> None:
    token = at_username.client.cookies["unilogin_browser"]
    for value in (token[:-1] + ("A" if token[-1] != "A" else "B"), token[:-1], f"{token}x", secrets.token_urlsafe(32)):
        answer = httpx.get(at_username.base_url + at_username.path, headers={"Cookie": f"unilogin_browser={value}"})
        assert answer.status_code == 403
    doubled = f"unilogin_browser={token}; unilogin_browser={token}"
    assert httpx.get(at_username.base_url + at_username.path, headers={"Cookie": doubled}).status_code == 403


def test_b_l12_of_two_new_passwords_at_once_exactly_one_is_the_password(
    service: RelyingParty, people: People, server: RunningServer
) -> None:
    """And every session from before is over."""
    pupil = people.pupil()
    before = service.sign_in(pupil).browser.client.cookies["unilogin_session"]
    passwords = [f"en ny sang nummer {number}" for number in range(4)]
    together = threading.Barrier(len(passwords))

    def give(password: str) -> None:
        together.wait()
        people.give(pupil, password)

    threads = [threading.Thread(target=give, args=(password,)) for password in passwords]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not enters_silently(service, f"unilogin_session={before}")
    fitting = []
    for password in (str(pupil.secret), *passwords):
        browser = service.new_browser()
        browser.open(service.attempt().url)
        browser.submit(button=UNILOGIN)
        browser.submit({"username": pupil.username})
        browser.submit({"password": password})
        fitting += [password] * browser.moves_on
    assert len(fitting) == 1
    assert fitting[0] in passwords


@pytest.mark.parametrize("change", ["block", "leave"])
def test_b_l14_a_session_of_somebody_who_may_no_longer_sign_in_leads_to_the_login(
    service: RelyingParty, people: People, change: str
) -> None:
    pupil = people.pupil()
    entered = service.sign_in(pupil)
    tokens = service.tokens(entered)
    people.block(pupil) if change == "block" else people.leave(pupil)
    entered.browser.open(service.attempt().url)
    assert entered.browser.heading == "Vælg login"
    assert service.userinfo(tokens["access_token"]).status_code == 401
    assert service.refresh(tokens["refresh_token"]).status_code == 400


def test_b_l14_who_changes_from_pupil_to_teacher_is_told_to_services_as_a_teacher(
    service: RelyingParty, services: Services, people: People, shared_database: str
) -> None:
    for_pupils = RelyingParty(service.server, services.add(actor_groups=[ActorGroup.ELEV]), service.http)
    somebody = people.pupil()
    entered = for_pupils.sign_in(somebody)
    tokens = for_pupils.tokens(entered)

    async def change() -> None:
        connection = await connect(shared_database)
        await connection.execute(
            "update directory_membership set actor_group = 'Medarbejder', roles = '{Lærer}' where person_id = $1",
            somebody.person_id,
        )
        await connection.close()

    run(change())
    assert for_pupils.enter_again(entered.browser).answer["error"] == "access_denied"
    assert for_pupils.userinfo(tokens["access_token"]).status_code == 401
    assert for_pupils.refresh(tokens["refresh_token"]).status_code == 400


SCHOOL = "203.0.113.7"
FORWARDED = {
    "the school's address": SCHOOL,
    "the school's, as the nearest": f"10.0.0.1, {SCHOOL}",
    "a thousand hops": ", ".join([SCHOOL] * 1000),
    "junk": "æøå, ';--, <script>, ${jndi:ldap://x}",
    "an IPv6 zone": "fe80::1%eth0",
    "nothing": "",
    "commas": "," * 500,
}


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "X-Client-IP", "True-Client-IP"])
@pytest.mark.parametrize("claimed", FORWARDED.values(), ids=FORWARDED.keys())
def test_b_l16_who_claims_to_be_at_school_is_not(door: Door, throttle: Throttle, header: str, claimed: str) -> None:
    """At a school's registered address the box for shared devices is ticked: so it shows where one is taken to be."""
    school = door.people.pupil(secret=None).institution
    query = "select institution_id from directory_institution where number = $1"
    run(throttle.register(SCHOOL, run(throttle.pool.fetchval(query, school))))
    ticked = {}
    for address, headers in ((SCHOOL, []), (HOME, [(header.encode(), claimed.encode())])):
        visitor, token = door.browser(address=address)
        visitor.client.headers.update(headers)
        visitor.open(door.journeys.begin(token))
        visitor.submit(button=UNILOGIN)
        assert visitor.page.status_code == 200
        ticked[address] = bool(visitor.document.xpath("//input[@name='shared' and @checked]"))
    assert ticked == {SCHOOL: True, HOME: False}


@pytest.mark.parametrize(
    "wanted", ["da" * 5_000, "tlh", "*", "", "xx-yy;q=9, zz", "æøå", ",,,;;;", "fo-FO", "da-DK-x-" + "y" * 300]
)
def test_b_l17_an_odd_wish_for_a_language_means_danish(
    begin_journey: BeginJourney,  # noqa: F811 - the fixture
    wanted: str,
) -> None:
    visitor = begin_journey()
    page = visitor.client.get(visitor.path, headers=[(b"Accept-Language", wanted.encode())])
    assert (page.status_code, page.headers["content-language"]) == (200, "da")


def test_b_l07_a_stale_page_from_yesterday_begins_again_at_the_same_service(
    service: RelyingParty, pupil: Somebody, server: RunningServer, shared_database: str
) -> None:
    browser = service.new_browser()
    attempt = service.attempt()
    browser.open(attempt.url)
    browser.submit(button=UNILOGIN)
    browser.submit({"username": pupil.username})
    address, form = browser.path, dict(browser.document.forms[0].form_values())

    async def two_hours_pass() -> None:
        connection = await connect(shared_database)
        await connection.execute(
            "update signin_journey set started_at = started_at - interval '2 hours',"
            " expires_at = expires_at - interval '2 hours' where journey_id = $1",
            address.split("/")[2],
        )
        await connection.close()

    run(two_hours_pass())
    fields = {"csrf": str(form["csrf"]), "password": str(pupil.secret)}
    assert browser.post(address, fields).status_code == 410
    browser.open(str(browser.document.xpath("string(//main//a[contains(@class, 'button')]/@href)")))
    type_in(browser, pupil)
    assert f"state={attempt.parameters['state']}" in str(browser.left_for)
