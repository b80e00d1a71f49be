"""The simulator put together: every address it has, and what goes round all of them."""

from pathlib import Path

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from unilogin.demo.mitid.model import Settings
from unilogin.demo.mitid.pages import Pages
from unilogin.demo.mitid.provider import RequestError

LOOK = Path(__file__).parent / "look"


def build_app(settings: Settings) -> Starlette:
    """The whole simulator."""
    pages = Pages(settings)
    return Starlette(
        routes=[
            Route("/", pages.front),
            Route("/.well-known/openid-configuration", pages.metadata),
            Route("/jwks", pages.keys),
            Route("/authorize", pages.choose, methods=["GET"]),
            Route("/authorize", pages.answer, methods=["POST"]),
            Route("/token", pages.token, methods=["POST"]),
            Route("/userinfo", pages.userinfo, methods=["GET", "POST"]),
            Mount("/look", StaticFiles(directory=LOOK)),
        ],
        exception_handlers={RequestError: pages.refuse, 404: pages.refuse},
        middleware=[
            Middleware(_SafeHeaders, settings=settings),
            Middleware(TrustedHostMiddleware, allowed_hosts=[settings.host_name, "127.0.0.1"]),
        ],
    )


class _SafeHeaders:
    """Nothing but our own style sheet and mark is loaded, nobody frames us, and the form leads to the client alone."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.policy = (
            "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
            f"form-action 'self' {settings.client_origin}"
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = self.policy
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "no-referrer"
            await send(message)

        await self.app(scope, receive, send_with_headers)
