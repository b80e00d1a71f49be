"""Reading providers, and the errand that a browser stands at."""

from asyncpg import Record

from unilogin.domain.access.model import Right
from unilogin.kit.db.connection import Connection
from unilogin.kit.ids import Digest
from unilogin.protocols.oidc_rp.model import Registered
from unilogin.signin.model import Alias, Errand, ErrandId, JourneyId

PROVIDER_COLUMNS = """r.alias, r.issuer, r.client_id, r.secret_sealed, r.preset, r.scopes, r.acr_values,
  r.rights as right_names"""
ERRAND_COLUMNS = "e.errand_id, e.journey_id, e.alias as errand_alias, e.return_to"


def registered_of(row: Record) -> Registered:
    """Return the provider in a row that has ``PROVIDER_COLUMNS``."""
    rights = {str(name): Right(right) for name, right in row["right_names"].items()}
    return Registered(
        Alias(row["alias"]),
        row["issuer"],
        row["client_id"],
        row["secret_sealed"],
        row["preset"],
        row["scopes"],
        row["acr_values"],
        rights,
    )


def errand_of(row: Record) -> Errand:
    """Return the errand in a row that has ``ERRAND_COLUMNS``."""
    return Errand(
        ErrandId(row["errand_id"]), JourneyId(row["journey_id"]), Alias(row["errand_alias"]), row["return_to"]
    )


async def registered(connection: Connection, alias: str) -> Registered | None:
    """Return a provider, enabled or not, or None."""
    row = await connection.fetchrow(f"select {PROVIDER_COLUMNS} from oidc_rp_provider r where r.alias = $1", alias)
    return registered_of(row) if row else None


_WAITING = f"""
  select {PROVIDER_COLUMNS}, {ERRAND_COLUMNS}
  from signin_errand e join signin_journey j using (journey_id)
  join signin_provider p on p.alias = e.alias and p.disabled_at is null join oidc_rp_provider r on r.alias = e.alias
  where e.errand_id = $1 and e.alias = $2 and j.browser_hash = $3 and e.answered_at is null
    and e.expires_at > kit_now() and j.expires_at > kit_now() and j.returned_at is null
"""


async def waiting_errand(
    connection: Connection, errand_id: ErrandId, *, alias: str, browser: Digest
) -> tuple[Errand, Registered] | None:
    """Return an errand of this browser that has no answer yet, and its provider while that is enabled; or None."""
    row = await connection.fetchrow(_WAITING, errand_id, alias, browser)
    return (errand_of(row), registered_of(row)) if row else None
