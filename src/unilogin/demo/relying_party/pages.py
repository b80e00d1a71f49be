"""The pages of Regneriget: before, signed in, signed out, and what went wrong."""

import json
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from unilogin.demo.relying_party.back_channel import LogoutRefusedError
from unilogin.demo.relying_party.claim_texts import meaning
from unilogin.demo.relying_party.claims import in_order, repr_json
from unilogin.demo.relying_party.errors import RefusedError, SignInError
from unilogin.demo.relying_party.memory import Visits
from unilogin.demo.relying_party.model import Answer, Settings, SignedIn, Visit
from unilogin.demo.relying_party.provider import Provider
from unilogin.demo.relying_party.texts import LANGUAGES, TEXTS

DOORS = {"VoksenVerificeret": ["VoksenVerificeret", "ToFaktor"], "ToFaktor": ["ToFaktor"]}
"""What is behind the doors inside: a level, and the levels that open it."""

GROUPS_WITH_A_GREETING = ("Elev", "Medarbejder", "Kontaktperson", "Ekstern")
MOST_BYTES = 16 * 1024
_INCIDENT = re.compile(r"\b(?:incident|hændelse)[ :=#]*([A-Za-z0-9-]{6,40})\b", re.IGNORECASE)


class Pages:
    """The handlers, with what they need in their hands."""

    def __init__(self, settings: Settings, *, provider: Provider, visits: Visits) -> None:
        self.settings = settings
        self.provider = provider
        self.visits = visits
        folder = Path(__file__).parent / "templates"
        self.templates = Environment(
            loader=FileSystemLoader(folder),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    async def before(self, request: Request) -> Response:
        return self._page(request, "before.html", signed_in=self._visit(request) is not None, settings=self.settings)

    async def sign_in(self, request: Request) -> Response:
        """Off to Unilogin.

        `?prompt=login` asks it to forget who was there before, `?login_hint=` names somebody, `?level=` insists on
        being that sure (OpenID Connect Core §5.5.1.1).
        """
        wishes = {"ui_locales": _language(request)}
        if request.query_params.get("prompt") == "login":
            wishes["prompt"] = "login"
        if hint := request.query_params.get("login_hint", "")[:64]:
            wishes["login_hint"] = hint
        if (level := request.query_params.get("level")) in DOORS:
            wishes["claims"] = json.dumps({"id_token": {"acr": {"essential": True, "values": DOORS[level]}}})
        return await self.provider.send_to_sign_in(request, wishes)

    async def callback(self, request: Request) -> Response:
        """Back from Unilogin; the code leaves the address at once."""
        signed_in = await self.provider.finish_sign_in(request)
        language = _language(request)
        self.visits.end(request.session.get("visit"))
        request.session.clear()
        request.session.update(visit=self.visits.begin(Visit(signed_in)), language=language)
        return RedirectResponse("/me", status_code=303)

    async def inside(self, request: Request) -> Response:
        visit = self._visit(request)
        if visit is None:
            return RedirectResponse("/", status_code=303)
        claims, answer = visit.signed_in.claims, visit.answer
        return self._page(
            request,
            "inside.html",
            greeting=_greeting(visit.signed_in, _language(request)),
            sections=in_order(claims),
            meaning=meaning,
            about=visit.signed_in.about,
            can_refresh=visit.signed_in.refresh_token is not None,
            answer=answer,
            answer_body=repr_json(dict(answer.body), indent=2) if answer else "",
            doors={level: claims.get("unilogin_loa") in enough for level, enough in DOORS.items()},
        )

    async def ask(self, request: Request) -> Response:
        """Ask Unilogin one more thing, and show the answer on the same page."""
        visit = self._visit(request)
        if visit is None or not self._from_our_own_page(request):
            return RedirectResponse("/", status_code=303)
        try:
            visit = await self._answered(visit, request.path_params["question"])
        except RefusedError as error:
            told = {"error": error.code, "error_description": error.description}
            visit = replace(visit, answer=Answer("refused", told))
        self.visits.keep(request.session["visit"], visit)
        return RedirectResponse("/me#answer", status_code=303)

    async def _answered(self, visit: Visit, question: str) -> Visit:
        signed_in = visit.signed_in
        match question:
            case "userinfo":
                return replace(visit, answer=Answer(question, await self.provider.userinfo(signed_in)))
            case "introspection":
                return replace(visit, answer=Answer(question, await self.provider.introspect(signed_in)))
            case "refresh" if signed_in.refresh_token:
                fresh = await self.provider.refresh(signed_in)
                return Visit(fresh, Answer(question, fresh.about))
            case _:
                raise HTTPException(404)

    async def sign_out(self, request: Request) -> Response:
        """End our own visit first, so that it is over even if Unilogin does not answer."""
        if not self._from_our_own_page(request):
            return RedirectResponse("/", status_code=303)
        visit = self.visits.end(request.session.pop("visit", None))
        if visit is None:
            return RedirectResponse("/signed-out", status_code=303)
        return await self.provider.send_to_sign_out(request, visit.signed_in)

    async def told_of_logout(self, request: Request) -> Response:
        """Unilogin itself calls: somebody has logged out somewhere. Browsers have no business here."""
        try:
            token = await self.provider.logout_token(_field(await _body(request), "logout_token"))
        except LogoutRefusedError as error:
            return JSONResponse({"error": "invalid_request", "error_description": str(error)}, status_code=400)
        except SignInError as error:
            return JSONResponse({"error": "temporarily_unavailable"}, status_code=error.status)
        if not self.visits.end_all(token):
            return JSONResponse({"error": "invalid_request", "error_description": "jti"}, status_code=400)
        return Response(status_code=200)

    async def after(self, request: Request) -> Response:
        return self._page(request, "after.html")

    async def sign_in_failed(self, request: Request, error: Exception) -> Response:
        """A refusal of Unilogin's is shown with what the developer needs; everything else says what to do."""
        assert isinstance(error, SignInError)  # noqa: S101 - registered for this class alone
        description = error.description if isinstance(error, RefusedError) else ""
        incident = request.query_params.get("incident") if isinstance(error, RefusedError) else None
        found = _INCIDENT.search(description)
        return self._page(
            request,
            "error.html",
            status=error.status,
            reason="locked" if error.code == "unmet_authentication_requirements" else error.reason,
            inside=self._visit(request) is not None,
            code=error.code,
            description=description,
            incident=incident or (found[1] if found else None),
        )

    async def not_found(self, request: Request, _error: Exception) -> Response:
        return self._page(
            request, "error.html", status=404, reason="not_found", inside=False, code="", description="", incident=None
        )

    def _visit(self, request: Request) -> Visit | None:
        return self.visits.find(request.session.get("visit"))

    def _from_our_own_page(self, request: Request) -> bool:
        """Browsers name the page a form came from; another site's must not press our buttons."""
        return request.headers.get("origin", self.settings.public_url) == self.settings.public_url

    def _page(self, request: Request, template: str, *, status: int = 200, **values: object) -> Response:
        language = _language(request)
        html = self.templates.get_template(template).render(
            t=TEXTS[language], language=language, languages=LANGUAGES, path=request.url.path, **values
        )
        return HTMLResponse(html, status_code=status)


async def _body(request: Request) -> bytes:
    """What was posted, up to a bound."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise HTTPException(413)
    return body


def _field(body: bytes, name: str) -> str:
    return dict(parse_qsl(body.decode("latin-1"))).get(name, "")


def _language(request: Request) -> str:
    """What was last chosen, else what the browser asks for, else Danish."""
    wanted = request.query_params.get("lang")
    if wanted in LANGUAGES:
        request.session["language"] = wanted
    chosen = request.session.get("language")
    if chosen in LANGUAGES:
        return str(chosen)
    preferred = request.headers.get("accept-language", "")[:2].lower()
    return preferred if preferred in LANGUAGES else "da"


def _greeting(signed_in: SignedIn, language: str) -> str:
    name, group = signed_in.claims.get("name"), signed_in.claims.get("aktoer_gruppe")
    texts = TEXTS[language]
    if isinstance(name, str) and name:
        return texts["inside.named"].format(name=name)
    return texts[f"inside.{group}" if group in GROUPS_WITH_A_GREETING else "inside.unknown"]
