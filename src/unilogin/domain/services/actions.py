"""Registering services and clients, secrets and licences; noting incidents for developers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from unilogin.domain.audit import actions as audit
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor, Entry
from unilogin.domain.directory.model import ActorGroup
from unilogin.domain.services import rules
from unilogin.domain.services.model import STANDARD_ATTRIBUTES, Attribute, ClientId, Incident, Level, ServiceId
from unilogin.domain.services.rules import RegistrationError
from unilogin.kit.db.connection import Connection, Transaction
from unilogin.kit.ids import digest, new_token

OLD_SECRET_LIVES = timedelta(days=7)
"""After a rotation the old secret works that long, so that a vendor can change over without a gap."""

INCIDENT_LIVES = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Registration:
    """A service with its one OpenID Connect client, as a developer asks for it."""

    name: str
    provider: str
    client_id: str
    home_url: str
    redirect_uris: Sequence[str]
    name_en: str | None = None
    post_logout_redirect_uris: Sequence[str] = ()
    web_origins: Sequence[str] = ()
    confidential: bool = True
    pkce_required: bool = True
    attributes: Sequence[Attribute] = field(default=STANDARD_ATTRIBUTES)
    actor_groups: Sequence[ActorGroup] = ()
    minimum_level: Level = Level.EN_FAKTOR
    licence_required: bool = False
    missing_licence_url: str | None = None
    backchannel_logout_uri: str | None = None
    frontchannel_logout_uri: str | None = None


@dataclass(frozen=True, slots=True)
class Registered:
    """What the developer is told, once: the secret is not stored in clear."""

    service_id: ServiceId
    client_id: ClientId
    client_secret: str | None


def checked(registration: Registration) -> Registration:
    """Return the registration when every field is allowed; raises RegistrationError naming the first that is not."""
    rules.checked_client_id(registration.client_id)
    rules.checked_name(registration.name, "name")
    rules.checked_name(registration.provider, "provider")
    if registration.name_en is not None:
        rules.checked_name(registration.name_en, "name in English")
    if not registration.redirect_uris:
        raise RegistrationError("redirect URI: at least one")
    for uri in registration.redirect_uris:
        rules.checked_uri(uri, "redirect URI")
    for uri in registration.post_logout_redirect_uris:
        rules.checked_uri(uri, "post-logout redirect URI")
    for uri in registration.web_origins:
        if rules.origin_of(rules.checked_uri(uri, "web origin")) != uri:
            raise RegistrationError(f"web origin: '{uri}' must be scheme, host and port only")
    rules.checked_uri(registration.home_url, "home URL")
    if registration.missing_licence_url is not None:
        rules.checked_uri(registration.missing_licence_url, "missing-licence URL")
    rules.checked_logout_uris(
        registration.backchannel_logout_uri, registration.frontchannel_logout_uri, registration.redirect_uris
    )
    if not registration.pkce_required and not registration.confidential:
        raise RegistrationError("a public client must use PKCE (OAuth 2.1 §7.6)")
    return registration


async def add_service(tx: Transaction, registration: Registration, *, actor: Actor) -> Registered:
    """Register a service with its client and its first secret.

    Raises:
        RegistrationError: a field is not allowed, or the name or client id is taken.

    """
    asked = checked(registration)
    service_id = await tx.fetchval(
        "insert into services_service (name, name_en, provider, home_url, sector, attributes, actor_groups,"
        " minimum_level, licence_required, missing_licence_url) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
        " on conflict do nothing returning service_id",
        asked.name,
        asked.name_en,
        asked.provider,
        asked.home_url,
        asked.client_id,  # chosen by us at registration, not by the relying party in a request (K-17)
        [attribute.value for attribute in asked.attributes],
        [group.value for group in asked.actor_groups],
        asked.minimum_level.value,
        asked.licence_required,
        asked.missing_licence_url,
    )
    client_id = service_id and await tx.fetchval(
        "insert into services_client (client_id, service_id, confidential, redirect_uris, post_logout_redirect_uris,"
        " web_origins, pkce_required, backchannel_logout_uri, frontchannel_logout_uri)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing returning client_id",
        asked.client_id,
        service_id,
        asked.confidential,
        list(asked.redirect_uris),
        list(asked.post_logout_redirect_uris),
        list(asked.web_origins),
        asked.pkce_required,
        asked.backchannel_logout_uri,
        asked.frontchannel_logout_uri,
    )
    if client_id is None:
        raise RegistrationError(f"a service called '{asked.name}' or a client '{asked.client_id}' exists already")
    await audit.write(tx, Entry(Event.SERVICE_CREATED, actor, about=client_id))
    secret = await _add_secret(tx, ClientId(client_id)) if asked.confidential else None
    return Registered(ServiceId(service_id), ClientId(client_id), secret)


async def _add_secret(tx: Transaction, client_id: ClientId) -> str:
    secret = new_token()
    await tx.execute(
        "insert into services_client_secret (client_id, secret_hash) values ($1, $2)", client_id, digest(secret)
    )
    return secret


async def rotate_client_secret(tx: Transaction, client_id: ClientId, *, actor: Actor) -> str:
    """Give the client a new secret; the present one lives on for ``OLD_SECRET_LIVES``. Return the new one.

    Raises:
        RegistrationError: there is no such confidential client.

    """
    known = await tx.fetchval(
        "select true from services_client where client_id = $1 and confidential and disabled_at is null for update",
        client_id,
    )
    if not known:
        raise RegistrationError(f"there is no confidential client '{client_id}'")
    await tx.execute(
        "update services_client_secret set expires_at = kit_now() + $2 where client_id = $1 and expires_at is null",
        client_id,
        OLD_SECRET_LIVES,
    )
    secret = await _add_secret(tx, client_id)
    await audit.write(tx, Entry(Event.CLIENT_SECRET_ROTATED, actor, about=client_id))
    return secret


async def change_addresses(
    tx: Transaction,
    client_id: ClientId,
    *,
    home_url: str,
    redirect_uris: Sequence[str],
    post_logout_redirect_uris: Sequence[str],
    backchannel_logout_uri: str | None,
    frontchannel_logout_uri: str | None,
    actor: Actor,
) -> None:
    """Give a client other addresses, under the same rules as when it was registered (V-18); its subjects stay.

    Raises:
        RegistrationError: an address is not allowed, or there is no such client.

    """
    rules.checked_uri(home_url, "home URL")
    for uri in (*redirect_uris, *post_logout_redirect_uris):
        rules.checked_uri(uri, "redirect URI")
    rules.checked_logout_uris(backchannel_logout_uri, frontchannel_logout_uri, redirect_uris)
    service_id = await tx.fetchval(
        "update services_client set redirect_uris = $2, post_logout_redirect_uris = $3,"
        " backchannel_logout_uri = $4, frontchannel_logout_uri = $5"
        " where client_id = $1 and disabled_at is null returning service_id",
        client_id,
        list(redirect_uris),
        list(post_logout_redirect_uris),
        backchannel_logout_uri,
        frontchannel_logout_uri,
    )
    if service_id is None or not redirect_uris:
        raise RegistrationError(f"there is no client '{client_id}', or no address is given")
    await tx.execute("update services_service set home_url = $2 where service_id = $1", service_id, home_url)
    await audit.write(tx, Entry(Event.SERVICE_CHANGED, actor, about=client_id))


async def want_events(
    tx: Transaction, client_id: ClientId, *, wanted: bool, push_uri: str | None, actor: Actor
) -> None:
    """Let a client be told when an identifier changes: pushed to an address, or fetched by it when there is none.

    Raises:
        RegistrationError: the address is not allowed, or there is no such confidential client.

    """
    if push_uri is not None:
        rules.checked_uri(push_uri, "events URI")
    known = await tx.fetchval(
        "update services_client set events_wanted = $2, events_push_uri = $3"
        " where client_id = $1 and disabled_at is null and confidential returning true",
        client_id,
        wanted,
        push_uri if wanted else None,
    )
    if not known:
        raise RegistrationError(f"there is no confidential client '{client_id}'")
    await audit.write(tx, Entry(Event.SERVICE_CHANGED, actor, about=client_id))


async def grant_licence(
    tx: Transaction, service_id: ServiceId, *, institution_number: str, actor_group: ActorGroup | None, actor: Actor
) -> bool:
    """Give an institution (or one actor group there) a licence; return False when it had one.

    Raises:
        RegistrationError: no such institution.

    """
    institution_id = await tx.fetchval(
        "select institution_id from directory_institution where number = upper($1)", institution_number
    )
    if institution_id is None:
        raise RegistrationError(f"there is no institution {institution_number}")
    granted = await tx.fetchval(
        "insert into services_licence (service_id, institution_id, actor_group) values ($1, $2, $3)"
        " on conflict do nothing returning true",
        service_id,
        institution_id,
        actor_group.value if actor_group else "",
    )
    if granted:
        entry = Entry(Event.LICENCE_GRANTED, actor, institution_id=institution_id, about=str(service_id))
        await audit.write(tx, entry)
    return bool(granted)


INSERT_SUBJECT = "insert into services_pairwise (account_id, sector)"
"""For a statement of another room: makes the random pseudonym a sector knows an account by (OIDC Core §8.1, K-17).

``{INSERT_SUBJECT} select … on conflict do nothing``: made at the first meeting, the same ever after.
"""


async def note_incident(connection: Connection, incident: Incident) -> None:
    """Keep what was wrong with a request, so that the service's developer can be told."""
    await connection.execute(
        "insert into services_incident (incident_id, client_id, code, detail) values ($1, $2, $3, $4)",
        incident.incident_id,
        incident.client_id,
        incident.code,
        incident.detail,
    )


async def forget_old_incidents(connection: Connection) -> int:
    """Delete incidents older than ``INCIDENT_LIVES``; return how many."""
    status = await connection.execute(
        "delete from services_incident where at < kit_now() - $1::interval", INCIDENT_LIVES
    )
    return int(status.split()[-1])
