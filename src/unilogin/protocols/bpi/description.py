"""The description of the service: WSDL and schemas, with our own address in them."""

from functools import cache
from html import escape
from importlib import resources

from unilogin.protocols.bpi.names import PATH

_SCHEMAS = {"wsaimport-ws.xsd": "wsaimport-ws.xml", "common.xsd": "common.xml"}


def wsdl(base_url: str) -> str:
    """Return the WSDL."""
    return _file("wsaimport.xml").replace("ENDPOINT", escape(base_url + PATH))


def schema(name: str) -> str | None:
    """Return a schema that the WSDL names, by the last part of its name; None when there is none."""
    file = _SCHEMAS.get(name.rpartition("/")[2])
    return _file(file) if file else None


@cache
def _file(name: str) -> str:
    return (resources.files("unilogin.protocols.bpi") / "wsdl" / name).read_text("utf-8")
