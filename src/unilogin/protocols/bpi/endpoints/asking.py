"""``/bpi/upload/{number}``, asked with GET: what became of what one has delivered there, by whatever door."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from unilogin.house import House
from unilogin.kit.db.connection import Connection, acquire
from unilogin.kit.text import LANGUAGES
from unilogin.protocols.bpi.answers import fault_json, fault_of, json_answer
from unilogin.protocols.bpi.errors import FaultError, UnknownDeliveryError
from unilogin.protocols.bpi.messages import fate_of, summary_of
from unilogin.protocols.bpi.model import Told
from unilogin.protocols.bpi.names import address_of
from unilogin.roster.model import DeliveryId, Receipt
from unilogin.roster.queries import history_of_sender
from unilogin.roster.receipts import receipt_json
from unilogin.roster.senders.model import TokenBearer
from unilogin.roster.senders.queries import delivery_of, institution_of_bearer

MOST_LISTED = 50

Ask = Callable[[Connection], Awaitable[Response]]


async def show_delivery(house: House, request: Request, admitted: TokenBearer | FaultError) -> Response:
    """Tell what became of one delivery: its receipt as it stands now."""
    number = str(request.path_params["number"])

    async def ask(connection: Connection) -> Response:
        bearer = _admitted(admitted)
        delivery_id = _id(str(request.path_params["delivery"]))
        where = await institution_of_bearer(connection, bearer, number=number)
        found = await delivery_of(connection, bearer.sender, where, delivery_id) if where and delivery_id else None
        if found is None:
            raise UnknownDeliveryError()
        return json_answer(_told(house, number, found))

    return await _answered(house, ask)


async def list_deliveries(house: House, request: Request, admitted: TokenBearer | FaultError) -> Response:
    """Tell what became of the last deliveries, the newest first, each with the address of its receipt."""
    number = str(request.path_params["number"])

    async def ask(connection: Connection) -> Response:
        bearer = _admitted(admitted)
        where = await institution_of_bearer(connection, bearer, number=number)
        if where is None:
            raise UnknownDeliveryError()
        sender = bearer.sender.system_id
        found = await history_of_sender(connection, where, system_id=sender, limit=MOST_LISTED)
        return json_answer({"deliveries": [_told(house, number, one, short=True) for one in found]})

    return await _answered(house, ask)


async def _answered(house: House, ask: Ask) -> Response:
    try:
        async with acquire(house.pool) as connection:
            return await ask(connection)
    except Exception as error:
        return fault_json(fault_of(error), house.texts)


def _admitted(admitted: TokenBearer | FaultError) -> TokenBearer:
    if isinstance(admitted, FaultError):
        raise admitted
    return admitted


def _id(text: str) -> DeliveryId | None:
    try:
        return DeliveryId(UUID(text))
    except ValueError:
        return None


def _told(house: House, number: str, receipt: Receipt, *, short: bool = False) -> dict[str, object]:
    whole = receipt_json(receipt, house.texts)
    told = msgspec.convert(whole, Told)
    summary = {language: summary_of(fate_of(told), told, house.texts, language) for language in LANGUAGES}
    if short:  # what it would take pages to say is at the address
        whole = {name: value for name, value in whole.items() if name not in ("findings", "plan", "held_by")}
    address = address_of(house.base_url, number, receipt.delivery_id)
    return {"state": receipt.state, "summary": summary, "address": address, **whole}
