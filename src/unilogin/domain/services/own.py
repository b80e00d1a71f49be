"""Our own apps as services: customers of our own door, registered by themselves, and no learning services.

They have a client like any other, so that the door has one rule for all. They are never licensed, never listed among
what a school uses, and nobody is asked in which role they come: an app takes the whole person.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from unilogin.domain.audit import actions as audit
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import SYSTEM, Entry
from unilogin.domain.directory.model import ActorGroup
from unilogin.domain.services import rules
from unilogin.domain.services.model import Attribute, ClientId, Level
from unilogin.domain.services.rules import RegistrationError
from unilogin.kit.db.connection import Connection, Transaction
from unilogin.kit.ids import digest

PROVIDER = "Unilogin"
ATTRIBUTES = (Attribute.AKTOER_GRUPPE,)
"""All that an app is told beyond the session: the rest it reads itself, at each request anew."""


@dataclass(frozen=True, slots=True)
class OwnService:
    """How one of our apps is to be registered. The secret is derived from a key outside the database."""

    app: str
    client_id: ClientId
    name: str
    name_en: str
    home_url: str
    redirect_uri: str
    post_logout_redirect_uri: str
    secret: str
    actor_groups: Sequence[ActorGroup]
    minimum_level: Level


_IS_SO = """
  select true from services_service s join services_client c using (service_id)
  where s.app = $1 and c.client_id = $2 and s.home_url = $3 and c.redirect_uris = array[$4::text]
    and c.post_logout_redirect_uris = array[$5::text] and s.name = $6 and s.name_en = $7
    and s.actor_groups = $8::text[] and s.minimum_level = $9
    and exists (select from services_client_secret x where x.client_id = c.client_id and x.secret_hash = $10
                  and x.expires_at is null)
"""

_SAVE_SERVICE = """
  insert into services_service as s
    (app, name, name_en, provider, home_url, sector, attributes, actor_groups, minimum_level)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
  on conflict (app) do update set name = excluded.name, name_en = excluded.name_en, home_url = excluded.home_url,
    attributes = excluded.attributes, actor_groups = excluded.actor_groups, minimum_level = excluded.minimum_level
  returning s.service_id, xmax = 0 as is_new
"""

_SAVE_CLIENT = """
  insert into services_client as c (client_id, service_id, confidential, redirect_uris, post_logout_redirect_uris)
  values ($1, $2, true, array[$3::text], array[$4::text])
  on conflict (client_id) do update set redirect_uris = excluded.redirect_uris,
    post_logout_redirect_uris = excluded.post_logout_redirect_uris
    where c.service_id = excluded.service_id
  returning true
"""


async def is_registered(connection: Connection, own: OwnService) -> bool:
    """Tell whether an app is registered exactly so."""
    return bool(
        await connection.fetchval(
            _IS_SO,
            own.app,
            own.client_id,
            own.home_url,
            own.redirect_uri,
            own.post_logout_redirect_uri,
            own.name,
            own.name_en,
            [group.value for group in own.actor_groups],
            own.minimum_level.value,
            digest(own.secret),
        )
    )


async def register_own_service(tx: Transaction, own: OwnService) -> None:
    """Register an app, or bring its registration up to date; its one secret is the present one.

    Raises:
        RegistrationError: another service has the app's client id.

    """
    for uri, field in ((own.redirect_uri, "redirect URI"), (own.home_url, "home URL")):
        rules.checked_uri(uri, field)
    row = await tx.fetchrow(
        _SAVE_SERVICE,
        own.app,
        own.name,
        own.name_en,
        PROVIDER,
        own.home_url,
        own.client_id,
        [attribute.value for attribute in ATTRIBUTES],
        [group.value for group in own.actor_groups],
        own.minimum_level.value,
    )
    saved = row and await tx.fetchval(
        _SAVE_CLIENT, own.client_id, row["service_id"], own.redirect_uri, own.post_logout_redirect_uri
    )
    if row is None or not saved:
        raise RegistrationError(f"the client id '{own.client_id}' is our own, and a service has it")
    await tx.execute(
        "delete from services_client_secret where client_id = $1 and secret_hash <> $2",
        own.client_id,
        digest(own.secret),
    )
    await tx.execute(
        "insert into services_client_secret (client_id, secret_hash) values ($1, $2)"
        " on conflict (client_id, secret_hash) do update set expires_at = null",
        own.client_id,
        digest(own.secret),
    )
    event = Event.SERVICE_CREATED if row["is_new"] else Event.SERVICE_CHANGED
    await audit.write(tx, Entry(event, SYSTEM, about=own.client_id))
