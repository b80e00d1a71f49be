"""``/bpi/wsaimport/8``: what the service is, and what it does."""

from html import escape
from urllib.parse import urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from unilogin.house import House
from unilogin.kit import metrics
from unilogin.kit.web.errors import RefusedError
from unilogin.kit.web.frame import UNAVAILABLE, UNAVAILABLE_STATES
from unilogin.protocols.bpi.answers import action_of, answer, fault_answer, fault_of
from unilogin.protocols.bpi.certificate import Signer, signer
from unilogin.protocols.bpi.description import schema, wsdl
from unilogin.protocols.bpi.errors import FaultError, RightsError
from unilogin.protocols.bpi.handing_over import hand_over
from unilogin.protocols.bpi.messages import code_of, result_of, summary_of, warnings_of
from unilogin.protocols.bpi.model import DELIVERIES, Call, NotAgreed, Operation
from unilogin.protocols.bpi.names import SERVICE
from unilogin.roster.senders.model import Proof

_MOST_FINDINGS = 1000
"""In a SOAP answer; ``finding_count`` says how many there are. More might be more than a reader of XML takes."""


async def describe(house: House, request: Request, _: None) -> Response:
    """Serve the WSDL and its schemas, as ``?wsdl`` and ``?xsd=…`` name them."""
    asked = {name.lower(): value for name, value in request.query_params.items()}
    found = wsdl(house.base_url) if "wsdl" in asked else schema(asked.get("xsd", ""))
    if found is None:
        raise RefusedError(404, "look.stopped.not_found")
    return Response(found, media_type="text/xml; charset=utf-8")


async def call(house: House, request: Request, admitted: Call | FaultError) -> Response:
    """Do what a signed message asks, and sign the answer."""
    relates_to = None if isinstance(admitted, FaultError) else admitted.message.message_id
    try:
        if isinstance(admitted, FaultError):
            raise admitted
        with admitted.document:
            body = await _do(house, admitted)
        action = action_of(admitted.message.operation)
        return answer(body, action=action, relates_to=relates_to, signer=await _signer(house))
    except Exception as error:
        return await _fault(house, fault_of(error), relates_to)


async def _do(house: House, asked: Call) -> str:
    message = asked.message
    match message.operation:
        case Operation.HELLO:
            inner = f"<a:helloWorldResult>Hello {escape(asked.sender.system_id)}!</a:helloWorldResult>"
        case Operation.AGREEMENTS:
            inner = "".join(f"<a:regnr>{escape(number)}</a:regnr>" for number in asked.numbers)
        case _:
            inner = await _deliver(house, asked)
    return f'<a:{message.operation}Response xmlns:a="{message.namespace}">{inner}</a:{message.operation}Response>'


async def _deliver(house: House, asked: Call) -> str:
    kind = DELIVERIES[asked.message.operation]
    proof = Proof(fingerprint=asked.message.fingerprint)
    taken = await hand_over(house, asked.document, sender=asked.sender, proof=proof, kind=kind)
    if isinstance(taken, NotAgreed):
        raise RightsError(number=taken.number[:6])
    metrics.delivery("soap", result_of(taken.told))
    findings = taken.receipt.get("findings")
    shown = findings[:_MOST_FINDINGS] if isinstance(findings, list) else []
    warnings = warnings_of(house.texts, "certificate", asked.ends)
    receipt = msgspec.json.encode({**taken.receipt, "findings": shown, "warnings": warnings}).decode()
    said = [summary_of(result_of(taken.told), taken.told, house.texts, "da")]
    said += [house.texts("da", "bpi.warning.certificate_ends", date=f"{asked.ends:%Y-%m-%d}")] if asked.ends else []
    return (
        f'<s:svar xmlns:s="{SERVICE}"><s:reskode>{code_of(taken.told)}</s:reskode>'
        f"<s:restekst>{escape(' '.join(said))}</s:restekst>"
        f"<s:kvittering>{escape(receipt)}</s:kvittering></s:svar>"
    )


async def _fault(house: House, fault: FaultError, relates_to: str | None) -> Response:
    metrics.delivery("soap", fault.code)
    fault.answers = fault.answers or relates_to
    try:
        signing: Signer | None = await _signer(house)
    except (*UNAVAILABLE, *UNAVAILABLE_STATES):
        signing = None
    return fault_answer(fault, house.texts, signer=signing)


async def _signer(house: House) -> Signer:
    return await signer(house.pool, house.secrets, host=urlsplit(house.base_url).hostname or "localhost")
