"""Writing answers: a signed SOAP envelope around what was asked for, or around a fault; JSON for plain HTTPS."""

import base64
from collections.abc import Mapping
from datetime import timedelta
from html import escape
from uuid import uuid4

import msgspec
from starlette.responses import Response

from unilogin.kit.places import FullError
from unilogin.kit.text import LANGUAGES, Language, Texts
from unilogin.kit.web.frame import UNAVAILABLE, UNAVAILABLE_STATES, note_fault, note_unavailable
from unilogin.kit.xml.signatures import sign
from unilogin.kit.xml.small import read_small
from unilogin.kit.xml.tree import Element, written
from unilogin.protocols.bpi.certificate import Signer
from unilogin.protocols.bpi.envelope import LONGEST_MESSAGE
from unilogin.protocols.bpi.errors import (
    COME_AGAIN,
    BrokenError,
    BusyError,
    DocumentFaultError,
    FaultError,
    TokenError,
)
from unilogin.protocols.bpi.names import (
    ADDRESSING,
    ANONYMOUS,
    BASE64,
    COMMON,
    CONTENT_TYPE,
    ID,
    PORT_TYPE,
    SECURITY,
    SERVICE,
    SOAP,
    UTILITY,
    X509,
)

_LIFE = timedelta(minutes=5)
_FAULT_ACTION = f"{SERVICE}/{PORT_TYPE}/fault"


def fault_of(error: Exception) -> FaultError:
    """Return the fault to answer with, from an ``except`` for everything: the frame would answer with a page."""
    if isinstance(error, FaultError):
        return error
    if isinstance(error, (FullError, *UNAVAILABLE, *UNAVAILABLE_STATES)):
        note_unavailable(error)
        return BusyError()
    return BrokenError(incident=note_fault())


def action_of(operation: str) -> str:
    """Return the wsa:Action of the answer to an operation."""
    return f"{SERVICE}/{PORT_TYPE}/{operation}Response"


def answer(body: str, *, action: str, relates_to: str | None, signer: Signer) -> Response:
    """Return a signed answer; ``body`` is XML."""
    return _response(_envelope(body, action=action, relates_to=relates_to, signer=signer))


def fault_answer(fault: FaultError, texts: Texts, *, signer: Signer | None) -> Response:
    """Return a fault, signed unless there is nothing to sign with: the database is away."""
    envelope = _envelope(_fault(fault, texts), action=_FAULT_ACTION, relates_to=fault.answers, signer=signer)
    headers = {"Retry-After": "60"} if fault.status in COME_AGAIN else {}
    return _response(envelope, status=fault.status, headers=headers)


def json_answer(told: Mapping[str, object], *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return an answer to a plain request."""
    return Response(msgspec.json.encode(told), status, headers=headers, media_type="application/json")


def fault_json(fault: FaultError, texts: Texts) -> Response:
    """Return why a plain request is not done, in both languages."""
    sentences = {language: _words(fault, texts, language) for language in LANGUAGES}
    headers = {"WWW-Authenticate": 'Bearer realm="unilogin"'} if isinstance(fault, TokenError) else {}
    if fault.status in COME_AGAIN:
        headers["Retry-After"] = "60"
    return json_answer({"error": fault.code, "message": sentences}, status=fault.status, headers=headers)


def _response(content: bytes, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(content, status, headers=headers, media_type=f"{CONTENT_TYPE}; charset=utf-8")


def _words(fault: FaultError, texts: Texts, language: Language) -> str:
    """Say why in one language; what is wrong with a document is a code, with a signature a sentence for developers."""
    fields = dict(fault.fields)
    if isinstance(fault, DocumentFaultError):
        fields["why"] = texts(language, f"bpi.why.{fields['why']}")
    return texts(language, f"bpi.fault.{fault.code}", **fields)


def _fault(fault: FaultError, texts: Texts) -> str:
    """Write a fault as the service does: the type in the detail and again as the subcode."""
    subcode = f"<soap:Subcode><soap:Value>uni:{fault.kind}</soap:Value></soap:Subcode>" if fault.kind else ""
    reasons = "".join(
        f'<soap:Text xml:lang="{language}">{escape(_words(fault, texts, language))}</soap:Text>'
        for language in LANGUAGES
    )
    detail = (
        f"<soap:Detail><uni:authentificationError><uni:type>{fault.kind}</uni:type></uni:authentificationError>"
        "</soap:Detail>"
        if fault.kind
        else ""
    )
    return (
        f'<soap:Fault xmlns:uni="{COMMON}"><soap:Code><soap:Value>soap:{fault.soap_code}</soap:Value>{subcode}'
        f"</soap:Code><soap:Reason>{reasons}</soap:Reason>{detail}</soap:Fault>"
    )


def _envelope(body: str, *, action: str, relates_to: str | None, signer: Signer | None) -> bytes:
    related = f'<wsa:RelatesTo wsu:Id="related">{escape(relates_to)}</wsa:RelatesTo>' if relates_to else ""
    text = (
        f'<soap:Envelope xmlns:soap="{SOAP}" xmlns:wsa="{ADDRESSING}" xmlns:wsu="{UTILITY}"><soap:Header>'
        f'<wsa:Action wsu:Id="action">{escape(action)}</wsa:Action>'
        f'<wsa:MessageID wsu:Id="message">urn:uuid:{uuid4()}</wsa:MessageID>'
        f"<wsa:To>{ANONYMOUS}</wsa:To>{related}{_security(signer) if signer else ''}</soap:Header>"
        f'<soap:Body wsu:Id="body">{body}</soap:Body></soap:Envelope>'
    )
    root = read_small(text.encode(), longest=LONGEST_MESSAGE)
    if signer is not None:
        _sign(root, signer)
    return written(root)


def _security(signer: Signer) -> str:
    created, expires = (f"{moment:%Y-%m-%dT%H:%M:%S}Z" for moment in (signer.now, signer.now + _LIFE))
    return (
        f'<wsse:Security xmlns:wsse="{SECURITY}" soap:mustUnderstand="true">'
        f'<wsse:BinarySecurityToken wsu:Id="certificate" ValueType="{X509}" EncodingType="{BASE64}">'
        f"{base64.b64encode(signer.own.der).decode()}</wsse:BinarySecurityToken>"
        f'<wsu:Timestamp wsu:Id="timestamp"><wsu:Created>{created}</wsu:Created><wsu:Expires>{expires}</wsu:Expires>'
        "</wsu:Timestamp></wsse:Security>"
    )


def _sign(root: Element, signer: Signer) -> None:
    header, body = root
    security = header[-1]
    parts = {str(part.get(ID)): part for part in (*header, *security, body) if part.get(ID)}
    key_info = (
        f'<wsse:SecurityTokenReference xmlns:wsse="{SECURITY}"><wsse:Reference URI="#certificate" ValueType="{X509}"/>'
        "</wsse:SecurityTokenReference>"
    )
    sign(security, signer.own.key, parts=parts, key_info=key_info)
