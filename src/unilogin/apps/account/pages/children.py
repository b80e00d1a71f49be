"""Mine børn: what a guardian may see of a child, and how to help it to a new password.

Every page asks the gate again: custody that was lost since the page before means that there is no such child.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from unilogin.apps.account import actions, queries
from unilogin.apps.account.model import Reader, Use
from unilogin.apps.account.rules import CHILDREN, reader_of
from unilogin.apps.account.shown import render
from unilogin.apps.shell.access import AppForm, AppVisit
from unilogin.domain.access.gates import ChildInCustody, child_in_custody, children_in_custody
from unilogin.domain.credentials.windows import Window, latest_windows
from unilogin.domain.directory.model import AccountId, Standing
from unilogin.domain.directory.queries import standing
from unilogin.domain.directory.renaming import NameOffer, name_offer
from unilogin.house import House
from unilogin.kit.db.connection import Connection, acquire, transaction
from unilogin.kit.web.devices import device_words
from unilogin.kit.web.errors import RefusedError


async def children(house: House, request: Request, visit: AppVisit) -> Response:
    """Show the children under 18 of whom one has custody."""
    async with acquire(house.pool) as connection:
        found = await children_in_custody(connection, visit.account_id)
    return render(house, request, visit, template="children", context={"children": found})


async def child(house: House, request: Request, visit: AppVisit) -> Response:
    """Show one child: what it can be helped with, and which services know what of it. Reading it is written down."""
    async with transaction(house.pool) as tx:
        found = await _child(tx, request, visit)
        await actions.note_child_viewed(tx, found)
        about = await _standing(tx, found)
        offer = await name_offer(tx, found.account_id)
        uses = await queries.uses(tx, about)
        changed_at = await queries.number_changed_at(tx, found.account_id)
    return _show_child(
        house, request, visit, found=found, about=about, uses=uses, offer=offer, number_changed_at=changed_at
    )


async def show_username(house: House, request: Request, form: AppForm) -> Response:
    """Show the child's username; it is written down that it was."""
    async with transaction(house.pool) as tx:
        found = await _child(tx, request, form.visit)
        await actions.note_username_shown(tx, found)
        about = await _standing(tx, found)
        offer = await name_offer(tx, found.account_id)
        uses = await queries.uses(tx, about)
    return _show_child(house, request, form.visit, found=found, about=about, uses=uses, offer=offer, with_username=True)


async def new_username(house: House, request: Request, form: AppForm) -> Response:
    """Give a small child whose username tells the hidden name another one, and show it; twice pressed gives one."""
    async with transaction(house.pool) as tx:
        found = await _child(tx, request, form.visit)
        about = await _standing(tx, found)
        if not _by_pictures(about):
            raise RefusedError(404, "account.stopped.child", restart_url=CHILDREN)
        await actions.rename_child(tx, found, secrets=house.secrets)
        found = await _child(tx, request, form.visit)
        offer = await name_offer(tx, found.account_id)
        uses = await queries.uses(tx, about)
    return _show_child(house, request, form.visit, found=found, about=about, uses=uses, offer=offer, with_username=True)


def _show_child(
    house: House,
    request: Request,
    visit: AppVisit,
    *,
    found: ChildInCustody,
    about: Standing,
    uses: Sequence[Use],
    offer: NameOffer | None,
    with_username: bool = False,
    number_changed_at: datetime | None = None,
) -> Response:
    context = {
        "child": found,
        "number_changed_at": number_changed_at,
        "by_pictures": _by_pictures(about),
        "offer": offer if _by_pictures(about) else None,
        "uses": uses,
        "shown_username": found.username if with_username else None,
    }
    return render(house, request, visit, template="child", context=context)


async def new_password(house: House, request: Request, visit: AppVisit) -> Response:
    """Show how it goes with the child's new password: how to begin, what the child does now, and that it is done."""
    async with acquire(house.pool) as connection:
        found = await _child(connection, request, visit)
        about = await _standing(connection, found)
        windows = await latest_windows(connection, visit.account_id, pupils=[found.account_id])
    return _show_window(house, request, visit, found=found, about=about, window=windows.get(found.account_id))


async def open_window(house: House, request: Request, form: AppForm) -> Response:
    """Open for a new password for five minutes."""
    async with transaction(house.pool) as tx:
        found = await _child(tx, request, form.visit)
        await actions.open_for_child(tx, found)
    return RedirectResponse(_window_url(found), status_code=303)


async def close_window(house: House, request: Request, form: AppForm) -> Response:
    """Close it again before it was used."""
    async with transaction(house.pool) as tx:
        found = await _child(tx, request, form.visit)
        window = (await latest_windows(tx, form.visit.account_id, pupils=[found.account_id])).get(found.account_id)
        if window is not None:
            await actions.close_for_child(tx, found, window.window_id)
    return RedirectResponse(_window_url(found), status_code=303)


def _show_window(
    house: House, request: Request, visit: AppVisit, *, found: ChildInCustody, about: Standing, window: Window | None
) -> Response:
    context = {
        "child": found,
        "window": window,
        "by_pictures": _by_pictures(about),
        "claimed_on": device_words(window.claimed_on or "") if window else (None, None),
    }
    return render(house, request, visit, template="new_password", context=context)


def _by_pictures(about: Standing) -> bool:
    return reader_of(about.belongings) is Reader.YOUNG


def _window_url(found: ChildInCustody) -> str:
    return f"{CHILDREN}/{found.account_id}/adgangskode"


async def _child(connection: Connection, request: Request, visit: AppVisit) -> ChildInCustody:
    """Pass the gate to the child that the address names; raises RefusedError, the same for every reason."""
    found = None
    if (child_id := _account_id(request.path_params["child_id"])) is not None:
        found = await child_in_custody(connection, visit.account_id, child_id)
    if found is None:
        raise RefusedError(404, "account.stopped.child", restart_url=CHILDREN)
    return found


async def _standing(connection: Connection, found: ChildInCustody) -> Standing:
    about = await standing(connection, found.account_id)
    if about is None:
        raise RefusedError(404, "account.stopped.child", restart_url=CHILDREN)
    return about


def _account_id(text: str) -> AccountId | None:
    try:
        return AccountId(UUID(text))
    except ValueError:
        return None
