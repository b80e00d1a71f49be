"""K-13: what identifies or opens is sent through every door; afterwards nothing outside the people's own rows holds it.

The canaries: CPR numbers in a roster and typed into wrong fields, passwords right and wrong, usernames. Searched: the
server's log, PostgreSQL's log, a text dump of every table, what commands print, every page, address and cookie.
"""

import base64
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import asyncpg
import httpx
import pytest

from tests.builders.people import People, Somebody
from tests.builders.provider import TOKEN, Behaviour, Claims, Providers, stub_provider
from tests.builders.running import run
from tests.builders.services import Services
from tests.cli.conftest import Told, run_command
from tests.postgres import TestServer
from tests.protocols.oidc.relying_party import RelyingParty, answer_of, type_in
from tests.roster.documents import contact, document, employee, member, person, student
from tests.server import RunningServer, environment, free_port, start_server
from unilogin.kit.db.connection import connect
from unilogin.kit.secrets import Secrets

PUPIL_CPR, PARENT_CPR, TEACHER_CPR = "7112055179", "6203815178", "7904805177"
BROKEN_CPR, LOCAL_CPR, TYPED_CPR, HINT_CPR = "9902315176", "6305165173", "6811985175", "6601175174"
MITID_CPR = "7108825178"
CPR_NUMBERS = (PUPIL_CPR, PARENT_CPR, TEACHER_CPR, BROKEN_CPR, LOCAL_CPR, TYPED_CPR, HINT_CPR, MITID_CPR)
RIGHT, WRONG = "kanariens gule fjer 48", "kanariens grå skygge 93"
MISPLACED = "kanariens hemmelige sang 15"
AT_THE_PROVIDER = "kanariens dirk hos udbyderen 7"
SECRETS = (RIGHT, WRONG, MISPLACED, AT_THE_PROVIDER)
NAMES = ("Kanariline", "Fjerkræsen")
SCHOOL = "999077"


@dataclass(slots=True)
class Evidence:
    """Everything that was written or sent anywhere, by the place it was found in."""

    places: dict[str, str] = field(default_factory=dict)
    usernames: list[str] = field(default_factory=list)

    def add(self, place: str, text: str) -> None:
        self.places[place] = f"{self.places.get(place, '')}\n{text}"

    def places_with(self, canaries: Sequence[str], *, among: str = "") -> list[str]:
        """Return where one of these stands, in clear or hidden no better than by an encoding."""
        return [
            f"{place}: {canary}"
            for place, text in self.places.items()
            if place.startswith(among)
            for canary in canaries
            if any(form in text for form in forms_of(canary))
        ]


def forms_of(canary: str) -> set[str]:
    """A text as it stands in files, addresses, dumps and encodings that hide nothing."""
    raw = canary.encode()
    found = {canary, quote(canary), quote(canary).replace("%20", "+"), raw.hex(), json.dumps(canary)[1:-1]}
    if canary.isdigit():
        found |= {f"{canary[:6]}-{canary[6:]}", f"{canary[:6]} {canary[6:]}", f"{canary[:6]}%20{canary[6:]}"}
    for shift in range(3):  # base64 depends on where a text begins
        encoded = base64.b64encode(b"\0" * shift + raw).decode()
        middle = encoded[4 if shift else 0 : -4]
        found |= {middle, middle.replace("+", "-").replace("/", "_")}
    return found


def test_the_search_finds_what_is_only_encoded() -> None:
    for hidden in (
        f"x{PUPIL_CPR}y",
        "711205-5179",
        PUPIL_CPR.encode().hex(),
        base64.b64encode(f"ab{PUPIL_CPR}cdefg".encode()).decode(),
        base64.urlsafe_b64encode(f"a{PUPIL_CPR}".encode() + b"\xff" * 9).decode(),
    ):
        evidence = Evidence()
        evidence.add("here", hidden)
        assert evidence.places_with([PUPIL_CPR]) == [f"here: {PUPIL_CPR}"]
    nothing = Evidence()
    nothing.add("here", "7112055178 7112 055179")
    assert not nothing.places_with([PUPIL_CPR])


@dataclass(slots=True)
class Scene:
    """A server with a database of its own, and everything it is made to do."""

    dsn: str
    secrets_file: Path
    server: RunningServer
    folder: Path
    evidence: Evidence
    service: RelyingParty

    def command(self, *words: str, stdin: str = "") -> Told:
        """Type a command, and keep what it says."""
        told = run_command(*words, env=environment(self.dsn, self.secrets_file, port=free_port()), stdin=stdin)
        self.evidence.add(f"command {' '.join(words[:2])}", told.out + told.err)
        return told

    def watch(self, client: httpx.Client, place: str) -> None:
        """Keep every page, cookie and further address that comes to a browser."""

        def note(response: httpx.Response) -> None:
            response.read()
            self.evidence.add(f"page {place}", response.text)
            self.evidence.add(f"address {place}", response.headers.get("location", ""))
            self.evidence.add(f"cookie {place}", " ".join(response.headers.get_list("set-cookie")))
            self.evidence.add(f"header {place}", str(response.headers))

        client.event_hooks["response"].append(note)

    def as_owner(self, sql: str) -> None:
        run(self._as_owner(sql))

    async def _as_owner(self, sql: str) -> None:
        connection = await connect(self.dsn)
        try:
            await connection.execute(sql)
        finally:
            await connection.close()


@pytest.fixture(scope="module")
def evidence(
    postgres: TestServer, template: str, secrets: Secrets, secrets_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Evidence]:
    """What is found after a day on which everything went wrong that can."""
    dsn = postgres.create_database("canary", template)
    server = start_server(dsn, secrets_file, extra={"UNILOGIN_LOG_LEVEL": "debug"})
    folder = tmp_path_factory.mktemp("canary")
    try:
        with httpx.Client(timeout=60) as http:
            service = RelyingParty(server, Services(dsn).add(), http)
            scene = Scene(dsn, secrets_file, server, folder, Evidence(), service)
            scene.watch(http, "of the service")
            live_through_a_bad_day(scene, People(dsn, secrets))
    finally:
        server.stop()
    collect(scene, postgres)
    yield scene.evidence
    postgres.drop_database("canary")


def live_through_a_bad_day(scene: Scene, people: People) -> None:
    deliver_a_roster(scene)
    look_people_up(scene)
    pupil = people.pupil(secret=RIGHT)
    scene.evidence.usernames.append(pupil.username)
    sign_in(scene, pupil)
    sign_in_wrongly(scene, pupil)
    sign_in_with_mitid(scene, people)
    send_everything_to_the_wrong_place(scene, pupil)
    sign_in_while_the_database_fails(scene, pupil)


def deliver_a_roster(scene: Scene) -> None:
    institutions = scene.folder / "institutions.csv"
    institutions.write_text(
        f"number,name,kind,cvr,municipality,public_law_body\n{SCHOOL},Kanarieskolen,folkeskole,,,yes\n"
    )
    assert scene.command("institutions", "import", str(institutions)).code == 0
    parent = contact(person(PARENT_CPR, first=NAMES[0], family=NAMES[1]))
    whole = member("e-1", person(PUPIL_CPR, first=NAMES[0], family=NAMES[1]), student(more=parent))
    teacher = member("m-1", person(TEACHER_CPR, first=NAMES[0], family=NAMES[1]), employee())
    ill = [
        member("e-2", person(BROKEN_CPR, first=NAMES[0], family=NAMES[1]), student(main=BROKEN_CPR)),
        member("e-3", person(f"{BROKEN_CPR[:6]}-{BROKEN_CPR[6:]}x", family=NAMES[1]), student()),
        member("e-4", person("6205162233", more=f"<EMailAddress>{BROKEN_CPR}</EMailAddress>"), student(level="x")),
        member(LOCAL_CPR, person(LOCAL_CPR, family=NAMES[1]), student(role=BROKEN_CPR)),
        member(LOCAL_CPR, person(f"{LOCAL_CPR}x", family=NAMES[1]), student(role=BROKEN_CPR)),
    ]
    for number, members in enumerate(([whole, teacher], [whole, teacher, *ill], [whole, whole, *ill])):
        roster = scene.folder / f"roster-{number}.xml"
        roster.write_text(document(*members, number=SCHOOL, time=f"2025-08-{10 + number}T03:00:00+02:00"))
        scene.command("roster", "import", str(roster), "--json")
        scene.command("roster", "import", str(roster))
    broken = scene.folder / "broken.xml"
    broken.write_text(document(whole, number=SCHOOL, time="2025-09-01T03:00:00Z").replace("</Person>", "", 1))
    scene.command("roster", "import", str(broken))


def look_people_up(scene: Scene) -> None:
    found = scene.command("people", "find", "--cpr", "--json", stdin=f"{PUPIL_CPR}\n")
    scene.evidence.usernames += [one["username"] for one in found.json]
    assert scene.evidence.usernames, "the roster was loaded"
    del scene.evidence.places["command people find"]  # it tells an operator the name, which is what it is for
    scene.command("people", "find", TYPED_CPR)
    scene.command("people", "find", "--cpr", stdin=f"{TYPED_CPR}\n")


def sign_in(scene: Scene, pupil: Somebody) -> None:
    browser = scene.service.new_browser()
    scene.watch(browser.client, "of a pupil")
    entered = scene.service.sign_in(pupil, browser=browser)
    tokens = scene.service.tokens(entered)
    scene.evidence.add("token", json.dumps([*map(unsealed, tokens.values()), scene.service.claims(tokens["id_token"])]))
    scene.service.userinfo(tokens["access_token"])
    scene.service.introspect(tokens["access_token"])
    scene.service.refresh(tokens["refresh_token"])
    scene.service.enter_again(browser)
    browser.open(f"{scene.service.address('logout')}?id_token_hint={tokens['id_token']}")


def unsealed(token: object) -> str:
    """A token with its parts decoded, if it is a signed one."""
    parts = str(token).split(".")
    if len(parts) != 3:
        return str(token)
    return " ".join(base64.urlsafe_b64decode(part + "===").decode(errors="replace") for part in parts)


def sign_in_wrongly(scene: Scene, pupil: Somebody) -> None:
    for secret in (WRONG, WRONG, TYPED_CPR, WRONG * 9):
        browser = scene.service.new_browser()
        scene.watch(browser.client, "of a guesser")
        browser.open(scene.service.attempt().url)
        browser.submit(button=("selectedIdp", "uni_idp"))
        browser.submit({"username": pupil.username})
        browser.submit({"password": secret})


def sign_in_with_mitid(scene: Scene, people: People) -> None:
    """As a parent, as nobody, and with answers that put a number where none belongs."""
    with stub_provider() as stub:
        stub.client_secret = AT_THE_PROVIDER
        alias = Providers(scene.dsn, people.secrets).add(stub)
        for number, spoiled in ((PARENT_CPR, ""), (MITID_CPR, ""), (f"{MITID_CPR}x", ""), (MITID_CPR, "error"),
                                (MITID_CPR, "html"), (MITID_CPR, "other"), (MITID_CPR, "aud")):  # fmt: skip
            browser = scene.service.new_browser()
            scene.watch(browser.client, "of somebody with MitID")
            browser.open(scene.service.attempt().url)
            browser.submit(button=("selectedIdp", alias))
            browser.move_on()
            out = browser.left_for or ""
            told = {"cpr": number, "name": " ".join(NAMES), "sub": "a-pseudonym"}
            if spoiled == "error":
                browser.open(stub.answer(out, {"error": "access_denied"}))
                continue
            back = stub.approve(
                out,
                told,
                lie=_for_a_number if spoiled == "aud" else dict,
                userinfo={"cpr": PARENT_CPR} if spoiled == "other" else None,
            )
            stub.behaves = {TOKEN: Behaviour(body=f"<html>{MITID_CPR}".encode())} if spoiled == "html" else {}
            browser.open(back)
            if browser.moves_on:
                browser.move_on()


def _for_a_number(claims: Claims) -> Claims:
    return {**claims, "aud": MITID_CPR}


def send_everything_to_the_wrong_place(scene: Scene, pupil: Somebody) -> None:
    for typed in (TYPED_CPR, f"{TYPED_CPR[:6]}-{TYPED_CPR[6:]}", MISPLACED):
        browser = scene.service.new_browser()
        scene.watch(browser.client, "of the absent-minded")
        browser.open(scene.service.attempt().url)
        browser.submit(button=("selectedIdp", typed))
        browser.submit(button=("selectedIdp", "uni_idp"))
        browser.submit({"username": typed})
        browser.submit({"username": pupil.username, "password": typed, typed: typed})
        hinted = scene.service.attempt(login_hint=HINT_CPR, nonce="n" * 20)
        browser.open(hinted.url)
        browser.post(scene.service.address("auth"), hinted.parameters)
    with httpx.Client(base_url=scene.server.base_url) as stranger:
        headers = {
            "User-Agent": TYPED_CPR,
            "Referer": TYPED_CPR,
            "X-Forwarded-For": TYPED_CPR,
            "Cookie": f"a={WRONG!r}",
        }
        headers = {name: value.encode("ascii", "ignore").decode() for name, value in headers.items()}
        for path in (f"/{TYPED_CPR}", f"/login/{TYPED_CPR}/username", f"/hjaelp?cpr={TYPED_CPR}", f"/login?p={WRONG}"):
            stranger.get(path, headers=headers)
            stranger.post(path, headers=headers, data={"cpr": TYPED_CPR, "password": WRONG})
        for endpoint in ("token", "token/introspect", "revoke", "logout", "userinfo"):
            fields = {"grant_type": "password", "username": pupil.username, "password": WRONG, "token": TYPED_CPR}
            stranger.post(scene.service.address(endpoint), data=fields, auth=(TYPED_CPR, WRONG))


def sign_in_while_the_database_fails(scene: Scene, pupil: Somebody) -> None:
    """PostgreSQL then quotes the failing row, and the driver puts it into the exception's message."""
    failures = (
        (
            "alter table signin_journey add constraint canary check (username is null) not valid",
            "drop constraint canary",
        ),
        ("alter table sessions_session add constraint canary check (false) not valid", "drop constraint canary"),
        ("alter table sessions_session rename to sessions_gone", "rename to sessions_session"),
    )
    for breaking, mending in failures:
        scene.as_owner(breaking)
        browser = scene.service.new_browser()
        scene.watch(browser.client, "of the unlucky")
        browser.open(scene.service.attempt().url)
        if browser.document.forms:
            browser.submit(button=("selectedIdp", "uni_idp"))
        for fields in ({"username": pupil.username}, {"password": RIGHT}):
            if browser.page.status_code == 200 and browser.document.forms:
                browser.submit(fields)
        assert browser.page.status_code == 500, "this was meant to fail"
        table = "sessions_gone" if "rename" in breaking else breaking.split()[2]
        scene.as_owner(f"alter table {table} {mending}")
    scene.as_owner(
        "create function canary_wait() returns trigger language plpgsql"
        " as 'begin perform pg_sleep(0.6); return new; end';"
        "create trigger canary before update on signin_journey for each row execute function canary_wait()"
    )
    browser = scene.service.new_browser()
    browser.open(scene.service.attempt().url)
    type_in(browser, pupil)
    assert answer_of(browser)


def collect(scene: Scene, postgres: TestServer) -> None:
    scene.evidence.add("log of the server", scene.server.log.read_text(errors="replace"))
    scene.evidence.add("log of PostgreSQL", run(_log_of(postgres)).read_text(errors="replace"))
    for table, text in run(_dump(scene.dsn)).items():
        scene.evidence.add(f"table {table}", text)


async def _log_of(postgres: TestServer) -> Path:
    connection = await asyncpg.connect(postgres.admin_dsn)
    try:
        return Path(await connection.fetchval("show data_directory")).parent / "postgres.log"
    finally:
        await connection.close()


async def _dump(dsn: str) -> dict[str, str]:
    """Every table as text, as a backup would hold it."""
    connection = await asyncpg.connect(dsn)
    dumped = {}
    try:
        for record in await connection.fetch(
            "select oid::regclass::text as name from pg_class"
            " where relkind = 'r' and relnamespace = 'public'::regnamespace"
        ):
            lines: list[bytes] = []

            async def keep(data: bytes, lines: list[bytes] = lines) -> None:
                lines.append(data)

            await connection.copy_from_table(record["name"], output=keep)
            dumped[record["name"]] = b"".join(lines).decode()
    finally:
        await connection.close()
    return dumped


def test_the_day_was_as_bad_as_it_was_meant_to_be(evidence: Evidence) -> None:
    log = evidence.places["log of the server"]
    events = [json.loads(line)["event"] for line in log.splitlines() if line.startswith("{")]
    assert {"fault", "slow_statement", "cpr_in_login_hint", "provider_failed"} <= set(events)
    audit = evidence.places[next(place for place in evidence.places if "audit_event_2" in place)]
    assert '"method": "mitid"' in audit.replace("\\", "")
    assert "signin.succeeded" in evidence.places[next(place for place in evidence.places if "audit_event_2" in place)]
    assert "ERROR" in evidence.places["log of PostgreSQL"]
    assert RIGHT not in str(evidence.places), "the right password went over the wire and nowhere else"


def test_k_13_no_cpr_number_stands_anywhere_in_clear(evidence: Evidence) -> None:
    assert not evidence.places_with(CPR_NUMBERS)


def test_k_13_no_password_stands_anywhere_in_clear(evidence: Evidence) -> None:
    assert not evidence.places_with(SECRETS)


def test_k_13_no_username_and_no_name_is_in_a_log_an_address_a_cookie_or_a_token(evidence: Evidence) -> None:
    for place in ("log", "address", "cookie", "header", "token", "table audit_", "table limits_"):
        assert not evidence.places_with([*evidence.usernames, *NAMES], among=place)


def test_k_13_every_line_of_the_servers_log_is_one_of_ours(evidence: Evidence) -> None:
    lines = evidence.places["log of the server"].strip().splitlines()
    strange = [line for line in lines if not (line.isascii() and line.isprintable() and re.match(r'^\{".*\}$', line))]
    assert not strange
    faults = [json.loads(line) for line in lines if '"fault"' in line]
    assert all(re.fullmatch(r"[0-9a-f]{32}", fault["request_id"]) for fault in faults)
