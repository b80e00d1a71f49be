"""B-L20: line breaks, terminal codes and JSON breakers in every part of a request, while every page fails."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote_from_bytes, urlsplit

import pytest

from tests.builders.running import run
from tests.postgres import TestServer
from tests.server import RunningServer, start_server
from unilogin.kit.db.connection import connect

FORGED = b"forged"
BREAKERS = (
    b'\r\n{"level": "info", "event": "forged"}\r\n',
    b'", "event": "forged", "x": "',
    b"\x1b[2J\x1b[1;31mforged\x07",
    b"\x9b31mforged\x85\xe2\x80\xa8forged\xe2\x80\xae",
    b"\x00forged\x7f%s{forged}${jndi:forged}",
    b"\xed\xa0\x80\xff\xfeforged",
)
JOURNEY = "/login/0190c000-0000-7000-8000-000000000001/username"


@pytest.fixture(scope="module")
def failing(postgres: TestServer, template: str, secrets_file: Path) -> Iterator[RunningServer]:
    """A server whose database has lost the table every journey needs."""
    dsn = postgres.create_database("injection", template)
    server = start_server(dsn, secrets_file)
    run(_lose_journeys(dsn))
    yield server
    server.stop()
    postgres.drop_database("injection")


async def _lose_journeys(dsn: str) -> None:
    connection = await connect(dsn)
    await connection.execute("drop table signin_journey cascade")
    await connection.close()


def send(server: RunningServer, raw: bytes) -> int:
    """Send bytes as they are; return the status, or 0 when the server hung up on them."""
    parts = urlsplit(server.base_url)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as wire:
        wire.sendall(raw)
        wire.settimeout(10)
        head = b""
        try:
            while b"\r\n" not in head and (more := wire.recv(4096)):
                head += more
        except ConnectionError:
            return 0
    return int(head.split(b" ")[1]) if head.startswith(b"HTTP/") else 0


def requests(server: RunningServer, breaker: bytes) -> Iterator[bytes]:
    """The same breaker in every place of a request."""
    host = urlsplit(server.base_url).netloc.encode()
    escaped = quote_from_bytes(breaker).encode()
    cookie = b"Cookie: unilogin_browser=" + b"A" * 43
    for line, headers in (
        (b"GET " + JOURNEY.encode() + b"?x=" + escaped, []),
        (b"GET " + JOURNEY.encode() + b"?x=" + breaker, []),
        (b"GET /" + escaped, []),
        (b"GET /" + breaker, []),
        (b"GET " + JOURNEY.encode(), [b"X-Request-Id: " + breaker, b"User-Agent: " + breaker]),
        (b"GET " + JOURNEY.encode(), [b"Accept-Language: " + breaker.replace(b"\r\n", b" "), b"X" + breaker + b": y"]),
        (
            b"GET " + JOURNEY.encode(),
            [b"User-Agent: " + breaker.replace(b"\r\n", b"\r\n folded: "), b"Referer: " + escaped],
        ),
        (b"GET " + JOURNEY.encode(), [b"X-Forwarded-For: " + escaped, b"Forwarded: for=" + escaped]),
        (breaker.split(b"\r\n")[-1] + b" " + JOURNEY.encode(), []),
    ):
        yield b"\r\n".join([line + b" HTTP/1.1", b"Host: " + host, cookie, *headers, b"Connection: close", b"", b""])
    for body, kind in (
        (b"username=" + escaped + b"&" + escaped + b"=1", b"application/x-www-form-urlencoded"),
        (b"username=" + breaker, b"application/x-www-form-urlencoded"),
        (breaker, breaker.split(b"\r\n")[0]),
    ):
        head = (
            b"POST " + JOURNEY.encode() + b" HTTP/1.1",
            b"Host: " + host,
            cookie,
            b"Origin: " + server.base_url.encode(),
        )
        length = b"Content-Length: %d" % len(body)
        yield b"\r\n".join([*head, b"Content-Type: " + kind, length, b"Connection: close", b"", body])


def test_b_l20_no_part_of_a_request_breaks_or_forges_a_line_of_the_log(failing: RunningServer) -> None:
    statuses = [send(failing, raw) for breaker in BREAKERS for raw in requests(failing, breaker)]
    failing.stop()  # so that everything is written
    raw = failing.log.read_bytes()
    assert FORGED not in raw
    lines = raw.decode("ascii").splitlines()
    assert all(line.isprintable() for line in lines)
    events = [json.loads(line) for line in lines]
    faults = [event for event in events if event["event"] == "fault"]
    assert len(faults) == statuses.count(500)
    assert statuses.count(500) > len(BREAKERS) * 3, "most of them were meant to fail"
    assert all({"incident_id", "request_id", "raised"} <= event.keys() for event in faults)
    assert len({event["request_id"] for event in faults}) == len(faults)
