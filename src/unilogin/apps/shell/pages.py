"""The doors of an app: in by our own sign-in, out by its sign-out. The same for every app."""

import re

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from unilogin.apps.shell import actions, queries
from unilogin.apps.shell.access import AppForm, cookie_of
from unilogin.apps.shell.door import NotLetInError, authorization_url, be_registered, logout_url, redeem
from unilogin.apps.shell.model import App
from unilogin.domain.services.model import Level
from unilogin.house import House
from unilogin.kit.db.connection import acquire, transaction
from unilogin.kit.ids import new_token
from unilogin.kit.logs import log
from unilogin.kit.web.errors import RefusedError

_WAY_IN = "way_in"
_PAGE = re.compile(r"(/[a-z0-9-]+)+")
_MOST_CHARACTERS = 200


async def sign_in(house: House, request: Request, app: App) -> Response:
    """Send the browser to the door, bound to it by a cookie of the app's own."""
    to = _own_page(app, request.query_params.get("to", ""))
    level = _level(request.query_params.get("level", ""))
    await be_registered(house, app)
    browser = house.cookies.get(request, _cookie(app)) or new_token()
    state = new_token()
    async with acquire(house.pool) as connection:
        await actions.begin_signin(connection, app, state=state, browser=browser, return_to=to)
    language = house.pages.language(request)
    fresh = request.query_params.get("fresh") == "1"
    url = authorization_url(house, app, state=state, level=level, fresh=fresh, language=language)
    response = RedirectResponse(url, status_code=303)
    house.cookies.set(response, _cookie(app), browser)
    return response


async def callback(house: House, request: Request, app: App) -> Response:
    """Take somebody who comes back from the door in, and on to the page they asked for."""
    given = request.query_params
    if any(len(given.getlist(name)) > 1 for name in ("code", "state", "iss", "error")):
        raise RefusedError(400, "shell.stopped.lost", restart_url=app.path)
    state, browser = given.get("state", ""), house.cookies.get(request, _cookie(app))
    async with acquire(house.pool) as connection:
        way = await actions.come_back(connection, app, state=state, browser=browser) if browser else None
    if way is None or given.get("iss") != house.issuer:  # RFC 9207: no answer of another provider's
        return await _lost(house, request, app)
    if refusal := given.get("error"):
        raise RefusedError(403, _refusal(refusal), restart_url=app.path)
    try:
        entry = await redeem(house, app, code=given.get("code", ""), state=state)
    except NotLetInError as error:
        log("shell").warning("not_let_in", app=app.name, reason=str(error))
        raise RefusedError(403, "shell.stopped.lost", restart_url=app.path) from error
    token = new_token()
    async with transaction(house.pool) as tx:
        before = house.cookies.get(request, cookie_of(app))
        if not await actions.open_app_session(tx, app, token=token, entry=entry, before=before):
            raise RefusedError(403, "shell.stopped.ended", restart_url=app.path)
    response = RedirectResponse(way.return_to, status_code=303)
    house.cookies.set(response, cookie_of(app), token)
    return response


async def sign_out(house: House, request: Request, form: AppForm) -> Response:
    """Forget this browser, and move on to the door to log out there: everywhere the person came with it."""
    app = form.visit.app
    token = house.cookies.get(request, cookie_of(app)) or ""
    async with transaction(house.pool) as tx:
        sealed = await queries.sealed_id_token(tx, app, token=token)
        await actions.leave(tx, app, token=token)
    session_id = form.visit.who.session.session_id
    url = logout_url(house, app, session_id=session_id, sealed=sealed) if sealed else app.path
    # A page that moves on, not a redirect: Chromium holds the way after a form post to form-action 'self'.
    response = house.pages.render(request, "shell/leaving.html", {"url": url})
    house.cookies.remove(response, cookie_of(app))
    return response


async def signed_out(house: House, request: Request, app: App) -> Response:
    """Say good-bye."""
    name = app.title_en if house.pages.language(request) == "en" else app.title
    return house.pages.render(request, "shell/signed_out.html", {"app_name": name, "back_url": app.path})


async def _lost(house: House, request: Request, app: App) -> Response:
    """Answer an address that was used before or by another browser: who is in already simply goes on."""
    token = house.cookies.get(request, cookie_of(app))
    if token is not None:
        async with acquire(house.pool) as connection:
            if await queries.who_is_here(connection, app, token=token) is not None:
                return RedirectResponse(app.path, status_code=303)
    raise RefusedError(403, "shell.stopped.lost", restart_url=app.path)


def _cookie(app: App) -> str:
    return f"{app.name}_{_WAY_IN}"


def _own_page(app: App, to: str) -> str:
    """Return the page to come back to, when it is one of this app's; else its front page (no open redirect)."""
    inside = to == app.path or to.startswith(f"{app.path}/")
    doors = {f"{app.path}/{door}" for door in ("sign-in", "sign-out", "callback", "signed-out")}
    if inside and len(to) <= _MOST_CHARACTERS and _PAGE.fullmatch(to) and to not in doors:
        return to
    return app.path


def _level(text: str) -> Level:
    return Level(text) if text in list(Level) else Level.EN_FAKTOR


def _refusal(error: str) -> str:
    """Return what is said when the door let nobody in."""
    if error == "unmet_authentication_requirements":
        return "shell.stopped.level"
    return "shell.stopped.denied" if error == "access_denied" else "shell.stopped.lost"
