"""Signing out at a service's wish (OpenID Connect RP-Initiated Logout 1.0).

An id token of ours in ``id_token_hint`` is proof enough: its session ends and the browser goes back. In every other
case the person is asked first, and nobody is sent anywhere (B-O38): a link must not be able to sign a class out.

The other services of the session are told from machine to machine, by the courier that finds the ended session. Those
that want to be shown in the browser as well are, on the page that says good-bye: worth a try, and no more.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from unilogin.domain.audit.model import Actor
from unilogin.domain.services.model import Client
from unilogin.domain.sessions.actions import end_session
from unilogin.domain.sessions.model import Device, EndedSession
from unilogin.domain.sessions.queries import live_session
from unilogin.house import REALM, House
from unilogin.kit.db.connection import Transaction, acquire, transaction
from unilogin.kit.faults import fault_point
from unilogin.kit.web.errors import RefusedError
from unilogin.kit.web.forms import Fields, one, origin_of, parse_fields, read_fields, refuse_foreign_post
from unilogin.kit.web.frame import CONTENT_SECURITY_POLICY
from unilogin.protocols.oidc import incidents, queries
from unilogin.protocols.oidc.answers import ORIGIN, see_other, with_parameters
from unilogin.protocols.oidc.checks import MAX_STATE_BYTES
from unilogin.protocols.oidc.errors import PostLogoutUriError
from unilogin.protocols.oidc.hints import Hint, read_hint
from unilogin.protocols.oidc.notices.queries import front_channel_uris
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
        ended = None
        if session is not None:
            ended = await end_session(tx, session.session_id, why="logout", actor=Actor.person(session.account_id))
        frames = await _frames(house, tx, ended)
    await fault_point("oidc.session.ended")
    return _gone(house, _signed_out(house, request, wish, frames=frames), ended)


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
        ended, frames = await _end(house, request, wish.hint, wish.client)
        if wish.back is not None and not frames:
            return _gone(house, see_other(wish.back), ended)
        return _gone(house, _signed_out(house, request, wish, frames=frames, moves_on=True), ended)
    incident_id = await _note_foreign_address(house, wish)
    async with acquire(house.pool) as connection:
        token = house.cookies.get(request, SESSION_COOKIE)
        session = await live_session(connection, token) if token else None
    if session is None:
        return _signed_out(house, request, wish, incident=incident_id)
    return _ask(house, request, wish, fields, incident=incident_id)


async def _end(
    house: House, request: Request, hint: Hint, client: Client
) -> tuple[EndedSession | None, tuple[str, ...]]:
    """End the session of the hint, and this browser's when it is the same person's.

    Another person's session in the same browser stays: on a shared computer an old page must not sign a child out.
    Return the session that was this browser's, if it is over, and what its services want to be shown.
    """
    token = house.cookies.get(request, SESSION_COOKIE)
    actor = Actor("service", client.client_id)
    async with transaction(house.pool) as tx:
        session = await live_session(tx, token) if token else None
        _, visitor = await queries.who_asks_about_whom(tx, client.client_id, session=token)
        ended = [await end_session(tx, hint.session_id, why="logout", actor=actor)]
        if visitor is not None and visitor.subject == hint.subject:
            ended.append(await end_session(tx, visitor.session.session_id, why="logout", actor=actor))
        mine = next((one for one in ended if one and session and one.session_id == session.session_id), None)
        frames = await _frames(house, tx, mine)
    await fault_point("oidc.session.ended")
    return mine, frames


async def _frames(house: House, tx: Transaction, ended: EndedSession | None) -> tuple[str, ...]:
    """Return the addresses to show in this browser, with whose session of whose is over (Front-Channel Logout §3)."""
    if ended is None:
        return ()
    return tuple(
        with_parameters(uri, {"iss": house.issuer, "sid": str(session_id)})
        for uri, session_id in await front_channel_uris(tx, ended.session_id)
        if ORIGIN.fullmatch(origin_of(uri))
    )


def _gone(house: House, response: Response, ended: EndedSession | None) -> Response:
    """Make the browser forget: the session's cookie, and on a device of many everything of ours (W-04)."""
    if ended is not None:
        house.cookies.remove(response, SESSION_COOKIE)
        if ended.device is Device.SHARED:
            response.headers["Clear-Site-Data"] = '"cache", "cookies", "storage"'
    return response


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


def _signed_out(
    house: House,
    request: Request,
    wish: Wish,
    *,
    incident: str | None = None,
    frames: Sequence[str] = (),
    moves_on: bool = False,
) -> Response:
    """Say that this person is signed out, with the way back where there is one.

    With ``frames`` the page shows services their own addresses, and with ``moves_on`` goes back when they have loaded.
    """
    service = wish.client.service.name_in(house.pages.language(request)) if wish.client else None
    context = {
        "service": service,
        "back_url": wish.back,
        "incident": incident,
        "frames": frames,
        "moves_on": moves_on and bool(frames) and wish.back is not None,
    }
    response = house.pages.render(request, "oidc/signed_out.html", context)
    if frames:  # these origins and no other, on this one page
        origins = " ".join(sorted({origin_of(uri) for uri in frames}))
        response.headers["Content-Security-Policy"] = f"{CONTENT_SECURITY_POLICY}; frame-src {origins}"
    return response
