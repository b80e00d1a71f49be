"""Values that people write into settings: what is misspelt or dangerous is refused, with a sentence on what to do.

Pure. The sentence is that of a ``ValueError``; it never quotes a database's address, which may hold a password.
"""

import re
from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import parse_qs, urlsplit

from unilogin.kit.addresses import is_loopback


def checked_base_url(value: str) -> str:
    """Return it when it is a public address that people may be sent to."""
    try:
        parts = urlsplit(value)
        host, port = (parts.hostname or "").encode("idna").decode(), parts.port
    except ValueError:
        host, port = "", None
    if not host or parts.scheme not in ("http", "https"):
        raise ValueError("write it as https://login.example.dk")
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError("it must begin with https://, because passwords go there; plain http is only for localhost")
    shown_port = "" if port in (None, {"http": 80, "https": 443}[parts.scheme]) else f":{port}"
    canonical = f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{shown_port}"
    if value != canonical:  # relying parties compare the issuer character by character
        raise ValueError(f"only scheme, host and port, with nothing after them: write it as {canonical}")
    return value


def checked_database_url(url: str) -> str:
    """Return it when it is the address of a PostgreSQL server, reached by a safe way."""
    if not url.startswith(("postgresql://", "postgres://")):
        raise ValueError("it must begin with postgresql://")
    try:
        parts = urlsplit(url)
    except ValueError:  # whose own sentence quotes the password
        raise ValueError("it is no URL: write signs such as @ and / in a password as %40 and %2F") from None
    query = parse_qs(parts.query)
    hosts = _hosts(parts.netloc, query)
    if not hosts:
        raise ValueError("name the server: postgresql://user@host/database, or ?host=/run/postgresql for a socket")
    remote = [host for host in hosts if not host.startswith("/") and not is_loopback(host)]
    # N-73: on a network, "prefer" would send CPR numbers in clear to whoever answers.
    if remote and query.get("sslmode") != ["verify-full"]:
        raise ValueError("add sslmode=verify-full to it: the server is another machine, and the way there must be safe")
    return url


def _hosts(netloc: str, query: Mapping[str, list[str]]) -> list[str]:
    """The hosts of a PostgreSQL address; several stand there when one takes over from another."""
    listed = netloc.rpartition("@")[2] or ",".join(query.get("host", []))
    hosts = (re.sub(r":\d*$", "", host) if not host.startswith("/") else host for host in listed.split(","))
    return [host.strip("[]") for host in hosts if host]


def without_password(url: str) -> str:
    """Return the address of a database as it may be shown."""
    return re.sub(r"((?:^|[?&])password=)[^&]*", r"\1***", re.sub(r"(://[^:/@?]*):[^?]*@", r"\1:***@", url))


def checked_role(value: str) -> str:
    """Return it when it can be the name of a database role; nothing stands for none."""
    if not re.fullmatch(r"([a-z_][a-z0-9_]{0,62})?", value):
        raise ValueError("small letters, digits and underscores; empty to work as the user who connects")
    return value


def checked_address(value: str) -> str:
    """Return an IP address as it is commonly written."""
    try:
        return str(ip_address(value))
    except ValueError:
        raise ValueError("an IP address of this machine, such as 127.0.0.1") from None


def parts_of(value: str) -> list[str]:
    """Return what stands between the commas."""
    return [part.strip() for part in value.split(",") if part.strip()]
