"""The way in, the choice of a school, and its front page: what needs a human, what came last, how many there are."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from unilogin.apps.elevadministration import queries
from unilogin.apps.elevadministration.access import PATH, Desk
from unilogin.apps.elevadministration.matters import open_matters
from unilogin.apps.elevadministration.shown import Sheets, page_of, pass_to_school, render, sought, url_of
from unilogin.domain.access.administering import administered_schools
from unilogin.house import House
from unilogin.kit.db.connection import acquire
from unilogin.roster.undo_words import undos_that_wait

_MOST_SCHOOLS = 200
_MATTERS_PAGE = 25


async def door(house: House, request: Request, inside: bool) -> Response:
    """Show the door; who is in already goes on to their school."""
    if inside:
        return RedirectResponse(f"{PATH}/skoler", status_code=303)
    return house.pages.render(request, "elevadministration/door.html", {})


async def choose_school(house: House, request: Request, desk: Desk) -> Response:
    """Show the schools one administers, those whose name or number holds what was typed; straight on to the only one.

    The list can be searched by GET: a school's name is nobody's secret.
    """
    async with acquire(house.pool) as connection:
        schools = await administered_schools(connection, desk.administrator)
        waiting = await queries.schools_that_wait(connection, schools)
        waiting |= {where for where, _ in await undos_that_wait(connection, [one.institution_id for one in schools])}
    if len(schools) == 1:
        return RedirectResponse(url_of(schools[0]), status_code=303)
    term = sought(request.query_params.get("q", ""))
    found = [one for one in schools if term.lower() in one.name.lower() or term.lower() == one.number.lower()]
    context = {
        "schools": [(one, url_of(one), one.institution_id in waiting) for one in found[:_MOST_SCHOOLS]],
        "total": len(schools),
        "term": term,
        "roles": sorted({role for one in desk.visit.standing.belongings for role in one.roles}),
    }
    return render(house, request, desk, template="schools", school=None, context=context)


async def overview(house: House, request: Request, desk: Desk) -> Response:
    """Show a school at a glance."""
    page = page_of(request.query_params.get("side", ""))
    async with acquire(house.pool) as connection:
        school = await pass_to_school(connection, request, desk)
        undos = [one for _, one in await undos_that_wait(connection, [school.institution_id])]
        matters, total = await open_matters(connection, school, undos=undos, most=_MATTERS_PAGE, page=page)
        context = {
            "matters": matters,
            "of_matters": Sheets.of(total, page=page, size=_MATTERS_PAGE),
            "sources": await queries.sources(connection, school),
            "sizes": await queries.sizes(connection, school),
        }
    return render(house, request, desk, template="overview", school=school, context=context)
