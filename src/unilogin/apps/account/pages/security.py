"""Sikkerhed: the password, and the devices one is signed in on."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from unilogin.apps.account import actions, queries
from unilogin.apps.account.model import Secret
from unilogin.apps.account.rules import PASSKEYS, SECURITY, method_code
from unilogin.apps.account.shown import render
from unilogin.apps.shell.access import AppForm, AppVisit
from unilogin.domain.credentials.model import PasswordType
from unilogin.domain.credentials.passkeys.queries import count_passkeys
from unilogin.domain.credentials.passkeys.rules import may_have_passkeys
from unilogin.domain.credentials.queries import forced_type
from unilogin.domain.sessions.model import OwnSession, SessionId
from unilogin.domain.sessions.queries import own_sessions
from unilogin.house import House
from unilogin.kit.db.connection import acquire, transaction
from unilogin.kit.web.devices import device_words


async def security(house: House, request: Request, visit: AppVisit) -> Response:
    """Show the password's kind and the devices."""
    async with acquire(house.pool) as connection:
        secret = await queries.secret(connection, visit.account_id)
        forced = await forced_type(connection, visit.account_id)
        sessions = await own_sessions(connection, visit.account_id)
        passkeys = await count_passkeys(connection, visit.account_id)
    here = visit.who.session.session_id
    sessions.sort(key=lambda session: session.session_id != here)
    context = {
        "secret": secret,
        "sessions": sessions,
        "here_id": here,
        "device_words": _device_words,
        "method_code": _method_code,
        "change_url": f"{house.base_url}/skift-adgangskode" if _may_change(secret) else None,
        "passkeys": passkeys,
        "passkeys_url": PASSKEYS if passkeys or may_have_passkeys(visit.standing.belongings, forced=forced) else None,
    }
    return render(house, request, visit, template="security", context=context)


def _may_change(secret: Secret | None) -> bool:
    """Pictures are given, never chosen."""
    return secret is not None and secret.type is not PasswordType.PICTURES


def _device_words(session: OwnSession) -> tuple[str | None, str | None]:
    return device_words(session.browser)


def _method_code(session: OwnSession) -> str:
    return method_code(session.method)


async def sign_out_device(house: House, request: Request, form: AppForm) -> Response:
    """Sign one other device out; one that is not the person's is simply not there."""
    session_id = _session_id(form.field("session"))
    if session_id is not None and session_id != form.visit.who.session.session_id:
        async with transaction(house.pool) as tx:
            await actions.sign_out_device(tx, form.visit.account_id, session_id)
    return RedirectResponse(SECURITY, status_code=303)


async def sign_out_others(house: House, request: Request, form: AppForm) -> Response:
    """Sign out everywhere but here."""
    async with transaction(house.pool) as tx:
        await actions.sign_out_others(tx, form.visit.account_id, keep=form.visit.who.session.session_id)
    return RedirectResponse(SECURITY, status_code=303)


def _session_id(text: str) -> SessionId | None:
    try:
        return SessionId(UUID(text))
    except ValueError:
        return None
