"""Wires everything, and is the only place that does: settings in, an ASGI application out."""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from urllib.parse import urlsplit

import asyncpg
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from unilogin.domain.credentials.hashing import Hasher
from unilogin.domain.credentials.model import PasswordHolders, PasswordPolicy
from unilogin.domain.keys.cache import KeyringCache
from unilogin.domain.notices.courier import Courier as LetterCourier
from unilogin.domain.notices.model import Addresses
from unilogin.house import REALM, House
from unilogin.kit.addresses import is_loopback
from unilogin.kit.db.connection import Pool, close_pool, open_pool
from unilogin.kit.live import GOING, Live
from unilogin.kit.logs import set_up_logs
from unilogin.kit.mail import MailServer
from unilogin.kit.outbound import Outbound
from unilogin.kit.revocation import RevocationLists
from unilogin.kit.secrets import Secrets, load_secrets
from unilogin.kit.text import load_texts
from unilogin.kit.upstream import Upstreams
from unilogin.kit.web.assets import Assets
from unilogin.kit.web.cookies import Cookies
from unilogin.kit.web.errors import ElsewhereError, RefusedError
from unilogin.kit.web.frame import LEAVING, Frame
from unilogin.kit.web.hosts import AppHosts
from unilogin.kit.web.pages import Pages
from unilogin.kit.web.peer import read_proxies
from unilogin.kit.web.routing import Paths, Url, routes
from unilogin.protocols.oidc.events.courier import EventCourier
from unilogin.protocols.oidc.notices.courier import Courier
from unilogin.settings import Settings, load_settings
from unilogin.urls import URLS

TEMPLATES = {
    "account": "unilogin.apps.account",
    "elevadgang": "unilogin.apps.elevadgang",
    "elevadministration": "unilogin.apps.elevadministration",
    "oidc": "unilogin.protocols.oidc",
    "recovery": "unilogin.recovery",
    "shell": "unilogin.apps.shell",
    "signin": "unilogin.signin",
    "support": "unilogin.apps.support",
}
"""Room → package whose ``templates`` folder holds its pages."""


def build_house(settings: Settings, *, pool: Pool, secrets: Secrets, templates: Mapping[str, str] = TEMPLATES) -> House:
    """Put the pieces of one worker together."""
    cookies = Cookies(secure=settings.base_url.startswith("https:"))
    assets = Assets()
    texts = load_texts()
    return House(
        base_url=settings.base_url,
        demo=settings.demo,
        pool=pool,
        secrets=secrets,
        texts=texts,
        pages=Pages(templates, texts=texts, cookies=cookies, assets=assets),
        assets=assets,
        cookies=cookies,
        hasher=Hasher(secrets["password_pepper"], slots=settings.hash_slots or None),
        keyrings=KeyringCache(pool, secrets),
        live=Live(pool),
        proxies=read_proxies(settings.trusted_proxies),
        app_origins=settings.app_origins,
        upstreams=Upstreams(own_machine=is_loopback(urlsplit(settings.base_url).hostname or "")),
        revocations=RevocationLists(settings.revocation_lists),
        largest_upload=settings.upload_megabytes * 1024 * 1024,
        more_namespaces=settings.more_namespaces,
        password_policy=PasswordPolicy(settings.password_policy),
        password_holders=PasswordHolders(settings.password_holders),
    )


async def _not_found(scope: Scope, receive: Receive, send: Send) -> None:
    """Let the frame make the page for an unknown address."""
    raise RefusedError(404, "look.stopped.not_found")


class Application:
    """The ASGI application of one worker.

    The pool belongs to the worker's event loop, so it is opened by the lifespan, before the first request is taken.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        more_urls: Sequence[Url[House]] = (),
        more_templates: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._settings = settings
        self._urls = (*URLS, *more_urls)
        self._templates = {**TEMPLATES, **more_templates}
        self._secrets = load_secrets(settings.secrets_path)
        self._app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif self._app is not None:
            await self._app(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        settings = self._settings
        try:
            pool = await open_pool(settings.dsn, role=settings.role, size=settings.pool_size)
        except (OSError, asyncpg.PostgresError) as error:
            await send({"type": "lifespan.startup.failed", "message": f"no database: {type(error).__name__}"})
            return
        house = build_house(settings, pool=pool, secrets=self._secrets, templates=self._templates)
        self._app = frame = framed(house, self._urls)
        asyncio.get_running_loop().add_signal_handler(LEAVING, frame.leave)
        asyncio.get_running_loop().add_signal_handler(GOING, house.live.close)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        house.live.close()
        await close_pool(pool)
        await house.upstreams.close()
        house.hasher.close()
        await send({"type": "lifespan.shutdown.complete"})


def framed(house: House, urls: Sequence[Url[House]] = URLS) -> Frame:
    """Return the routes of a house inside the frame."""

    def stopped(request: Request, refused: RefusedError) -> Response:
        if isinstance(refused, ElsewhereError):
            return RedirectResponse(refused.url, status_code=303)
        context = {
            "message": refused.message,
            "incident": refused.incident,
            "service": refused.service,
            "restart_url": refused.restart_url,
        }
        return house.pages.render(request, "signin/stopped.html", context, status=refused.status)

    # Not an application of Starlette's: its own error middleware would answer before the frame could.
    app = Paths(routes(urls, house), otherwise=_not_found)
    parts = urlsplit(house.base_url)
    hosts = [parts.netloc, *(urlsplit(origin).netloc for origin in house.app_origins.values())]
    placed = AppHosts(app, home=house.base_url, moved=house.app_origins)
    frame = Frame(placed, hosts=hosts, https=parts.scheme == "https", stopped=stopped)
    house.door.leads_to(frame, host=parts.netloc)
    return frame


def create_app() -> ASGIApp:
    """Return the application for the settings in the environment; raises SetupError when they do not hold."""
    settings = load_settings(os.environ)
    start_logs(settings)
    return Application(settings)


def build_courier(settings: Settings, *, pool: Pool, secrets: Secrets) -> Courier:
    """Put together who tells services that sessions have ended; its ``outbound`` is the caller's to close.

    Services on this machine are called only where this installation itself is one machine: a laptop's.
    """
    outbound = Outbound(own_machine=is_loopback(urlsplit(settings.base_url).hostname or ""))
    return Courier(pool, KeyringCache(pool, secrets), settings.base_url + REALM, outbound)


def build_event_courier(courier: Courier) -> EventCourier:
    """Put together who tells services that identifiers have changed; it leaves by the same door as another courier."""
    return EventCourier(courier.pool, courier.keyrings, courier.issuer, courier.outbound)


def mail_server(settings: Settings) -> MailServer | None:
    """Return the mail server of the settings, if there is one."""
    if settings.smtp_host is None or settings.smtp_sender is None:
        return None
    password = settings.smtp_password
    return MailServer(
        settings.smtp_host,
        settings.smtp_port,
        settings.smtp_tls,
        settings.smtp_sender,
        user=settings.smtp_user,
        password=password.get_secret_value() if password else None,
        greeting=urlsplit(settings.base_url).hostname or "localhost",
    )


async def carry_letters(settings: Settings, dsn: str, *, stopping: Callable[[], bool]) -> None:
    """Write to people what happened to their sign-in, until ``stopping``: one for a node, in its supervisor."""
    pool = await open_pool(dsn, role=settings.role, size=2)
    try:
        own_page = f"{settings.app_origins.get('/mit', settings.base_url)}/mit"
        addresses = Addresses(settings.base_url, own_page, urlsplit(settings.base_url).hostname or "localhost")
        courier = LetterCourier(pool, load_texts(), addresses, mail_server(settings))
        await courier.work(stopping=stopping)
    finally:
        await pool.close()


async def tell_services(settings: Settings, dsn: str, *, stopping: Callable[[], bool]) -> None:
    """Tell services what happened to people they know, until ``stopping``: one for a node, in its supervisor."""
    secrets = load_secrets(settings.secrets_path)
    pool = await open_pool(dsn, role=settings.role, size=2)
    try:
        courier = build_courier(settings, pool=pool, secrets=secrets)
        try:
            await asyncio.gather(*(one.work(stopping=stopping) for one in (courier, build_event_courier(courier))))
        finally:
            await courier.outbound.close()
    finally:
        await pool.close()


def start_logs(settings: Settings) -> None:
    """Send this process's logs where and how the settings say."""
    set_up_logs(level=settings.log_level, readable=settings.log_format == "readable")
