"""What happens next with a valid request, and whether a service may still be told about somebody. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from unilogin.domain.directory.model import ActorGroup
from unilogin.domain.services.model import Level
from unilogin.domain.services.release import licensed_numbers, may_enter
from unilogin.domain.sessions.model import SessionId
from unilogin.protocols.oidc.checks import Asked
from unilogin.protocols.oidc.errors import (
    AccessDeniedError,
    InteractionRequiredError,
    LoginRequiredError,
    UnmetAuthenticationRequirementsError,
)
from unilogin.protocols.oidc.model import Holder, Visitor
from unilogin.protocols.oidc.request import Prompt
from unilogin.signin.model import Demands, Lacking, Means
from unilogin.signin.rules import lacking, role_options, ways_to


@dataclass(frozen=True, slots=True)
class SignIn:
    """Somebody has to prove who they are, at least this sure; ``wished``: surer still, if they can and like to."""

    level: Level
    wished: Level = Level.EN_FAKTOR


@dataclass(frozen=True, slots=True)
class ProveMore:
    """The session is not as sure as is insisted on, or wished; ``actor_group`` where it is settled."""

    session_id: SessionId
    lacking: Lacking
    actor_group: ActorGroup | None


@dataclass(frozen=True, slots=True)
class ChooseRole:
    """The person signed in has to say as whom they come."""

    session_id: SessionId


@dataclass(frozen=True, slots=True)
class Enter:
    """The visitor enters as a member of this group."""

    visitor: Visitor
    actor_group: ActorGroup


@dataclass(frozen=True, slots=True)
class NoLicence:
    """None of the person's institutions has a licence; the service wants to explain that itself at this address."""

    url: str


Move = SignIn | ProveMore | ChooseRole | Enter | NoLicence


@dataclass(frozen=True, slots=True)
class Arrival:
    """What is known when a request arrives, the first time or back from a journey.

    ``visitor`` has passed the gate. ``asked_at`` is when we sent this browser on a journey for the request, ``chosen``
    the group a journey ended with, ``hinted`` the subject of a valid id_token_hint, ``declined`` whether somebody said
    on that journey that they cannot prove as much as is demanded, ``waived`` whether the visitor turned a wish of this
    service down before, ``means`` what the visitor could prove more with: known where more is asked than was proved.
    """

    visitor: Visitor | None
    asked_at: datetime | None = None
    chosen: ActorGroup | None = None
    hinted: str | None = None
    declined: bool = False
    waived: bool = False
    means: Means | None = None


def next_move(asked: Asked, arrival: Arrival) -> Move:
    """Decide; raises OidcError for what the service is told instead."""
    visitor = arrival.visitor
    if arrival.declined:
        raise UnmetAuthenticationRequirementsError("the person cannot reach the required level of assurance")
    if visitor is None:
        return _sign_in(asked)
    if arrival.asked_at is None or visitor.session.auth_time < arrival.asked_at:
        if _wants_another_proof(asked, visitor) or _is_somebody_else(arrival, visitor):
            return _sign_in(asked)
    elif _is_somebody_else(arrival, visitor):  # B-O23: a hint never switches the user
        raise LoginRequiredError("another person signed in than id_token_hint names")
    group = _group(asked, visitor, arrival.chosen)
    entrance = _licensed(asked, visitor, group) if group is not None else None
    if not isinstance(entrance, NoLicence) and (lacks := _lacking(asked, arrival, visitor)) is not None:
        return ProveMore(visitor.session.session_id, lacks, group)
    return entrance or _choose_role(asked, visitor)


def _sign_in(asked: Asked) -> SignIn:
    if asked.request.wants(Prompt.NONE):  # N-22: never makes a session silently
        raise LoginRequiredError("nobody is signed in as this request demands")
    return SignIn(asked.insisted_level, asked.wished_level)


def _lacking(asked: Asked, arrival: Arrival, visitor: Visitor) -> Lacking | None:
    """Tell what the session lacks for this request; raises where nothing can be asked.

    Nobody is asked for a wish twice: not when they come back from being asked, not when they turned it down before.
    """
    level, silent = visitor.session.level, asked.request.wants(Prompt.NONE)
    if level.rank < asked.insisted_level.rank:
        if not silent:
            return Lacking.INSISTED
        if arrival.means and ways_to(asked.insisted_level, arrival.means):
            raise LoginRequiredError("the person has to prove more than at the present sign-in")
        raise UnmetAuthenticationRequirementsError("the person cannot reach the required level of assurance")
    if silent or arrival.waived or arrival.asked_at is not None or arrival.means is None:
        return None
    return lacking(level, Demands(wished=asked.wished_level), arrival.means)


def _choose_role(asked: Asked, visitor: Visitor) -> ChooseRole:
    if asked.request.wants(Prompt.NONE):
        raise InteractionRequiredError("the person has to choose a role")
    return ChooseRole(visitor.session.session_id)


def _wants_another_proof(asked: Asked, visitor: Visitor) -> bool:
    """Tell whether the present session is not what the request demands."""
    request, session = asked.request, visitor.session
    if request.wants(Prompt.LOGIN, Prompt.SELECT_ACCOUNT):
        return True
    return request.max_age is not None and visitor.now - session.auth_time > timedelta(seconds=request.max_age)


def _is_somebody_else(arrival: Arrival, visitor: Visitor) -> bool:
    return arrival.hinted is not None and arrival.hinted != visitor.subject


def _group(asked: Asked, visitor: Visitor, chosen: ActorGroup | None) -> ActorGroup | None:
    """Return the group the person enters in, None when it has to be chosen; raises AccessDeniedError."""
    service, groups = asked.client.service, visitor.standing.actor_groups
    if not any(service.accepts(group) for group in groups):
        raise AccessDeniedError("the service does not take people of this group")
    options = [option.group for option in role_options(service, groups)]
    if len(options) == 1:
        return options[0]
    return next((group for group in (chosen, visitor.visited_as) if group in options), None)


def _licensed(asked: Asked, visitor: Visitor, group: ActorGroup) -> Enter | NoLicence:
    service = asked.client.service
    numbers = licensed_numbers(visitor.licences, group)
    if may_enter(service, visitor.standing, actor_group=group, licensed=numbers):
        return Enter(visitor, group)
    if service.missing_licence_url is None or asked.request.wants(Prompt.NONE):
        raise AccessDeniedError("no institution of the person has a licence for this service")
    return NoLicence(service.missing_licence_url)


def still_entitled(holder: Holder) -> bool:
    """Tell whether what let the person in still holds: the group, the service's demands, the licence (V-53, V-58).

    Asked beside the gate before every token and answer.
    """
    service, group = holder.service, holder.actor_group
    numbers = licensed_numbers(holder.licences, group)
    return (
        group in holder.standing.actor_groups
        and service.accepts(group)
        and holder.session.level.rank >= max(service.minimum_level.rank, holder.insisted_level.rank)
        and may_enter(service, holder.standing, actor_group=group, licensed=numbers)
    )
