"""A class: its pupils, how it goes with each, and what is done for them. Every post asks the gates again."""

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from unilogin.apps.elevadgang import actions, queries
from unilogin.apps.elevadgang.access import Desk
from unilogin.apps.elevadgang.model import Pupil
from unilogin.apps.elevadgang.rows import Row
from unilogin.apps.elevadgang.shown import as_uuid, back_url, class_url, pass_to_class, pass_to_pupils, render
from unilogin.domain.access.teaching import ClassInReach
from unilogin.domain.audit.model import Actor
from unilogin.domain.credentials.windows import (
    UNDO_SECONDS,
    Window,
    WindowState,
    cancel_windows,
    latest_windows_at,
    open_windows,
)
from unilogin.domain.sessions.vouching import RequestId, approve, turn_down, waiting_requests
from unilogin.house import House
from unilogin.kit.db.connection import Connection, acquire, transaction
from unilogin.kit.web.devices import device_words
from unilogin.kit.web.errors import RefusedError

_TOLD = ("several", "nobody", "late", "undone", "reopened", "approved")


async def show_class(house: House, request: Request, desk: Desk) -> Response:
    """Show a class: everybody in it, and how it goes with the new passwords."""
    async with acquire(house.pool) as connection:
        held = await pass_to_class(connection, request, desk)
        rows = await _rows(connection, desk, held)
        waiting = await waiting_requests(connection, [row.pupil.account_id for row in rows if row.pupil.reachable])
    told = request.query_params.get("told", "")
    context = {
        "held": held,
        "rows": rows,
        "here_url": class_url(desk, held),
        "open_rows": [row for row in rows if row.state == "open"],
        "without": sum(row.state == "new" and row.may_be_helped for row in rows),
        "waiting": [(_named(rows, one.pupil), one) for one in waiting],
        "told": told if told in _TOLD else None,
    }
    return render(house, request, desk, template="class", context=context)


async def _rows(connection: Connection, desk: Desk, held: ClassInReach) -> list[Row]:
    pupils = await queries.pupils_of(connection, held)
    ids = [pupil.account_id for pupil in pupils]
    windows = await latest_windows_at(connection, held.institution_id, pupils=ids)
    return [_row(desk, pupil, windows.get(pupil.account_id)) for pupil in pupils]


def _row(desk: Desk, pupil: Pupil, window: Window | None) -> Row:
    claimed = window.claimed_at if window and window.state is WindowState.CLAIMED else None
    may_undo = claimed is not None and desk.visit.who.now - claimed < timedelta(seconds=UNDO_SECONDS)
    return Row(pupil, window, device_words((window and window.claimed_on) or ""), may_undo)


def _named(rows: list[Row], account_id: object) -> str:
    return next(row.pupil.name for row in rows if row.pupil.account_id == account_id)


async def give_new_password(house: House, request: Request, desk: Desk) -> Response:
    """Open five minutes for one pupil, for those that were ticked, or for the class."""
    async with transaction(house.pool) as tx:
        held = await pass_to_class(tx, request, desk)
        asked = await _asked(tx, desk, held)
        if not asked:
            return _back(desk, held, told="nobody")
        pupils = await pass_to_pupils(tx, desk, held, asked)
        opened = await open_windows(tx, pupils, actor=Actor.person(desk.visit.account_id))
    if opened is None:
        raise RefusedError(409, "elevadgang.stopped.many", restart_url=class_url(desk, held))
    return _back(desk, held, told="several" if len(asked) > 1 else None)


async def _asked(connection: Connection, desk: Desk, held: ClassInReach) -> list[str]:
    """Return the ids that are meant: one button's, the whole class or its new pupils, or those that were ticked."""
    if desk.value("one"):
        return [desk.value("one")]
    if desk.value("all"):
        pupils = await queries.pupils_of(connection, held)
        new = desk.value("all") == "new"
        return [
            str(pupil.account_id)
            for pupil in pupils
            if pupil.reachable and not pupil.blocked and (pupil.has is None or not new)
        ]
    return desk.values("pupil")


async def cancel(house: House, request: Request, desk: Desk) -> Response:
    """Close what is open for a pupil."""
    async with transaction(house.pool) as tx:
        held = await pass_to_class(tx, request, desk)
        (pupil,) = await pass_to_pupils(tx, desk, held, [desk.value("one")])
        closed = await cancel_windows(tx, pupil, actor=Actor.person(desk.visit.account_id))
    return _back(desk, held, told=None if closed else "late")


async def undo(house: House, request: Request, desk: Desk) -> Response:
    """Take back what the wrong pupil claimed."""
    async with transaction(house.pool) as tx:
        held = await pass_to_class(tx, request, desk)
        (pupil,) = await pass_to_pupils(tx, desk, held, [desk.value("one")])
        undone = await actions.undo(tx, pupil)
    return _back(desk, held, told="undone" if undone else "late")


async def for_fun(house: House, request: Request, desk: Desk) -> Response:
    """Open what a classmate's guessing closed, with the same secret."""
    async with transaction(house.pool) as tx:
        held = await pass_to_class(tx, request, desk)
        (pupil,) = await pass_to_pupils(tx, desk, held, [desk.value("one")])
        await actions.it_was_for_fun(tx, pupil)
    return _back(desk, held, told="reopened")


async def answer_request(house: House, request: Request, desk: Desk) -> Response:
    """Vouch for a pupil that waits for a grown-up, for two hours in that session, or say no."""
    asked = as_uuid(desk.value("request"))
    async with transaction(house.pool) as tx:
        held = await pass_to_class(tx, request, desk)
        (pupil,) = await pass_to_pupils(tx, desk, held, [desk.value("pupil")])
        if asked is None:
            return _back(desk, held, told="late")
        answer = approve if desk.value("answer") == "yes" else turn_down
        answered = await answer(tx, pupil, RequestId(asked))
    if not answered:
        return _back(desk, held, told="late")
    return _back(desk, held, told="approved" if desk.value("answer") == "yes" else None)


async def show_username(house: House, request: Request, desk: Desk) -> Response:
    """Show one pupil's username, large enough for the pupil to read it from the seat. It is written down."""
    return await _usernames(house, request, desk, [desk.value("one")], template="username")


async def print_cards(house: House, request: Request, desk: Desk) -> Response:
    """Show cards with usernames to be cut out, of those that were ticked or all. Passwords cannot be printed."""
    async with acquire(house.pool) as connection:
        held = await pass_to_class(connection, request, desk)
        pupils = await queries.pupils_of(connection, held)
    everybody = [str(pupil.account_id) for pupil in pupils if pupil.reachable and not pupil.blocked]
    return await _usernames(house, request, desk, desk.values("pupil") or everybody, template="cards")


async def _usernames(house: House, request: Request, desk: Desk, asked: list[str], *, template: str) -> Response:
    async with transaction(house.pool) as tx:
        held = await pass_to_class(tx, request, desk)
        reached = await pass_to_pupils(tx, desk, held, asked)
        await actions.note_usernames_shown(tx, reached)
        shown = {pupil.account_id for pupil in reached}
        everybody = await queries.pupils_of(tx, held)
    pupils = [one for one in everybody if one.account_id in shown]
    others = [one for one in everybody if (one.reachable and not one.blocked) or one.account_id in shown]
    place = others.index(pupils[0])
    context = {
        "held": held,
        "here_url": back_url(desk, held),
        "pupils": pupils,
        "act_url": f"{class_url(desk, held)}/brugernavn",
        "came_from": desk.value("from"),
        "neighbours": {"before": others[max(place - 1, 0) : place], "after": others[place + 1 : place + 2]},
    }
    return render(house, request, desk, template=template, context=context)


def _back(desk: Desk, held: ClassInReach, *, told: str | None) -> Response:
    url = back_url(desk, held)
    return RedirectResponse(f"{url}?told={told}" if told else url, status_code=303)
