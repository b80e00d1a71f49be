"""Signing in to an app as people do: open the page one wants, and follow what comes."""

from urllib.parse import parse_qs, urlsplit

from tests.builders.people import Somebody
from tests.server import RunningServer
from tests.visitor import Visitor


def enter(server: RunningServer, somebody: Somebody, *, to: str = "/mit", browser: Visitor | None = None) -> Visitor:
    """Open a page of an app in a browser, and sign in on the way."""
    visitor = browser or Visitor(server.base_url)
    visitor.open(to)
    sign_in(visitor, somebody)
    return visitor


def sign_in(visitor: Visitor, somebody: Somebody) -> None:
    """Go the journey that the browser stands at the beginning of."""
    assert visitor.path.startswith("/login/"), visitor.path
    visitor.submit(button=("selectedIdp", "uni_idp"))
    visitor.submit({"username": somebody.username})
    if isinstance(somebody.secret, list):
        visitor.submit({"pictures": ",".join(somebody.secret)})
    else:
        visitor.submit({"password": str(somebody.secret)})
    assert visitor.moves_on, visitor.text
    visitor.move_on()


def step(visitor: Visitor, url: str) -> str:
    """Open an address and return where it sends the browser, without going there."""
    return str(visitor.client.get(url).headers["location"])


def csrf_of(visitor: Visitor) -> str:
    """Return the token that the forms of the page carry."""
    return str(visitor.document.xpath("string(//input[@name='csrf']/@value)"))


def cookie(visitor: Visitor, name: str) -> str | None:
    """Return a cookie of ours by its name without what stands in front."""
    return visitor.client.cookies.get(f"unilogin_{name}")


def parameters(url: str) -> dict[str, str]:
    """Return the parameters of an address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
