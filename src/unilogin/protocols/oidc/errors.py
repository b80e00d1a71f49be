"""What a service is told when something is wrong: one class per error, each with the code of its specification.

Descriptions are for the service's developers: English, ASCII without quotes or backslash (RFC 6749 §5.2), no input.
"""

from typing import ClassVar

from unilogin.kit.errors import UniloginError


class OidcError(UniloginError):
    """A request of a service is refused; ``code`` and ``description`` are sent to it."""

    code = "server_error"
    status: ClassVar[int] = 400

    def __init__(self, description: str) -> None:
        super().__init__(description)
        self.description = description


class LocalError(OidcError):
    """Nothing may be sent anywhere: the client or its redirect URI is not known to be right (RFC 6749 §4.1.2.1).

    The person sees a page of ours (``message``); the developer finds ``sent`` and ``registered`` by the incident id.
    """

    message: ClassVar[str] = "signin.stopped.request"

    def __init__(
        self, description: str, *, sent: str = "", registered: tuple[str, ...] = (), client_id: str | None = None
    ) -> None:
        super().__init__(description)
        self.sent = sent
        self.client_id = client_id
        self.registered = registered


class MalformedRequestError(LocalError):
    """The request cannot be read at all, or came in a way no browser page comes."""

    code = "malformed_request"


class UnknownClientError(LocalError):
    """``client_id`` is missing, repeated, or no enabled client's."""

    code = "unknown_client"
    message = "signin.stopped.unknown_service"


class RedirectUriError(LocalError):
    """``redirect_uri`` is missing, repeated, or not one of the client's, character by character."""

    code = "redirect_uri_mismatch"


class PostLogoutUriError(LocalError):
    """``post_logout_redirect_uri`` is not one of the client's, character by character."""

    code = "post_logout_redirect_uri_mismatch"


class InvalidRequestError(OidcError):
    """RFC 6749 §4.1.2.1, §5.2."""

    code = "invalid_request"


class OversizeRequestError(InvalidRequestError):
    """A body larger than any request needs."""

    status = 413


class UnsupportedResponseTypeError(OidcError):
    """RFC 6749 §4.1.2.1: only ``code`` here."""

    code = "unsupported_response_type"


class InvalidScopeError(OidcError):
    """RFC 6749 §4.1.2.1, §5.2."""

    code = "invalid_scope"


class AccessDeniedError(OidcError):
    """RFC 6749 §4.1.2.1: the person may not enter this service."""

    code = "access_denied"


class LoginRequiredError(OidcError):
    """OpenID Connect Core §3.1.2.6: ``prompt=none``, and somebody would have to sign in."""

    code = "login_required"


class InteractionRequiredError(OidcError):
    """OpenID Connect Core §3.1.2.6: ``prompt=none``, and a role would have to be chosen."""

    code = "interaction_required"


class UnmetAuthenticationRequirementsError(OidcError):
    """OpenID Connect Core Error Code unmet_authentication_requirements 1.0: the level cannot be reached."""

    code = "unmet_authentication_requirements"


class RequestNotSupportedError(OidcError):
    """OpenID Connect Core §3.1.2.6: ``request``."""

    code = "request_not_supported"


class RequestUriNotSupportedError(OidcError):
    """OpenID Connect Core §3.1.2.6: ``request_uri``; nothing is fetched."""

    code = "request_uri_not_supported"


class RegistrationNotSupportedError(OidcError):
    """OpenID Connect Core §3.1.2.6: ``registration``."""

    code = "registration_not_supported"


class InvalidClientError(OidcError):
    """RFC 6749 §5.2: the client did not prove who it is."""

    code = "invalid_client"
    status = 401


class TooManyAttemptsError(OidcError):
    """RFC 6585 §4: somebody at this address has failed to be this client too often in a minute (R13)."""

    code = "temporarily_unavailable"
    status = 429


class InvalidGrantError(OidcError):
    """RFC 6749 §5.2: code or refresh token unknown, used, expired, revoked, or another client's."""

    code = "invalid_grant"


class UnsupportedGrantTypeError(OidcError):
    """RFC 6749 §5.2: only authorization_code and refresh_token here."""

    code = "unsupported_grant_type"


class MissingTokenError(OidcError):
    """RFC 6750 §3: no token was sent; the answer names only the scheme."""

    code = "missing_token"
    status = 401


class InvalidTokenError(OidcError):
    """RFC 6750 §3.1."""

    code = "invalid_token"
    status = 401


class FaultError(OidcError):
    """Something is wrong with us, not with the request (RFC 6749 §4.1.2.1)."""

    code = "server_error"
    status = 500


class UnavailableError(OidcError):
    """The database cannot be asked: nothing was decided, try again (F-10)."""

    code = "temporarily_unavailable"
    status = 503
