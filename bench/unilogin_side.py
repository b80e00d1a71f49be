"""Our side: a migrated database with services, a school and its people, and browsers in which they are signed in."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from bench.relying_party import Service
from bench.wire import Browser, Wire
from unilogin.domain.audit.model import Actor
from unilogin.domain.credentials.actions import set_password
from unilogin.domain.credentials.hashing import Hasher
from unilogin.domain.credentials.model import PasswordType
from unilogin.domain.credentials.rules import normal_secret
from unilogin.domain.directory.model import AccountId, ActorGroup
from unilogin.domain.keys.actions import ensure_key
from unilogin.domain.services.actions import Registration, add_service, grant_licence
from unilogin.domain.services.model import STANDARD_ATTRIBUTES, Attribute, Level
from unilogin.domain.sessions.actions import open_session
from unilogin.domain.sessions.model import Device, UsedDevice
from unilogin.domain.sessions.rules import lifetime
from unilogin.kit.db.connection import connect
from unilogin.kit.db.migrate import migrate
from unilogin.kit.ids import new_token
from unilogin.kit.secrets import create_secrets_file, load_secrets

REDIRECT_URI = "http://localhost:9/callback"
PASSWORD = "solskin over klitten 7"
SCHOOL = "B00001"
_BENCH = Actor("operator", "bench")


@dataclass(frozen=True, slots=True)
class Somebody:
    """A pupil who has the password above."""

    account_id: AccountId
    username: str


@dataclass(frozen=True, slots=True)
class House:
    """What the measures need to know of a prepared database."""

    dsn: str
    secrets_file: Path
    services: Sequence[Service]
    pupils: Sequence[Somebody]


async def prepare(dsn: str, folder: Path, *, services: int, pupils: int) -> House:
    """Migrate an empty database; register services and make pupils of one school, through the normal actions."""
    secrets_file = folder / "secrets.toml"
    create_secrets_file(secrets_file)
    await migrate(dsn)
    connection = await connect(dsn)
    async with connection.transaction():
        await ensure_key(connection, load_secrets(secrets_file), actor=_BENCH)
        await connection.execute(
            "insert into directory_institution (number, name, kind, public_law_body)"
            " values ($1, 'Målestoksskolen', 'folkeskole', true)",
            SCHOOL,
        )
        registered = [await _register(connection, number) for number in range(services)]
    hasher = Hasher(load_secrets(secrets_file)["password_pepper"])
    people = [await _make_pupil(connection, number, hasher) for number in range(pupils)]
    hasher.close()
    await connection.close()
    return House(dsn, secrets_file, registered, people)


async def _register(connection: "asyncpg.Connection[asyncpg.Record]", number: int) -> Service:
    registration = Registration(
        name=f"Tjeneste {number}",
        provider="Målestok",
        client_id=f"service-{number}",
        home_url="http://localhost:9/",
        redirect_uris=(REDIRECT_URI,),
        attributes=(*STANDARD_ATTRIBUTES, Attribute.INSTITUTION_IDS, Attribute.HAS_LICENSE),
    )
    registered = await add_service(connection, registration, actor=_BENCH)
    await grant_licence(connection, registered.service_id, institution_number=SCHOOL, actor_group=None, actor=_BENCH)
    return Service(registered.client_id, registered.client_secret or "", REDIRECT_URI)


async def _make_pupil(connection: "asyncpg.Connection[asyncpg.Record]", number: int, hasher: Hasher) -> Somebody:
    secret = normal_secret(PASSWORD)
    assert secret is not None
    phc = await hasher.hash(secret)
    username = f"maal{number:04}"
    async with connection.transaction():
        person_id = await connection.fetchval(
            "insert into directory_person (first_name, family_name) values ('Mål', 'Prøve') returning person_id"
        )
        await connection.execute("insert into directory_username (username) values ($1)", username)
        account_id = AccountId(
            await connection.fetchval(
                "insert into directory_account (person_id, username, uniid) values ($1, $2, $3) returning account_id",
                person_id,
                username,
                f"{number:010x}",
            )
        )
        await connection.execute(
            "insert into directory_membership (person_id, institution_id, source, local_person_id, actor_group, roles,"
            " level, raw_hash) select $1, institution_id, 'bench', $2, 'Elev', array['Elev'], '8', '' from"
            " directory_institution where number = $3",
            person_id,
            str(number),
            SCHOOL,
        )
        await set_password(connection, account_id, password_type=PasswordType.PASSWORD, phc=phc, actor=_BENCH)
    return Somebody(account_id, username)


async def signed_in_browsers(house: House, wire: Wire, count: int) -> list[Browser]:
    """Return browsers with sessions that the normal action has opened, each of another pupil."""
    browsers = []
    connection = await connect(house.dsn)
    for pupil in house.pupils[:count]:
        async with connection.transaction():
            opened = await open_session(
                connection,
                pupil.account_id,
                method="password",
                level=Level.EN_FAKTOR,
                lifetime=lifetime((ActorGroup.ELEV,), Device.SHARED),
                on=UsedDevice(Device.SHARED, "bench"),
                request_id=None,
            )
        cookies = {"unilogin_session": opened.token, "unilogin_browser": new_token()}
        browsers.append(Browser(wire, cookies))
    await connection.close()
    return browsers
