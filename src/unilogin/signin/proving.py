"""Proving who one is by a secret: admitted to the queue, counted, hashed, written down – in this order.

The one place where a secret is compared. No database connection is held while hashing. Everything that is refused is
returned, not raised: raising would roll back what must be remembered.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from starlette.requests import Request

from unilogin.domain.audit import actions as audit
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor, Entry
from unilogin.domain.credentials import actions as credentials
from unilogin.domain.credentials.admission import HashBusyError
from unilogin.domain.credentials.model import ChangeDue, Fitted, PasswordPolicy, StoredPassword
from unilogin.domain.credentials.queries import stored_password
from unilogin.domain.credentials.rules import change_of, normal_secret, password_type
from unilogin.domain.directory.model import Standing
from unilogin.domain.limits.attempts import reserve, take_turn
from unilogin.domain.limits.model import Answer, Closed, Crowded, Guess, Place, Reserved, Sprayed, Waiting
from unilogin.domain.limits.outcomes import Failure, note_failure, note_success
from unilogin.domain.limits.rules import LONGEST_TURN, is_worth_telling, trusted_slot
from unilogin.domain.notices.actions import tell
from unilogin.domain.notices.model import Notice
from unilogin.domain.services.model import Level
from unilogin.house import House
from unilogin.kit.db.connection import Transaction, acquire, again_if_rolled_back, transaction
from unilogin.kit.faults import fault_point
from unilogin.kit.web.frame import request_id
from unilogin.signin.asked import Asked, guess_of
from unilogin.signin.counting import count_refusal
from unilogin.signin.happenings import note_wrong
from unilogin.signin.model import Journey
from unilogin.signin.opening import Proved, open_session_of


@dataclass(frozen=True, slots=True)
class Wrong:
    """Not the secret; or nobody's name, or somebody who may not come in: nobody can tell which (R15)."""


LedTo = TypeVar("LedTo")

Then = Callable[[Transaction, Standing, StoredPassword], Awaitable[LedTo]]
"""What a right secret leads to, written in the transaction that notes the success."""


async def prove(
    house: House, request: Request, journey: Journey, *, asked: Asked, given: str
) -> Proved | Wrong | Waiting | Closed:
    """Compare a secret with the one of the account that was asked for, and open a session.

    Raises:
        HashBusyError: too many at once; nothing was decided and nothing counted.

    """

    async def open_it(tx: Transaction, standing: Standing, stored: StoredPassword) -> Proved:
        due = await _note_change(tx, standing, stored, policy=house.password_policy)
        return await open_session_of(
            tx, request, journey, standing=standing, method=stored.type.value, level=Level.EN_FAKTOR, change_due=due
        )

    return await prove_for(house, request, asked=asked, given=given, then=open_it)


async def prove_for(
    house: House, request: Request, *, asked: Asked, given: str, then: Then[LedTo]
) -> LedTo | Wrong | Waiting | Closed:
    """Compare a secret with the one of the account that was asked for, and do ``then`` what it is proved for.

    Raises:
        HashBusyError: too many at once; nothing was decided and nothing counted.

    """
    secret = normal_secret(given)
    if secret is None:  # longer than any password can be: refused before hashing (B-L04)
        return Wrong()
    guess = guess_of(house, asked, secret)
    trusted = trusted_slot(asked.circumstances, guess.kind)
    waiting = await _hold_back(house, asked, guess) if trusted is None else None
    if waiting is not None:
        return await _refuse(house, request, asked, waiting)
    with house.hasher.place(trusted=trusted is not None) as place:
        answer = await again_if_rolled_back(lambda: _reserve(house, guess, slot=trusted))
        match answer:
            case Waiting() | Closed():
                return await _refuse(house, request, asked, answer)
            case Crowded():
                count_refusal(asked, answer)
                raise HashBusyError
            case Sprayed():
                count_refusal(asked, answer)
                return await _fail(house, request, guess, reserved=None, fitted=None)
        fitted = await place.verify(secret, asked.stored)
    if fitted is None or asked.standing is None or not asked.may_use_password:
        return await _fail(house, request, guess, reserved=answer, fitted=fitted)
    await fault_point("signin.secret.proved")
    new_hash = await house.hasher.hash(secret) if fitted.outdated else None
    success = _Success(asked.standing, asked.stored, guess, answer, new_hash)
    proved = await again_if_rolled_back(lambda: _let_in(house, success, then))
    if proved is None and (newer := await _compare_again(house, secret, success)) is not None:
        proved = await again_if_rolled_back(lambda: _let_in(house, newer, then))
    if proved is None:
        return await _fail(house, request, guess, reserved=answer, fitted=None)
    await fault_point("signin.session.committed")
    return proved


async def _note_change(
    tx: Transaction, standing: Standing, stored: StoredPassword, *, policy: PasswordPolicy
) -> ChangeDue | None:
    """Decide whether the password must be changed, and let the days for it begin or end; most often writes nothing."""
    change = change_of(stored, wanted=password_type(standing.belongings, forced=stored.forced), policy=policy)
    if change.starts is not None:
        actor = Actor.person(standing.account_id)
        await credentials.start_deadline(tx, standing.account_id, why=change.starts, actor=actor)
    if change.lifted:
        await credentials.lift_deadline(tx, standing.account_id)
    return change.due


async def _reserve(house: House, guess: Guess, *, slot: Place | None) -> Answer:
    async with acquire(house.pool) as connection:
        return await reserve(connection, guess, slot=slot)


@dataclass(frozen=True, slots=True)
class _Success:
    """A secret that fitted, of somebody who may come in; ``new_hash`` when the stored one is out of date."""

    standing: Standing
    stored: StoredPassword
    guess: Guess
    reserved: Reserved
    new_hash: str | None


async def _compare_again(house: House, secret: bytes, success: _Success) -> _Success | None:
    """Compare with what is stored now: a double click may have stored the same secret anew. None when it is another."""
    async with acquire(house.pool) as connection:
        newer = await stored_password(connection, success.standing.account_id)
    with house.hasher.place(trusted=True) as place:
        fits = newer is not None and await place.verify(secret, newer)
    return replace(success, stored=newer, new_hash=None) if newer is not None and fits else None


async def _let_in(house: House, success: _Success, then: Then[LedTo]) -> LedTo | None:
    """Write a success down, all of it or nothing: the trust it gives, and what it leads to.

    None when the password is no longer the one that was compared.
    """
    standing, stored = success.standing, success.stored
    async with transaction(house.pool) as tx:
        if not await credentials.hold_password(tx, stored):
            return None
        if success.new_hash:
            actor = Actor.person(standing.account_id)
            await credentials.rehash_password(tx, stored=stored, phc=success.new_hash, actor=actor)
        await note_success(tx, success.guess, success.reserved)
        if is_worth_telling(success.guess.kind, success.reserved):
            await tell(tx, standing.account_id, Notice.SIGNIN_AFTER_FAILURES)
        proved = await then(tx, standing, stored)
        await fault_point("signin.session.opened")
        return proved


async def _hold_back(house: House, asked: Asked, guess: Guess) -> Waiting | None:
    """Let a browser that is not trusted wait for its turn where attempts are slowed (R7, R8), or tell it to pause (R6).

    The wait holds no connection and no place in the queue.
    """
    circumstances = asked.circumstances
    if circumstances.paused_seconds > 0:
        return Waiting(circumstances.paused_seconds)
    if not (circumstances.net_slowed or (circumstances.site and circumstances.site.slowed)):
        return None
    async with acquire(house.pool) as connection:
        seconds = await take_turn(connection, guess.device)
    if seconds > LONGEST_TURN:
        return Waiting(seconds)
    await asyncio.sleep(seconds)
    return None


async def _refuse(house: House, request: Request, asked: Asked, answer: Waiting | Closed) -> Waiting | Closed:
    """Write down an attempt that was not looked at."""
    count_refusal(asked, answer)
    standing = asked.standing
    actor = Actor.person(standing.account_id) if standing else Actor("person", "unknown")
    entry = Entry(
        Event.SIGNIN_REFUSED,
        actor,
        account_id=standing.account_id if standing else None,
        outcome="refused",
        request_id=request_id(request),
        detail={"why": "waiting" if isinstance(answer, Waiting) else "closed"},
    )
    async with acquire(house.pool) as connection:
        await audit.write(connection, entry)
    return answer


async def _fail(
    house: House, request: Request, guess: Guess, *, reserved: Reserved | None, fitted: Fitted | None
) -> Wrong:
    """Write down a failure, of known and unknown names alike."""
    event = Event.SIGNIN_REFUSED if fitted else Event.SIGNIN_FAILED
    failure = Failure(event, request_id(request), {} if reserved else {"why": "sprayed"})

    async def note() -> None:
        async with acquire(house.pool) as connection:
            await note_failure(connection, guess, failure, reserved=reserved)

    await again_if_rolled_back(note)  # many fail at one school at once, and all write to its row
    async with acquire(house.pool) as connection:
        await note_wrong(connection, guess.account_id)
    return Wrong()
