"""What is checked on the authorization endpoint, in which order: ``AUTHORIZATION_CHECKS``. Pure; each raises or passes.

The first two raise ``LocalError``: until they have passed there is nowhere an answer may be sent (RFC 9700 §4.11), and
``Asked.reply_to``, without which nothing is sent, repeats them. All others are answered at that address.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from unilogin.domain.services.model import Client, Level
from unilogin.protocols.oidc.errors import (
    InvalidRequestError,
    InvalidScopeError,
    RedirectUriError,
    RegistrationNotSupportedError,
    RequestNotSupportedError,
    RequestUriNotSupportedError,
    UnknownClientError,
    UnmetAuthenticationRequirementsError,
    UnsupportedResponseTypeError,
)
from unilogin.protocols.oidc.levels import REACHABLE, higher, lowest
from unilogin.protocols.oidc.model import SCOPE
from unilogin.protocols.oidc.pkce import is_challenge
from unilogin.protocols.oidc.request import AuthorizationRequest, Prompt, ResponseMode

MAX_STATE_BYTES = 2048
MAX_NONCE_CHARACTERS = 512

_LOOPBACK = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]|localhost))(?::[0-9]{1,5})?(/.*)?")
_VISIBLE = re.compile(r"[ -~]*")
_SCOPE = re.compile(r"[!#-\[\]-~]+")  # RFC 6749 §3.3


@dataclass(frozen=True, slots=True)
class ReplyTo:
    """Where and how the answer travels: only a registered redirect URI becomes one."""

    redirect_uri: str
    state: str
    mode: ResponseMode


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, the enabled client its ``client_id`` names, if any, and how sure a journey can be of somebody now."""

    request: AuthorizationRequest
    found: Client | None
    reachable: Level = REACHABLE

    @property
    def client(self) -> Client:
        """The client; raises UnknownClientError."""
        if self.found is None or "client_id" in self.request.repeated:
            raise UnknownClientError("client_id is missing, repeated or not registered", sent=self.request.client_id)
        return self.found

    @property
    def reply_to(self) -> ReplyTo:
        """The address of the answer; raises LocalError when there is none that is certain."""
        request, client = self.request, self.client
        if not redirect_uri_fits(request.redirect_uri, client) or "redirect_uri" in request.repeated:
            raise RedirectUriError(
                "redirect_uri is missing, repeated or not registered for this client, character by character",
                sent=request.redirect_uri,
                registered=client.redirect_uris,
                client_id=client.client_id,
            )
        mode = ResponseMode.FORM_POST if request.response_mode == ResponseMode.FORM_POST else ResponseMode.QUERY
        return ReplyTo(request.redirect_uri, request.state if _state_may_return(request) else "", mode)

    @property
    def insisted_level(self) -> Level:
        """The level without which the person does not enter: the service's own, or an essential ``acr``."""
        return higher(self.client.service.minimum_level, lowest(self.request.essential_levels or ()))

    @property
    def wished_level(self) -> Level:
        """The level that the service would like, and does without."""
        return higher(self.insisted_level, lowest(self.request.wished_levels))


def redirect_uri_fits(uri: str, client: Client) -> bool:
    """Tell whether a redirect URI is one of the client's, compared exactly (RFC 9700 §2.1, N-30)."""
    if not client.confidential and (here := _LOOPBACK.fullmatch(uri)):
        # RFC 8252 §7.3: a native client listens on whatever port is free, everything else is compared exactly
        known = (_LOOPBACK.fullmatch(registered) for registered in client.redirect_uris)
        return any(there is not None and there.groups() == here.groups() for there in known)
    return uri in client.redirect_uris


def _state_may_return(request: AuthorizationRequest) -> bool:
    return "state" not in request.repeated and len(request.state.encode()) <= MAX_STATE_BYTES


def check_client(asked: Asked) -> None:
    """The client is known and enabled."""
    _ = asked.client


def check_redirect_uri(asked: Asked) -> None:
    """The redirect URI is one of the client's."""
    _ = asked.reply_to


def check_nothing_repeated(asked: Asked) -> None:
    """OAuth 2.1 §3.1: no parameter is given twice, not in query and body either."""
    if asked.request.repeated:
        raise InvalidRequestError(f"parameter given more than once: {min(asked.request.repeated)}")


def check_state(asked: Asked) -> None:
    """``state`` comes back byte by byte, so it has a bound (B-O06)."""
    if not _state_may_return(asked.request):
        raise InvalidRequestError(f"state is longer than {MAX_STATE_BYTES} bytes")


def check_response_mode(asked: Asked) -> None:
    """OAuth 2.0 Multiple Response Types §2.1; Form Post Response Mode."""
    if asked.request.response_mode not in list(ResponseMode):
        raise InvalidRequestError("response_mode must be query or form_post")


def check_request_objects(asked: Asked) -> None:
    """OpenID Connect Core §6: neither by value nor by reference; nothing is ever fetched (B-O09)."""
    sent = asked.request.request_objects
    if "request" in sent:
        raise RequestNotSupportedError("request objects are not supported")
    if "request_uri" in sent:
        raise RequestUriNotSupportedError("request_uri is not supported")
    if "registration" in sent:
        raise RegistrationNotSupportedError("registration is not supported")


def check_response_type(asked: Asked) -> None:
    """RFC 9700 §2.1.2: the code flow only (N-33)."""
    if not asked.request.response_type:
        raise InvalidRequestError("response_type is missing; it must be code")
    if asked.request.response_type != "code":
        raise UnsupportedResponseTypeError("response_type must be code")


def check_scope(asked: Asked) -> None:
    """OpenID Connect Core §3.1.2.1: ``openid`` is asked for. Other scopes give nothing here and are ignored (B-O05)."""
    if SCOPE not in asked.request.scope:
        raise InvalidScopeError("scope must contain openid")
    if not all(_SCOPE.fullmatch(scope) for scope in asked.request.scope):
        raise InvalidScopeError("scope has characters that RFC 6749 section 3.3 does not allow")


def check_nonce(asked: Asked) -> None:
    """``nonce`` is kept until the code is redeemed, so it has a bound (B-O07)."""
    if len(asked.request.nonce) > MAX_NONCE_CHARACTERS or not _VISIBLE.fullmatch(asked.request.nonce):
        raise InvalidRequestError(f"nonce must be at most {MAX_NONCE_CHARACTERS} printable ASCII characters")


def check_pkce(asked: Asked) -> None:
    """RFC 7636, RFC 9700 §2.1.1: a challenge by S256, unless the client may rely on ``nonce`` instead (V-07)."""
    request, client = asked.request, asked.client
    if not request.code_challenge and not request.code_challenge_method:
        if client.pkce_required or not client.confidential:
            raise InvalidRequestError("code_challenge is missing; PKCE with S256 is required")
        if not request.nonce:
            raise InvalidRequestError("send code_challenge (PKCE with S256) or nonce")
        return
    if request.code_challenge_method != "S256":
        raise InvalidRequestError("code_challenge_method must be S256")
    if not is_challenge(request.code_challenge):
        raise InvalidRequestError("code_challenge must be 43 characters of base64url: the SHA-256 of the verifier")


def check_prompt(asked: Asked) -> None:
    """OpenID Connect Core §3.1.2.1."""
    if "prompt" in asked.request.unreadable:
        raise InvalidRequestError("prompt must be none, login, consent or select_account")
    if Prompt.NONE in asked.request.prompts and len(asked.request.prompts) > 1:
        raise InvalidRequestError("prompt none cannot be combined with others")


def check_max_age(asked: Asked) -> None:
    """OpenID Connect Core §3.1.2.1."""
    if "max_age" in asked.request.unreadable:
        raise InvalidRequestError("max_age must be a whole number of seconds from 0 to 999999999")


def check_claims(asked: Asked) -> None:
    """OpenID Connect Core §5.5."""
    if "claims" in asked.request.unreadable:
        raise InvalidRequestError("claims must be a JSON object of at most 4096 characters, no member twice")


def check_level(asked: Asked) -> None:
    """An essential ``acr``, or the service's own lowest level, can be reached at all (B-O22)."""
    unknown = asked.request.essential_levels == ()
    if unknown or asked.insisted_level.rank > asked.reachable.rank:
        raise UnmetAuthenticationRequirementsError("the required level of assurance cannot be reached")


AUTHORIZATION_CHECKS: tuple[Callable[[Asked], None], ...] = (
    check_client,
    check_redirect_uri,
    check_nothing_repeated,
    check_state,
    check_response_mode,
    check_request_objects,
    check_response_type,
    check_scope,
    check_nonce,
    check_pkce,
    check_prompt,
    check_max_age,
    check_claims,
    check_level,
)


def check_authorization(asked: Asked) -> None:
    """Run every check in order; raises the first OidcError."""
    for check in AUTHORIZATION_CHECKS:
        check(asked)
