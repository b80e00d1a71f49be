"""Making, rotating and removing signing keys. At every moment exactly one key of a purpose signs."""

from datetime import timedelta

from unilogin.domain.audit import actions as audit
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor, Entry
from unilogin.domain.keys import rules
from unilogin.domain.keys.errors import UnknownKeyError
from unilogin.domain.keys.queries import PURPOSE, place
from unilogin.kit.db.connection import Transaction
from unilogin.kit.faults import fault_point
from unilogin.kit.jose import Algorithm, SigningKey
from unilogin.kit.secrets import Secrets

_ALGORITHM: Algorithm = "RS256"  # every OpenID Connect client must support it (OIDC Core §15.1)
_LOCK = "select pg_advisory_xact_lock(hashtext('keys_signing'))"

_HELD = "purpose = $1 and (removed_at is null or removed_at > kit_now())"

# When the removed key was the coming one, the present one goes on.
_NOBODY_RETIRES_WITHOUT_A_SUCCESSOR = f"""
  update keys_signing set retires_at = null, removed_at = null
  where {_HELD} and signs_from <= kit_now() and retires_at > kit_now()
    and not exists (select from keys_signing where {_HELD} and signs_from > kit_now())
"""

# Returns the present one, or makes the coming one it.
_LET_ONE_SIGN = f"""
  update keys_signing set signs_from = least(signs_from, kit_now())
  where kid = (select kid from keys_signing where {_HELD} and (retires_at is null or retires_at > kit_now())
               order by signs_from limit 1)
  returning kid
"""


async def ensure_key(tx: Transaction, secrets: Secrets, *, actor: Actor, purpose: str = PURPOSE) -> str | None:
    """Make the first key of a purpose, signing at once; return its kid, or None when there is one already."""
    await tx.execute(_LOCK)
    if await tx.fetchval("select true from keys_signing where purpose = $1 and removed_at is null limit 1", purpose):
        return None
    return await _create(tx, secrets, purpose=purpose, actor=actor, after=timedelta(0))


async def rotate_key(tx: Transaction, secrets: Secrets, *, actor: Actor, purpose: str = PURPOSE) -> str:
    """Publish the next key; it signs after ``PUBLISH_AHEAD`` and its predecessors retire then. Return its kid.

    A rotation that is already under way is returned, not repeated.
    """
    await tx.execute(_LOCK)
    coming = await tx.fetchval(
        "select kid from keys_signing where purpose = $1 and signs_from > kit_now() and removed_at is null", purpose
    )
    if coming is not None:
        return str(coming)
    kid = await _create(tx, secrets, purpose=purpose, actor=actor, after=rules.PUBLISH_AHEAD)
    retired = await tx.fetch(
        "update keys_signing set retires_at = kit_now() + $3, removed_at = kit_now() + $3 + $4"
        " where purpose = $1 and kid <> $2 and retires_at is null returning kid",
        purpose,
        kid,
        rules.PUBLISH_AHEAD,
        rules.KEEP_PUBLISHED,
    )
    for row in retired:
        await audit.write(tx, Entry(Event.KEY_RETIRED, actor, about=row["kid"]))
    await fault_point("keys.key.rotated")
    return kid


async def remove_key(tx: Transaction, secrets: Secrets, kid: str, *, actor: Actor) -> str:
    """Take a key out of use and out of sight at once, because somebody else may have it (F-19); return who signs now.

    That is the key it was about to be followed by, which services may know already, or a new one. What the removed key
    has signed holds nowhere any more: our own nodes know within ``RING_SECONDS``, services when they next fetch the
    keys, which a token with an unknown key makes them do.

    Raises:
        UnknownKeyError: there is no such key, or it was removed before.

    """
    await tx.execute(_LOCK)
    purpose = await tx.fetchval(
        "update keys_signing set removed_at = kit_now(), retires_at = least(retires_at, kit_now())"
        " where kid = $1 and (removed_at is null or removed_at > kit_now()) returning purpose",
        kid,
    )
    if purpose is None:
        raise UnknownKeyError(f"there is no key {kid}: 'unilogin keys list' shows them")
    await audit.write(tx, Entry(Event.KEY_REMOVED, actor, about=kid))
    await tx.execute(_NOBODY_RETIRES_WITHOUT_A_SUCCESSOR, purpose)
    signs: str | None = await tx.fetchval(_LET_ONE_SIGN, purpose)
    return signs or await _create(tx, secrets, purpose=purpose, actor=actor, after=timedelta(0))


async def _create(tx: Transaction, secrets: Secrets, *, purpose: str, actor: Actor, after: timedelta) -> str:
    key = SigningKey.generate(_ALGORITHM)
    await tx.execute(
        "insert into keys_signing (kid, purpose, algorithm, public_jwk, private_sealed, signs_from)"
        " values ($1, $2, $3, $4, $5, kit_now() + $6)",
        key.kid,
        purpose,
        key.algorithm,
        key.public_jwk(),
        secrets.sealer("key_encryption").seal(key.pem(), place(key.kid)),
        after,
    )
    await audit.write(tx, Entry(Event.KEY_CREATED, actor, about=key.kid, detail={"purpose": purpose}))
    return key.kid
