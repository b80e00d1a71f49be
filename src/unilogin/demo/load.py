"""Fills an empty demo through the front doors: institutions, rosters, passwords, the learning service."""

import asyncio
import csv
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import TypedDict

import msgspec

from unilogin.demo.generate import MUNICIPALITY_FOLDER
from unilogin.demo.mitid.names import ALIAS
from unilogin.demo.mitid.names import CLIENT_ID as SIMULATOR_CLIENT
from unilogin.demo.queries import ListedPerson, listed_people
from unilogin.demo.secrets_of import demo_secret
from unilogin.domain.access.model import Right
from unilogin.domain.audit.model import Actor
from unilogin.domain.credentials.actions import set_password
from unilogin.domain.credentials.hashing import Hasher
from unilogin.domain.credentials.rules import normal_secret, password_type
from unilogin.domain.directory.actions import InstitutionDraft, save_institutions
from unilogin.domain.directory.model import ActorGroup, InstitutionKind
from unilogin.domain.directory.queries import institutions, standing
from unilogin.domain.limits.actions import add_site_range
from unilogin.domain.services.actions import Registration as ServiceRegistration
from unilogin.domain.services.actions import (
    add_service,
    change_addresses,
    grant_licence,
    rotate_client_secret,
)
from unilogin.domain.services.model import STANDARD_ATTRIBUTES, Attribute, ClientId
from unilogin.domain.services.queries import client
from unilogin.kit.db.connection import Pool, Transaction, acquire, transaction
from unilogin.kit.ids import new_token
from unilogin.kit.secrets import Secrets
from unilogin.protocols.oidc_rp import actions as providers
from unilogin.protocols.oidc_rp.model import Names, Registration
from unilogin.protocols.oidc_rp.presets import PRESETS
from unilogin.protocols.oidc_rp.queries import registered
from unilogin.roster.actions import import_file
from unilogin.signin.model import Alias, ProviderKind

DEMO = Actor("system", "demo")
CLIENT_ID = ClientId("regneriget")
HASHING_AT_ONCE = 4
PUPILS = 300
THIS_MACHINE = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
"""Plays the registered addresses of all the demo's schools, so that guessing is counted there as in a classroom."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class DemoService:
    """The learning service as its developer knows it."""

    client_id: str
    client_secret: str
    home: str
    mitid: str = ""
    """Where the MitID simulator is, which the demo's other pages tell of."""


async def load_municipality(pool: Pool, secrets: Secrets, *, say: Say) -> None:
    """Load institutions, rosters and passwords; what is there already stays as it is."""
    folder = Path(str(MUNICIPALITY_FOLDER))
    async with transaction(pool) as tx:
        await save_institutions(tx, _drafts(folder / "institutions.csv"), actor=DEMO)
        for school in await institutions(tx):
            for site in THIS_MACHINE:
                await add_site_range(tx, site, institution_id=school.institution_id, pupils=PUPILS, actor=DEMO)
    for file in sorted(folder.glob("*.xml")):
        with file.open("rb") as opened:
            async with acquire(pool) as connection:
                receipt = await import_file(connection, opened, secrets=secrets, actor=DEMO)
        say(f"{file.name}: {receipt.counts.created} people")
    await _give_passwords(pool, secrets, say=say)


def _drafts(file: Path) -> list[InstitutionDraft]:
    with file.open(encoding="utf-8", newline="") as lines:
        return [
            InstitutionDraft(
                row["number"],
                row["name"],
                InstitutionKind(row["kind"]),
                row["cvr"],
                row["municipality"],
                row["public_law_body"] == "yes",
            )
            for row in csv.DictReader(lines)
        ]


async def _give_passwords(pool: Pool, secrets: Secrets, *, say: Say) -> None:
    """Give every pupil and member of staff without a password one; contact persons have none, they use MitID."""
    async with acquire(pool) as connection:
        people = await listed_people(connection)
    waiting = {
        person.account_id: person
        for person in people
        if person.actor_group != ActorGroup.KONTAKTPERSON and person.password_type is None
    }
    if not waiting:
        return
    say(f"Giving {len(waiting)} people their passwords")
    hasher = Hasher(secrets["password_pepper"])
    gate = asyncio.Semaphore(HASHING_AT_ONCE)
    await asyncio.gather(*(_give_password(pool, hasher, person, gate=gate) for person in waiting.values()))
    hasher.close()


async def _give_password(pool: Pool, hasher: Hasher, person: ListedPerson, *, gate: asyncio.Semaphore) -> None:
    async with gate:
        async with acquire(pool) as connection:
            found = await standing(connection, person.account_id)
        secret = demo_secret(password_type(found.belongings if found else ()), person.uniid)
        phc = await hasher.hash(normal_secret(secret.typed) or b"")
        async with transaction(pool) as tx:
            await set_password(tx, person.account_id, password_type=secret.type, phc=phc, actor=DEMO)


async def register_mitid(pool: Pool, secrets: Secrets, *, issuer: str) -> str:
    """Register the MitID simulator, or find it again at its present address; return its new client secret."""
    preset, alias = PRESETS["plain"], Alias(ALIAS)
    registration = Registration(
        alias=alias,
        issuer=issuer,
        client_id=SIMULATOR_CLIENT,
        client_secret=new_token(),
        preset=preset.name,
        scopes=preset.scopes,
        acr_values=preset.acr_values,
        rights={right.value: right for right in Right},
    )
    names = Names("MitID", "MitID")
    async with transaction(pool) as tx:
        if await registered(tx, alias) is None:
            await providers.add(tx, registration, names=names, kind=ProviderKind.MITID, secrets=secrets, actor=DEMO)
        else:
            await providers.change(tx, registration, names=names, secrets=secrets, actor=DEMO)
    return registration.client_secret


async def register_service(pool: Pool, *, home: str, mitid: str, kept: Path) -> DemoService:
    """Register the learning service, or find it again at its present address.

    ``kept`` holds its secret between two starts (mode 600): the database knows only a hash.
    """
    known = msgspec.json.decode(kept.read_bytes(), type=DemoService) if kept.exists() else None
    async with transaction(pool) as tx:
        if await client(tx, CLIENT_ID) is None:
            secret = await _register(tx, home)
        else:
            await change_addresses(tx, CLIENT_ID, **_addresses(home), actor=DEMO)
            secret = known.client_secret if known else await rotate_client_secret(tx, CLIENT_ID, actor=DEMO)
        service = DemoService(CLIENT_ID, secret, home, mitid)
        kept.touch(mode=0o600)
        kept.write_bytes(msgspec.json.encode(service))
    return service


class _Addresses(TypedDict):
    home_url: str
    redirect_uris: list[str]
    post_logout_redirect_uris: list[str]
    backchannel_logout_uri: str
    frontchannel_logout_uri: None


def _addresses(home: str) -> _Addresses:
    return {
        "home_url": f"{home}/",
        "redirect_uris": [f"{home}/callback"],
        "post_logout_redirect_uris": [f"{home}/signed-out"],
        "backchannel_logout_uri": f"{home}/logged-out-elsewhere",
        "frontchannel_logout_uri": None,
    }


async def _register(tx: Transaction, home: str) -> str:
    registration = ServiceRegistration(
        name="Regneriget",
        provider="Demoforlaget",
        client_id=CLIENT_ID,
        attributes=(*STANDARD_ATTRIBUTES, Attribute.INSTITUTION_IDS, Attribute.HAS_LICENSE),
        **_addresses(home),
    )
    registered = await add_service(tx, registration, actor=DEMO)
    for institution in await institutions(tx):
        await grant_licence(
            tx, registered.service_id, institution_number=institution.number, actor_group=None, actor=DEMO
        )
    return registered.client_secret or ""
