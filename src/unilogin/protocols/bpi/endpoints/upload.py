"""``/bpi/upload/{number}``: a roster file for one institution, as the body of a PUT or POST."""

import tempfile
from collections.abc import Mapping
from datetime import datetime
from typing import IO

from starlette.requests import Request
from starlette.responses import Response

from unilogin.house import House
from unilogin.kit import metrics
from unilogin.kit.db.connection import acquire, transaction
from unilogin.kit.text import LANGUAGES
from unilogin.protocols.bpi.answers import fault_json, fault_of, json_answer
from unilogin.protocols.bpi.errors import (
    FaultError,
    FormError,
    KindError,
    NotAgreedFaultError,
    OversizeError,
    TooManyDeliveriesError,
    UploadOversizeError,
)
from unilogin.protocols.bpi.handing_over import hand_over
from unilogin.protocols.bpi.messages import Result, result_of, summary_of, warnings_of
from unilogin.protocols.bpi.model import NotAgreed, Taken
from unilogin.protocols.bpi.names import address_of
from unilogin.protocols.bpi.receiving import receive_file
from unilogin.roster.model import DeliveryKind
from unilogin.roster.senders.actions import note_refused
from unilogin.roster.senders.model import Proof, TokenBearer
from unilogin.roster.senders.queries import institution_of_bearer, may_deliver_more
from unilogin.roster.senders.rules import MOST_AN_HOUR

_STATUS: Mapping[Result, int] = {
    Result.PARKED: 202,
    Result.REFUSED: 422,
    Result.REJECTED: 422,
    Result.OVERTAKEN: 422,
}


async def take_upload(house: House, request: Request, admitted: TokenBearer | FaultError) -> Response:
    """Take a file, load it, and answer with its receipt. The same file once more gets the same receipt."""
    try:
        if isinstance(admitted, FaultError):
            raise admitted
        return _answer(house, request, await _taken(house, request, admitted), ends=admitted.ends)
    except Exception as error:
        fault = fault_of(error)
        metrics.delivery("upload", fault.code)
        return fault_json(fault, house.texts)


async def _taken(house: House, request: Request, bearer: TokenBearer) -> Taken:
    number, kind = str(request.path_params["number"]), _kind(request)
    await _check_leave(house, bearer, number)
    with tempfile.TemporaryFile() as file:
        await _receive(house, request, file)
        proof = Proof(token_id=bearer.token_id)
        taken = await hand_over(house, file, sender=bearer.sender, proof=proof, kind=kind, only=number)
    if isinstance(taken, NotAgreed):
        raise NotAgreedFaultError(number=taken.number[:6])
    return taken


async def _receive(house: House, request: Request, file: IO[bytes]) -> None:
    """Take the body, which is the file and no form with the file in it."""
    if request.headers.get("content-type", "").strip().lower().startswith("multipart/"):
        raise FormError()
    try:
        await receive_file(request, file, most=house.largest_upload, places=house.arriving)
    except OversizeError as error:  # whose sentence is that of SOAP: there is another way for larger ones
        raise UploadOversizeError(**error.fields) from error


def _kind(request: Request) -> DeliveryKind:
    try:
        return DeliveryKind(request.query_params.get("kind", DeliveryKind.FULL))
    except ValueError:
        raise KindError() from None


async def _check_leave(house: House, bearer: TokenBearer, number: str) -> None:
    """Refuse before the file comes. An institution that there is not sounds like one that is not the sender's."""
    async with acquire(house.pool) as connection:
        wanted = await institution_of_bearer(connection, bearer, number=number)
        if wanted and not await may_deliver_more(connection, bearer.sender, [wanted]):
            raise TooManyDeliveriesError(most=MOST_AN_HOUR)
    if wanted:
        return
    async with transaction(house.pool) as tx:
        await note_refused(tx, bearer.sender.actor, why="no agreement", number=number)
    raise NotAgreedFaultError(number=number[:6])


def _answer(house: House, request: Request, taken: Taken, *, ends: datetime | None) -> Response:
    result = result_of(taken.told)
    metrics.delivery("upload", result)
    address = address_of(house.base_url, str(request.path_params["number"]), taken.receipt["delivery_id"])
    told = {
        "result": result,
        "address": address,
        "summary": {language: summary_of(result, taken.told, house.texts, language) for language in LANGUAGES},
        **taken.receipt,
        "warnings": warnings_of(house.texts, "token", ends),
    }
    return json_answer(told, status=_STATUS.get(result, 200), headers={"Location": address})
