"""How answers are written: to a service through the browser, and to a machine as JSON."""

import re
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import Protocol, TypeVar
from urllib.parse import quote, urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from unilogin.domain.services.model import Service
from unilogin.house import House
from unilogin.kit.web.errors import RefusedError
from unilogin.kit.web.frame import (
    CONTENT_SECURITY_POLICY,
    UNAVAILABLE,
    UNAVAILABLE_STATES,
    note_fault,
    note_unavailable,
)
from unilogin.protocols.oidc.checks import ReplyTo
from unilogin.protocols.oidc.errors import (
    FaultError,
    InvalidClientError,
    InvalidTokenError,
    MissingTokenError,
    OidcError,
    TooManyAttemptsError,
    UnavailableError,
)
from unilogin.protocols.oidc.request import ResponseMode

ORIGIN = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]+")
"""An origin that is one source in a policy, whatever a registered address holds."""

_encode = msgspec.json.Encoder().encode
REALM_NAME = "unilogin"


def with_parameters(url: str, parameters: Mapping[str, str]) -> str:
    """Return a URL with parameters added to its query, percent-encoded byte by byte."""
    if not parameters:
        return url
    separator = "?" if "?" not in url else "" if url.endswith(("?", "&")) else "&"
    return url + separator + urlencode(dict(parameters), quote_via=quote)


def see_other(url: str) -> Response:
    """Redirect with 303, so that nothing is ever posted on (N-47); the address stays exactly as it is."""
    return Response(status_code=303, headers={"Location": url})


def answer(
    house: House, request: Request, reply_to: ReplyTo, parameters: Mapping[str, str], *, service: Service
) -> Response:
    """Send parameters to the service with its ``state`` and our ``iss`` (RFC 9207)."""
    state = {"state": reply_to.state} if reply_to.state else {}
    fields = {**parameters, **state, "iss": house.issuer}
    if reply_to.mode is ResponseMode.QUERY:
        return see_other(with_parameters(reply_to.redirect_uri, fields))
    name = service.name_in(house.pages.language(request))
    context = {"action": reply_to.redirect_uri, "fields": fields, "service": name}
    response = house.pages.render(request, "signin/form_post.html", context)
    # Not the one origin: Chromium holds every redirect after the post to form-action, and services send people on to
    # origins of their own that we do not know.
    schemes = "https:" if reply_to.redirect_uri.startswith("https:") else "https: http:"
    policy = CONTENT_SECURITY_POLICY.replace("form-action 'self'", f"form-action {schemes}")
    response.headers["Content-Security-Policy"] = policy
    return response


def json_answer(
    body: Mapping[str, object], *, status: int = 200, headers: Mapping[str, str] | None = None, cached: bool = False
) -> Response:
    """Return a JSON answer, which no cache keeps unless it is ``cached`` for all alike (RFC 6749 §5.1, N-49)."""
    keep = {"Cache-Control": "public, max-age=300"} if cached else {"Cache-Control": "no-store", "Pragma": "no-cache"}
    return Response(_encode(body), status, headers={**keep, **(headers or {})}, media_type="application/json")


def error_answer(error: OidcError) -> Response:
    """Return an error of a machine endpoint: RFC 6749 §5.2, for bearer tokens RFC 6750 §3."""
    if isinstance(error, MissingTokenError):
        return Response(status_code=401, headers={"WWW-Authenticate": f'Bearer realm="{REALM_NAME}"'})
    headers = {}
    if isinstance(error, InvalidTokenError):
        challenge = f'Bearer realm="{REALM_NAME}", error="{error.code}", error_description="{error.description}"'
        headers["WWW-Authenticate"] = challenge
    if isinstance(error, InvalidClientError):
        headers["WWW-Authenticate"] = f'Basic realm="{REALM_NAME}", charset="UTF-8"'
    if isinstance(error, UnavailableError):
        headers["Retry-After"] = "5"
    if isinstance(error, TooManyAttemptsError):
        headers["Retry-After"] = "60"
    body = {"error": error.code, "error_description": error.description}
    return json_answer(body, status=error.status, headers=headers)


class Caller(Protocol):
    """Whoever an access rule admits to a machine endpoint."""

    @property
    def web_origins(self) -> tuple[str, ...]:
        """The origins whose pages may read the answer."""


Admitted = TypeVar("Admitted", bound=Caller)


Endpoint = Callable[[House, Request, Admitted], Awaitable[Response]]
GuardedEndpoint = Callable[[House, Request, Admitted | OidcError], Awaitable[Response]]


def for_machines(endpoint: Endpoint[Admitted]) -> GuardedEndpoint[Admitted]:
    """Let an endpoint raise OidcError, and answer the refusal of its access rule, in the form machines read."""

    @wraps(endpoint)
    async def guarded(house: House, request: Request, admitted: Admitted | OidcError) -> Response:
        try:
            if isinstance(admitted, OidcError):
                raise admitted
            return await endpoint(house, request, admitted)
        except OidcError as error:
            return error_answer(error)
        except (*UNAVAILABLE, *UNAVAILABLE_STATES) as error:
            note_unavailable(error)
            return error_answer(UnavailableError("the service is busy; try again"))
        except RefusedError:
            raise
        except Exception:  # the frame would answer with a page
            return error_answer(FaultError(f"something went wrong here; ask about incident {note_fault()}"))

    return guarded


def for_machines_and_pages(endpoint: Endpoint[Admitted]) -> GuardedEndpoint[Admitted]:
    """As ``for_machines``, and pages of the client's registered origins may read the answer (CORS; B-O40)."""
    guarded = for_machines(endpoint)

    @wraps(endpoint)
    async def readable(house: House, request: Request, admitted: Admitted | OidcError) -> Response:
        response = await guarded(house, request, admitted)
        origin = request.headers.get("origin")
        if origin is not None and not isinstance(admitted, OidcError) and origin in admitted.web_origins:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = "WWW-Authenticate"
            response.headers["Vary"] = "Origin"
        return response

    return readable
