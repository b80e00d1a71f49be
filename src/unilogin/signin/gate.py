"""The one gate: may this account authenticate now? Asked at the start of every way in and before anything is issued."""

from unilogin.domain.directory import queries as directory
from unilogin.domain.directory.model import AccountId, Standing
from unilogin.kit.db.connection import Connection


def is_admitted(standing: Standing) -> bool:
    """Decide: not blocked, and belonging to at least one active institution now."""
    return not standing.blocked and bool(standing.belongings)


async def standing_if_admitted(connection: Connection, account_id: AccountId) -> Standing | None:
    """Return the standing of an account that may authenticate now, or None."""
    standing = await directory.standing(connection, account_id)
    return standing if standing is not None and is_admitted(standing) else None
