"""The window as the pupil meets it: the username is typed, an adult has opened five minutes, a new secret is there."""

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from unilogin.domain.credentials.check_codes import Tried, read_code, try_code
from unilogin.domain.credentials.choosing import Fresh, draw_one
from unilogin.domain.credentials.model import PasswordType
from unilogin.domain.credentials.queries import forced_type
from unilogin.domain.credentials.rules import password_type
from unilogin.domain.credentials.windows import Claim, claim_window, note_late_try
from unilogin.domain.directory.model import AccountId, Standing
from unilogin.domain.limits.rules import PAGE_SECONDS
from unilogin.house import House
from unilogin.kit.db.connection import acquire, again_if_rolled_back, transaction
from unilogin.kit.faults import fault_point
from unilogin.kit.web.errors import ElsewhereError
from unilogin.kit.web.forms import Fields, one
from unilogin.kit.web.look.pictograms import PICTOGRAMS
from unilogin.kit.web.peer import peer_of
from unilogin.recovery import actions
from unilogin.recovery.access import Named
from unilogin.recovery.pages import Path, address, show
from unilogin.recovery.queries import NOBODY, permit_of
from unilogin.recovery.sealing import sealed
from unilogin.signin.asked import Asked, ask
from unilogin.signin.model import Journey, Step
from unilogin.signin.pacing import not_before, now
from unilogin.signin.pages import see_other, step_url
from unilogin.signin.steps.secret import KNOWN


async def ask_window(house: House, request: Request, named: Named) -> Response:
    """Say that a new secret is waiting; for every name that has none, on to the secret."""
    asked = await ask(house, request, named.username)
    if not asked.has_window or asked.standing is None:
        return see_other(step_url(named.journey, Step.SECRET))
    return await _page(house, request, named, asked)


async def _page(house: House, request: Request, named: Named, asked: Asked, *, error: str | None = None) -> Response:
    pictures = asked.standing is not None and await _type_of(house, asked.standing) is PasswordType.PICTURES
    context = {
        "action": address(named.journey, Path.WINDOW),
        "pictures": pictures,
        "pictograms": PICTOGRAMS if asked.needs_code else None,
        "error": error,
        "known_url": f"{step_url(named.journey, Step.SECRET)}?{KNOWN}=1" if asked.stored.account_id else None,
        "not_me_url": step_url(named.journey, Step.USERNAME),
    }
    return show(house, request, named.visit, "window", context=context)


async def take_window(house: House, request: Request, given: tuple[Named, Fields]) -> Response:
    """Claim the window: the old secret is dead, the new one waits on the next page."""
    named, fields = given
    journey = named.journey
    began = now()
    asked = await ask(house, request, named.username)
    account_id = asked.standing.account_id if asked.standing and asked.may_use_password else NOBODY
    if asked.has_window and asked.standing:
        code = read_code(one(fields, "check_picture"), one(fields, "check_digits")) if asked.needs_code else None
        if asked.needs_code and (error := await _unfit(house, asked, account_id, code)):
            return await _page(house, request, named, asked, error=error)
        kind = await _type_of(house, asked.standing)
        fresh = await draw_one(house.hasher, password_type=kind, policy=house.password_policy)
        at = peer_of(request, proxies=house.proxies).address
        claim = Claim(account_id, journey.journey_id, request.headers.get("user-agent", ""), at, code)
        if await again_if_rolled_back(lambda: _claim(house, journey, claim, fresh=fresh)):
            await fault_point("recovery.window.committed")
            return see_other(address(journey, Path.NEW))
    too_late = await _too_late(house, journey, account_id)
    await not_before(began + PAGE_SECONDS)
    return see_other(too_late)


async def _unfit(house: House, asked: Asked, account_id: AccountId, code: str | None) -> str | None:
    """Return what is wrong with a check code, as the code of a sentence; None when it fits.

    A wrong one is counted before anything else is done: what must be remembered is committed here.
    """
    if code is None:
        return "recovery.window.code.whole"
    async with transaction(house.pool) as tx:
        tried = await try_code(tx, account_id, code, net=asked.net, at_school=asked.circumstances.site is not None)
    return None if tried is Tried.FITS else f"recovery.window.code.{tried}"


async def _type_of(house: House, standing: Standing) -> PasswordType:
    async with acquire(house.pool) as connection:
        forced = await forced_type(connection, standing.account_id)
    return password_type(standing.belongings, forced=forced)


async def _claim(house: House, journey: Journey, claim: Claim, *, fresh: Fresh) -> bool:
    """Claim, give leave and set the secret: all of it or nothing (RW-4). False when nothing is open any more."""
    async with transaction(house.pool) as tx:
        window = await claim_window(tx, claim)
        if window is None:
            return False
        journey_id = journey.journey_id
        if not await actions.give_and_assign(tx, journey_id, window, fresh=fresh, seal=partial(sealed, house)):
            raise ElsewhereError(step_url(journey, Step.DONE))
        await fault_point("recovery.window.claimed")
    return True


async def _too_late(house: House, journey: Journey, account_id: AccountId) -> str:
    """Return where to go when nothing is open: to the new secret after a double click, else to the secret.

    The same work for every name (RW-9). A try at what another browser has claimed is noted for its opener (RW-2).
    """
    async with transaction(house.pool) as tx:
        if await permit_of(tx, journey.journey_id) is not None:
            return address(journey, Path.NEW)
        await note_late_try(tx, account_id, journey_id=journey.journey_id)
    return step_url(journey, Step.SECRET)
