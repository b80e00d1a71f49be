"""Signing out at a service's wish (OpenID Connect RP-Initiated Logout 1.0).

An id token of ours in ``id_token_hint`` is proof enough: its session ends and the browser goes back. In every other
case the person is asked first, and nobody is sent anywhere (B-O38): a link must not be able to sign a class out.
"""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from unilogin.domain.audit.model import Actor
from unilogin.domain.services.model import Client
from unilogin.domain.sessions.actions import end_session
from unilogin.domain.sessions.queries import live_session
from unilogin.house import REALM, House
from unilogin.kit.db.connection import acquire, transaction
from unilogin.kit.faults import fault_point
from unilogin.kit.web.errors import RefusedError
from unilogin.kit.web.forms import Fields, one, origin_of, parse_fields, read_fields, refuse_foreign_post
from unilogin.protocols.oidc import incidents, queries
from unilogin.protocols.oidc.answers import see_other, with_parameters
from unilogin.protocols.oidc.checks import MAX_STATE_BYTES
from unilogin.protocols.oidc.errors import PostLogoutUriError
from unilogin.protocols.oidc.hints import Hint, read_hint
from unilogin.signin.browser import SESSION_COOKIE, browser_token, csrf_fits, csrf_token, remember_browser

PATH = f"{REALM}/protocol/openid-connect/logout"
_ABOUT = "oidc.logout"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a service asks: the client it says it is, proved by ``hint`` or not, and where to go afterwards."""

    client: Client | None
    hint: Hint | None
    sent_uri: str
    state: str

    @property
    def back(self) -> str | None:
        """Where the browser may go afterwards: a registered address, compared exactly, with the state."""
        if self.client is None or self.sent_uri not in self.client.post_logout_redirect_uris:
            return None
        fits = self.state and len(self.state.encode()) <= MAX_STATE_BYTES
        return with_parameters(self.sent_uri, {"state": self.state} if fits else {})

    @property
    def is_certain(self) -> bool:
        """Whether nobody has to be asked: an id token of this client's, and an address of its own or none."""
        return self.hint is not None and self.client is not None and (not self.sent_uri or self.back is not None)


async def logout(house: House, request: Request, _: None) -> Response:
    """Sign out, or ask whether to."""
    return await _logout(house, request, parse_fields(request.url.query))


async def logout_posted(house: House, request: Request, _: None) -> Response:
    """Sign out by POST: a service's, or the answer to our question."""
    fields = await read_fields(request)
    if "csrf" not in fields:
        return await _logout(house, request, fields)
    refuse_foreign_post(request, origin=origin_of(house.base_url))
    if not csrf_fits(house, browser_token(house, request)[0], about=_ABOUT, sent=one(fields, "csrf")):
        raise RefusedError(403, "look.stopped.foreign", restart_url=PATH)
    wish = await _wish(house, fields)
    async with transaction(house.pool) as tx:
        token = house.cookies.get(request, SESSION_COOKIE)
        session = await live_session(tx, token) if token else None
        if session is not None:
            await end_session(tx, session.session_id, why="logout", actor=Actor.person(session.account_id))
    await fault_point("oidc.session.ended")
    return _signed_out(house, request, wish)


async def _wish(house: House, fields: Fields) -> Wish:
    hint = await read_hint(house, one(fields, "id_token_hint"))
    named = one(fields, "client_id")
    if hint is not None and named not in ("", hint.client_id):
        hint = None  # RP-Initiated Logout §2: the hint must have been issued to the client that is named
    async with acquire(house.pool) as connection:
        client = await queries.enabled_client(connection, hint.client_id if hint else named)
    return Wish(client, hint, one(fields, "post_logout_redirect_uri"), one(fields, "state"))


async def _logout(house: House, request: Request, fields: Fields) -> Response:
    wish = await _wish(house, fields)
    if wish.is_certain and wish.hint is not None and wish.client is not None:
        ended_here = await _end(house, request, wish.hint, wish.client)
        response = see_other(wish.back) if wish.back is not None else _signed_out(house, request, wish)
        if ended_here:
            house.cookies.remove(response, SESSION_COOKIE)
        return response
    incident_id = await _note_foreign_address(house, wish)
    async with acquire(house.pool) as connection:
        token = house.cookies.get(request, SESSION_COOKIE)
        session = await live_session(connection, token) if token else None
    if session is None:
        return _signed_out(house, request, wish, incident=incident_id)
    return _ask(house, request, wish, fields, incident=incident_id)


async def _end(house: House, request: Request, hint: Hint, client: Client) -> bool:
    """End the session of the hint, and this browser's when it is the same person's; tell whether this one is over.

    Another person's session in the same browser stays: on a shared computer an old page must not sign a child out.
    """
    token = house.cookies.get(request, SESSION_COOKIE)
    actor = Actor("service", client.client_id)
    async with transaction(house.pool) as tx:
        _, visitor = await queries.who_asks_about_whom(tx, client.client_id, session=token)
        await end_session(tx, hint.session_id, why="logout", actor=actor)
        if visitor is not None and visitor.subject == hint.subject:
            await end_session(tx, visitor.session.session_id, why="logout", actor=actor)
        ended_here = token is not None and await live_session(tx, token) is None
    await fault_point("oidc.session.ended")
    return ended_here


async def _note_foreign_address(house: House, wish: Wish) -> str | None:
    """Note an address that is not the client's for its developer; return the incident id."""
    if wish.client is None or not wish.sent_uri or wish.back is not None:
        return None
    error = PostLogoutUriError(
        "post_logout_redirect_uri is not registered for this client, character by character",
        sent=wish.sent_uri,
        registered=wish.client.post_logout_redirect_uris,
        client_id=wish.client.client_id,
    )
    return await incidents.note(house, error)


def _ask(house: House, request: Request, wish: Wish, fields: Fields, *, incident: str | None) -> Response:
    browser, is_new = browser_token(house, request)
    kept = ("client_id", "post_logout_redirect_uri", "state") if wish.back is not None else ("client_id",)
    context = {
        "action": PATH,
        "csrf": csrf_token(house, browser, _ABOUT),
        "fields": {name: one(fields, name) for name in kept if one(fields, name)},
        "stay_url": wish.client.service.home_url if wish.client else "/",
        "incident": incident,
    }
    response = house.pages.render(request, "oidc/sign_out.html", context)
    if is_new:
        remember_browser(house, response, browser)
    return response


def _signed_out(house: House, request: Request, wish: Wish, *, incident: str | None = None) -> Response:
    """Say that this person is signed out, with the way back where there is one."""
    service = wish.client.service.name_in(house.pages.language(request)) if wish.client else None
    context = {"service": service, "back_url": wish.back, "incident": incident}
    return house.pages.render(request, "oidc/signed_out.html", context)
