"""The new password: given and shown large, or thought of; and then signed in to where one was going."""

from starlette.requests import Request
from starlette.responses import Response

from unilogin.domain.credentials.admission import HashBusyError
from unilogin.domain.credentials.choosing import Fresh, Unfit, draw_one, examine
from unilogin.domain.credentials.policy import hints
from unilogin.domain.credentials.words import parts
from unilogin.house import House
from unilogin.kit.db.connection import acquire, again_if_rolled_back, transaction
from unilogin.kit.faults import fault_point
from unilogin.kit.web.errors import ElsewhereError
from unilogin.kit.web.forms import one
from unilogin.kit.web.look.pictograms import PICTOGRAMS
from unilogin.recovery import actions
from unilogin.recovery.access import Leave, LeaveForm
from unilogin.recovery.model import Permit
from unilogin.recovery.pages import Path, address, show
from unilogin.recovery.queries import may_have_password
from unilogin.recovery.rules import METHOD_OF_PROOF, Page, may_choose, must_practise, page_of
from unilogin.recovery.sealing import opened, sealed
from unilogin.signin.gate import standing_if_admitted
from unilogin.signin.model import Step
from unilogin.signin.opening import Proved, open_session_of
from unilogin.signin.opening import opened as signed_in
from unilogin.signin.pages import see_other, step_url

_BY_ID = {pictogram.id: pictogram for pictogram in PICTOGRAMS}


async def ask_new(house: House, request: Request, leave: Leave) -> Response:
    """Show the page that leave leads to: a button, the secret that was given, or a field for one's own."""
    permit = leave.permit
    match page_of(permit):
        case Page.OWN:
            return _show_own(house, request, leave)
        case Page.READY:
            return show(
                house, request, leave.visit, "ready", context=_context(leave) | {"parent": permit.proof.by_parent}
            )
    secret = opened(house, permit)
    context = _context(leave) | {
        "pieces": parts(secret),
        "pictures": [_BY_ID[name] for name in parts(secret) if name in _BY_ID] if must_practise(permit) else [],
        "own_url": address(leave.journey, Path.OWN) if may_choose(permit) else None,
        "next_url": address(leave.journey, Path.PRACTISE if must_practise(permit) else Path.GO),
    }
    return show(house, request, leave.visit, "shown", context=context)


async def take_new(house: House, request: Request, form: LeaveForm) -> Response:
    """Give a secret: drawn, set at once, shown on the next page. To ask twice gives one."""
    permit = form.leave.permit
    if permit.assigned is None:
        fresh = await draw_one(house.hasher, password_type=permit.type, policy=house.password_policy)

        async def write() -> None:
            async with transaction(house.pool) as tx:
                await actions.assign(tx, permit, fresh=fresh, sealed=sealed(house, permit.permit_id, fresh))

        await again_if_rolled_back(write)
    return see_other(address(form.leave.journey, Path.NEW))


async def ask_own(house: House, request: Request, leave: Leave) -> Response:
    """Show the field for one's own."""
    if not may_choose(leave.permit):
        return see_other(address(leave.journey, Path.NEW))
    return _show_own(house, request, leave)


async def take_own(house: House, request: Request, form: LeaveForm) -> Response:
    """Look at what was thought of; set it and sign in, or say what is wrong with it."""
    leave, permit = form.leave, form.leave.permit
    if not may_choose(permit):
        return see_other(address(leave.journey, Path.NEW))
    async with acquire(house.pool) as connection:
        counted = await actions.count_try(connection, permit)
    if not counted:
        return _show_own(house, request, leave, errors=["recovery.own.too_many"], status=429)
    typed = one(form.fields, "new-password")
    if "again" in form.fields and one(form.fields, "again") != typed:
        return _show_own(house, request, leave, errors=["recovery.own.differ"])
    if not typed:
        return _show_own(house, request, leave, errors=["recovery.own.missing"])
    try:
        found = await examine(
            house.pool,
            house.hasher,
            permit.account_id,
            typed=typed,
            password_type=permit.type,
            policy=house.password_policy,
        )
    except HashBusyError:
        return _show_own(house, request, leave, errors=["recovery.busy"], status=503)
    if isinstance(found, Unfit):
        return _show_own(house, request, leave, errors=found.remarks)
    return await sign_in(house, request, leave, fresh=found)


async def take_shown(house: House, request: Request, form: LeaveForm) -> Response:
    """Go on with the secret that was given, except with pictures: they are tried first."""
    if form.leave.permit.assigned is None or must_practise(form.leave.permit):
        return see_other(address(form.leave.journey, Path.NEW))
    return await sign_in(house, request, form.leave, fresh=None)


async def sign_in(house: House, request: Request, leave: Leave, *, fresh: Fresh | None) -> Response:
    """Use the leave up: set ``fresh`` if there is one, and sign in as sure as was proved and no surer (N-12)."""
    proved = await again_if_rolled_back(lambda: _sign_in(house, request, leave, fresh))
    await fault_point("recovery.secret.committed")
    if proved is None:  # posted twice, and the other was first; or its ground went a moment ago
        raise ElsewhereError(step_url(leave.journey, Step.DONE))
    return signed_in(house, request, leave.visit, opened=proved)


async def _sign_in(house: House, request: Request, leave: Leave, fresh: Fresh | None) -> Proved | None:
    permit = leave.permit
    async with transaction(house.pool) as tx:
        standing = await standing_if_admitted(tx, permit.account_id)
        if standing is None or not await may_have_password(tx, standing, holders=house.password_holders):
            return None
        if not await actions.use_permit(tx, permit, fresh=fresh):
            return None
        method = METHOD_OF_PROOF.get(permit.proof, permit.type.value)
        proved = await open_session_of(tx, request, leave.journey, standing=standing, method=method, level=permit.level)
        await fault_point("recovery.secret.set")
    return proved


def _context(leave: Leave) -> dict[str, object]:
    return {
        "action": address(leave.journey, Path.NEW),
        "username": leave.permit.username,
        "type": leave.permit.type.value,
        "passkeys": leave.permit.passkeys,
    }


def _show_own(house: House, request: Request, leave: Leave, *, errors: object = (), status: int = 200) -> Response:
    permit: Permit = leave.permit
    context = _context(leave) | {
        "action": address(leave.journey, Path.OWN),
        "errors": errors,
        "given_url": address(leave.journey, Path.NEW) if permit.assigned is not None else None,
        "give_action": address(leave.journey, Path.NEW),
        "policy": house.password_policy.value,
        "hints": hints(),
    }
    return show(house, request, leave.visit, "own", context=context, status=status)
