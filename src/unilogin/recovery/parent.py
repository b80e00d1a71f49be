"""A parent helps at the child's own device: MitID for this one thing, and never a session for the parent."""

from starlette.requests import Request
from starlette.responses import Response

from unilogin.domain.access.gates import child_in_custody
from unilogin.domain.services.model import Level
from unilogin.house import House
from unilogin.kit.db.connection import acquire, transaction
from unilogin.kit.web.forms import Fields
from unilogin.recovery import actions
from unilogin.recovery.access import Named
from unilogin.recovery.mitid import Shown, came_back, leave, offered, turn_down
from unilogin.recovery.model import Proof
from unilogin.recovery.pages import Path, address, show, tell
from unilogin.recovery.queries import NOBODY, account_of_name, may_have_password
from unilogin.signin.errands import Told
from unilogin.signin.gate import standing_if_admitted
from unilogin.signin.pages import see_other


async def ask_parent(house: House, request: Request, named: Named) -> Response:
    """Explain to the parent, and offer MitID."""
    context = {
        "page": "parent",
        "action": address(named.journey, Path.PARENT),
        "providers": await offered(house),
        "back_url": address(named.journey, Path.FORGOTTEN),
    }
    return show(house, request, named.visit, "mitid", context=context)


async def take_parent(house: House, request: Request, given: tuple[Named, Fields]) -> Response:
    """Leave for MitID."""
    named, fields = given
    return await leave(house, request, named.visit, fields, page=Path.PARENT, back=Path.PARENT_BACK)


async def come_back(house: House, request: Request, named: Named) -> Response:
    """Give leave for the child whose name was typed, if whoever came back has custody of it now."""
    came = await came_back(house, request, named.visit, back=Path.PARENT_BACK)
    match came:
        case None:
            return see_other(address(named.journey, Path.NEW))
        case Told():
            return tell(house, request, named.visit, came, again=Path.PARENT)
    if await _give(house, named, came):
        return see_other(address(named.journey, Path.NEW))
    return tell(house, request, named.visit, await turn_down(house, came, why="not_yours"), again=Path.PARENT)


async def _give(house: House, named: Named, came: Shown) -> bool:
    """Give leave; False for a child of somebody else, one of 18, a name that is nobody's: all alike."""
    parent = came.standing.account_id
    async with acquire(house.pool) as connection:
        about = await account_of_name(connection, named.username)
    async with transaction(house.pool) as tx:
        child = await child_in_custody(tx, parent, about or NOBODY)
        standing = await standing_if_admitted(tx, child.account_id) if child else None
        if standing and await may_have_password(tx, standing, holders=house.password_holders):
            given = await actions.give_permit(
                tx,
                named.journey.journey_id,
                standing.account_id,
                proof=Proof.PARENT,
                level=Level.EN_FAKTOR,
                helper=parent,
            )
            if given:
                return True
    async with acquire(house.pool) as connection:
        await actions.note_refused(connection, by=parent, about=about, why="not in custody")
    return False
