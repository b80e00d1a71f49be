"""Reading signing keys."""

from asyncpg import Record

from unilogin.domain.keys.model import KeyRecord, Keyring, KeyState
from unilogin.kit.db.connection import Connection
from unilogin.kit.errors import UniloginError
from unilogin.kit.jose import SigningKey
from unilogin.kit.secrets import Secrets

PURPOSE = "oidc-signing"


class NoSigningKeyError(UniloginError):
    """There is no key that may sign now: nothing is issued."""

    code = "no_signing_key"


def place(kid: str) -> str:
    """Return what a sealed private key is bound to."""
    return f"keys_signing.private_sealed:{kid}"


async def keyring(
    connection: Connection, secrets: Secrets, *, purpose: str = PURPOSE, known: SigningKey | None = None
) -> Keyring:
    """Return the ring of a purpose; raises NoSigningKeyError when no key may sign now.

    ``known`` is used again instead of opened again when it is still the one that signs: its id is its thumbprint.
    """
    rows = await connection.fetch(
        "select kid, algorithm, public_jwk, private_sealed,"
        "       signs_from <= kit_now() and (retires_at is null or retires_at > kit_now()) as signs"
        " from keys_signing where purpose = $1 and (removed_at is null or removed_at > kit_now())"
        " order by signs_from desc, kid",
        purpose,
    )
    for row in rows:
        if row["signs"]:
            signing = known if known is not None and known.kid == row["kid"] else _opened(row, secrets)
            return Keyring(signing, tuple(row["public_jwk"] for row in rows))
    raise NoSigningKeyError(f"no key may sign for {purpose}: run 'unilogin keys rotate'")


def _opened(row: Record, secrets: Secrets) -> SigningKey:
    pem = secrets.sealer("key_encryption").open(row["private_sealed"], place(row["kid"]))
    return SigningKey.from_pem(pem, algorithm=row["algorithm"])


async def key_records(connection: Connection) -> list[KeyRecord]:
    """Return every key not yet removed, newest first."""
    rows = await connection.fetch(
        "select kid, purpose, algorithm, published_at, signs_from, retires_at, removed_at,"
        "       case when signs_from > kit_now() then 'published'"
        "            when retires_at <= kit_now() then 'retired' else 'signing' end as state"
        " from keys_signing where removed_at is null or removed_at > kit_now() order by signs_from desc, kid"
    )
    return [
        KeyRecord(
            row["kid"],
            row["purpose"],
            row["algorithm"],
            row["published_at"],
            row["signs_from"],
            row["retires_at"],
            row["removed_at"],
            KeyState(row["state"]),
        )
        for row in rows
    ]
