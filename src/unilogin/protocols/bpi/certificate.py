"""The certificate that our answers are signed with: one for all nodes, the newest one given, or one made on demand."""

import asyncio
from datetime import datetime
from typing import NamedTuple

from unilogin.domain.audit.actions import write
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import SYSTEM, Actor, Entry
from unilogin.kit.certificates import OwnCertificate, fingerprint_of, make_own, open_own
from unilogin.kit.db.connection import Connection, Pool, Transaction, acquire, transaction
from unilogin.kit.secrets import Secrets

_SEAL = "key_encryption"


class Signer(NamedTuple):
    """What signs an answer, and the database's time."""

    own: OwnCertificate
    now: datetime


def _place(fingerprint: bytes) -> str:
    return f"bpi_certificate.key_sealed:{fingerprint.hex()}"


async def signer(pool: Pool, secrets: Secrets, *, host: str) -> Signer:
    """Return what signs now; where no certificate is valid, one is made that vouches for itself."""
    async with acquire(pool) as connection:
        found = await _newest(connection, secrets)
    if found is not None:
        return found
    async with transaction(pool) as tx:
        return await signer_of(tx, secrets, host=host)


async def signer_of(tx: Transaction, secrets: Secrets, *, host: str) -> Signer:
    """Return what signs now, as ``signer`` does. Once in years it makes a key, a tenth of a second and more."""
    await tx.execute("select pg_advisory_xact_lock(hashtext('bpi'), hashtext('certificate'))")
    if meanwhile := await _newest(tx, secrets):
        return meanwhile
    now: datetime = await tx.fetchval("select kit_now()")
    made = await asyncio.to_thread(make_own, host, now=now)
    await save_certificate(tx, made, secrets=secrets, actor=SYSTEM)
    return Signer(made, now)


async def save_certificate(tx: Transaction, own: OwnCertificate, *, secrets: Secrets, actor: Actor) -> None:
    """Sign with this certificate from now on; its key is sealed."""
    fingerprint = fingerprint_of(own.der)
    await tx.execute(
        "insert into bpi_certificate (fingerprint, certificate, key_sealed, valid_until) values ($1, $2, $3, $4)"
        " on conflict (fingerprint) do update set since = kit_now()",
        fingerprint,
        own.der,
        secrets.sealer(_SEAL).seal(own.key_der, _place(fingerprint)),
        own.certificate.not_valid_after_utc,
    )
    await write(tx, Entry(Event.SENDER_ANSWERS_SIGNED_ANEW, actor, about=fingerprint.hex()))


async def _newest(connection: Connection, secrets: Secrets) -> Signer | None:
    row = await connection.fetchrow(
        "select fingerprint, certificate, key_sealed, kit_now() as now from bpi_certificate"
        " where valid_until > kit_now() order by since desc limit 1"
    )
    if row is None:
        return None
    key_der = secrets.sealer(_SEAL).open(row["key_sealed"], _place(row["fingerprint"]))
    return Signer(open_own(row["certificate"], key_der=key_der), row["now"])
