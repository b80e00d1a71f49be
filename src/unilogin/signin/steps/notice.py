"""Varsel: the password must be changed, since its owner has grown out of it or it is too old. Soon, or now.

Comes between the proof and the role. As long as the days for it run, it may be put off; then it may not, and the
browser holds no session that would lead round it.
"""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from unilogin.domain.credentials.model import ChangeDue, Deadline, DueWhy, PasswordType
from unilogin.domain.credentials.queries import stored_password
from unilogin.domain.credentials.rules import password_type
from unilogin.domain.sessions.queries import live_session_by_id
from unilogin.house import House
from unilogin.kit import metrics
from unilogin.kit.db.connection import acquire
from unilogin.kit.web.forms import one
from unilogin.signin import actions
from unilogin.signin.access import Posted, Visit
from unilogin.signin.browser import journey_url
from unilogin.signin.gate import standing_if_admitted
from unilogin.signin.model import Journey, Step
from unilogin.signin.pages import move_on, see_other, show, step_url
from unilogin.signin.rules import next_step


@dataclass(frozen=True, slots=True)
class Due:
    """Why a password must be changed, when, and into one of which type."""

    deadline: Deadline
    wanted: PasswordType

    @property
    def code(self) -> str:
        """The code of the sentences that say why."""
        if self.deadline.why is DueWhy.AGE:
            return "signin.notice.age"
        return "signin.notice.words" if self.wanted is PasswordType.WORDS else "signin.notice.password"


def new_password_url(journey: Journey) -> str:
    """Return the address where the owner of a journey's session gets a new password."""
    return f"{journey_url(journey.journey_id)}/new-password"


async def ask_notice(house: House, request: Request, visit: Visit) -> Response:
    """Say that the password must be changed, why and when."""
    journey = visit.journey
    if next_step(journey) is not Step.NOTICE:
        return see_other(step_url(journey, next_step(journey)))
    due = await _due(house, journey)
    if due is None:
        return see_other(journey.return_to)  # the session ended meanwhile: begin again at the same service
    context = {
        "code": due.code,
        "count": due.deadline.days_left,
        "now": journey.change_due is ChangeDue.NOW,
        "change_url": new_password_url(journey),
    }
    return show(house, request, visit, step=Step.NOTICE, context=context, template="notice")


async def take_notice(house: House, request: Request, posted: Posted) -> Response:
    """Take "later", where it is on offer; anything else shows the page again."""
    journey = posted.journey
    if one(posted.fields, "later") and next_step(journey) is Step.NOTICE:
        async with acquire(house.pool) as connection:
            put_off = await actions.put_off_change(connection, journey.journey_id)
        metrics.journey_step("notice", "put off" if put_off else "not on offer")
        if put_off and journey.actor_group is not None and journey.lacking is None:
            return move_on(house, request, journey)
        return see_other(step_url(journey, Step.ROLE))  # which leads to whatever is not settled
    return see_other(step_url(journey, next_step(journey)))


async def _due(house: House, journey: Journey) -> Due | None:
    """Return what has to be changed; None when the session, the account or the deadline is no more."""
    if journey.session_id is None:
        return None
    async with acquire(house.pool) as connection:
        session = await live_session_by_id(connection, journey.session_id)
        standing = await standing_if_admitted(connection, session.account_id) if session else None
        stored = await stored_password(connection, standing.account_id) if standing else None
    if standing is None or stored is None or stored.deadline is None:
        return None
    return Due(stored.deadline, password_type(standing.belongings, forced=stored.forced))
