"""Reading journeys."""

from asyncpg import Record

from unilogin.domain.credentials.model import ChangeDue
from unilogin.domain.directory.model import ActorGroup, Username
from unilogin.domain.services.model import Level
from unilogin.domain.services.queries import SERVICE_COLUMNS, service_of
from unilogin.domain.sessions.model import Device, SessionId
from unilogin.kit.db.connection import Connection
from unilogin.kit.ids import Digest
from unilogin.signin.model import RESTART_SECONDS, Demands, Journey, JourneyId, Lacking, Method


async def journey_of_browser(connection: Connection, journey_id: JourneyId, *, browser: Digest) -> Journey | None:
    """Return a journey that this browser began within a day, stale or not, or None."""
    row = await connection.fetchrow(
        f"select j.journey_id, j.return_to, j.demands, j.method, j.username, j.named_as, j.shared_device,"
        " j.session_id, j.actor_group, j.change_due, j.lacking,"
        f" j.expires_at <= kit_now() as expired, j.finished_at is not null as finished, {SERVICE_COLUMNS}"
        " from signin_journey j join services_service s using (service_id)"
        " where j.journey_id = $1 and j.browser_hash = $2 and s.disabled_at is null"
        " and j.started_at > kit_now() - $3 * interval '1 second'",
        journey_id,
        browser,
        RESTART_SECONDS,
    )
    return _journey(row) if row else None


def _journey(row: Record) -> Journey:
    demands = row["demands"]
    return Journey(
        JourneyId(row["journey_id"]),
        service_of(row),
        row["return_to"],
        Demands(
            demands.get("username_hint", ""),
            Level(demands.get("level", Level.EN_FAKTOR)),
            Level(demands.get("wished", Level.EN_FAKTOR)),
        ),
        Method(row["method"]) if row["method"] else None,
        Username(row["username"]) if row["username"] else None,
        Device.SHARED if row["shared_device"] else Device.OWN,
        SessionId(row["session_id"]) if row["session_id"] else None,
        ActorGroup(row["actor_group"]) if row["actor_group"] else None,
        row["expired"],
        row["finished"],
        ChangeDue(row["change_due"]) if row["change_due"] else None,
        Lacking(row["lacking"]) if row["lacking"] else None,
        Username(row["named_as"]) if row["named_as"] else None,
    )
