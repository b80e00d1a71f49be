"""The secret of a named account: a password or four pictures, by its type; a stable decoy for unknown names."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from unilogin.domain.audit import actions as audit
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor, Entry
from unilogin.domain.credentials import actions as credentials
from unilogin.domain.credentials.model import PasswordType, StoredPassword
from unilogin.domain.credentials.queries import stored_password
from unilogin.domain.credentials.rules import normal_secret, password_type
from unilogin.domain.directory.model import ActorGroup, Standing, Username
from unilogin.domain.services.model import Level
from unilogin.domain.sessions.actions import open_session
from unilogin.domain.sessions.model import OpenedSession
from unilogin.domain.sessions.rules import lifetime
from unilogin.house import House
from unilogin.kit.db.connection import Transaction, acquire, transaction
from unilogin.kit.faults import fault_point
from unilogin.kit.web.frame import request_id
from unilogin.signin import actions
from unilogin.signin.access import Posted, Visit
from unilogin.signin.browser import start_session_cookie
from unilogin.signin.gate import is_admitted, standing_of_name
from unilogin.signin.model import Journey, Step
from unilogin.signin.pages import move_on, render, see_other, show, step_url
from unilogin.signin.rules import decoy_type, next_step, role_options
from unilogin.signin.steps import password, pictures


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom a typed name means, if anybody, and the stored secret that is compared: nobody's for an unknown name."""

    standing: Standing | None
    stored: StoredPassword


async def _asked(house: House, username: Username) -> Asked:
    """Read the same two things for every name, so that known and unknown names take the same statements."""
    async with acquire(house.pool) as connection:
        standing = await standing_of_name(connection, username)
        stored = await stored_password(connection, standing.account_id) if standing else None
    if stored is None:
        kind = password_type(standing.belongings) if standing else decoy_type(house.secrets.mac("decoy_mac", username))
        stored = StoredPassword(None, kind, house.hasher.dummy_hash, 1)
    return Asked(standing, stored)


async def ask_secret(house: House, request: Request, visit: Visit) -> Response:
    """Show the password or the picture page."""
    if not visit.journey.username:
        return see_other(step_url(visit.journey, next_step(visit.journey)))
    asked = await _asked(house, visit.journey.username)
    page = pictures if asked.stored.type is PasswordType.PICTURES else password
    context = page.context(house, visit)
    return show(house, request, visit, step=Step.SECRET, context=context, template=page.TEMPLATE)


async def take_secret(house: House, request: Request, posted: Posted) -> Response:
    """Compare the secret: no connection is held while hashing; the outcome is recorded whatever it is."""
    journey = posted.journey
    if not journey.username or next_step(journey) is Step.ROLE:
        return see_other(step_url(journey, next_step(journey)))
    asked = await _asked(house, journey.username)
    page = pictures if asked.stored.type is PasswordType.PICTURES else password
    given = page.read(house, posted)
    if isinstance(given, dict):  # nothing to compare yet: the page again, with what it says now
        return render(house, request, posted.visit, step=Step.SECRET, context=given, template=page.TEMPLATE)
    opened = await _prove(house, request, journey, asked=asked, given=given)
    if opened is None:
        context = page.context(house, posted.visit, error=page.WRONG)
        return render(house, request, posted.visit, step=Step.SECRET, context=context, template=page.TEMPLATE)
    response = opened_response(house, request, journey, opened=opened)
    start_session_cookie(house, response, opened.session.token)
    return response


@dataclass(frozen=True, slots=True)
class Proved:
    """A session was opened; ``finished`` when no role has to be chosen."""

    session: OpenedSession
    finished: bool


def opened_response(house: House, request: Request, journey: Journey, *, opened: Proved) -> Response:
    """Return the answer to a right secret: on to the service, or to the choice of role."""
    return move_on(house, request, journey) if opened.finished else see_other(step_url(journey, Step.ROLE))


async def _prove(house: House, request: Request, journey: Journey, *, asked: Asked, given: str) -> Proved | None:
    secret = normal_secret(given)
    if secret is None:  # longer than any password can be: refused before hashing (B-L04)
        return None
    fitted = await house.hasher.verify(secret, asked.stored)
    standing = asked.standing
    if fitted is None or standing is None or not is_admitted(standing):
        await _note_failure(house, request, standing=standing, fitted=fitted is not None)
        return None
    await fault_point("signin.secret.proved")
    new_hash = await house.hasher.hash(secret) if fitted.outdated else None
    async with transaction(house.pool) as tx:
        if new_hash:
            actor = Actor.person(standing.account_id)
            await credentials.rehash_password(tx, stored=asked.stored, phc=new_hash, actor=actor)
        proved = await _open(tx, request, journey, standing=standing, method=asked.stored.type.value)
        await fault_point("signin.session.opened")
    await fault_point("signin.session.committed")
    return proved


async def _open(tx: Transaction, request: Request, journey: Journey, *, standing: Standing, method: str) -> Proved:
    opened = await open_session(
        tx,
        standing.account_id,
        method=method,
        level=Level.EN_FAKTOR,
        lifetime=lifetime(standing.actor_groups),
        request_id=request_id(request),
    )
    options = role_options(journey.service, standing.actor_groups)
    group: ActorGroup | None = options[0].group if len(options) == 1 else None
    await actions.prove(tx, journey.journey_id, session_id=opened.session_id, actor_group=group)
    return Proved(opened, finished=group is not None)


async def _note_failure(house: House, request: Request, *, standing: Standing | None, fitted: bool) -> None:
    """Write one audit row for every failure, of known and unknown names alike."""
    event = Event.SIGNIN_REFUSED if fitted else Event.SIGNIN_FAILED
    account_id = standing.account_id if standing else None
    actor = Actor.person(account_id) if account_id else Actor("person", "unknown")
    entry = Entry(event, actor, account_id=account_id, outcome="refused", request_id=request_id(request))
    async with acquire(house.pool) as connection:
        await audit.write(connection, entry)
