"""Giving leave, and using it. Nothing else in a journey sets a secret (V-39).

Leave is bound to the account whose name was typed, to the journey, and by it to the browser; each use is one statement
that asks whether it is still good, with the database's clock.
"""

from collections.abc import Callable
from uuid import UUID

from unilogin.domain.access.gates import children_in_custody
from unilogin.domain.audit import actions as audit
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor, Entry
from unilogin.domain.credentials.actions import set_password
from unilogin.domain.credentials.choosing import Fresh
from unilogin.domain.credentials.windows import Window, WindowKind
from unilogin.domain.directory.model import AccountId
from unilogin.domain.notices.actions import tell
from unilogin.domain.notices.model import Notice
from unilogin.domain.services.model import Level
from unilogin.kit.db.connection import Connection, Transaction
from unilogin.recovery.model import MOST_TRIES, PERMIT_SECONDS, READER_SECONDS, Permit, PermitId, Proof
from unilogin.recovery.queries import GOOD, proved_by_password
from unilogin.signin.model import Journey, JourneyId

Seal = Callable[[PermitId, Fresh], bytes]
"""Seals a drawn secret for the row of a permit."""

_PROOFS = {WindowKind.PARENT: Proof.PARENT_WINDOW, WindowKind.TEACHER: Proof.TEACHER_WINDOW}

_NOTICES = {
    Proof.MITID: Notice.PASSWORD_WITH_MITID,
    Proof.PASSWORD: Notice.PASSWORD_BY_SELF,
    Proof.PARENT: Notice.PASSWORD_WITH_PARENT,
    Proof.PARENT_WINDOW: Notice.PASSWORD_WITH_PARENT,
    Proof.TEACHER_WINDOW: Notice.PASSWORD_WITH_WINDOW,
}

_GIVE = """
  insert into recovery_permit (journey_id, account_id, proof, level, helper_id, expires_at)
  select j.journey_id, a.account_id, $3, $4, $5, kit_now() + $6 * interval '1 second'
  from signin_journey j join directory_account a on a.username = j.username
  where j.journey_id = $1 and a.account_id = $2 and a.blocked_at is null
    and j.finished_at is null and j.returned_at is null and j.expires_at > kit_now()
  on conflict (journey_id) do update set permit_id = excluded.permit_id, account_id = excluded.account_id,
    proof = excluded.proof, level = excluded.level, helper_id = excluded.helper_id, given_at = kit_now(),
    expires_at = excluded.expires_at, type = null, assigned = null, set_at = null, used_at = null
  returning permit_id
"""


async def give_permit(
    tx: Transaction,
    journey_id: JourneyId,
    account_id: AccountId,
    *,
    proof: Proof,
    level: Level,
    helper: AccountId | None = None,
) -> PermitId | None:
    """Give leave for the account whose name was typed in this journey; None when it is another's, or all is over.

    ``level`` is what was proved: nobody signs in higher afterwards (N-12). ``helper`` is the parent or teacher behind.
    """
    permit_id: PermitId | None = await tx.fetchval(
        _GIVE, journey_id, account_id, proof.value, level.value, helper, PERMIT_SECONDS
    )
    if permit_id is not None:
        actor = Actor.person(helper or account_id)
        entry = Entry(Event.PERMIT_GIVEN, actor, account_id=account_id, detail={"kind": proof.value})
        await audit.write(tx, entry)
    return permit_id


async def give_permit_after_password(connection: Connection, journey: Journey) -> bool:
    """Give leave in a journey that stopped because its password must be changed: it was typed a moment ago."""
    async with connection.transaction():
        account_id = await proved_by_password(connection, journey.journey_id)
        if account_id is None:
            return False
        journey_id = journey.journey_id
        permit = await give_permit(connection, journey_id, account_id, proof=Proof.PASSWORD, level=Level.EN_FAKTOR)
        return permit is not None


async def note_refused(connection: Connection, *, by: AccountId, about: AccountId | None, why: str) -> None:
    """Note that somebody proved who they are and was given no leave: for another's account, for a child not theirs."""
    entry = Entry(Event.PERMIT_REFUSED, Actor.person(by), account_id=about, outcome="refused", detail={"why": why})
    await audit.write(connection, entry)


async def assign(tx: Transaction, permit: Permit, *, fresh: Fresh, sealed: bytes) -> bool:
    """Make a drawn secret the account's, and keep it sealed until its first success; False when leave is over.

    Of two at once the first counts: the second finds that one is given.
    """
    given = await tx.fetchval(
        "update recovery_permit p set type = $2, assigned = $3, set_at = kit_now()"
        f" from signin_journey j, directory_account pupil where p.permit_id = $1 and p.set_at is null and {GOOD}"
        " returning true",
        permit.permit_id,
        fresh.type.value,
        sealed,
    )
    if not given:
        return False
    await _set(tx, permit.account_id, proof=permit.proof, helper=permit.helper_id, fresh=fresh)
    return True


async def give_and_assign(tx: Transaction, journey_id: JourneyId, window: Window, *, fresh: Fresh, seal: Seal) -> bool:
    """Give leave for a window that was claimed in this transaction, and make a drawn secret the account's at once.

    False when the journey is over: the caller rolls back, and the window stays open for another.
    """
    proof, account_id = _PROOFS[window.kind], window.account_id
    permit_id = await give_permit(
        tx, journey_id, account_id, proof=proof, level=Level.EN_FAKTOR, helper=window.opened_by
    )
    if permit_id is None:
        return False
    await tx.execute(
        "update recovery_permit set type = $2, assigned = $3, set_at = kit_now() where permit_id = $1",
        permit_id,
        fresh.type.value,
        seal(permit_id, fresh),
    )
    await _set(tx, account_id, proof=proof, helper=window.opened_by, fresh=fresh)
    return True


async def count_try(connection: Connection, permit: Permit) -> bool:
    """Count a secret that was thought of, before it is looked at; False when there were enough, or leave is over.

    They are counted in the journey, whatever it is proved with anew. To be given one is always open: that is one hash.
    """
    return bool(
        await connection.fetchval(
            "update recovery_permit p set tries = p.tries + 1 from signin_journey j, directory_account pupil"
            f" where p.permit_id = $1 and p.tries < $2 and {GOOD} returning true",
            permit.permit_id,
            MOST_TRIES,
        )
    )


async def use_permit(tx: Transaction, permit: Permit, *, fresh: Fresh | None) -> bool:
    """Use leave up, to sign in with the secret that was given or with ``fresh``; False when it is over.

    Once: whoever posts twice, with two values, sets one of them. The given secret is forgotten here.
    """
    used = await tx.fetchval(
        "update recovery_permit p set used_at = kit_now(), assigned = null"
        " from signin_journey j, directory_account pupil"
        f" where p.permit_id = $1 and (p.set_at is not null or $2) and {GOOD} returning true",
        permit.permit_id,
        fresh is not None,
    )
    if used and fresh is not None:
        await _set(tx, permit.account_id, proof=permit.proof, helper=permit.helper_id, fresh=fresh)
    return bool(used)


async def _set(tx: Transaction, account_id: AccountId, *, proof: Proof, helper: AccountId | None, fresh: Fresh) -> None:
    await set_password(
        tx,
        account_id,
        password_type=fresh.type,
        phc=fresh.phc,
        actor=Actor.person(helper if helper and not fresh.chosen else account_id),
        chosen=fresh.chosen,
        notice=_NOTICES[proof],
    )


async def let_read(tx: Transaction, journey_id: JourneyId, account_id: AccountId, *, level: Level) -> bool:
    """Let somebody who proved who they are read usernames in this journey for a while; False when it is over.

    Each child learns that the parent was shown its name (K-35).
    """
    let = await tx.fetchval(
        "insert into recovery_reader (journey_id, account_id, level, expires_at)"
        " select journey_id, $2, $3, kit_now() + $4 * interval '1 second' from signin_journey"
        " where journey_id = $1 and session_id is null and returned_at is null and expires_at > kit_now()"
        " on conflict (journey_id) do update set account_id = excluded.account_id, level = excluded.level,"
        " expires_at = excluded.expires_at returning true",
        journey_id,
        account_id,
        level.value,
        READER_SECONDS,
    )
    if let:
        await audit.write(tx, Entry(Event.NAMES_SHOWN, Actor.person(account_id), account_id=account_id))
        for child in await children_in_custody(tx, account_id):
            actor = Actor.person(account_id)
            await audit.write(tx, Entry(Event.CHILD_USERNAME_SHOWN, actor, account_id=child.account_id))
        await tell(tx, account_id, Notice.USERNAME_LOOKED_UP)
    return bool(let)


async def forget_assigned(connection: Connection) -> int:
    """Erase secrets and readers that nobody can see any more; return how many. Nothing is decided here (D4)."""
    erased = await connection.execute(
        "update recovery_permit set assigned = null where assigned is not null and expires_at < kit_now()"
    )
    gone = await connection.execute("delete from recovery_reader where expires_at < kit_now()")
    return int(erased.split()[-1]) + int(gone.split()[-1])


async def withdraw_permit(tx: Transaction, journey_id: UUID) -> None:
    """Take back the leave of a journey whose window was undone: it sets no secret any more."""
    await tx.execute("delete from recovery_permit where journey_id = $1", journey_id)
