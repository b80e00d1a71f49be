"""Pages for people: Jinja2 templates of all rooms, in the reader's language, with nothing inline."""

from collections.abc import Mapping

from jinja2 import ChoiceLoader, Environment, PackageLoader, PrefixLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from unilogin.kit.text import LANGUAGES, Language, Texts, negotiate
from unilogin.kit.web.assets import Assets
from unilogin.kit.web.cookies import Cookies

LANGUAGE_COOKIE = "language"
_YEAR = 365 * 24 * 3600


class Pages:
    """Renders templates named ``<room>/<file>``; ``rooms`` maps a room's name to its package."""

    def __init__(self, rooms: Mapping[str, str], *, texts: Texts, cookies: Cookies, assets: Assets) -> None:
        look = PackageLoader("unilogin.kit.web", "look")
        loaders = {room: PackageLoader(package) for room, package in rooms.items()} | {"look": look}
        self._environment = Environment(
            loader=ChoiceLoader([PrefixLoader(loaders), look]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.globals["asset"] = assets.url
        self._texts = texts
        self._cookies = cookies

    def language(self, request: Request) -> Language:
        """Return the language of this reader: the one asked for in the address, chosen before, or the browser's."""
        asked = request.query_params.get("lang")
        chosen = asked if asked in LANGUAGES else self._cookies.get(request, LANGUAGE_COOKIE)
        wanted = request.query_params.get("ui_locales") or request.headers.get("accept-language", "")
        return negotiate(wanted, chosen=chosen)

    def render(
        self, request: Request, template: str, context: Mapping[str, object], *, status: int = 200
    ) -> HTMLResponse:
        """Return the page; remembers the language when the reader has just chosen one."""
        language = self.language(request)

        def t(code: str, **fields: object) -> str:
            return self._texts(language, code, **fields)

        body = self._environment.get_template(template).render(
            {"lang": language, "t": t, "language_links": _language_links(request), **context}
        )
        response = HTMLResponse(body, status_code=status, headers={"Content-Language": language})
        if request.query_params.get("lang") in LANGUAGES:
            self._cookies.set(response, LANGUAGE_COOKIE, language, seconds=_YEAR)
        return response


def _language_links(request: Request) -> dict[str, str]:
    """Return language → address of this same page in it."""
    return {language: f"{request.url.path}?lang={language}" for language in LANGUAGES}
