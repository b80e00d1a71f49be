"""Pages for people: Jinja2 templates of all rooms, in the reader's language, with nothing inline."""

from collections.abc import Mapping
from functools import partial
from types import CodeType

from jinja2 import BaseLoader, BytecodeCache, ChoiceLoader, Environment, PackageLoader, PrefixLoader, StrictUndefined
from jinja2.bccache import Bucket
from starlette.requests import Request
from starlette.responses import HTMLResponse

from unilogin.kit.text import LANGUAGES, Language, Texts, negotiate
from unilogin.kit.web.assets import Assets
from unilogin.kit.web.cookies import Cookies

LANGUAGE_COOKIE = "language"
_YEAR = 365 * 24 * 3600
_LANGUAGE = "unilogin.language"


class _Compiled(BytecodeCache):
    """What templates were compiled to in this process: the second language does not compile them again."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType | None] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._codes[bucket.key, bucket.checksum] = bucket.code


_COMPILED = _Compiled()


class Pages:
    """Renders templates named ``<room>/<file>``; ``rooms`` maps a room's name to its package."""

    def __init__(self, rooms: Mapping[str, str], *, texts: Texts, cookies: Cookies, assets: Assets) -> None:
        look = PackageLoader("unilogin.kit.web", "look")
        loaders = {room: PackageLoader(package) for room, package in rooms.items()} | {"look": look}
        loader = ChoiceLoader([PrefixLoader(loaders), look])
        self._environments = {
            language: _environment(loader, language, texts=texts, assets=assets) for language in LANGUAGES
        }
        self._cookies = cookies

    def language(self, request: Request) -> Language:
        """Return the language of this reader: the one asked for in the address, chosen before, or the browser's."""
        known: Language | None = request.scope.get(_LANGUAGE)
        if known is None:
            known = request.scope[_LANGUAGE] = self._negotiated(request)
        return known

    def _negotiated(self, request: Request) -> Language:
        asked = request.query_params.get("lang")
        chosen = asked if asked in LANGUAGES else self._cookies.get(request, LANGUAGE_COOKIE)
        wanted = request.query_params.get("ui_locales") or request.headers.get("accept-language", "")
        return negotiate(wanted, chosen=chosen)

    def render(
        self, request: Request, template: str, context: Mapping[str, object], *, status: int = 200
    ) -> HTMLResponse:
        """Return the page; remembers the language when the reader has just chosen one."""
        language = self.language(request)
        template_of_language = self._environments[language].get_template(template)
        body = template_of_language.render({"language_links": _language_links(request), **context})
        response = HTMLResponse(body, status_code=status, headers={"Content-Language": language})
        if request.query_params.get("lang") in LANGUAGES:
            self._cookies.set(response, LANGUAGE_COOKIE, language, seconds=_YEAR)
        return response


def _environment(loader: BaseLoader, language: Language, *, texts: Texts, assets: Assets) -> Environment:
    """Return the templates as they speak one language.

    What every page has is global, so that a template can import the components without its context: they are then made
    once, not anew for each page.
    """
    environment = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        bytecode_cache=_COMPILED,
    )
    environment.globals |= {"asset": assets.url, "lang": language, "t": partial(texts, language)}
    return environment


def _language_links(request: Request) -> dict[str, str]:
    """Return language → address of this same page in it."""
    path = request.scope["path"]
    return {language: f"{path}?lang={language}" for language in LANGUAGES}
