"""Min time: the live board of a class. It begins with a press, shows itself, and goes on as a stream of changes."""

from contextlib import ExitStack

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from unilogin.apps.elevadgang.access import Desk
from unilogin.apps.elevadgang.board import Tap
from unilogin.apps.elevadgang.board_cards import card_of, summary_of
from unilogin.apps.elevadgang.board_queries import audience_of, look
from unilogin.apps.elevadgang.board_stream import Reader, changes
from unilogin.apps.elevadgang.shown import board_url, class_url, pass_to_class, render
from unilogin.house import House
from unilogin.kit.db.connection import acquire, transaction
from unilogin.kit.live import TooManyError
from unilogin.kit.web.stream import MAY_FOLLOW, EventStream
from unilogin.signin.happenings import begin_watch, go_on

_TOLD = ("late", "undone", "reopened", "approved")


async def show_board(house: House, request: Request, desk: Desk) -> Response:
    """Show where everybody of a class stands in signing in; when nobody watches, the button that begins."""
    async with transaction(house.pool) as tx:
        held = await pass_to_class(tx, request, desk)
        audience = await audience_of(tx, held)
        going = await go_on(tx, held, pupils=audience.everybody)
        board = (await look(tx, [held.group_key])).get(held.group_key, {}) if going else {}
    language = house.pages.language(request)
    cards = [
        (place, name, card_of(house.texts, language, board[one]))
        for place, (one, name) in enumerate(audience.shown.items())
        if one in board
    ]
    told = request.query_params.get("told", "")
    context = {
        "held": held,
        "going": going,
        "cards": sorted(cards, key=lambda placed: placed[2].state.rank),
        "summary": summary_of(house.texts, language, [card for _, _, card in cards]),
        "taps": list(Tap),
        "class_url": class_url(desk, held),
        "here_url": board_url(desk, held),
        "told": told if told in _TOLD else None,
    }
    response = render(house, request, desk, template="board", context=context)
    response.headers.update(MAY_FOLLOW)
    return response


async def start_board(house: House, request: Request, desk: Desk) -> Response:
    """Begin to watch a class, and show its board."""
    async with transaction(house.pool) as tx:
        held = await pass_to_class(tx, request, desk)
        await begin_watch(tx, held, pupils=(await audience_of(tx, held)).everybody)
    return RedirectResponse(board_url(desk, held), status_code=303)


async def follow_board(house: House, request: Request, desk: Desk) -> Response:
    """Tell of every change on a board as it happens, until the lesson or the right to see it is over."""
    async with acquire(house.pool) as connection:
        held = await pass_to_class(connection, request, desk)
        audience = await audience_of(connection, held)
    following = ExitStack()
    try:
        follower = following.enter_context(house.live.follow(look, held.group_key, who=desk.visit.account_id))
    except TooManyError:
        return PlainTextResponse("Too many open boards", status_code=429)
    return EventStream(changes(house, Reader(request, desk, held, audience.shown), follower), held=following)
