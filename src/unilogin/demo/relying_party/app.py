"""Regneriget put together: every address it has, and what goes round all of them."""

import secrets
from pathlib import Path

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from unilogin.demo.relying_party.errors import SignInError
from unilogin.demo.relying_party.memory import EIGHT_HOURS, Visits
from unilogin.demo.relying_party.model import Settings
from unilogin.demo.relying_party.pages import Pages
from unilogin.demo.relying_party.provider import Provider

LOOK = Path(__file__).parent / "look"


def build_app(settings: Settings) -> Starlette:
    """The whole service; it holds no state outside itself."""
    pages = Pages(settings, provider=Provider(settings), visits=Visits())
    return Starlette(
        routes=[
            Route("/", pages.before),
            Route("/login", pages.sign_in),
            Route("/callback", pages.callback),
            Route("/me", pages.inside),
            Route("/me/{question:str}", pages.ask, methods=["POST"]),
            Route("/logout", pages.sign_out, methods=["POST"]),
            Route("/signed-out", pages.after),
            Route("/logged-out-elsewhere", pages.told_of_logout, methods=["POST"]),
            Mount("/look", StaticFiles(directory=LOOK)),
        ],
        exception_handlers={SignInError: pages.sign_in_failed, 404: pages.not_found},
        middleware=[
            Middleware(_SafeHeaders, settings=settings),
            Middleware(TrustedHostMiddleware, allowed_hosts=[settings.host_name, "127.0.0.1"]),
            Middleware(
                SessionMiddleware,
                # Cookies know no ports: the name keeps this one apart from those of Unilogin at the same host.
                session_cookie="regneriget",
                secret_key=secrets.token_urlsafe(32),
                max_age=EIGHT_HOURS,
                same_site="lax",
                https_only=settings.https,
            ),
        ],
    )


class _SafeHeaders:
    """Nothing but our own style sheet and picture is loaded, and nobody may frame us."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        # Chromium holds every redirect after a form against form-action, and signing out goes by way of Unilogin.
        self.policy = (
            "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
            f"form-action 'self' {settings.issuer_origin}"
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = self.policy
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "same-origin"
                if not scope["path"].startswith("/look/"):
                    headers["Cache-Control"] = "no-store"
            await send(message)

        await self.app(scope, receive, send_with_headers)
