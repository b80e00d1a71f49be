"""Reading services, clients, licences and incidents."""

from collections.abc import Iterable, Sequence

from asyncpg import Record

from unilogin.domain.directory.model import ActorGroup
from unilogin.domain.services.model import Attribute, Client, ClientId, Incident, Level, Licences, Service, ServiceId
from unilogin.kit.db.connection import Connection

SERVICE_COLUMNS = """s.service_id, s.name, s.name_en, s.provider, s.home_url, s.sector, s.attributes, s.actor_groups,
  s.minimum_level, s.licence_required, s.missing_licence_url, s.app is not null as own"""

CLIENT_COLUMNS = f"""c.client_id, c.confidential, c.redirect_uris, c.post_logout_redirect_uris, c.web_origins,
  c.pkce_required, c.backchannel_logout_uri, c.frontchannel_logout_uri, {SERVICE_COLUMNS},
  array(select secret_hash from services_client_secret x
        where x.client_id = c.client_id and (x.expires_at is null or x.expires_at > kit_now())) as secret_hashes"""

ENABLED = "c.disabled_at is null and s.disabled_at is null"
"""True for an enabled client ``c`` of an enabled service ``s``: read anew each time, a disabled one is dead at once."""

_CLIENT = f"select {CLIENT_COLUMNS} from services_client c join services_service s using (service_id) where {ENABLED}"


LICENCES = """array(
  select array[i.number, l.actor_group] from services_licence l join directory_institution i using (institution_id)
  where l.service_id = {service_id} and i.active
    and l.institution_id in (select (x->>'i')::uuid from jsonb_array_elements(b.belongings) x))"""
"""The licences (GivAdgang) that the institutions in ``b.belongings`` hold for one service, as one value."""


def licences_of(values: Iterable[Sequence[str]]) -> Licences:
    """Return the licences in a value of ``LICENCES``."""
    return frozenset((number, group) for number, group in values)


def service_of(row: Record) -> Service:
    """Return the service in a row that has ``SERVICE_COLUMNS``."""
    return Service(
        ServiceId(row["service_id"]),
        row["name"],
        row["name_en"],
        row["provider"],
        row["home_url"],
        row["sector"],
        frozenset(Attribute(name) for name in row["attributes"]),
        frozenset(ActorGroup(name) for name in row["actor_groups"]),
        Level(row["minimum_level"]),
        row["licence_required"],
        row["missing_licence_url"],
        row["own"],
    )


def client_of(row: Record) -> Client:
    """Return the client in a row that has ``CLIENT_COLUMNS``."""
    return Client(
        ClientId(row["client_id"]),
        service_of(row),
        row["confidential"],
        tuple(row["redirect_uris"]),
        tuple(row["post_logout_redirect_uris"]),
        tuple(row["web_origins"]),
        row["pkce_required"],
        tuple(row["secret_hashes"]),
        row["backchannel_logout_uri"],
        row["frontchannel_logout_uri"],
    )


async def client(connection: Connection, client_id: str) -> Client | None:
    """Return an enabled client of an enabled service, or None."""
    row = await connection.fetchrow(f"{_CLIENT} and c.client_id = $1", client_id)
    return client_of(row) if row else None


async def clients(connection: Connection) -> list[Client]:
    """Return all enabled clients of learning services by service name; our own apps are none."""
    rows = await connection.fetch(f"{_CLIENT} and s.app is null order by s.name, c.client_id")
    return [client_of(row) for row in rows]


async def service(connection: Connection, service_id: ServiceId) -> Service | None:
    """Return an enabled service, or None."""
    row = await connection.fetchrow(
        f"select {SERVICE_COLUMNS} from services_service s where s.service_id = $1 and s.disabled_at is null",
        service_id,
    )
    return service_of(row) if row else None


async def own_service(connection: Connection, app: str) -> Service | None:
    """Return one of our own apps as a service, or None when nobody has come to it yet."""
    row = await connection.fetchrow(f"select {SERVICE_COLUMNS} from services_service s where s.app = $1", app)
    return service_of(row) if row else None


async def incident(connection: Connection, incident_id: str) -> Incident | None:
    """Return what was noted under an incident id, or None."""
    row = await connection.fetchrow(
        "select incident_id, client_id, code, detail from services_incident where incident_id = upper($1)", incident_id
    )
    return Incident(row["incident_id"], row["client_id"], row["code"], row["detail"]) if row else None
