"""A visitor with a browser that has no JavaScript: opens pages, reads them, fills in forms, keeps cookies."""

import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin

import httpx
from lxml import html

MAX_HOPS = 10


@dataclass(eq=False)
class Visitor:
    """One browser. ``page`` is the last answer; addresses of other hosts are not followed but kept in ``left_for``."""

    base_url: str
    client: httpx.Client = field(init=False)
    page: httpx.Response = field(init=False)
    left_for: str | None = None

    def __post_init__(self) -> None:
        self.client = httpx.Client(base_url=self.base_url, follow_redirects=False, timeout=60)
        weakref.finalize(self, self.client.close)

    def open(self, url: str) -> httpx.Response:
        """Open an address and follow redirects on our own host."""
        return self._settle(self.client.get(url))

    def post(self, url: str, fields: Mapping[str, str], *, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """Post fields as a browser does from a page of ours."""
        sent = {"Origin": self.base_url, "Sec-Fetch-Site": "same-origin"} | dict(headers or {})
        return self._settle(self.client.post(url, data=dict(fields), headers=sent))

    def submit(
        self, fields: Mapping[str, str] | None = None, *, button: tuple[str, str] | None = None
    ) -> httpx.Response:
        """Fill in the page's form and press a button."""
        form = self.document.forms[0]
        values = {name: value or "" for name, value in form.form_values()} | dict(fields or {})
        return self.post(form.action or str(self.page.url), values | (dict([button]) if button else {}))

    def move_on(self) -> httpx.Response:
        """Follow the page that moves on by itself."""
        refresh = self.document.xpath("//meta[@http-equiv='refresh']/@content")
        return self.open(refresh[0].partition("url=")[2])

    @property
    def document(self) -> html.HtmlElement:
        """The page as a tree."""
        return html.fromstring(self.page.content, base_url=str(self.page.url))

    @property
    def path(self) -> str:
        """The path of the page."""
        return self.page.url.path

    @property
    def heading(self) -> str:
        """The page's heading."""
        return str(self.document.xpath("string(//h1)")).strip()

    @property
    def text(self) -> str:
        """What the page says."""
        return " ".join(self.document.xpath("string(//main)").split())

    @property
    def moves_on(self) -> bool:
        """Whether the page is the one that ends a journey."""
        return bool(self.document.xpath("//meta[@http-equiv='refresh']"))

    def _settle(self, response: httpx.Response) -> httpx.Response:
        self.left_for = None
        for _ in range(MAX_HOPS):
            if not response.is_redirect:
                break
            target = urljoin(str(response.url), response.headers["location"])
            if not target.startswith(self.base_url):
                self.left_for = target
                break
            response = self.client.get(target)
        self.page = response
        return response
