"""The way in: the two doors, then the classes one may help, or why there are none."""

from collections.abc import Sequence
from itertools import groupby

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from unilogin.apps.elevadgang import queries
from unilogin.apps.elevadgang.access import PATH, Desk, is_sure_enough
from unilogin.apps.elevadgang.shown import render
from unilogin.domain.access.teaching import ClassInReach, classes_in_reach, schools_in_reach
from unilogin.house import House
from unilogin.kit.db.connection import acquire

_FEWEST_CHARACTERS = 2
_MOST_CHARACTERS = 60


async def front(house: House, request: Request, inside: bool) -> Response:
    """Show the two doors; who is in already goes on to their classes."""
    if inside:
        return RedirectResponse(f"{PATH}/klasser", status_code=303)
    return house.pages.render(request, "elevadgang/front.html", {})


async def classes(house: House, request: Request, desk: Desk) -> Response:
    """Show the classes of which one may help the pupils, school by school."""
    async with acquire(house.pool) as connection:
        held = await classes_in_reach(connection, desk.helper)
        sizes = await queries.sizes(connection, held)
        schools = await schools_in_reach(connection, desk.helper)
    held = [one for one in held if one.is_class or sizes.get(one.group_key)]
    context = {
        "schools": _by_school(held),
        "sizes": sizes,
        "administered": schools,
        "roles": sorted({role for one in desk.visit.standing.belongings for role in one.roles}),
    }
    return render(house, request, desk, template="classes", context=context)


async def search(house: House, request: Request, desk: Desk) -> Response:
    """Find a pupil among those one may help. Posted, because a name or a username does not belong in an address."""
    term = desk.value("q").strip()[:_MOST_CHARACTERS]
    found = []
    if len(term) >= _FEWEST_CHARACTERS:
        async with acquire(house.pool) as connection:
            held = [one for one in await classes_in_reach(connection, desk.helper) if is_sure_enough(desk, one)]
            found = await queries.search(connection, held, term)
    context = {"term": term, "found": found, "too_short": len(term) < _FEWEST_CHARACTERS}
    return render(house, request, desk, template="search", context=context)


def _by_school(held: Sequence[ClassInReach]) -> list[tuple[str, list[ClassInReach]]]:
    return [(school, list(group)) for school, group in groupby(held, key=lambda one: one.school)]
