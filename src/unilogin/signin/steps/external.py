"""Back from a provider such as MitID: whose account is it, and may it come in? Every no has a page that says why."""

from dataclasses import dataclass
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from unilogin.domain.audit import actions as audit
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor, Entry
from unilogin.domain.limits.actions import reopen
from unilogin.domain.notices.actions import tell
from unilogin.domain.notices.model import Notice
from unilogin.house import House
from unilogin.kit import metrics
from unilogin.kit.db.connection import Transaction, acquire, again_if_rolled_back, transaction
from unilogin.kit.ids import new_incident_id
from unilogin.kit.logs import log
from unilogin.kit.web.frame import request_id
from unilogin.signin import actions
from unilogin.signin.access import Posted, Visit
from unilogin.signin.browser import journey_url
from unilogin.signin.errands import Told, errand_named, errand_url, note_told, start_errand, take_identity, told_before
from unilogin.signin.matching import (
    Match,
    Matched,
    NoAccount,
    NoCpr,
    NotAdmitted,
    NotPublicLaw,
    SeveralAccounts,
    match,
)
from unilogin.signin.model import ErrandId, ExternalIdentity, Failure, IdentityKind, Journey, Provider, Step
from unilogin.signin.opening import Proved, open_session_of, opened
from unilogin.signin.pages import leave_for, move_on, render, see_other, step_url
from unilogin.signin.providers import provider_of_errand
from unilogin.signin.rules import next_step

METHOD = "mitid"
"""What a session's ``method`` says."""


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Nobody comes in: what its page says, and what the audit row knows besides."""

    told: Told
    alias: str | None = None
    account_id: UUID | None = None


def return_path(journey: Journey) -> str:
    """Return where a journey takes what came back."""
    return f"{journey_url(journey.journey_id)}/external"


async def send_out(house: House, request: Request, visit: Visit, provider: Provider) -> Response:
    """Send the browser to a provider from a form, to sign in with what comes back."""
    journey = visit.journey
    async with transaction(house.pool) as tx:
        errand = await start_errand(tx, journey.journey_id, alias=provider.alias, return_to=return_path(journey))
    if errand is None:
        return see_other(step_url(journey, Step.METHOD))
    name = provider.name_in(house.pages.language(request))
    return leave_for(house, request, errand_url(provider.alias, errand), name=name)


async def come_back(house: House, request: Request, visit: Visit) -> Response:
    """Take what came back, once, and let in whom it names; show why not otherwise, also when loaded again."""
    journey, errand_id = visit.journey, errand_named(request.query_params.get("errand"))
    if journey.session_id is not None or journey.finished:
        return see_other(step_url(journey, next_step(journey)))
    outcome = await again_if_rolled_back(lambda: _take(house, request, journey, errand_id)) if errand_id else None
    if isinstance(outcome, Proved):
        metrics.journey_step("external", "proved")
        return opened(house, request, visit, opened=outcome)
    if outcome is not None:
        metrics.journey_step("external", outcome.told.why)
    return await _show_refusal(house, request, visit)


async def _take(house: House, request: Request, journey: Journey, errand_id: ErrandId) -> Proved | _Refusal | None:
    """Take, match, ask the gate and open, all in one transaction; what is refused is remembered as well."""
    async with transaction(house.pool) as tx:
        taken = await take_identity(tx, journey.journey_id, errand_id, at=return_path(journey))
        if taken is None:
            return None
        if isinstance(taken, Failure):
            refusal = _Refusal(Told(taken.value))
        else:
            matched = await match(tx, taken)
            if isinstance(matched, Match):
                return await _let_in(tx, request, journey, identity=taken, matched=matched)
            refusal = _refusal(taken, matched)
            await _note(tx, request, refusal)
        await note_told(tx, errand_id, refusal.told)
        return refusal


async def _let_in(
    tx: Transaction, request: Request, journey: Journey, *, identity: ExternalIdentity, matched: Match
) -> Proved:
    """Open the session, as sure as was proved; who comes with MitID also gets back in where guessing closed (R4)."""
    standing = matched.standing
    await reopen(tx, standing.account_id, actor=Actor.person(standing.account_id))
    await tell(tx, standing.account_id, Notice.MITID_FIRST)  # only the first time is noted
    return await open_session_of(
        tx, request, journey, standing=standing, method=METHOD, level=identity.level, rights=matched.rights
    )


def _refusal(identity: ExternalIdentity, matched: Matched) -> _Refusal:
    match matched:
        case NoCpr():
            why = "no_cpr_business" if matched.kind is IdentityKind.BUSINESS else "no_cpr"
            return _Refusal(Told(why), identity.alias)
        case SeveralAccounts():
            return _Refusal(Told("several", incident=new_incident_id()), identity.alias)
        case NotAdmitted():
            return _Refusal(Told("closed"), identity.alias, matched.standing.account_id)
        case NotPublicLaw():
            told = Told("not_public_law", tuple(matched.institutions))
            return _Refusal(told, identity.alias, matched.standing.account_id)
        case NoAccount() | Match():
            return _Refusal(Told("no_account"), identity.alias)


async def _note(tx: Transaction, request: Request, refusal: _Refusal) -> None:
    """Write down that somebody proved who they are and was not let in; two accounts are a case for an operator."""
    actor = Actor.person(refusal.account_id) if refusal.account_id else Actor("person", "unknown")
    detail = {"why": refusal.told.why, "method": METHOD, "provider": refusal.alias}
    if refusal.told.incident:
        detail["incident"] = refusal.told.incident
        log("signin").error("several_accounts_of_one_cpr", incident=refusal.told.incident)
    entry = Entry(
        Event.SIGNIN_REFUSED,
        actor,
        account_id=refusal.account_id,
        outcome="refused",
        request_id=request_id(request),
        detail=detail,
    )
    await audit.write(tx, entry)


async def _show_refusal(house: House, request: Request, visit: Visit) -> Response:
    """Say what happened, what it means, what to do and whom to ask; and offer the other ways in.

    On to where the journey stands when nothing was said: the errand is somebody else's, or not over.
    """
    journey = visit.journey
    async with acquire(house.pool) as connection:
        before = await told_before(connection, journey.journey_id, at=return_path(journey))
        provider = await provider_of_errand(connection, before[0]) if before else None
    if before is None:
        return see_other(step_url(journey, next_step(journey)))
    _, told = before
    context = {
        "why": told.why,
        "fields": {
            "provider": provider.name_in(house.pages.language(request)) if provider else "",
            "institutions": ", ".join(told.institutions),
        },
        "incident": told.incident,
        "ways_url": step_url(journey, Step.METHOD),
    }
    return render(house, request, visit, step=Step.METHOD, context=context, template="external")


async def decline(house: House, request: Request, posted: Posted) -> Response:
    """Take somebody's word that they cannot prove as much as is demanded: the service is told, and helps itself."""
    journey = posted.journey
    async with acquire(house.pool) as connection:
        declined = await actions.decline(connection, journey.journey_id)
    metrics.journey_step("method", "declined" if declined else "over")
    if not declined:
        return see_other(step_url(journey, next_step(journey)))
    return move_on(house, request, journey)
