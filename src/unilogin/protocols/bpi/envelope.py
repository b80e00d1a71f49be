"""Reading a signed SOAP message: all of it in one pass, in one thread, so that only plain values leave.

Order: is it a document, is it an envelope, is it signed in our one shape, are the four parts that count among what was
signed – the elements themselves, not others with their ids – and only then what they say. Nothing else of the message
is ever read (V-70 to V-90).
"""

import base64
import binascii
from collections.abc import Iterable, Mapping
from datetime import datetime

from unilogin.kit.certificates import CertificateError, fingerprint_of, read_der, rsa_key_of
from unilogin.kit.xml.errors import DocumentError
from unilogin.kit.xml.signatures import SignatureError, canonical, read_signature, verify
from unilogin.kit.xml.small import read_small
from unilogin.kit.xml.tree import Element, split_tag
from unilogin.protocols.bpi.errors import (
    ActionError,
    AddressError,
    DocumentFaultError,
    FaultError,
    OperationError,
    RosterMissingError,
    SignatureFaultError,
    StructureError,
    SystemMissingError,
    TimestampError,
    UnderstandError,
    UnsignedError,
    VersionError,
)
from unilogin.protocols.bpi.model import DELIVERIES, Message, Operation
from unilogin.protocols.bpi.names import (
    ADDRESSING,
    ANONYMOUS,
    BASE64,
    COMMON,
    ID,
    SECURITY,
    SERVICE,
    SIGNATURE,
    SOAP,
    SOAP_11,
    UTILITY,
    X509,
)

LONGEST_MESSAGE = 32 * 1024 * 1024
_LONGEST_ID = 256

_SECURITY = f"{{{SECURITY}}}Security"
_TOKEN = f"{{{SECURITY}}}BinarySecurityToken"
_TIMESTAMP = f"{{{UTILITY}}}Timestamp"
_SIGNATURE = f"{{{SIGNATURE}}}Signature"
_MESSAGE_ID = f"{{{ADDRESSING}}}MessageID"
_TO = f"{{{ADDRESSING}}}To"
_ACTION = f"{{{ADDRESSING}}}Action"
_SYSTEM_ID = f"{{{COMMON}}}UdbydersystemId"
_UNDERSTOOD = {_SECURITY, _SYSTEM_ID, *(f"{{{ADDRESSING}}}{name}" for name in ("MessageID", "To", "Action", "ReplyTo"))}
_ANY_NAMESPACE = {Operation.HELLO, Operation.AGREEMENTS}
"""Clients send these in the service's namespace as well as in the common one."""


def read_message(content: bytes, *, endpoint: str) -> tuple[Message, bytes]:
    """Return a message, checked, and the roster in it; raises FaultError. Blocks: call it beside the event loop.

    The roster comes in the canonical form that was signed; it is empty for an operation without one.
    """
    try:
        root = read_small(content, longest=LONGEST_MESSAGE)
    except DocumentError as error:
        raise DocumentFaultError(why=error.code) from error
    header, body = _envelope(root)
    headers = _by_tag(header, "Header")
    try:
        return _read(headers, body, endpoint=endpoint)
    except FaultError as fault:
        fault.answers = _short(headers.get(_MESSAGE_ID))
        raise


def _read(headers: Mapping[str, Element], body: Element, *, endpoint: str) -> tuple[Message, bytes]:
    _refuse_unknown_duties(headers.values())
    if _SECURITY not in headers:
        raise UnsignedError(part="wsse:Security")
    security = _by_tag(headers[_SECURITY], "wsse:Security")
    for tag in (_TOKEN, _TIMESTAMP, _SIGNATURE):
        if tag not in security:
            raise UnsignedError(part=_name(tag))
    if _SYSTEM_ID not in headers or not (system_id := _short(headers[_SYSTEM_ID])):
        raise SystemMissingError()
    der = _der(security[_TOKEN])
    _check_signed(headers, security, body=body, der=der)
    return _message(headers, security[_TIMESTAMP], body=body, der=der, system_id=system_id, endpoint=endpoint)


def _message(
    headers: Mapping[str, Element],
    timestamp: Element,
    *,
    body: Element,
    der: bytes,
    system_id: str,
    endpoint: str,
) -> tuple[Message, bytes]:
    """Put together what the signed parts say; To and Action, signed or not, may only agree with it."""
    created, expires = _lifetime(timestamp)
    namespace, operation, document = _request(body)
    to = _short(headers.get(_TO))
    if to not in (None, ANONYMOUS) and to.rstrip("/") != endpoint:
        raise AddressError(to=to, endpoint=endpoint)
    action = _short(headers.get(_ACTION))
    if action is not None and action.rpartition("/")[2] != operation:
        raise ActionError(action=action, expected=f"{SERVICE}/{operation}")
    message_id = _short(headers[_MESSAGE_ID]) or ""
    return Message(operation, namespace, message_id, system_id, fingerprint_of(der), created, expires), document


# The envelope --------------------------------------------------------------------------------------------------------


def _envelope(root: Element) -> tuple[Element, Element]:
    """Return Header and Body: exactly these, in this order (SOAP 1.2 part 1 §5)."""
    if root.tag == f"{{{SOAP_11}}}Envelope":
        raise VersionError()
    if root.tag != f"{{{SOAP}}}Envelope" or [child.tag for child in root] != [f"{{{SOAP}}}Header", f"{{{SOAP}}}Body"]:
        raise StructureError(what="soap:Envelope")
    header, body = root
    return header, body


def _by_tag(parent: Element, name: str) -> dict[str, Element]:
    """Return the children by their tags; one that is there twice could mean two things to two readers (V-71)."""
    found: dict[str, Element] = {}
    for child in parent:
        if found.setdefault(child.tag, child) is not child:
            raise StructureError(what=f"{name}/{_name(child.tag)}")
    return found


def _refuse_unknown_duties(headers: Iterable[Element]) -> None:
    """Refuse a header that we would have to understand and do not (SOAP 1.2 part 1 §2.4)."""
    for header in headers:
        if header.tag not in _UNDERSTOOD and header.get(f"{{{SOAP}}}mustUnderstand") in ("1", "true"):
            raise UnderstandError(header=_name(header.tag))


# The signature -------------------------------------------------------------------------------------------------------


def _check_signed(
    headers: Mapping[str, Element], security: Mapping[str, Element], *, body: Element, der: bytes
) -> None:
    """Prove that Body, Timestamp, MessageID and UdbydersystemId are what the certificate's key has signed."""
    offered = _offered([*(part for tag, part in headers.items() if tag != _SECURITY), *security.values(), body])
    try:
        signature = read_signature(security[_SIGNATURE])
        _check_key_info(signature.key_info, security[_TOKEN])
        signed = verify(signature, rsa_key_of(read_der(der)), offered=offered)
    except (SignatureError, CertificateError) as error:
        raise SignatureFaultError(why=str(error)) from error
    needed = {
        "Body": body,
        "Timestamp": security[_TIMESTAMP],
        "MessageID": headers.get(_MESSAGE_ID),
        "UdbydersystemId": headers[_SYSTEM_ID],
    }
    for name, part in needed.items():
        if part is None or not any(part is one for one in signed):
            raise UnsignedError(part=name)
    if not _short(headers[_MESSAGE_ID]):
        raise StructureError(what="wsa:MessageID")


def _offered(parts: Iterable[Element]) -> dict[str, Element]:
    """Return what may be signed, by its wsu:Id: the headers, what stands in Security, and the Body. Nothing deeper."""
    offered: dict[str, Element] = {}
    for part in parts:
        part_id = part.get(ID)
        if part_id is not None and offered.setdefault(part_id, part) is not part:
            raise SignatureFaultError(why=f"two parts have the id '{part_id}'")
    return offered


def _check_key_info(key_info: Element, token: Element) -> None:
    """The key is named in one way only: the certificate that stands in this very header, by its id."""
    references = list(key_info)
    if len(references) == 1 and references[0].tag == f"{{{SECURITY}}}SecurityTokenReference":
        references = list(references[0])
    if len(references) != 1 or references[0].tag != f"{{{SECURITY}}}Reference":
        raise SignatureError("KeyInfo must hold a SecurityTokenReference with one Reference")
    token_id = token.get(ID)
    if token_id is None or references[0].get("URI") != f"#{token_id}":
        raise SignatureError("the Reference in KeyInfo must name the BinarySecurityToken of this message by its id")


def _der(token: Element) -> bytes:
    if token.get("ValueType") != X509 or token.get("EncodingType", BASE64) != BASE64 or len(token):
        raise SignatureFaultError(why="the BinarySecurityToken must be one X509v3 certificate in base64")
    try:
        return base64.b64decode("".join((token.text or "").split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise SignatureFaultError(why="the BinarySecurityToken is not base64") from error


# What it says --------------------------------------------------------------------------------------------------------


def _lifetime(timestamp: Element) -> tuple[datetime, datetime]:
    if [child.tag for child in timestamp] != [f"{{{UTILITY}}}Created", f"{{{UTILITY}}}Expires"]:
        raise TimestampError()
    created, expires = (_time(child) for child in timestamp)
    return created, expires


def _time(element: Element) -> datetime:
    try:
        time = datetime.fromisoformat(_short(element) or "")
    except ValueError as error:
        raise TimestampError() from error
    if time.tzinfo is None:
        raise TimestampError()
    return time


def _request(body: Element) -> tuple[str, Operation, bytes]:
    if len(body) != 1:
        raise StructureError(what="soap:Body")
    namespace, name = split_tag(body[0].tag)
    try:
        operation = Operation(name)
    except ValueError:
        raise OperationError(name=name[:100]) from None
    if namespace != SERVICE and not (namespace == COMMON and operation in _ANY_NAMESPACE):
        raise OperationError(name=f"{{{namespace}}}{name}"[:200])
    return namespace, operation, _roster(body[0]) if operation in DELIVERIES else b""


def _roster(request: Element) -> bytes:
    """Return the roster in the canonical form that was signed: not written anew by anybody (V-90)."""
    if [child.tag for child in request] != [f"{{{SERVICE}}}instXML"]:
        raise RosterMissingError()
    place = request[0]
    if len(place) != 1 or (place.text or "").strip() or (place[0].tail or "").strip():
        raise RosterMissingError()
    return canonical(place[0])


def _short(element: Element | None) -> str | None:
    """Return the text of a small element without children; longer is nothing."""
    if element is None or len(element):
        return None
    text = (element.text or "").strip()
    return text if 0 < len(text) <= _LONGEST_ID else None


def _name(tag: str) -> str:
    return split_tag(tag)[1][:100]
