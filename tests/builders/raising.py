"""A service that asks for more than a password, people of every kind, and a MitID that says what it is told to.

The application runs in the test's own process on a database of its own, so that its clock can be moved.
"""

import itertools
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, cast

import httpx

from tests.builders.clock import Clock
from tests.builders.inside import BASE_URL, Inside, InsideTransport, inside
from tests.builders.passkeys import Passkeys
from tests.builders.people import People, Somebody
from tests.builders.running import run
from tests.builders.services import Services
from tests.postgres import TestServer
from tests.protocols.oidc.relying_party import Attempt, RelyingParty, answer_of
from tests.recovery.families import Families
from tests.recovery.inside import read
from tests.recovery.mitid import ALIAS, MitId
from tests.recovery.steps import signs_in
from tests.server import RunningServer
from tests.visitor import Visitor
from unilogin.domain.audit.model import Actor
from unilogin.domain.services.model import Level
from unilogin.kit.db.connection import connect
from unilogin.kit.secrets import Secrets
from unilogin.signin.providers import switch_provider

_stages = itertools.count()
PICTURES = ["sol", "hus", "bil", "is"]


@dataclass(frozen=True, slots=True)
class _Here:
    """Stands in for a server of its own: only the addresses are asked for."""

    base_url: str = BASE_URL
    issuer: str = f"{BASE_URL}/auth/realms/broker"
    log: Path = Path("/dev/null")


def years_ago(years: int) -> date:
    """A day in the year so many years ago."""
    return date(datetime.now(UTC).year - years, 1, 1)


def insisting(*levels: str) -> dict[str, str]:
    """The parameter that insists on one of these levels."""
    return {"claims": json.dumps({"id_token": {"acr": {"essential": True, "values": list(levels)}}})}


INSIST_VOUCHED = insisting(Level.VOKSEN_VERIFICERET)
INSIST_TWO = insisting(Level.TO_FAKTOR)


@dataclass(slots=True)
class Stage:
    """Everything a test of levels needs."""

    app: Inside
    people: People
    families: Families
    mitid: MitId
    passkeys: Passkeys
    services: Services
    clock: Clock
    cpr: dict[str, bytes] = field(default_factory=dict)

    @property
    def dsn(self) -> str:
        return self.people.dsn

    def service(self, **registration: Any) -> RelyingParty:
        """A service, and the client it calls us with."""
        http = httpx.Client(transport=InsideTransport(self.app.app, "203.0.113.9"), timeout=60)
        server = cast(RunningServer, _Here())
        return RelyingParty(server, self.services.add(**registration), http)

    def known(self, somebody: Somebody) -> Somebody:
        """Give somebody a CPR number, so that MitID can name them."""
        self.cpr[somebody.username] = self.mitid.known(somebody)
        return somebody

    def small(self, *, parent: bool = True) -> Somebody:
        """A pupil of eight, signing in with pictures; with a parent whom MitID can name, or with nobody."""
        child = self.known(self.people.pupil(level="2", secret=PICTURES))
        self.families.born(child, years_ago(8))
        if parent:
            self.parent_of(child)
        return child

    def big(self, *, parent: bool = True) -> Somebody:
        """A pupil of fourteen, who may have a MitID."""
        child = self.known(self.people.pupil(level="8"))
        self.families.born(child, years_ago(14))
        if parent:
            self.parent_of(child)
        return child

    def grown(self) -> Somebody:
        """A student of nineteen."""
        student = self.known(self.people.pupil(level="U2"))
        self.families.born(student, years_ago(19))
        return student

    def teacher(self) -> Somebody:
        """A member of staff."""
        return self.known(self.people.teacher())

    def private(self) -> Somebody:
        """A member of staff of a school whose people may not use MitID."""
        teacher = self.teacher()
        self.sql("update directory_institution set public_law_body = false where number = $1", teacher.institution)
        return teacher

    def parent_of(self, child: Somebody, *, custody: bool = True) -> Somebody:
        """A parent whom MitID can name."""
        parent = self.teacher()
        self.families.custody(parent, child, custody=custody)
        return parent

    def teacher_of(self, child: Somebody) -> Somebody:
        """A teacher of the child's class."""
        teacher = self.people.teacher(institution=child.institution)
        self.families.in_class(child, f"2.B {child.username}")
        self.sql(
            "insert into directory_group_member (group_key, membership_id, main)"
            " select gm.group_key, t.membership_id, false from directory_membership m"
            " join directory_group_member gm using (membership_id), directory_membership t"
            " where m.person_id = $1 and t.person_id = $2",
            child.person_id,
            teacher.person_id,
        )
        return teacher

    def offer_mitid(self, *, on: bool) -> None:
        """Let MitID be offered, or not."""
        run(self._offer(on))

    async def _offer(self, on: bool) -> None:
        connection = await connect(self.dsn)
        async with connection.transaction():
            await switch_provider(connection, ALIAS, on=on, actor=Actor("operator", "tests"))
        await connection.close()

    def signed_in(self, somebody: Somebody, service: RelyingParty, **asked: str) -> Visitor:
        """A browser in which somebody has entered a service with a password, as far as that leads."""
        browser = self.app.visitor()
        self.open(browser, service.attempt(**asked))
        return self.type_in(browser, somebody)

    def open(self, browser: Visitor, attempt: Attempt) -> Visitor:
        """Send a browser with a request."""
        browser.open(attempt.url)
        return browser

    def type_in(self, browser: Visitor, somebody: Somebody) -> Visitor:
        """From the selector past the secret, as far as that leads."""
        browser.submit(button=("selectedIdp", "uni_idp"))
        browser.submit({"username": somebody.username})
        assert somebody.secret is not None
        if signs_in(browser, somebody.secret):
            browser.move_on()
        return browser

    def with_mitid(self, browser: Visitor, somebody: Somebody) -> Visitor:
        """From the page that offers it: approve as this person, come back, and go on as far as that leads."""
        browser.submit(button=("provider", ALIAS))
        self.mitid.proves(browser, self.cpr[somebody.username])
        if browser.moves_on:
            browser.move_on()
        return browser

    def move(self, *, seconds: float) -> None:
        """Let time pass for everybody."""
        run(self.clock.move(seconds))

    def sql(self, sql: str, *arguments: object) -> list[tuple[object, ...]]:
        """Change something behind everybody's back, or look."""
        return read(self.dsn, sql, *arguments)


def token_level(service: RelyingParty, attempt: Attempt, browser: Visitor) -> str:
    """Redeem what the browser was sent with, and return the level in the id token."""
    return str(tokens_of(service, attempt, browser)[1]["unilogin_loa"])


def tokens_of(service: RelyingParty, attempt: Attempt, browser: Visitor) -> tuple[dict[str, str], dict[str, object]]:
    """Redeem what the browser was sent with; return the tokens and the claims of the id token."""
    answer = answer_of(browser)
    assert "code" in answer, answer or browser.text
    fields = {
        "grant_type": "authorization_code",
        "code": answer["code"],
        "redirect_uri": service.redirect_uri,
        "code_verifier": attempt.verifier,
    }
    response = service.post("token", fields)
    assert response.status_code == 200, response.text
    return response.json(), service.claims(response.json()["id_token"])


@contextmanager
def stage_on(dsn: str, secrets: Secrets) -> Iterator[Stage]:
    """The application on this database, with MitID on offer."""
    with inside(dsn, secrets) as app:
        people = People(dsn, secrets)
        yield Stage(
            app,
            people,
            Families(people),
            MitId.of(dsn, secrets),
            Passkeys(dsn, BASE_URL),
            Services(dsn),
            Clock(dsn),
        )


@contextmanager
def stage_of_its_own(postgres: TestServer, template: str, secrets: Secrets) -> Iterator[Stage]:
    """A stage for all tests of a module."""
    name = f"stage_{os.getpid()}_{next(_stages)}"
    try:
        with stage_on(postgres.create_database(name, template), secrets) as stage:
            yield stage
    finally:
        postgres.drop_database(name)


def asks_for(stage: Stage, service: RelyingParty, pupil: Somebody, **insisted: str) -> tuple[Visitor, Attempt]:
    """A browser of a pupil who is signed in with a secret, at the page that asks for more."""
    browser = stage.signed_in(pupil, service)
    attempt = service.attempt(**(insisted or INSIST_VOUCHED))
    stage.open(browser, attempt)
    assert browser.path.endswith("/level"), browser.text
    return browser, attempt


def at_parents_page(stage: Stage, service: RelyingParty, pupil: Somebody) -> tuple[Visitor, Attempt]:
    browser, attempt = asks_for(stage, service, pupil)
    browser.open(f"{browser.path}/parent")
    assert browser.heading == "Til dig, der er forælder"
    return browser, attempt


def levels_of(stage: Stage, pupil: Somebody) -> list[object]:
    """How sure each session of somebody is now, and how many times somebody vouched."""
    return [
        row[0]
        for row in stage.sql(
            "select case when vouched_until > kit_now() then 'VoksenVerificeret' else level end"
            " from sessions_session where account_id = $1 and ended_at is null order by auth_time",
            pupil.account_id,
        )
    ]


def vouches(stage: Stage, pupil: Somebody) -> int:
    rows = stage.sql(
        "select count(*) from sessions_vouch v join sessions_session s using (session_id) where s.account_id = $1",
        pupil.account_id,
    )
    return int(str(rows[0][0]))


def copy_of(stage: Stage, browser: Visitor) -> Visitor:
    """Another tab of the same browser."""
    tab = stage.app.visitor()
    for cookie in browser.client.cookies.jar:
        tab.client.cookies.set(cookie.name, cookie.value or "")
    return tab
