"""What browsers and authenticators say, taken apart strictly; and what they are asked, as JSON for the page.

The JSON is the one of WebAuthn Level 3 §5.1: what ``toJSON`` of a browser's PublicKeyCredential gives.
"""

import base64
import binascii
import re
from collections.abc import Sequence

import msgspec

from unilogin.domain.credentials.passkeys.errors import PasskeyRefusedError, Why
from unilogin.domain.credentials.passkeys.model import Assertion, Attestation, Site
from unilogin.domain.directory.model import AccountId, Username

ES256, EDDSA, RS256 = -7, -8, -257
ALGORITHMS = (ES256, EDDSA, RS256)
"""COSE numbers, in the order we like them; RS256 is what older Windows makes."""

TIMEOUT_MILLISECONDS = 5 * 60 * 1000

_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")
_TRANSPORTS = frozenset({"ble", "cable", "hybrid", "internal", "nfc", "smart-card", "usb"})


class _ClientData(msgspec.Struct):
    type: str
    challenge: str
    origin: str
    crossOrigin: bool = False  # noqa: N815 - as it is written on the wire


class _AssertionResponse(msgspec.Struct):
    clientDataJSON: str  # noqa: N815 - as it is written on the wire
    authenticatorData: str  # noqa: N815 - as it is written on the wire
    signature: str
    userHandle: str  # noqa: N815 - as it is written on the wire


class _AttestationResponse(msgspec.Struct):
    clientDataJSON: str  # noqa: N815 - as it is written on the wire
    attestationObject: str  # noqa: N815 - as it is written on the wire
    transports: list[str] = []


class _Asserted(msgspec.Struct):
    id: str
    response: _AssertionResponse
    authenticatorAttachment: str | None = None  # noqa: N815 - as it is written on the wire


class _Attested(msgspec.Struct):
    id: str
    response: _AttestationResponse
    authenticatorAttachment: str | None = None  # noqa: N815 - as it is written on the wire


_ASSERTED = msgspec.json.Decoder(_Asserted)
_ATTESTED = msgspec.json.Decoder(_Attested)
_CLIENT_DATA = msgspec.json.Decoder(_ClientData)


def read_assertion(posted: str) -> Assertion:
    """Take an answer to "sign in" apart; raises PasskeyRefusedError for anything that is none."""
    try:
        said = _ASSERTED.decode(posted)
        client_data = _bytes(said.response.clientDataJSON)
        said_by_browser = _CLIENT_DATA.decode(client_data)
        return Assertion(
            challenge=said_by_browser.challenge,
            framed=said_by_browser.crossOrigin,
            built_in=said.authenticatorAttachment == "platform",
            credential_id=_bytes(said.id),
            client_data=client_data,
            authenticator_data=_bytes(said.response.authenticatorData),
            signature=_bytes(said.response.signature),
            user_handle=_bytes(said.response.userHandle),
        )
    except (msgspec.MsgspecError, UnicodeError, binascii.Error, RecursionError) as error:
        raise PasskeyRefusedError(Why.MALFORMED) from error


def read_attestation(posted: str) -> Attestation:
    """Take an answer to "add" apart; raises PasskeyRefusedError for anything that is none."""
    try:
        said = _ATTESTED.decode(posted)
        client_data = _bytes(said.response.clientDataJSON)
        said_by_browser = _CLIENT_DATA.decode(client_data)
        return Attestation(
            challenge=said_by_browser.challenge,
            framed=said_by_browser.crossOrigin,
            built_in=said.authenticatorAttachment == "platform",
            credential_id=_bytes(said.id),
            client_data=client_data,
            attestation_object=_bytes(said.response.attestationObject),
            transports=tuple(sorted(_TRANSPORTS.intersection(said.response.transports))),
        )
    except (msgspec.MsgspecError, UnicodeError, binascii.Error, RecursionError) as error:
        raise PasskeyRefusedError(Why.MALFORMED) from error


def _bytes(text: str) -> bytes:
    if not _BASE64URL.fullmatch(text):
        raise binascii.Error("not base64url")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def challenge_bytes(challenge: str) -> bytes:
    """Return the bits of a challenge as ``new_token`` writes it."""
    return _bytes(challenge)


def user_handle(account_id: AccountId) -> bytes:
    """Return how authenticators know an account: says nothing about the person."""
    return account_id.bytes


def sign_in_options(site: Site, challenge: str) -> dict[str, object]:
    """Return what to ask when somebody signs in: any passkey of ours, so that nobody learns who has one."""
    return {
        "challenge": challenge,
        "rpId": site.rp_id,
        "allowCredentials": [],
        "userVerification": "required",
        "timeout": TIMEOUT_MILLISECONDS,
    }


def add_options(
    site: Site, challenge: str, *, account_id: AccountId, username: Username, known: Sequence[bytes]
) -> dict[str, object]:
    """Return what to ask when somebody adds a passkey; ``known`` are the ones the person has already.

    Key rings copy what stands here to Apple, Google or Microsoft: the username and no name of a person.
    """
    return {
        "challenge": challenge,
        "rp": {"id": site.rp_id, "name": "Unilogin"},
        "user": {"id": _text(user_handle(account_id)), "name": username, "displayName": username},
        "pubKeyCredParams": [{"type": "public-key", "alg": algorithm} for algorithm in ALGORITHMS],
        "excludeCredentials": [{"type": "public-key", "id": _text(credential_id)} for credential_id in known],
        "authenticatorSelection": {
            "residentKey": "required",
            "requireResidentKey": True,
            "userVerification": "required",
        },
        "attestation": "none",
        "timeout": TIMEOUT_MILLISECONDS,
    }
