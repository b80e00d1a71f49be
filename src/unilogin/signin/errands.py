"""Errands: a room of the journey sends the browser to a provider, and gets back who the provider says it is.

A room calls ``start_errand`` and sends the browser to ``errand_url`` (``signin.pages.leave_for`` after a form). The
provider's protocol notes what came out and sends the browser back to ``return_to`` with ``?errand=…``; there the room
takes the identity, once, for the journey that sent the browser. The CPR number itself never comes this far.
"""

from dataclasses import dataclass
from uuid import UUID

from asyncpg import Record

from unilogin.domain.access.model import Right
from unilogin.domain.services.model import Level
from unilogin.house import REALM
from unilogin.kit.db.connection import Connection, Transaction
from unilogin.signin.model import Alias, ErrandId, ExternalIdentity, Failure, IdentityKind, JourneyId

ERRAND_SECONDS = 15 * 60
"""How long somebody may be away: a phone has to be found, sometimes a parent."""

TAKING_SECONDS = 2 * 60
"""How long what came back waits to be taken: the browser is on its way."""


def errand_named(written: str | None) -> ErrandId | None:
    """Return the errand that a browser says it comes back from, or None."""
    try:
        return ErrandId(UUID(written or ""))
    except ValueError:
        return None


def errand_url(alias: Alias, errand_id: ErrandId) -> str:
    """Return the page of the provider's protocol that sends the browser on."""
    return f"{REALM}/broker/{alias}/login?errand={errand_id}"


async def start_errand(tx: Transaction, journey_id: JourneyId, *, alias: Alias, return_to: str) -> ErrandId | None:
    """Begin an errand of an open journey; None when there is no such provider (any more) or the journey is over.

    ``return_to`` is a path on our own origin, made by the calling room, never taken from a request.
    """
    errand_id: UUID | None = await tx.fetchval(
        "insert into signin_errand (journey_id, alias, return_to, expires_at)"
        " select j.journey_id, p.alias, $3, kit_now() + $4 * interval '1 second'"
        " from signin_journey j, signin_provider p where j.journey_id = $1 and j.returned_at is null"
        " and j.expires_at > kit_now() and p.alias = $2 and p.disabled_at is null returning errand_id",
        journey_id,
        alias,
        return_to,
        ERRAND_SECONDS,
    )
    return ErrandId(errand_id) if errand_id else None


_COLUMNS = """errand_id, failure, alias, issuer, subject, cpr_index, level, kind, cvr, rights, age, authenticated_at"""

# What was taken is nowhere any more.
_TAKE = f"""
  with found as (
    select {_COLUMNS} from signin_errand where errand_id = $2 and journey_id = $1 and return_to = $3
      and answered_at is not null and taken_at is null
      and answered_at > kit_now() - {TAKING_SECONDS} * interval '1 second' for update
  ), taken as (
    update signin_errand e set taken_at = kit_now(), subject = null, cpr_index = null, cvr = null, rights = null,
      age = null from found where e.errand_id = found.errand_id
  )
  select {_COLUMNS} from found
"""


async def take_identity(
    connection: Connection, journey_id: JourneyId, errand_id: ErrandId, *, at: str
) -> ExternalIdentity | Failure | None:
    """Take what came back, once, for the journey that sent the browser; None when there is nothing to take.

    ``at`` is the ``return_to`` that the caller began the errand with: who approved one thing has not approved another.
    A child cannot turn the MitID of a parent who helps into a session of the parent by another address. The caller's
    access rule (``JOURNEY``) has proved that this browser began the journey.
    """
    row = await connection.fetchrow(_TAKE, journey_id, errand_id, at)
    if row is None:
        return None
    return Failure(row["failure"]) if row["failure"] else _identity(row)


def _identity(row: Record) -> ExternalIdentity:
    return ExternalIdentity(
        Alias(row["alias"]),
        row["issuer"],
        row["subject"],
        row["cpr_index"],
        Level(row["level"]),
        IdentityKind(row["kind"]),
        row["cvr"],
        tuple(Right(name) for name in row["rights"]),
        row["age"],
        row["authenticated_at"],
    )


@dataclass(frozen=True, slots=True)
class Told:
    """What somebody who came back was told: why not, as the last part of a code, and what its sentences name."""

    why: str
    institutions: tuple[str, ...] = ()
    incident: str | None = None


async def note_told(connection: Connection, errand_id: ErrandId, told: Told) -> None:
    """Note why nothing came of an errand that was taken, for whoever loads the page again."""
    await connection.execute(
        "update signin_errand set told = $2 where errand_id = $1 and taken_at is not null",
        errand_id,
        {"why": told.why, "institutions": told.institutions, "incident": told.incident},
    )


async def told_before(connection: Connection, journey_id: JourneyId, *, at: str) -> tuple[ErrandId, Told] | None:
    """Return what was told when this journey last came back to ``at``; None when nothing was, or it is away again.

    What came back is taken once, but its page may be loaded again, or wanted in the other language.
    """
    row = await connection.fetchrow(
        "select errand_id, told from signin_errand where journey_id = $1 and return_to = $2"
        " order by started_at desc limit 1",
        journey_id,
        at,
    )
    told = row["told"] if row else None
    if row is None or told is None:
        return None
    return ErrandId(row["errand_id"]), Told(told["why"], tuple(told["institutions"]), told["incident"])


async def note_identity(tx: Transaction, errand_id: ErrandId, identity: ExternalIdentity) -> bool:
    """Note who came back; False when the errand is over or its provider was disabled meanwhile (V-29)."""
    return bool(
        await tx.fetchval(
            "update signin_errand e set answered_at = kit_now(), issuer = $3, subject = $4, cpr_index = $5, level = $6,"
            " kind = $7, cvr = $8, rights = $9, age = $10, authenticated_at = $11 from signin_provider p"
            " where e.errand_id = $1 and e.alias = $2 and e.answered_at is null and e.expires_at > kit_now()"
            " and p.alias = e.alias and p.disabled_at is null returning true",
            errand_id,
            identity.alias,
            identity.issuer,
            identity.subject,
            identity.cpr_index,
            identity.level.value,
            identity.kind.value,
            identity.cvr,
            [right.value for right in identity.rights],
            identity.age,
            identity.authenticated_at,
        )
    )


async def note_failure(tx: Transaction, errand_id: ErrandId, failure: Failure) -> bool:
    """Note that nobody came back, and why; False when the errand has its answer already."""
    return bool(
        await tx.fetchval(
            "update signin_errand set answered_at = kit_now(), failure = $2"
            " where errand_id = $1 and answered_at is null returning true",
            errand_id,
            failure.value,
        )
    )


async def forget_old_errands(connection: Connection) -> int:
    """Delete errands that nobody can come back from; return how many. Nothing is decided here (D4)."""
    status = await connection.execute("delete from signin_errand where expires_at < kit_now() - interval '10 minutes'")
    return int(status.split()[-1])
