"""The authorization endpoint: a service asks who this is (RFC 6749 §3.1, OpenID Connect Core §3.1.2).

A request that needs a journey comes back to the same address with the journey's id and is checked again from the start.
Nothing of the first visit is trusted; what the journey led to is given to the very request that began it, once.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from unilogin.house import REALM, House
from unilogin.kit.db.connection import Connection, acquire
from unilogin.kit.faults import fault_point
from unilogin.kit.logs import log
from unilogin.kit.text import LANGUAGES
from unilogin.kit.web.errors import FormRefusedError, RefusedError
from unilogin.kit.web.forms import parse_fields, read_fields
from unilogin.kit.web.frame import request_id
from unilogin.kit.web.pages import LANGUAGE_COOKIE
from unilogin.protocols.oidc import actions, incidents, queries
from unilogin.protocols.oidc.answers import answer, see_other
from unilogin.protocols.oidc.checks import Asked, check_authorization
from unilogin.protocols.oidc.errors import LocalError, MalformedRequestError, OidcError
from unilogin.protocols.oidc.hints import Hint, read_hint
from unilogin.protocols.oidc.levels import REACHABLE_OUTSIDE
from unilogin.protocols.oidc.request import AuthorizationRequest, Parameters
from unilogin.protocols.oidc.rules import Arrival, ChooseRole, Enter, Move, NoLicence, ProveMore, SignIn, next_move
from unilogin.signin.actions import start_journey, take_refusal, take_result
from unilogin.signin.browser import SESSION_COOKIE, browser_token, journey_url, remember_browser
from unilogin.signin.model import Demands, JourneyId

PATH = f"{REALM}/protocol/openid-connect/auth"

# Our own parameters, beside those of the service.
POSTED = "posted_request"
JOURNEY = "journey"


@dataclass(frozen=True, slots=True)
class _Door:
    """One request at the door: what every step of answering it needs."""

    house: House
    request: Request
    connection: Connection
    asked: Asked
    arrival: Arrival
    browser: str


async def authorize(house: House, request: Request, _: None) -> Response:
    """Answer an authorization request, or send the browser on a journey first."""
    try:
        parameters = await _parameters_of(house, request)
        asked_for = AuthorizationRequest.parse(parameters)
        hint = await read_hint(house, asked_for.id_token_hint)
        async with acquire(house.pool) as connection:
            door = await _at_the_door(house, request, connection, asked_for=asked_for, parameters=parameters)
            return await _answered(door, hint)
    except LocalError as error:
        raise await _stopped(house, error) from error


async def authorize_posted(house: House, request: Request, _: None) -> Response:
    """Keep a request that came by POST and go on with GET: our Lax cookies do not come along with a foreign post."""
    try:
        parameters = _both(_query(request), await read_fields(request))
        asked_for = AuthorizationRequest.parse(parameters)
        async with acquire(house.pool) as connection:
            client = await queries.enabled_client(connection, asked_for.client_id)
            asked = Asked(
                asked_for, client, REACHABLE_OUTSIDE
            )  # who is there is seen at the GET, and what they can prove
            try:
                check_authorization(asked)
            except LocalError:
                raise
            except OidcError as error:
                return _refused(house, request, asked, error)
            kept = await actions.keep_posted_request(connection, asked_for.query)
        return see_other(f"{PATH}?{POSTED}={kept}")
    except LocalError as error:
        raise await _stopped(house, error) from error


def _query(request: Request) -> Parameters:
    try:
        return parse_fields(request.url.query)
    except FormRefusedError as error:
        raise MalformedRequestError("the query is not form-encoded UTF-8 text, or has too many parameters") from error


def _both(query: Parameters, body: Parameters) -> Parameters:
    """Return the parameters of query and body; one that is in both is given twice (B-O18)."""
    return {name: [*query.get(name, ()), *body.get(name, ())] for name in {*query, *body}}


async def _parameters_of(house: House, request: Request) -> Parameters:
    """Return the parameters of a GET, or those that were kept from a POST."""
    query = _query(request)
    kept = _uuid(query, POSTED)
    if kept is None:
        return query
    async with acquire(house.pool) as connection:
        stored = await actions.take_posted_request(connection, kept)
    if stored is None:
        raise MalformedRequestError("the request was posted too long ago, or its address was opened twice")
    return parse_fields(stored)


def _uuid(parameters: Parameters, name: str) -> UUID | None:
    try:
        return UUID(parameters[name][0])
    except (KeyError, ValueError):
        return None


async def _at_the_door(
    house: House, request: Request, connection: Connection, *, asked_for: AuthorizationRequest, parameters: Parameters
) -> _Door:
    """Look who asks and who is there: after a journey by its result, else by the session cookie."""
    browser, _ = browser_token(house, request)
    result, declined = None, False
    if journey := _uuid(parameters, JOURNEY):
        at = _return_to(asked_for)
        result = await take_result(connection, JourneyId(journey), browser_token=browser, at=at)
        if result is None:
            declined = await take_refusal(connection, JourneyId(journey), browser_token=browser, at=at)
    session = result.session_id if result is not None else house.cookies.get(request, SESSION_COOKIE)
    client, visitor = await queries.who_asks_about_whom(connection, asked_for.client_id, session=session)
    arrival = Arrival(visitor, declined=declined)
    if result is not None:
        arrival = replace(arrival, asked_at=result.started_at, chosen=result.actor_group)
    asked = await queries.asked_of(connection, asked_for, client, visitor=visitor)
    return _Door(house, request, connection, asked, arrival, browser)


def _return_to(asked_for: AuthorizationRequest) -> str:
    """Return the address a journey for this request, and for no other, comes back to."""
    return f"{PATH}?{asked_for.query}"


async def _answered(door: _Door, hint: Hint | None) -> Response:
    try:
        check_authorization(door.asked)
        hinted = hint.subject if hint is not None and hint.client_id == door.asked.client.client_id else None
        arrival = await queries.with_means(door.connection, door.asked, replace(door.arrival, hinted=hinted))
        return await _go(door, next_move(door.asked, arrival))
    except LocalError:
        raise
    except OidcError as error:
        return _refused(door.house, door.request, door.asked, error)


async def _go(door: _Door, move: Move) -> Response:
    match move:
        case Enter():
            return await _enter(door, move)
        case NoLicence():
            return see_other(move.url)
        case SignIn():
            return await _journey(door, Demands(door.asked.request.login_hint, move.level, move.wished))
        case ProveMore():
            return await _journey(door, Demands("", door.asked.insisted_level, door.asked.wished_level), goes_on=move)
        case ChooseRole():
            return await _journey(door, Demands(), goes_on=move)


async def _enter(door: _Door, enter: Enter) -> Response:
    client, asked_for = door.asked.client, door.asked.request
    code = await actions.issue_code(
        door.connection,
        visitor=enter.visitor,
        client=client,
        request=asked_for,
        actor_group=enter.actor_group,
        insisted_level=door.asked.insisted_level,
        request_id=request_id(door.request),
    )
    if code is None:  # the session ended at this very moment: ask again who it is
        return see_other(f"{PATH}?{asked_for.query}")
    await fault_point("oidc.code.issued")
    return answer(door.house, door.request, door.asked.reply_to, {"code": code}, service=client.service)


async def _journey(door: _Door, demands: Demands, *, goes_on: ProveMore | ChooseRole | None = None) -> Response:
    house, client, asked_for = door.house, door.asked.client, door.asked.request
    journey_id = await start_journey(
        door.connection,
        browser_token=door.browser,
        service=client.service,
        return_to=_return_to(asked_for),
        demands=demands,
        session_id=goes_on.session_id if goes_on else None,
        actor_group=goes_on.actor_group if isinstance(goes_on, ProveMore) else None,
        lacking=goes_on.lacking if isinstance(goes_on, ProveMore) else None,
    )
    if asked_for.hint_held_cpr:
        log("oidc").warning("cpr_in_login_hint", client_id=client.client_id)
    response = see_other(journey_url(journey_id))
    remember_browser(house, response, door.browser)
    _remember_language(door, response)
    return response


def _remember_language(door: _Door, response: Response) -> None:
    """Let the journey speak the language the service asks for, unless the person chose one (ui_locales)."""
    cookies = door.house.cookies
    if cookies.get(door.request, LANGUAGE_COOKIE) is None:
        tags = [tag.lower().split("-")[0] for tag in door.asked.request.ui_locales[:200].split(" ")]
        language = next((tag for tag in tags if tag in LANGUAGES), None)
        if language is not None:
            cookies.set(response, LANGUAGE_COOKIE, language)


def _refused(house: House, request: Request, asked: Asked, error: OidcError) -> Response:
    """Tell the service what is wrong (RFC 6749 §4.1.2.1)."""
    parameters = {"error": error.code, "error_description": error.description}
    return answer(house, request, asked.reply_to, parameters, service=asked.client.service)


async def _stopped(house: House, error: LocalError) -> RefusedError:
    """Note what was wrong for the service's developer, and return the page that stops the person here."""
    return RefusedError(400, error.message, incident=await incidents.note(house, error))
