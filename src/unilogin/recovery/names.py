"""Glemt brugernavn: one's own name and those of one's children, after MitID, and the way back with one filled in.

A name is shown on a page and posted in a form; it stands in no address, letter or log.
"""

from starlette.requests import Request
from starlette.responses import Response

from unilogin.domain.access.gates import ChildInCustody, children_in_custody
from unilogin.domain.directory.model import AccountId, Username
from unilogin.domain.services.model import Level
from unilogin.house import House
from unilogin.kit.db.connection import acquire, transaction
from unilogin.kit.web.forms import one
from unilogin.recovery import actions
from unilogin.recovery.mitid import Shown, came_back, leave, offered
from unilogin.recovery.model import OwnName, Proof, Reader
from unilogin.recovery.pages import Path, address, show, tell
from unilogin.recovery.queries import may_have_password, own_name, reader_of
from unilogin.signin import actions as signin
from unilogin.signin.access import Posted, Visit
from unilogin.signin.errands import Told
from unilogin.signin.gate import standing_if_admitted
from unilogin.signin.model import Journey, Method, Step
from unilogin.signin.pages import see_other, step_url


async def ask_names(house: House, request: Request, visit: Visit) -> Response:
    """Explain, and offer MitID."""
    context = {
        "page": "names",
        "action": address(visit.journey, Path.NAMES),
        "providers": await offered(house),
        "back_url": step_url(visit.journey, Step.USERNAME),
    }
    return show(house, request, visit, "mitid", context=context)


async def take_names(house: House, request: Request, posted: Posted) -> Response:
    """Leave for MitID."""
    return await leave(house, request, posted.visit, posted.fields, page=Path.NAMES, back=Path.NAMES_BACK)


async def come_back(house: House, request: Request, visit: Visit) -> Response:
    """Let whoever came back read the names."""
    came = await came_back(house, request, visit, back=Path.NAMES_BACK)
    match came:
        case Told():
            return tell(house, request, visit, came, again=Path.NAMES)
        case Shown(standing, level):
            async with transaction(house.pool) as tx:
                await actions.let_read(tx, visit.journey.journey_id, standing.account_id, level=level)
    return see_other(address(visit.journey, Path.NAMES_FOUND))


async def show_names(house: House, request: Request, visit: Visit) -> Response:
    """Show the names, as custody is now."""
    reader, own, children = await _readable(house, visit.journey)
    if reader is None:
        return see_other(address(visit.journey, Path.NAMES))
    context = {
        "action": address(visit.journey, Path.NAMES_FOUND),
        "own": own,
        "children": children,
        "back_url": step_url(visit.journey, Step.USERNAME),
    }
    return show(house, request, visit, "names", context=context)


async def take_name(house: House, request: Request, posted: Posted) -> Response:
    """Go on with one of the names: to its secret, or with leave to a new one. Any other shows the page again."""
    journey = posted.journey
    reader, own, children = await _readable(house, journey)
    wanted = one(posted.fields, "new") or one(posted.fields, "known")
    helped = next((child for child in children if child.username == wanted), None)
    mine = own if own is not None and own.may_sign_in and own.username == wanted else None
    if reader is None or (helped is None and mine is None):
        return see_other(address(journey, Path.NAMES_FOUND))
    if "new" not in posted.fields:
        await _fill_in(house, journey, Username(wanted))
        return see_other(step_url(journey, Step.SECRET))
    given = await _give(house, journey, reader, helped or mine)
    return see_other(address(journey, Path.NEW if given else Path.NAMES_FOUND))


async def _readable(house: House, journey: Journey) -> tuple[Reader | None, OwnName | None, list[ChildInCustody]]:
    async with acquire(house.pool) as connection:
        reader = await reader_of(connection, journey.journey_id)
        if reader is None:
            return None, None, []
        own = await own_name(connection, reader.account_id, holders=house.password_holders)
        return reader, own, await children_in_custody(connection, reader.account_id)


async def _fill_in(house: House, journey: Journey, username: Username) -> None:
    async with acquire(house.pool) as connection:
        await signin.choose_method(connection, journey.journey_id, method=Method.UNILOGIN)
        await signin.name_somebody(connection, journey.journey_id, username=username, device=journey.device)


async def _give(house: House, journey: Journey, reader: Reader, whom: ChildInCustody | OwnName | None) -> bool:
    """Give leave for what was proved a moment ago: one's own account as sure as that, a child's by custody."""
    if whom is None:
        return False
    await _fill_in(house, journey, whom.username)
    child = isinstance(whom, ChildInCustody)
    async with transaction(house.pool) as tx:
        if await reader_of(tx, journey.journey_id) != reader:
            return False
        standing = await standing_if_admitted(tx, AccountId(whom.account_id))
        if standing is None or not await may_have_password(tx, standing, holders=house.password_holders):
            return False
        given = await actions.give_permit(
            tx,
            journey.journey_id,
            standing.account_id,
            proof=Proof.PARENT if child else Proof.MITID,
            level=Level.EN_FAKTOR if child else reader.level,
            helper=reader.account_id if child else None,
        )
    return given is not None
