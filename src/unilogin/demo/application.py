"""The demo's application: the product as it is, and three pages more."""

import os

import msgspec
from starlette.types import ASGIApp

from unilogin.demo.load import DemoService
from unilogin.demo.outbox import outbox
from unilogin.demo.pages import DemoPages
from unilogin.demo.place import service_file
from unilogin.house import House
from unilogin.kit.web.access import PUBLIC
from unilogin.kit.web.routing import Url, url
from unilogin.main import Application, start_logs
from unilogin.settings import load_settings


def demo_urls(pages: DemoPages) -> tuple[Url[House], ...]:
    """Return the demo's own URLs."""
    return (
        url("GET", "/demo", pages.page, access=PUBLIC),
        url("GET", "/demo/outbox", outbox, access=PUBLIC),
        url("GET", "/demo.json", pages.json, access=PUBLIC),
    )


def create_app() -> ASGIApp:
    """Return the application for the settings in the environment; raises SetupError when they do not hold."""
    settings = load_settings(os.environ)
    start_logs(settings)
    service = msgspec.json.decode(service_file(settings.data).read_bytes(), type=DemoService)
    return Application(settings, more_urls=demo_urls(DemoPages(service)), more_templates={"demo": "unilogin.demo"})
