"""What a service's registration may contain. The same rules for adding and for changing (V-18)."""

import re
from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

from unilogin.kit.addresses import is_loopback
from unilogin.kit.errors import UniloginError

MAX_URI_CHARACTERS = 512
MAX_NAME_CHARACTERS = 100
_CLIENT_ID = re.compile(r"[!-~]{1,128}")
_URI_CHARACTERS = re.compile(r"[!-~]+")


class RegistrationError(UniloginError):
    """A registration is refused; the sentence names the field and says what is allowed."""

    code = "registration"


def is_client_id(text: str) -> bool:
    """Tell whether a text can be a client id: a name or a URL of visible ASCII characters."""
    return _CLIENT_ID.fullmatch(text) is not None


def checked_client_id(client_id: str) -> str:
    """Return a client id that may be registered; raises RegistrationError otherwise."""
    if not is_client_id(client_id):
        raise RegistrationError("client id: 1 to 128 visible ASCII characters, no spaces")
    return client_id


def checked_name(name: str, field: str) -> str:
    """Return a name that people may be shown; raises RegistrationError otherwise.

    Nothing invisible: what turns the direction of writing would turn our own sentence around the name as well (B-L22).
    """
    if not name.strip() or len(name) > MAX_NAME_CHARACTERS or not name.isprintable():
        raise RegistrationError(f"{field}: 1 to {MAX_NAME_CHARACTERS} visible characters")
    return name


def checked_uri(uri: str, field: str) -> str:
    """Return a redirect or home URI that may be registered; raises RegistrationError otherwise.

    https, or http on loopback only (OAuth 2.1 §2.3); no fragment, no user-info, no wildcard, no ``..`` (V-01 … V-04).
    """
    parts = _split(uri, field)
    host = parts.hostname or ""
    if parts.scheme not in ("https", "http") or not host:
        raise RegistrationError(f"{field}: '{uri}' must begin with https:// (http:// only for localhost)")
    if parts.scheme == "http" and not is_loopback(host):
        raise RegistrationError(f"{field}: '{uri}' must use https; plain http is only for localhost")
    if parts.username is not None or "#" in uri or "*" in uri or "\\" in uri or ".." in parts.path:
        raise RegistrationError(f"{field}: '{uri}' must not contain user names, '#', '*', '\\' or '..'")
    return uri


def checked_logout_uris(back: str | None, front: str | None, redirect_uris: Iterable[str]) -> None:
    """Raise RegistrationError unless a service may be told of logouts at these addresses.

    The front one is shown in browsers: only where the service shows pages anyway (Front-Channel Logout 1.0 §2).
    """
    if back is not None:
        checked_uri(back, "back-channel logout URI")
    if front is not None and origin_of(checked_uri(front, "front-channel logout URI")) not in {
        origin_of(uri) for uri in redirect_uris
    }:
        raise RegistrationError(f"front-channel logout URI: '{front}' must have the origin of a redirect URI")


def _split(uri: str, field: str) -> SplitResult:
    if len(uri) > MAX_URI_CHARACTERS or not _URI_CHARACTERS.fullmatch(uri):
        raise RegistrationError(f"{field}: at most {MAX_URI_CHARACTERS} visible ASCII characters")
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError as error:
        raise RegistrationError(f"{field}: '{uri}' is not a URL") from error
    return parts


def origin_of(uri: str) -> str:
    """Return scheme, host and port of a registered URI."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}"
