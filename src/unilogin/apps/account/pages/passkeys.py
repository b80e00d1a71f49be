"""Adgangsnøgler: the passkeys one has. New ones are made at the sign-in itself; here they are named and deleted."""

from datetime import timedelta
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from unilogin.apps.account.access import ACCOUNT
from unilogin.apps.account.rules import PASSKEYS
from unilogin.apps.account.shown import render
from unilogin.apps.shell.access import AppForm, AppVisit, sign_in_url
from unilogin.domain.credentials.passkeys.actions import remove_passkey, rename_passkey
from unilogin.domain.credentials.passkeys.model import PasskeyId
from unilogin.domain.credentials.passkeys.queries import passkeys_of
from unilogin.domain.credentials.passkeys.rules import (
    FRESH_SECONDS,
    MOST_PASSKEYS,
    NAME_CHARACTERS,
    may_have_passkeys,
    tidy_name,
)
from unilogin.domain.credentials.queries import forced_type
from unilogin.house import House
from unilogin.kit.db.connection import acquire, transaction
from unilogin.kit.ids import digest
from unilogin.signin.browser import BROWSER_COOKIE
from unilogin.signin.new_passkey import new_passkey_url

_FRESH = timedelta(seconds=FRESH_SECONDS - 60)
"""A minute less than the sign-in takes for fresh: the way there takes a moment."""

_DONE = frozenset({"renamed", "removed"})


async def passkeys(house: House, request: Request, visit: AppVisit) -> Response:
    """Show one's passkeys."""
    browser = house.cookies.get(request, BROWSER_COOKIE)  # not there where Mit Unilogin has a host of its own
    async with acquire(house.pool) as connection:
        kept = await passkeys_of(connection, visit.account_id, browser=digest(browser) if browser else None)
        forced = await forced_type(connection, visit.account_id)
    done = request.query_params.get("done")
    context = {
        "passkeys": kept,
        "may_have": may_have_passkeys(visit.standing.belongings, forced=forced),
        "enough": len(kept) >= MOST_PASSKEYS,
        "most": MOST_PASSKEYS,
        "name_characters": NAME_CHARACTERS,
        "path": PASSKEYS,
        "done": done if done in _DONE else None,
    }
    return render(house, request, visit, template="passkeys", context=context)


async def new(house: House, request: Request, visit: AppVisit) -> Response:
    """Send the person to the sign-in to make one; on the way there to prove who they are, if that is long ago."""
    if visit.who.now - visit.who.session.auth_time > _FRESH:
        return RedirectResponse(sign_in_url(ACCOUNT, request.url.path, fresh=True), status_code=303)
    return RedirectResponse(house.base_url + new_passkey_url(visit.who.session), status_code=303)


async def rename(house: House, request: Request, form: AppForm) -> Response:
    """Call a passkey something else; one that is not the person's is simply not there."""
    passkey_id, name = _passkey_id(request), tidy_name(form.field("name"))
    if passkey_id is None or not name:
        return RedirectResponse(PASSKEYS, status_code=303)
    async with transaction(house.pool) as tx:
        renamed = await rename_passkey(tx, passkey_id, account_id=form.visit.account_id, name=name)
    return RedirectResponse(f"{PASSKEYS}?done=renamed" if renamed else PASSKEYS, status_code=303)


async def remove(house: House, request: Request, form: AppForm) -> Response:
    """Delete a passkey, and sign out where passkeys opened the door."""
    passkey_id = _passkey_id(request)
    removed = None
    if passkey_id is not None:
        session_id = form.visit.who.session.session_id
        async with transaction(house.pool) as tx:
            removed = await remove_passkey(tx, passkey_id, account_id=form.visit.account_id, session_id=session_id)
    return RedirectResponse(f"{PASSKEYS}?done=removed" if removed else PASSKEYS, status_code=303)


def _passkey_id(request: Request) -> PasskeyId | None:
    try:
        return PasskeyId(UUID(request.path_params["passkey_id"]))
    except ValueError:
        return None
