"""The way in: the two doors, then the classes one may help, or why there are none; and finding a pupil by name."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from unilogin.apps.elevadgang import queries
from unilogin.apps.elevadgang.access import PATH, Desk, is_sure_enough
from unilogin.apps.elevadgang.model import Match, Size
from unilogin.apps.elevadgang.shown import let_ask, render
from unilogin.domain.access.teaching import ClassInReach, classes_in_reach, rest_of, schools_in_reach
from unilogin.house import House
from unilogin.kit.db.connection import Connection, acquire

_FEWEST_CHARACTERS = 2
_MOST_CHARACTERS = 60
_MOST_SCHOOLS = 100


async def front(house: House, request: Request, inside: bool) -> Response:
    """Show the two doors; who is in already goes on to their classes."""
    if inside:
        return RedirectResponse(f"{PATH}/klasser", status_code=303)
    return house.pages.render(request, "elevadgang/front.html", {})


async def classes(house: House, request: Request, desk: Desk) -> Response:
    """Show the classes of which one may help the pupils, at one school: the one that was chosen, or the first."""
    async with acquire(house.pool) as connection:
        everything = await _reach(connection, desk)
        schools = dict.fromkeys((held.number, held.school) for held in everything)
        wanted = request.query_params.get("skole", "").upper()
        number = next((number for number, _ in schools if number == wanted), next(iter(schools), ("", ""))[0])
        held = [one for one in everything if one.number == number]
        sizes = await queries.sizes(connection, held)
    context = {
        "schools": list(schools)[:_MOST_SCHOOLS],
        "number": number,
        "school": next((name for one, name in schools if one == number), None),
        "classes": [one for one in held if one.is_class or sizes.get(one.group_key)],
        "sizes": sizes,
        "nobody": Size(),
        "roles": sorted({role for one in desk.visit.standing.belongings for role in one.roles}),
    }
    return let_ask(render(house, request, desk, template="classes", context=context))


async def _reach(connection: Connection, desk: Desk) -> list[ClassInReach]:
    """Return all classes in reach, and for an administrator the pupils of each school who are in none."""
    held = await classes_in_reach(connection, desk.helper)
    rests = [rest_of(school) for school in await schools_in_reach(connection, desk.helper)]
    return sorted([*held, *rests], key=lambda one: one.school)


async def search(house: House, request: Request, desk: Desk) -> Response:
    """Find a pupil among those one may help. Posted, because a name or a username does not belong in an address.

    The page's script asks as one types, and is answered with what it shows.
    """
    term = desk.value("q").strip()[:_MOST_CHARACTERS]
    found: list[Match] = []
    if len(term) >= _FEWEST_CHARACTERS:
        async with acquire(house.pool) as connection:
            held = [one for one in await _reach(connection, desk) if is_sure_enough(desk, one)]
            found = await queries.search(connection, held, term, administrator=desk.is_administrator)
    if request.headers.get("accept") == "application/json":
        rest = house.texts(house.pages.language(request), "elevadgang.class.rest")
        return JSONResponse([_told(desk, one, rest=rest, school=_several_schools(found)) for one in found])
    context = {
        "term": term,
        "found": found,
        "too_short": len(term) < _FEWEST_CHARACTERS,
        "several_schools": _several_schools(found),
    }
    return let_ask(render(house, request, desk, template="search", context=context))


def _told(desk: Desk, match: Match, *, rest: str, school: bool) -> dict[str, object]:
    where = [match.class_name or rest, match.school if school else ""]
    return {
        "id": str(match.account_id),
        "name": match.name,
        "where": ", ".join(part for part in where if part),
        "url": f"{desk.base}/klasse/{match.group_key}",
        "may": match.may_be_helped,
    }


def _several_schools(found: Sequence[Match]) -> bool:
    return len({match.school for match in found}) > 1
