"""I-6, K-31: an act and its row in the log are one: when the row cannot be written, nothing else is either."""

import csv
import hashlib
import re
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.builders.people import People, Somebody
from tests.builders.running import connect, run
from tests.builders.services import Services
from tests.cli.conftest import Told, run_command
from tests.postgres import TestServer
from tests.protocols.oidc.relying_party import RelyingParty, type_in
from tests.roster.documents import document, member, person, student
from tests.server import environment, start_server
from unilogin.kit.secrets import Secrets

COUNTS_AND_JOURNEYS = re.compile(r"limits_|signin_journey|audit_|oidc_posted_request|kit_migration")
"""What an attempt may leave behind that is no act: it was counted, and the journey stands where it stood."""


class Silenced:
    """A database whose log takes no more rows from who serves; everything else works."""

    def __init__(self, dsn: str, secrets_file: Path, *, service: RelyingParty, pupil: Somebody) -> None:
        self.dsn = dsn
        self.service = service
        self.pupil = pupil
        self._secrets_file = secrets_file

    def command(self, *words: str) -> Told:
        return run_command(*words, env=environment(self.dsn, self._secrets_file, port=8000))

    def silence(self) -> None:
        until = time.monotonic() + 120
        while run(
            self._value("select count(*) from sessions_session where ended_at <= kit_now() and announced_at is null")
        ):
            assert time.monotonic() < until  # the server still takes note of who has signed out
            time.sleep(0.05)  # waits for a condition, not for luck
        run(self._execute("revoke insert (action) on audit_event from unilogin_run"))

    def speak(self) -> None:
        run(self._execute("grant insert (action) on audit_event to unilogin_run"))

    def contents(self) -> dict[str, str]:
        """A fingerprint of each table that acts write."""
        return run(self._contents())

    async def _execute(self, sql: str) -> None:
        connection = await connect(self.dsn)
        await connection.execute(sql)
        await connection.close()

    async def _value(self, sql: str) -> object:
        connection = await connect(self.dsn)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    async def _contents(self) -> dict[str, str]:
        connection = await connect(self.dsn)
        found = {}
        for row in await connection.fetch(
            "select oid::regclass::text as name from pg_class"
            " where relkind = 'r' and relnamespace = 'public'::regnamespace"
        ):
            if not COUNTS_AND_JOURNEYS.match(row["name"]):
                rows = await connection.fetch(f"select t::text from {row['name']} t order by 1")
                found[row["name"]] = hashlib.sha256(repr(rows).encode()).hexdigest()
        await connection.close()
        return found


@pytest.fixture(scope="module")
def silenced(postgres: TestServer, template: str, secrets_file: Path, secrets: Secrets) -> Iterator[Silenced]:
    dsn = postgres.create_database("silenced", template)
    server = start_server(dsn, secrets_file)
    with httpx.Client(timeout=60) as http:
        service = RelyingParty(server, Services(dsn).add(), http)
        yield Silenced(dsn, secrets_file, service=service, pupil=People(dsn, secrets).pupil())
    server.stop()
    postgres.drop_database("silenced")


@pytest.fixture
def pupil(silenced: Silenced) -> Somebody:
    return silenced.pupil


@pytest.fixture
def unlogged(silenced: Silenced) -> Iterator[Silenced]:
    """Silenced for as long as the test runs, and nothing may have changed at its end."""
    silenced.silence()
    before = silenced.contents()
    yield silenced
    after = silenced.contents()
    silenced.speak()
    assert [name for name in before if before[name] != after[name]] == []


def test_k_31_no_session_without_its_row(unlogged: Silenced, pupil: Somebody) -> None:
    browser = unlogged.service.new_browser()
    browser.open(unlogged.service.attempt().url)
    type_in(browser, pupil)
    assert browser.page.status_code == 500
    assert "session" not in str(browser.client.cookies)


def test_k_31_no_code_without_its_row(silenced: Silenced, pupil: Somebody) -> None:
    browser = silenced.service.sign_in(pupil).browser
    silenced.silence()
    before = silenced.contents()
    browser.open(silenced.service.attempt().url)
    assert browser.page.status_code == 500
    assert browser.left_for is None
    assert silenced.contents() == before
    silenced.speak()


def test_k_31_no_token_without_its_row_and_the_code_stays_good(silenced: Silenced, pupil: Somebody) -> None:
    entered = silenced.service.sign_in(pupil)
    silenced.silence()
    before = silenced.contents()
    assert silenced.service.redeem(entered).status_code == 500
    assert silenced.contents() == before
    silenced.speak()
    tokens = silenced.service.tokens(entered)
    silenced.silence()
    before = silenced.contents()
    assert silenced.service.refresh(tokens["refresh_token"]).status_code == 500
    assert silenced.service.post("revoke", {"token": tokens["access_token"]}).status_code == 500
    assert silenced.contents() == before
    silenced.speak()
    assert silenced.service.refresh(tokens["refresh_token"]).status_code == 200


def test_k_31_nobody_is_signed_out_without_a_row(silenced: Silenced, pupil: Somebody) -> None:
    entered = silenced.service.sign_in(pupil)
    tokens = silenced.service.tokens(entered)
    silenced.silence()
    before = silenced.contents()
    address = f"{silenced.service.address('logout')}?id_token_hint={tokens['id_token']}"
    assert entered.browser.open(address).status_code == 500
    assert silenced.contents() == before
    silenced.speak()


SERVICE = ("--name=R", "--provider=P", "--home=http://localhost:9/", "--redirect-uri=http://localhost:9/x")
COMMANDS = (
    ("keys", "rotate"),
    ("institutions", "import", "{institutions}"),
    ("roster", "import", "{roster}"),
    ("rights", "grant", "Brugeradministrator", "{username}", "{institution}"),
    ("services", "add", "regneriget", *SERVICE),
    ("people", "unlock", "{username}"),
    ("sites", "add", "{institution}", "203.0.113.0/28"),
    ("audit", "export"),
)


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: " ".join(words[:2]))
def test_k_31_no_command_acts_without_a_row(
    unlogged: Silenced, pupil: Somebody, tmp_path: Path, words: tuple[str, ...]
) -> None:
    institutions, roster = tmp_path / "institutions.csv", tmp_path / "roster.xml"
    with institutions.open("w", newline="") as file:
        columns = ("number", "name", "kind", "cvr", "municipality", "public_law_body")
        csv.writer(file).writerows([columns, ("999088", "Skolen", "folkeskole", "", "", "yes")])
    roster.write_text(document(member("e-1", person("7112055179"), student()), number=pupil.institution))
    known = {
        "institutions": institutions,
        "roster": roster,
        "username": pupil.username,
        "institution": pupil.institution,
    }
    told = unlogged.command(*(word.format(**known) for word in words))
    assert told.code == 1, told.err
    assert "InsufficientPrivilegeError" in told.err


def test_k_31_every_row_a_browser_or_a_service_causes_bears_the_id_of_its_request(
    silenced: Silenced, pupil: Somebody
) -> None:
    before = run(rows_of(silenced.dsn))
    entered = silenced.service.sign_in(pupil)
    tokens = silenced.service.tokens(entered)
    silenced.service.refresh(tokens["refresh_token"])
    silenced.service.redeem(entered)
    entered.browser.open(f"{silenced.service.address('logout')}?id_token_hint={tokens['id_token']}")
    new = run(rows_of(silenced.dsn))[len(before) :]
    assert {"signin.succeeded", "code.issued", "tokens.issued", "session.ended"} <= {action for action, _ in new}
    assert [action for action, request_id in new if not re.fullmatch(r"[0-9a-f]{32}", request_id or "")] == []


async def rows_of(dsn: str) -> list[tuple[str, str | None]]:
    connection = await connect(dsn)
    try:
        rows = await connection.fetch("select action, request_id from audit_event order by sequence")
        return [(row["action"], row["request_id"]) for row in rows]
    finally:
        await connection.close()
