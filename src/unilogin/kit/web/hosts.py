"""Apps on host names of their own: each host answers what is its own, and shows the way to everything else.

What is at home at one host is never answered at another: an app's page cannot be opened where the identity provider's
cookie is, nor a sign-in page where an app's is (N-62). A page that is asked for at the wrong host is sent to the right
one; nothing is ever posted on.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from unilogin.kit.web.assets import PREFIX as LOOK
from unilogin.kit.web.errors import RefusedError


class AppHosts:
    """An ASGI application before the routes. ``moved``: where an app's addresses begin → its own origin."""

    def __init__(self, app: ASGIApp, *, home: str, moved: Mapping[str, str]) -> None:
        self._app = app
        self._home = home
        self._moved = dict(moved)
        self._path_of = {urlsplit(origin).netloc: path for path, origin in moved.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._moved or scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        elsewhere = self._elsewhere(request.headers["host"], request.url.path)
        if elsewhere is None:
            await self._app(scope, receive, send)
            return
        if request.method != "GET":
            raise RefusedError(404, "look.stopped.not_found")
        query = f"?{request.url.query}" if request.url.query else ""
        await RedirectResponse(elsewhere + query, status_code=303)(scope, receive, send)

    def _elsewhere(self, host: str, path: str) -> str | None:
        """Return where a page is at home when it is not here."""
        if _is_within(path, LOOK):
            return None
        own = self._path_of.get(host)
        if own is not None and path == "/":
            return self._moved[own] + own
        at_home = next((prefix for prefix in self._moved if _is_within(path, prefix)), None)
        if at_home == own:
            return None
        return (self._moved[at_home] if at_home else self._home) + path


def _is_within(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(f"{prefix}/")
