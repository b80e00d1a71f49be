"""A new password with one's own MitID: only for the account whose name was typed, and never telling whose it is."""

from starlette.requests import Request
from starlette.responses import Response

from unilogin.house import House
from unilogin.kit.db.connection import acquire, transaction
from unilogin.kit.web.forms import Fields
from unilogin.recovery import actions
from unilogin.recovery.access import Named
from unilogin.recovery.mitid import Shown, came_back, leave, offered, turn_down
from unilogin.recovery.model import Proof
from unilogin.recovery.pages import Path, address, show, tell
from unilogin.recovery.queries import account_of_name, may_have_password
from unilogin.signin.errands import Told
from unilogin.signin.pages import see_other


async def ask_mitid(house: House, request: Request, named: Named) -> Response:
    """Explain, and offer MitID."""
    context = {
        "page": "own",
        "action": address(named.journey, Path.MITID),
        "providers": await offered(house),
        "back_url": address(named.journey, Path.FORGOTTEN),
    }
    return show(house, request, named.visit, "mitid", context=context)


async def take_mitid(house: House, request: Request, given: tuple[Named, Fields]) -> Response:
    """Leave for MitID."""
    named, fields = given
    return await leave(house, request, named.visit, fields, page=Path.MITID, back=Path.MITID_BACK)


async def come_back(house: House, request: Request, named: Named) -> Response:
    """Give leave to whoever came back, if it is the person whose name was typed."""
    came = await came_back(house, request, named.visit, back=Path.MITID_BACK)
    match came:
        case None:
            return see_other(address(named.journey, Path.NEW))
        case Told():
            return tell(house, request, named.visit, came, again=Path.MITID)
    if refused := await _give(house, named, came):
        return tell(house, request, named.visit, await turn_down(house, came, why=refused), again=Path.MITID)
    return see_other(address(named.journey, Path.NEW))


async def _give(house: House, named: Named, came: Shown) -> str | None:
    """Give leave; or return why not, in the same words for a name that is somebody else's and for nobody's."""
    standing = came.standing
    async with transaction(house.pool) as tx:
        if await may_have_password(tx, standing, holders=house.password_holders):
            journey_id = named.journey.journey_id
            given = await actions.give_permit(tx, journey_id, standing.account_id, proof=Proof.MITID, level=came.level)
            why = None if given else "not_you"
        else:
            why = "no_password" if standing.username == named.username else "not_you"
    if why:
        async with acquire(house.pool) as connection:
            about = await account_of_name(connection, named.username)
            await actions.note_refused(connection, by=standing.account_id, about=about, why=why)
    return why
