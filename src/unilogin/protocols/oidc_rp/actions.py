"""Registering providers, and the two statements of a flow: begun once, answered once."""

from dataclasses import dataclass
from datetime import datetime

from unilogin.domain.audit import actions as audit
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import SYSTEM, Actor, Entry
from unilogin.kit.db.connection import Connection, Transaction
from unilogin.kit.ids import Digest, digest
from unilogin.kit.secrets import Secrets
from unilogin.protocols.oidc_rp.errors import RegistrationError
from unilogin.protocols.oidc_rp.model import CALLBACK_SECONDS, Names, Registered, Registration
from unilogin.protocols.oidc_rp.queries import ERRAND_COLUMNS, PROVIDER_COLUMNS, errand_of, registered_of
from unilogin.signin.model import Errand, ErrandId, Provider, ProviderKind
from unilogin.signin.providers import add_provider, rename_provider

_SEAL = "key_encryption"


def _place(alias: str) -> str:
    return f"oidc_rp_provider.secret_sealed:{alias}"


def open_secret(secrets: Secrets, provider: Registered) -> str:
    """Return the client secret; raises SealBrokenError when it was sealed with other keys or for another provider."""
    return secrets.sealer(_SEAL).open(provider.secret_sealed, _place(provider.alias)).decode()


async def add(
    tx: Transaction, registration: Registration, *, names: Names, kind: ProviderKind, secrets: Secrets, actor: Actor
) -> None:
    """Add a provider; raises RegistrationError when the alias is taken. The caller has checked the registration."""
    provider = Provider(registration.alias, kind, names.da, names.en, enabled=True)
    if not await add_provider(tx, provider, actor=actor):
        raise RegistrationError(f"the alias '{registration.alias}' is taken: 'unilogin providers change' changes it")
    await _write(tx, registration, secrets=secrets)


async def change(tx: Transaction, registration: Registration, *, names: Names, secrets: Secrets, actor: Actor) -> None:
    """Change how a provider is spoken to and what it is called. The caller has checked the registration."""
    await rename_provider(tx, registration.alias, name_da=names.da, name_en=names.en)
    await _write(tx, registration, secrets=secrets)
    detail = {"issuer": registration.issuer, "client_id": registration.client_id, "preset": registration.preset}
    await audit.write(tx, Entry(Event.PROVIDER_CHANGED, actor, about=registration.alias, detail=detail))


async def _write(tx: Transaction, registration: Registration, *, secrets: Secrets) -> None:
    await tx.execute(
        "insert into oidc_rp_provider (alias, issuer, client_id, secret_sealed, preset, scopes, acr_values, rights)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (alias) do update set issuer = excluded.issuer,"
        " client_id = excluded.client_id, secret_sealed = excluded.secret_sealed, preset = excluded.preset,"
        " scopes = excluded.scopes, acr_values = excluded.acr_values, rights = excluded.rights, changed_at = kit_now()",
        registration.alias,
        registration.issuer,
        registration.client_id,
        secrets.sealer(_SEAL).seal(registration.client_secret.encode(), _place(registration.alias)),
        registration.preset,
        registration.scopes,
        registration.acr_values,
        {name: right.value for name, right in registration.rights.items()},
    )


async def begin_flow(connection: Connection, errand_id: ErrandId, *, state: str, browser: Digest) -> bool:
    """Write a flow down before the browser leaves; False when the errand is over meanwhile."""
    return bool(
        await connection.fetchval(
            "insert into oidc_rp_flow (state_hash, errand_id, alias, browser_hash, expires_at)"
            " select $2, e.errand_id, e.alias, j.browser_hash, kit_now() + $4 * interval '1 second'"
            " from signin_errand e join signin_journey j using (journey_id)"
            " join signin_provider p on p.alias = e.alias and p.disabled_at is null"
            " where e.errand_id = $1 and j.browser_hash = $3 and e.answered_at is null and e.expires_at > kit_now()"
            " returning true",
            errand_id,
            digest(state),
            browser,
            CALLBACK_SECONDS,
        )
    )


_CLAIM = f"""
  update oidc_rp_flow f set used_at = kit_now()
  from signin_errand e, oidc_rp_provider r, signin_provider p
  where f.state_hash = $1 and f.used_at is null and f.expires_at > kit_now()
    and e.errand_id = f.errand_id and r.alias = f.alias and p.alias = f.alias
  returning {ERRAND_COLUMNS}, {PROVIDER_COLUMNS}, f.started_at, kit_now() as now, f.alias = $2 as same_provider,
    f.browser_hash = $3 as same_browser, p.disabled_at is null as enabled, e.answered_at is null as waiting
"""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A flow that was claimed a moment ago, by whomever; it is dead for everybody else."""

    errand: Errand
    provider: Registered
    started_at: datetime
    now: datetime
    same_provider: bool
    same_browser: bool
    usable: bool


async def claim_flow(connection: Connection, state: str, *, alias: str, browser: Digest) -> Claimed | None:
    """Claim the flow of a state, once; None when there is none or it was claimed before (V-28, V-34).

    It is claimed even where browser or provider are the wrong ones: what came to the wrong place is dead (V-35, V-37).
    """
    row = await connection.fetchrow(_CLAIM, digest(state), alias, browser)
    if row is None:
        return None
    return Claimed(
        errand_of(row),
        registered_of(row),
        row["started_at"],
        row["now"],
        row["same_provider"],
        row["same_browser"],
        row["enabled"] and row["waiting"],
    )


async def note_distrust(connection: Connection, alias: str, *, reason: str, request_id: str) -> None:
    """Write down that a provider's answer was not believed (F-24)."""
    await audit.write(
        connection,
        Entry(
            Event.PROVIDER_ANSWER_REFUSED,
            SYSTEM,
            about=alias,
            outcome="refused",
            request_id=request_id,
            detail={"why": reason},
        ),
    )
