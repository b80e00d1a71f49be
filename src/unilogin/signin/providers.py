"""Ways in that somebody else proves (udbydere af login), as the selector and other rooms of the journey see them.

How each is spoken to is its protocol's business; here stands which there are, what they are called and where they are.
"""

from asyncpg import Record

from unilogin.domain.audit import actions as audit
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor, Entry
from unilogin.kit.db.connection import Connection, Transaction
from unilogin.signin.model import Alias, ErrandId, Provider, ProviderKind

_COLUMNS = "p.alias, p.kind, p.name_da, p.name_en, p.disabled_at is null as enabled"


def _provider(row: Record) -> Provider:
    return Provider(Alias(row["alias"]), ProviderKind(row["kind"]), row["name_da"], row["name_en"], row["enabled"])


async def available_providers(connection: Connection) -> tuple[Provider, ...]:
    """Return the providers that may be used now, by alias."""
    rows = await connection.fetch(
        f"select {_COLUMNS} from signin_provider p where p.disabled_at is null order by alias"
    )
    return tuple(_provider(row) for row in rows)


async def mitid_providers(connection: Connection) -> tuple[Provider, ...]:
    """Return where one can prove with MitID who one is."""
    return tuple(found for found in await available_providers(connection) if found.kind is ProviderKind.MITID)


async def every_provider(connection: Connection) -> tuple[Provider, ...]:
    """Return all providers, disabled ones too."""
    return tuple(
        _provider(row) for row in await connection.fetch(f"select {_COLUMNS} from signin_provider p order by alias")
    )


async def provider_of_errand(connection: Connection, errand_id: ErrandId) -> Provider | None:
    """Return the provider that an errand leads to, enabled or not, or None."""
    row = await connection.fetchrow(
        f"select {_COLUMNS} from signin_errand e join signin_provider p using (alias) where e.errand_id = $1", errand_id
    )
    return _provider(row) if row else None


async def add_provider(tx: Transaction, provider: Provider, *, actor: Actor) -> bool:
    """Add a provider; False when the alias is taken."""
    added = await tx.fetchval(
        "insert into signin_provider (alias, kind, name_da, name_en) values ($1, $2, $3, $4)"
        " on conflict do nothing returning true",
        provider.alias,
        provider.kind.value,
        provider.name_da,
        provider.name_en,
    )
    if added:
        await audit.write(tx, Entry(Event.PROVIDER_CREATED, actor, about=provider.alias))
    return bool(added)


async def rename_provider(tx: Transaction, alias: Alias, *, name_da: str, name_en: str) -> None:
    """Change what people read. The audit row is written by whoever changes the provider as a whole."""
    await tx.execute("update signin_provider set name_da = $2, name_en = $3 where alias = $1", alias, name_da, name_en)


async def switch_provider(tx: Transaction, alias: Alias, *, on: bool, actor: Actor) -> bool:
    """Enable or disable a provider; False when it was so already. Flows under way end with it (V-29)."""
    switched = await tx.fetchval(
        "update signin_provider set disabled_at = case when $2 then null else kit_now() end"
        " where alias = $1 and (disabled_at is null) <> $2 returning true",
        alias,
        on,
    )
    if switched:
        event = Event.PROVIDER_CHANGED if on else Event.PROVIDER_DISABLED
        await audit.write(tx, Entry(event, actor, about=alias, detail={"enabled": on}))
    return bool(switched)
