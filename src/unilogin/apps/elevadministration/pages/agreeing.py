"""What somebody of the office has proposed about who is who: a second person's yes, anybody's no, and the way back."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from unilogin.apps.elevadministration.access import Desk
from unilogin.apps.elevadministration.pages.merging import foresee, url_of_merging
from unilogin.apps.elevadministration.shown import as_uuid, pass_to_school, render
from unilogin.domain.access.administering import AdministeredSchool
from unilogin.domain.access.correcting import NotCorrectable, PupilToCorrect, pupil_to_correct
from unilogin.domain.identity import proposing
from unilogin.domain.identity.foreseeing import places_of
from unilogin.domain.identity.model import Done, NotDone
from unilogin.domain.identity.proposals import NotAgreed, Proposal, proposal_at
from unilogin.domain.identity.queries import side_of_account
from unilogin.domain.services.following import services_that_know
from unilogin.house import House
from unilogin.kit.db.connection import Connection, Transaction, acquire, transaction
from unilogin.kit.secrets import CprVault
from unilogin.kit.web.errors import RefusedError

_TOLD = ("proposed", "merged", "split", "proposal_undone", "proposal_late", "same_person")
_REFUSALS = (*NotDone, NotAgreed.OTHER_DAY)

Outcome = Done | NotDone | NotAgreed | NotCorrectable


async def show_proposal(house: House, request: Request, desk: Desk) -> Response:
    """Show what was proposed, both sides of it as they are now, and what follows."""
    vault = house.secrets.cpr_vault()
    async with acquire(house.pool) as connection:
        school = await pass_to_school(connection, request, desk)
        proposal = await _pass_to_proposal(connection, request, school)
        context = await _context(connection, desk, proposal, vault=vault)
    note = request.query_params.get("told", "")
    why = request.query_params.get("why", "")
    context |= {
        "proposal": proposal,
        "note": note if note in _TOLD else None,
        "unreached": context.get("unreached"),
        "why": why if why in (*_REFUSALS, *NotCorrectable) else None,
        "here_url": url_of_merging(school),
    }
    template = "merge" if proposal.kind == "merge" else "split_proposal"
    return render(house, request, desk, template=template, school=school, context=context)


async def _context(connection: Connection, desk: Desk, proposal: Proposal, *, vault: CprVault) -> dict[str, object]:
    """Return what is shown of those whom this reader reaches; of others, that they are not in reach."""
    kept = await pupil_to_correct(connection, desk.administrator, proposal.kept)
    if isinstance(kept, NotCorrectable):
        return {"shown": None, "side": None, "unreached": kept.value}
    if proposal.kind == "split":
        side = await side_of_account(connection, kept.account_id, vault=vault)
        places = await places_of(connection, kept.person_id)
        services = await services_that_know(connection, kept.account_id)
        return {
            "side": side,
            "places": [(one, one.membership_id in proposal.memberships) for one in places],
            "services": [(one, one.subject in proposal.subjects) for one in services],
        }
    if proposal.state != "open":
        return {"shown": None}
    other = await pupil_to_correct(connection, desk.administrator, proposal.other or "")
    if isinstance(other, NotCorrectable):
        return {"shown": None, "unreached": other.value}
    return {"shown": await foresee(connection, (kept, other), vault=vault, as_named=True)}


async def agree(house: House, request: Request, desk: Desk) -> Response:
    """Say yes, as the second person: it is done at once."""
    vault = house.secrets.cpr_vault()
    async with transaction(house.pool) as tx:
        school = await pass_to_school(tx, request, desk)
        proposal = await _pass_to_proposal(tx, request, school)
        outcome = await _agree(tx, desk, school, proposal, vault=vault)
    return _back(school, proposal, outcome, done="merged" if proposal.kind == "merge" else "split")


async def _agree(
    tx: Transaction, desk: Desk, school: AdministeredSchool, proposal: Proposal, *, vault: CprVault
) -> Outcome:
    kept = await pupil_to_correct(tx, desk.administrator, proposal.kept)
    if not isinstance(kept, PupilToCorrect):
        return kept
    held = (tx, school, proposal.proposal_id)
    if proposal.kind == "split":
        return await proposing.agree_to_split(*held, kept=kept, vault=vault, actor=desk.actor)
    other = await pupil_to_correct(tx, desk.administrator, proposal.other or "")
    if not isinstance(other, PupilToCorrect):
        return NotAgreed.LATE if proposal.state != "open" else other
    return await proposing.agree_to_merge(*held, kept=kept, other=other, vault=vault, actor=desk.actor)


async def refuse(house: House, request: Request, desk: Desk) -> Response:
    """Say no: nothing happens, and nobody is asked about these two again."""
    async with transaction(house.pool) as tx:
        school = await pass_to_school(tx, request, desk)
        proposal = await _pass_to_proposal(tx, request, school)
        dropped = await proposing.drop(tx, school, proposal.proposal_id, actor=desk.actor)
    if not dropped:
        return _back(school, proposal, NotAgreed.LATE, done="")
    return RedirectResponse(f"{url_of_merging(school)}?told=dropped", status_code=303)


async def take_back(house: House, request: Request, desk: Desk) -> Response:
    """Take back what was made of a proposal."""
    vault = house.secrets.cpr_vault()
    async with transaction(house.pool) as tx:
        school = await pass_to_school(tx, request, desk)
        proposal = await _pass_to_proposal(tx, request, school)
        outcome = await _take_back(tx, desk, school, proposal, vault=vault)
    return _back(school, proposal, outcome, done="proposal_undone")


async def _take_back(
    tx: Transaction, desk: Desk, school: AdministeredSchool, proposal: Proposal, *, vault: CprVault
) -> Outcome:
    kept = await pupil_to_correct(tx, desk.administrator, proposal.kept)
    if not isinstance(kept, PupilToCorrect):
        return kept
    made = None
    if proposal.kind == "split" and proposal.other:
        found = await pupil_to_correct(tx, desk.administrator, proposal.other)
        if not isinstance(found, PupilToCorrect):
            return found
        made = found
    return await proposing.take_back(
        tx, school, proposal.proposal_id, kept=kept, made=made, vault=vault, actor=desk.actor
    )


async def _pass_to_proposal(connection: Connection, request: Request, school: AdministeredSchool) -> Proposal:
    """Pass to a proposal of the school; another school's is as unknown as one that never was (B-A01)."""
    key = as_uuid(request.path_params["proposal_id"])
    proposal = await proposal_at(connection, school, key) if key else None
    if proposal is None:
        raise RefusedError(404, "elevadministration.stopped.proposal", restart_url=url_of_merging(school))
    return proposal


def _back(school: AdministeredSchool, proposal: Proposal, outcome: Outcome, *, done: str) -> Response:
    url = f"{url_of_merging(school)}/{proposal.proposal_id}"
    if isinstance(outcome, Done):
        return RedirectResponse(f"{url}?told={done}", status_code=303)
    if isinstance(outcome, NotAgreed) and outcome is not NotAgreed.OTHER_DAY:
        told = "same_person" if outcome is NotAgreed.SAME_PERSON else "proposal_late"
        return RedirectResponse(f"{url}?told={told}", status_code=303)
    return RedirectResponse(f"{url}?why={outcome.value}", status_code=303)
