"""Who may be sent to a provider, and whose answer from one is taken: the browser that the journey belongs to."""

from dataclasses import dataclass
from uuid import UUID

from starlette.requests import Request

from unilogin.house import House
from unilogin.kit.db.connection import acquire
from unilogin.kit.ids import digest
from unilogin.kit.logs import log
from unilogin.kit.web.errors import FormRefusedError, RefusedError
from unilogin.kit.web.forms import Fields, one, parse_fields
from unilogin.kit.web.frame import request_id
from unilogin.kit.web.routing import Access
from unilogin.protocols.oidc_rp import actions, queries
from unilogin.protocols.oidc_rp.model import Flow, Registered
from unilogin.signin import errands
from unilogin.signin.browser import BROWSER_COOKIE
from unilogin.signin.model import Errand, ErrandId, Failure

_LONGEST_PARAMETER = 4096


@dataclass(frozen=True, slots=True)
class Leaving:
    """A browser that may be sent to a provider on this errand."""

    errand: Errand
    provider: Registered
    browser: str


@dataclass(frozen=True, slots=True)
class Came:
    """An answer that was asked for, in the browser that asked: either a code or an error."""

    flow: Flow
    browser: str
    code: str
    error: str
    error_description: str


async def _leaving(house: House, request: Request) -> Leaving:
    browser = house.cookies.get(request, BROWSER_COOKIE)
    errand_id = _uuid(request.query_params.get("errand", ""))
    if browser is None or errand_id is None:
        raise RefusedError(403, "signin.stopped.lost")
    async with acquire(house.pool) as connection:
        found = await queries.waiting_errand(
            connection, errand_id, alias=request.path_params["alias"], browser=digest(browser)
        )
    if found is None:  # another browser's, over, or of a provider that is not in use any more: all alike
        raise RefusedError(403, "external.stopped.over")
    return Leaving(*found, browser)


def _uuid(text: str) -> ErrandId | None:
    try:
        return ErrandId(UUID(text))
    except ValueError:
        return None


async def _came(house: House, request: Request) -> Came:
    """Take what a provider's redirect brought (RFC 6749 §4.1.2, RFC 9207 §2.4); what is odd ends here (B-O41)."""
    alias = request.path_params["alias"]
    fields = _fields(request)
    browser = house.cookies.get(request, BROWSER_COOKIE) or ""
    async with acquire(house.pool) as connection:
        claimed = await actions.claim_flow(connection, one(fields, "state"), alias=alias, browser=digest(browser))
        if claimed is None:  # never sent, sent to somebody else, or here before: nobody is told which
            raise RefusedError(400, "external.stopped.unasked")
        reason = _oddness(claimed, fields)
        if reason is not None:
            log("oidc_rp").warning("provider_answer_refused", alias=alias, reason=reason)
            await actions.note_distrust(connection, alias, reason=reason, request_id=request_id(request))
            if not claimed.same_browser:
                raise RefusedError(400, "external.stopped.unasked")
            await errands.note_failure(connection, claimed.errand.errand_id, Failure.REFUSED)
            raise RefusedError(400, "external.stopped.odd", restart_url=claimed.errand.back)
    flow = Flow(one(fields, "state"), claimed.errand, claimed.provider, claimed.started_at, claimed.now)
    return Came(flow, browser, one(fields, "code"), one(fields, "error"), one(fields, "error_description"))


def _fields(request: Request) -> Fields:
    try:
        return parse_fields(request.url.query)
    except FormRefusedError as error:
        raise RefusedError(400, "external.stopped.unasked") from error


KNOWN_ERRORS = frozenset(
    {
        "access_denied",
        "account_selection_required",
        "consent_required",
        "interaction_required",
        "invalid_request",
        "invalid_scope",
        "login_required",
        "server_error",
        "temporarily_unavailable",
        "unauthorized_client",
        "unmet_authentication_requirements",
        "unsupported_response_type",
    }
)
"""RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6; any other word is no answer of an OpenID Provider."""


def _oddness(claimed: actions.Claimed, fields: Fields) -> str | None:
    """Return what is wrong with an answer whose flow is claimed, in one word; None when nothing is."""
    code, error, issuer = one(fields, "code"), one(fields, "error"), one(fields, "iss")
    rules = (
        ("other browser", not claimed.same_browser),
        ("other provider", not claimed.same_provider),
        ("over", not claimed.usable),
        ("repeated", any(len(values) > 1 for values in fields.values())),
        ("code and error", bool(code) == bool(error)),
        ("long", max(len(code), len(error)) > _LONGEST_PARAMETER),
        ("error", bool(error) and error not in KNOWN_ERRORS),
        ("iss", bool(issuer) and issuer != claimed.provider.issuer),
    )
    return next((reason for reason, broken in rules if broken), None)


ERRAND: Access[House, Leaving] = Access(
    "errand", "The browser whose journey waits for an answer of this provider.", _leaving
)
CALLBACK: Access[House, Came] = Access(
    "callback", "The browser that was sent to this provider, with the state it left with, once.", _came
)
