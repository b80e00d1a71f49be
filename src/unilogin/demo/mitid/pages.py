"""What browsers and the client see: the list of people, the four answers, and the machine endpoints."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from unilogin.demo.mitid.identities import by_name, identities
from unilogin.demo.mitid.model import Kind, Settings
from unilogin.demo.mitid.provider import Asked, Provider, RequestError
from unilogin.demo.mitid.texts import LANGUAGES, TEXTS, Language

MOST_BYTES = 16 * 1024
ANSWERS = ("approve", "reject", "slow", "fail")
_ERRORS = {"reject": ("access_denied", "mitid_user_aborted"), "fail": ("server_error", "")}
_NO_STORE = {"Cache-Control": "no-store"}


class Pages:
    """The addresses of one simulator."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._provider = Provider(settings)
        loader = FileSystemLoader(Path(__file__).parent / "templates")
        self._templates = Environment(
            loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )

    async def front(self, request: Request) -> Response:
        """Say what this is."""
        return self._page(request, "front.html", issuer=self._settings.issuer)

    async def choose(self, request: Request) -> Response:
        """Show who can be chosen, or send a wrong request back."""
        asked = self._provider.read(request.url.query)
        if asked.problem:
            return self._back(asked, {"error": asked.problem})
        return self._list(request, asked)

    async def answer(self, request: Request) -> Response:
        """Do what was chosen: ``identity`` is a name of the list, ``answer`` one of the four."""
        fields = dict(parse_qsl((await _body(request)).decode("utf-8", "replace"), keep_blank_values=True))
        asked = self._provider.read(fields.get("request", request.url.query))
        name, answer = fields.get("identity", ""), fields.get("answer", "")
        if asked.problem:
            return self._back(asked, {"error": asked.problem})
        if answer in _ERRORS:
            error, description = _ERRORS[answer]
            return self._back(asked, {"error": error, "error_description": description})
        identity = by_name().get(name)
        if identity is None or answer not in ANSWERS:
            return self._list(request, asked, error="choose.unknown" if name else "choose.missing")
        return self._back(asked, {"code": self._provider.approve(asked, identity, slow=answer == "slow")})

    async def token(self, request: Request) -> Response:
        """Redeem a code."""
        fields = dict(parse_qsl((await _body(request)).decode("utf-8", "replace"), keep_blank_values=True))
        if not self._provider.is_client(request.headers.get("authorization", ""), fields):
            return JSONResponse({"error": "invalid_client"}, status_code=401, headers=_NO_STORE)
        tokens = await self._provider.redeem(fields)
        if tokens is None:
            return JSONResponse({"error": "invalid_grant"}, status_code=400, headers=_NO_STORE)
        return JSONResponse(tokens, headers=_NO_STORE)

    async def userinfo(self, request: Request) -> Response:
        """Tell who an access token is about."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        told = self._provider.tell(token) if scheme.lower() == "bearer" else None
        if told is None:
            return JSONResponse({"error": "invalid_token"}, status_code=401, headers=_NO_STORE)
        return JSONResponse(told, headers=_NO_STORE)

    async def metadata(self, request: Request) -> Response:
        """Say how the simulator is spoken to."""
        return JSONResponse(self._provider.metadata())

    async def keys(self, request: Request) -> Response:
        """Publish the key."""
        return JSONResponse(self._provider.keys())

    async def refuse(self, request: Request, error: Exception) -> Response:
        """Show that there is nobody to answer."""
        return self._page(request, "error.html", status=400 if isinstance(error, RequestError) else 404)

    def _back(self, asked: Asked, fields: Mapping[str, str]) -> Response:
        """Send the browser back to the client (RFC 6749 §4.1.2, RFC 9207)."""
        told = {**fields, "state": asked.state, "iss": self._settings.issuer}
        query = urlencode({name: value for name, value in told.items() if value})
        return RedirectResponse(f"{self._settings.redirect_uri}?{query}", status_code=303, headers=_NO_STORE)

    def _list(self, request: Request, asked: Asked, *, error: str | None = None) -> Response:
        wanted = request.query_params.get("q", "").strip()[:100]
        found = [identity for identity in identities() if not wanted or identity.says(wanted)]
        groups = [(kind, [one for one in found if one.kind is kind]) for kind in Kind]
        return self._page(
            request,
            "choose.html",
            language=asked.language,
            status=400 if error else 200,
            groups=[(kind.value, held) for kind, held in groups if held],
            query=_without(asked.query, "q", "lang"),
            fields=parse_qsl(_without(asked.query, "q")),
            wanted=wanted,
            count=len(found),
            error=error,
            answers=ANSWERS,
        )

    def _page(
        self, request: Request, template: str, *, status: int = 200, language: str = "", **values: object
    ) -> Response:
        chosen = _language(request, language)
        html = self._templates.get_template(template).render(
            t=TEXTS[chosen],
            language=chosen,
            languages=LANGUAGES,
            here=f"{request.url.path}?{_without(str(values.get('query', '')), 'lang')}&".replace("?&", "?"),
            **values,
        )
        return HTMLResponse(html, status_code=status, headers=_NO_STORE)


def _without(query: str, *names: str) -> str:
    """Return a query without some of its parameters."""
    return urlencode([(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if name not in names])


def _language(request: Request, wished: str) -> Language:
    """What was chosen here, else what the client wishes, else what the browser asks for, else Danish."""
    browser = request.headers.get("accept-language", "")[:2].lower()
    for wanted in (request.query_params.get("lang"), wished, browser):
        for known in LANGUAGES:
            if wanted == known:
                return known
    return "da"


async def _body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise HTTPException(413)
    return body
