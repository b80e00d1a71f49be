"""Opening the session of somebody who has proved who they are: one way, whatever they proved it with."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from unilogin.domain.audit.model import Actor
from unilogin.domain.credentials.model import ChangeDue
from unilogin.domain.directory.model import AccountId, ActorGroup, Standing
from unilogin.domain.services.model import Level
from unilogin.domain.sessions.actions import carry_rights, open_session, succeed_session
from unilogin.domain.sessions.model import OpenedSession, SessionRight, UsedDevice
from unilogin.domain.sessions.rules import cookie_seconds, lifetime
from unilogin.house import House
from unilogin.kit.db.connection import Transaction
from unilogin.kit.web.frame import request_id
from unilogin.signin import actions
from unilogin.signin.access import Raising, Visit
from unilogin.signin.browser import start_session_cookie
from unilogin.signin.means import means_of
from unilogin.signin.model import Journey, Lacking, Step
from unilogin.signin.pages import move_on, see_other, step_url
from unilogin.signin.rules import lacking, role_options


@dataclass(frozen=True, slots=True)
class Proved:
    """A session was opened; ``finished`` when nothing is left to do; the cookie's life, None for the browser's.

    ``change_due``: the password it was opened with must be changed, soon or now. Now: the browser is not given the
    session, so that it leads nowhere but to the change of the password. ``lacking``: more is asked than was proved.
    """

    session: OpenedSession
    finished: bool
    cookie_seconds: int | None
    change_due: ChangeDue | None = None
    lacking: Lacking | None = None


async def open_session_of(
    tx: Transaction,
    request: Request,
    journey: Journey,
    *,
    standing: Standing,
    method: str,
    level: Level,
    rights: Sequence[SessionRight] = (),
    change_due: ChangeDue | None = None,
    chosen: ActorGroup | None = None,
) -> Proved:
    """Open a session for somebody whom the gate admits, and note it on the journey.

    The caller has asked the gate in this transaction, or what it wrote down could not be undone otherwise. ``rights``
    hold for this session alone; ``chosen`` is the group that the same person came in before.
    """
    lives = lifetime(standing.actor_groups, journey.device)
    opened = await open_session(
        tx,
        standing.account_id,
        method=method,
        level=level,
        lifetime=lives,
        on=UsedDevice(journey.device, request.headers.get("user-agent", "")),
        request_id=request_id(request),
    )
    if rights:
        await carry_rights(tx, opened.session_id, rights)
    options = role_options(journey.service, standing.actor_groups)
    group = options[0].group if len(options) == 1 else chosen
    lacks = await _lacking(tx, journey, standing.account_id, level)
    await actions.prove(
        tx,
        journey.journey_id,
        session_id=opened.session_id,
        actor_group=group,
        change_due=change_due,
        lacking=lacks,
    )
    finished = group is not None and change_due is None and lacks is None
    return Proved(opened, finished, cookie_seconds(journey.device, lives), change_due, lacks)


async def open_surer_session_of(
    tx: Transaction,
    request: Request,
    raising: Raising,
    *,
    standing: Standing,
    method: str,
    level: Level,
    rights: Sequence[SessionRight] = (),
) -> Proved:
    """Open a session in place of the one that was not sure enough, for the same person; never another id (N-18)."""
    journey, account_id = raising.journey, standing.account_id
    if account_id != raising.session.account_id:
        raise ValueError("a session of somebody else")
    proved = await open_session_of(
        tx,
        request,
        journey,
        standing=standing,
        method=method,
        level=level,
        rights=rights,
        chosen=journey.actor_group,
    )
    by = proved.session.session_id
    await succeed_session(tx, raising.session.session_id, by=by, actor=Actor.person(account_id))
    return proved


async def _lacking(tx: Transaction, journey: Journey, account_id: AccountId, level: Level) -> Lacking | None:
    demands = journey.demands
    if level.rank >= max(demands.level.rank, demands.wished.rank):  # nearly always
        return None
    return lacking(level, demands, await means_of(tx, account_id))


def opened(house: House, request: Request, visit: Visit, *, opened: Proved) -> Response:
    """Answer somebody who has proved who they are: on to the service, or to what is left to do, with the cookie."""
    journey = visit.journey
    left = Step.NOTICE if opened.change_due else Step.LEVEL if opened.lacking else Step.ROLE
    response = move_on(house, request, journey) if opened.finished else see_other(step_url(journey, left))
    if opened.change_due is not ChangeDue.NOW:
        start_session_cookie(house, response, opened.session.token, seconds=opened.cookie_seconds)
    return response
