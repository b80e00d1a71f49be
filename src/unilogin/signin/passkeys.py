"""Proving who one is by a passkey: asked of one browser about one journey, checked, written down – in this order.

No name is typed and none is looked up, so there is nothing to tell about any name. Everything that is refused is
returned, and leaves a row.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import msgspec
from starlette.requests import Request

from unilogin.domain.audit import actions as audit
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor, Entry
from unilogin.domain.credentials.passkeys import actions as passkeys
from unilogin.domain.credentials.passkeys.errors import PasskeyRefusedError, Why
from unilogin.domain.credentials.passkeys.model import Assertion, Bond, Purpose, StoredPasskey, VerifiedUse
from unilogin.domain.credentials.passkeys.queries import stored_passkey
from unilogin.domain.credentials.passkeys.rules import is_sure_enough
from unilogin.domain.credentials.passkeys.verifying import site_of, verify_use
from unilogin.domain.credentials.passkeys.wire import read_assertion, sign_in_options
from unilogin.domain.credentials.rules import may_hold_password
from unilogin.domain.directory.model import Standing
from unilogin.house import House
from unilogin.kit.db.connection import Transaction, acquire, again_if_rolled_back, transaction
from unilogin.kit.ids import digest
from unilogin.kit.web.frame import request_id
from unilogin.signin.browser import BROWSER_COOKIE
from unilogin.signin.gate import standing_if_admitted
from unilogin.signin.model import Journey
from unilogin.signin.opening import Proved, open_session_of

PASSKEY_COOKIE = "passkey"
"""Says that a passkey was used in this browser, and nothing about whose."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Not let in. ``why`` is for the figures; nobody is told."""

    why: Why


async def question(house: House, request: Request, journey: Journey) -> str | None:
    """Return what the page asks the authenticator, as JSON; None when this journey has asked too often."""
    async with acquire(house.pool) as connection:
        challenge = await passkeys.ask_to_sign_in(connection, _bond(house, request, journey))
    if challenge is None:
        return None
    return msgspec.json.encode(sign_in_options(site_of(house.base_url), challenge)).decode()


async def waiting_question(house: House, request: Request, journey: Journey) -> str | None:
    """Return what the username page asks in the background, so that the browser offers passkeys beside names.

    Only where a passkey was used before: in all other browsers the page costs nothing more.
    """
    if house.cookies.get(request, PASSKEY_COOKIE) is None:
        return None
    return await question(house, request, journey)


def _bond(house: House, request: Request, journey: Journey) -> Bond:
    """Return what a question is bound to: the rule of the page has proved that this browser began the journey."""
    return Bond(Purpose.SIGN_IN, journey.journey_id, digest(house.cookies.get(request, BROWSER_COOKIE) or ""))


LedTo = TypeVar("LedTo")

Then = Callable[[Transaction, Standing, StoredPasskey], Awaitable[LedTo]]
"""What a right answer leads to, in the transaction that notes the use; may raise PasskeyRefusedError."""


async def prove_by_passkey(house: House, request: Request, journey: Journey, *, posted: str) -> Proved | Refused:
    """Check an authenticator's answer and open a session at the level of the passkey."""

    async def open_it(tx: Transaction, standing: Standing, passkey: StoredPasskey) -> Proved:
        return await open_session_of(
            tx, request, journey, standing=standing, method=passkeys.METHOD, level=passkey.level
        )

    return await prove_for(house, request, journey, posted=posted, then=open_it)


async def prove_for(
    house: House, request: Request, journey: Journey, *, posted: str, then: Then[LedTo]
) -> LedTo | Refused:
    """Check an authenticator's answer, and do ``then`` what it is proved for, if its owner may come in this way."""
    bond = _bond(house, request, journey)
    passkey: StoredPasskey | None = None
    try:
        assertion = read_assertion(posted)
        passkey = await _asked_for(house, bond, assertion)
        use = verify_use(assertion, passkey, site=site_of(house.base_url))
        right = _Right(bond, assertion, passkey, use)
        return await again_if_rolled_back(lambda: _let_in(house, right, then))
    except PasskeyRefusedError as refused:
        await _note(house, request, bond, why=refused.why, passkey=passkey)
        return Refused(refused.why)


async def _asked_for(house: House, bond: Bond, assertion: Assertion) -> StoredPasskey:
    """Take the question that is answered, and return the passkey that claims to answer it."""
    async with acquire(house.pool) as connection:
        if not await passkeys.take_question(connection, bond, challenge=assertion.challenge):
            raise PasskeyRefusedError(Why.QUESTION)
        passkey = await stored_passkey(connection, assertion.credential_id)
    if passkey is None:
        raise PasskeyRefusedError(Why.UNKNOWN)
    return passkey


@dataclass(frozen=True, slots=True)
class _Right:
    """An answer that is right."""

    bond: Bond
    assertion: Assertion
    passkey: StoredPasskey
    use: VerifiedUse


async def _let_in(house: House, right: _Right, then: Then[LedTo]) -> LedTo:
    """Write a success down, all of it or nothing; raises PasskeyRefusedError for who may not come in this way."""
    passkey = right.passkey
    async with transaction(house.pool) as tx:
        standing = await standing_if_admitted(tx, passkey.account_id)
        if standing is None or not _is_sure_enough(house, passkey, standing):
            raise PasskeyRefusedError(Why.NOT_ADMITTED)
        browser = right.bond.browser if right.assertion.built_in else None
        if not await passkeys.use_passkey(tx, passkey, right.use, browser=browser):
            still_there = await stored_passkey(tx, right.assertion.credential_id)
            raise PasskeyRefusedError(Why.COUNTER if still_there else Why.UNKNOWN)
        return await then(tx, standing, passkey)


def _is_sure_enough(house: House, passkey: StoredPasskey, standing: Standing) -> bool:
    would_do = may_hold_password(standing.actor_groups, house.password_holders) and not passkey.holds_right
    return is_sure_enough(passkey.level, password_would_do=would_do)


async def _note(house: House, request: Request, bond: Bond, *, why: Why, passkey: StoredPasskey | None) -> None:
    """Write down an answer that was not taken, unless nothing was asked: each try costs a question."""
    account_id = passkey.account_id if passkey else None
    entry = Entry(
        _EVENTS.get(why, Event.SIGNIN_FAILED),
        Actor.person(account_id) if account_id else Actor("person", "unknown"),
        account_id=account_id,
        about=str(passkey.passkey_id) if passkey else None,
        outcome="refused",
        request_id=request_id(request),
        detail={"method": passkeys.METHOD, "why": why.value},
    )
    async with transaction(house.pool) as tx:
        if why in _COSTS_A_QUESTION and not await passkeys.spend_a_question(tx, bond):
            return
        await audit.write(tx, entry)


_EVENTS = {Why.COUNTER: Event.PASSKEY_SUSPECTED, Why.NOT_ADMITTED: Event.SIGNIN_REFUSED}
_COSTS_A_QUESTION = (Why.MALFORMED, Why.QUESTION)
