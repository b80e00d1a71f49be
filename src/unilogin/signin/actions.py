"""Moving a journey on. Every step is one statement that checks for itself that the journey is still open."""

from uuid import UUID

from unilogin.domain.credentials.model import ChangeDue
from unilogin.domain.directory.model import AccountId, ActorGroup, Username
from unilogin.domain.directory.queries import LED_TO
from unilogin.domain.services.model import Service
from unilogin.domain.sessions.model import Device, SessionId
from unilogin.domain.sessions.queries import LIVE
from unilogin.kit import metrics
from unilogin.kit.db.connection import Connection, Transaction, unhurried
from unilogin.kit.ids import digest
from unilogin.signin.happenings import Step, noting
from unilogin.signin.model import JOURNEY_SECONDS, RESTART_SECONDS, Demands, JourneyId, Lacking, Method, Result

_OPEN = "journey_id = $1 and returned_at is null and expires_at > kit_now()"


async def start_journey(
    tx: Transaction,
    *,
    browser_token: str,
    service: Service,
    return_to: str,
    demands: Demands,
    session_id: SessionId | None = None,
    actor_group: ActorGroup | None = None,
    lacking: Lacking | None = None,
) -> JourneyId:
    """Begin a journey for this browser; return its id.

    ``return_to`` is path and query on our own origin, made by the calling protocol, never taken from a request. With
    ``session_id`` somebody is signed in already and only has to choose a role, or with ``lacking`` to prove more; then
    ``actor_group`` is the role, if it is settled.
    """
    journey_id: UUID = await tx.fetchval(
        "insert into signin_journey (browser_hash, service_id, return_to, demands, session_id, actor_group, lacking,"
        " shared_device, expires_at) values ($1, $2, $3, $4, $5, $6, $7,"
        " coalesce((select s.device <> 'own' from sessions_session s where s.session_id = $5), true),"
        " kit_now() + $8 * interval '1 second') returning journey_id",
        digest(browser_token),
        service.service_id,
        return_to,
        {"username_hint": demands.username_hint, "level": demands.level.value, "wished": demands.wished.value},
        session_id,
        actor_group.value if actor_group else None,
        lacking.value if lacking else None,
        JOURNEY_SECONDS,
    )
    metrics.journey_step("begin", _begun(session_id, lacking))
    return JourneyId(journey_id)


def _begun(session_id: SessionId | None, lacking: Lacking | None) -> str:
    if lacking is not None:
        return "level only"
    return "role only" if session_id else "new"


async def choose_method(connection: Connection, journey_id: JourneyId, *, method: Method) -> None:
    """Note the way in; a name typed before is forgotten."""
    await connection.execute(
        f"update signin_journey set method = $2, username = null, named_as = null where {_OPEN} and session_id is null"
        f" returning {unhurried(connection)}",
        journey_id,
        method.value,
    )


async def choose_passkey(connection: Connection, journey_id: JourneyId, *, device: Device) -> None:
    """Note that no name is typed, and whose device this is."""
    await connection.execute(
        "update signin_journey set username = null, named_as = null, shared_device = $2"
        f" where {_OPEN} and session_id is null",
        journey_id,
        device is Device.SHARED,
    )


_NAME_LED_TO = f"select a.username from directory_account a where a.account_id = ({LED_TO.format('$2')})"


async def name_somebody(connection: Connection, journey_id: JourneyId, *, username: Username, device: Device) -> None:
    """Note the typed name, whether it names anybody or not, and whose device this is.

    The name of an account that was merged into another one counts as that one's from here on, tries and all; it is
    shown as it was typed, so that nobody learns which names belong together.
    """
    await connection.execute(
        "update signin_journey j set username = coalesce(n.led_to, $2), shared_device = $3,"
        " named_as = case when n.led_to <> $2 then $2 end"
        f" from (select ({_NAME_LED_TO}) as led_to) n where {_OPEN} and session_id is null",
        journey_id,
        username,
        device is Device.SHARED,
    )


async def prove(
    tx: Transaction,
    journey_id: JourneyId,
    *,
    session_id: SessionId,
    actor_group: ActorGroup | None,
    change_due: ChangeDue | None = None,
    lacking: Lacking | None = None,
) -> bool:
    """Note the session that the journey has led to, and finish it when the group is settled; False when it is over.

    With ``change_due`` it is not finished before that is settled: put off, or a new proof with a new password; with
    ``lacking`` not before the session is surer, or the wish for that is turned down. A double click proves twice: the
    journey then keeps the later session, the one whose cookie the browser keeps.
    """
    return bool(
        await tx.fetchval(
            "update signin_journey set session_id = $2, actor_group = $3, change_due = $4, lacking = $5, finished_at ="
            " case when $3::text is null or coalesce($4::text, $5::text) is not null then null else kit_now() end"
            f" where {_OPEN} returning true",
            journey_id,
            session_id,
            actor_group.value if actor_group else None,
            change_due.value if change_due else None,
            lacking.value if lacking else None,
        )
    )


async def put_off_change(connection: Connection, journey_id: JourneyId) -> bool:
    """Let a journey go on although the password must be changed soon; False when it must be changed now, or is over.

    The journey is finished when the group is settled, and nothing is lacking.
    """
    return bool(
        await connection.fetchval(
            "update signin_journey set change_due = null,"
            " finished_at = case when actor_group is null or lacking is not null then null else kit_now() end"
            f" where {_OPEN} and session_id is not null and change_due = 'soon' returning true",
            journey_id,
        )
    )


async def settle_level(connection: Connection, journey_id: JourneyId, *, lacking: Lacking) -> bool:
    """Note that a session lacks nothing any more, or that a wish was turned down; False when that was noted before.

    The journey is finished when the group is settled. What the session's level is decides the protocol for itself.
    """
    return bool(
        await connection.fetchval(
            "update signin_journey set lacking = null,"
            " finished_at = case when actor_group is null or change_due is not null then null else kit_now() end"
            f" where {_OPEN} and session_id is not null and lacking = $2 returning true",
            journey_id,
            lacking.value,
        )
    )


async def decline(connection: Connection, journey_id: JourneyId) -> bool:
    """Note that the person cannot prove as much as is demanded; False when the journey is over or has led somewhere."""
    return bool(
        await connection.fetchval(
            f"update signin_journey set declined = 'level' where {_OPEN} and finished_at is null"
            " and (session_id is null or lacking = 'insisted') returning true",
            journey_id,
        )
    )


async def take_refusal(connection: Connection, journey_id: JourneyId, *, browser_token: str, at: str) -> bool:
    """Take, once, that a journey of this browser, begun to come back ``at``, ended without anybody; False if not."""
    return bool(
        await connection.fetchval(
            "update signin_journey set returned_at = kit_now() where journey_id = $1 and browser_hash = $2"
            " and declined is not null and finished_at is null and returned_at is null and expires_at > kit_now()"
            " and return_to = $3 returning true",
            journey_id,
            digest(browser_token),
            at,
        )
    )


async def choose_role(connection: Connection, journey_id: JourneyId, *, actor_group: ActorGroup) -> bool:
    """Note the chosen group and finish the journey; False when it is over."""
    return bool(
        await connection.fetchval(
            "update signin_journey set actor_group = $2, finished_at = kit_now()"
            f" where {_OPEN} and session_id is not null and change_due is null and lacking is null returning true",
            journey_id,
            actor_group.value,
        )
    )


async def take_result(connection: Connection, journey_id: JourneyId, *, browser_token: str, at: str) -> Result | None:
    """Take what a finished journey of this browser led to, once; None when there is nothing to take.

    ``at`` is the ``return_to`` that the caller began it with: what was proved for one request is not for another.
    """
    row = await connection.fetchrow(
        "with taken as (update signin_journey j set returned_at = kit_now() from sessions_session s"
        " where j.journey_id = $1 and j.browser_hash = $2 and j.return_to = $3 and j.finished_at is not null"
        f" and j.returned_at is null and j.expires_at > kit_now() and s.session_id = j.session_id and {LIVE}"
        " returning s.session_id, s.account_id, j.actor_group, j.started_at, j.service_id,"
        f" s.auth_time >= j.started_at as proved_here, {unhurried(connection)}),"
        f" noted as ({noting(Step.SIGNED_IN, '(select account_id, service_id from taken where proved_here) s')})"
        " select session_id, account_id, actor_group, started_at from taken",
        journey_id,
        digest(browser_token),
        at,
    )
    metrics.journey_step("return", "taken" if row else "nothing to take")
    if row is None:
        return None
    group = ActorGroup(row["actor_group"])
    return Result(SessionId(row["session_id"]), AccountId(row["account_id"]), group, row["started_at"])


async def forget_old_journeys(connection: Connection) -> int:
    """Delete journeys that can no longer begin again; return how many. Nothing is decided here (D4)."""
    status = await connection.execute(
        "delete from signin_journey where started_at < kit_now() - $1 * interval '1 second'", RESTART_SECONDS
    )
    return int(status.split()[-1])
