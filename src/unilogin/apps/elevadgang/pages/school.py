"""What an administrator does: blocks and unblocks, decides kinds of password, lends classes, reads along."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from unilogin.apps.elevadgang import actions, queries
from unilogin.apps.elevadgang.access import Desk
from unilogin.apps.elevadgang.model import BlockedFor
from unilogin.apps.elevadgang.shown import (
    as_uuid,
    class_url,
    pass_to_class,
    pass_to_pupils,
    pass_to_school,
    render,
)
from unilogin.domain.access import schools
from unilogin.domain.access.schools import MOST_HOURS, Decisions
from unilogin.domain.access.teaching import ClassInReach
from unilogin.domain.audit.model import Actor
from unilogin.domain.credentials.actions import force_type
from unilogin.domain.credentials.model import PasswordType
from unilogin.domain.directory.model import AccountId
from unilogin.domain.limits.queries import registered_ranges
from unilogin.house import House
from unilogin.kit.db.connection import Connection, acquire, transaction
from unilogin.kit.web.errors import RefusedError

_HIGHEST = range(11)
_HOURS = (1, 2, 3, 4, 6, 8)


async def show_pupil(house: House, request: Request, desk: Desk) -> Response:
    """Show what an administrator can decide for one pupil."""
    async with acquire(house.pool) as connection:
        held = await pass_to_class(connection, request, desk)
        await pass_to_pupils(connection, desk, held, [request.path_params["pupil_id"]])
        pupils = await queries.pupils_of(connection, held)
    wanted = as_uuid(request.path_params["pupil_id"])
    pupil = next(one for one in pupils if one.account_id == wanted)
    url = class_url(desk, held)
    context = {
        "held": held,
        "pupil": pupil,
        "class_url": url,
        "here_url": f"{url}/elev/{pupil.account_id}",
        "reasons": list(BlockedFor),
        "types": list(PasswordType),
    }
    return render(house, request, desk, template="pupil", context=context)


async def block(house: House, request: Request, desk: Desk) -> Response:
    """Block or unblock a pupil."""
    async with transaction(house.pool) as tx:
        held = await pass_to_class(tx, request, desk)
        pupil_id = request.path_params["pupil_id"]
        (pupil,) = await pass_to_pupils(tx, desk, held, [pupil_id])
        if desk.value("block") == "no":
            await actions.unblock(tx, pupil)
        elif desk.value("why") in list(BlockedFor):
            await actions.block(tx, pupil, why=BlockedFor(desk.value("why")))
    return RedirectResponse(f"{class_url(desk, held)}/elev/{pupil_id}", status_code=303)


async def decide_type(house: House, request: Request, desk: Desk) -> Response:
    """Decide a pupil's kind of password whatever the grade, or let the grade decide."""
    sent = desk.value("type")
    async with transaction(house.pool) as tx:
        held = await pass_to_class(tx, request, desk)
        pupil_id = request.path_params["pupil_id"]
        (pupil,) = await pass_to_pupils(tx, desk, held, [pupil_id])
        kind = PasswordType(sent) if sent in list(PasswordType) else None
        await force_type(tx, pupil.account_id, password_type=kind, actor=Actor.person(desk.visit.account_id))
    return RedirectResponse(f"{class_url(desk, held)}/elev/{pupil_id}", status_code=303)


async def show_loans(house: House, request: Request, desk: Desk) -> Response:
    """Show who has a class on loan, and to whom it can be lent."""
    async with acquire(house.pool) as connection:
        held = await _pass_to_lendable(connection, request, desk)
        loans = await schools.loans_of(connection, held)
        staff = await schools.staff_of(connection, held.institution_id)
    context = {
        "held": held,
        "class_url": class_url(desk, held),
        "loans": loans,
        "staff": [one for one in staff if one.account_id != desk.visit.account_id],
        "hours": _HOURS,
    }
    return render(house, request, desk, template="loans", context=context)


async def _pass_to_lendable(connection: Connection, request: Request, desk: Desk) -> ClassInReach:
    held = await pass_to_class(connection, request, desk)
    if held.is_rest:
        raise RefusedError(404, "elevadgang.stopped.class", restart_url=desk.base)
    return held


async def lend(house: House, request: Request, desk: Desk) -> Response:
    """Lend a class for some hours, or take it back."""
    actor = Actor.person(desk.visit.account_id)
    hours = desk.value("hours")
    async with transaction(house.pool) as tx:
        held = await _pass_to_lendable(tx, request, desk)
        if (loan := as_uuid(desk.value("end"))) is not None:
            await schools.end_loan(tx, held, loan, actor=actor)
        elif (to := as_uuid(desk.value("to"))) is not None and hours in map(str, _HOURS):
            lent = await schools.lend_class(tx, held, to=AccountId(to), hours=min(int(hours), MOST_HOURS), actor=actor)
            if not lent:
                raise RefusedError(404, "elevadgang.stopped.pupil", restart_url=class_url(desk, held))
    return RedirectResponse(f"{class_url(desk, held)}/laan", status_code=303)


async def show_settings(house: House, request: Request, desk: Desk) -> Response:
    """Show what the school has decided, and which addresses are registered as its own."""
    async with acquire(house.pool) as connection:
        held = await pass_to_school(connection, request, desk)
        decided = await schools.decisions(connection, held.institution_id)
        ranges = await registered_ranges(connection, institution_id=held.institution_id)
    context = {
        "held": held,
        "decided": decided,
        "ranges": [str(one.range) for one in ranges],
        "grades": _HIGHEST,
        "saved": request.query_params.get("told") == "saved",
    }
    return render(house, request, desk, template="settings", context=context)


async def save_settings(house: House, request: Request, desk: Desk) -> Response:
    """Let it be as the administrator decides."""
    grade = desk.value("highest_grade")
    decided = Decisions(
        pedagogues=desk.value("pedagogues") == "1",
        substitutes=desk.value("substitutes") == "1",
        teams=desk.value("teams") == "1",
        highest_grade=int(grade) if grade in map(str, _HIGHEST) else None,
        two_factors=desk.value("two_factors") == "1",
        check_code=desk.value("check_code") == "1",
        own_addresses=desk.value("own_addresses") == "1",
    )
    async with transaction(house.pool) as tx:
        held = await pass_to_school(tx, request, desk)
        await schools.decide(tx, held, decided, actor=Actor.person(desk.visit.account_id))
    return RedirectResponse(f"{desk.base}/skole/{held.number.lower()}/indstillinger?told=saved", status_code=303)


async def show_help(house: House, request: Request, desk: Desk) -> Response:
    """Show who helped whom, the newest first."""
    return await _help(house, request, desk, term="")


async def search_help(house: House, request: Request, desk: Desk) -> Response:
    """Search it by a name. Posted, because a name does not belong in an address."""
    return await _help(house, request, desk, term=desk.value("q").strip()[:60])


async def _help(house: House, request: Request, desk: Desk, *, term: str) -> Response:
    async with acquire(house.pool) as connection:
        held = await pass_to_school(connection, request, desk)
        lines = await queries.helped(connection, held.institution_id, term=term)
    context = {"held": held, "lines": lines, "term": term, "most": queries.MOST_LINES}
    return render(house, request, desk, template="help", context=context)
