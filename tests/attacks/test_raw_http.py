"""B-L10, B-L15, B-L18, B-L19: requests that no browser sends, against the server as it runs in production."""

import time

import httpx
import pytest

from tests.attacks.wires import Wire, talk
from tests.server import RunningServer
from unilogin.kit.web.forms import BODY_SECONDS

PAGE = b"GET /hjaelp HTTP/1.1\r\n"
TOKEN = (
    b"POST /auth/realms/broker/protocol/openid-connect/token HTTP/1.1\r\n{host}"
    b"Content-Type: application/x-www-form-urlencoded\r\n"
)
END = b"Connection: close\r\n\r\n"

HOSTS = {
    "a foreign one": b"Host: evil.example\r\n",
    "a foreign one of our port": b"Host: evil.example:{port}\r\n",
    "none": b"",
    "an empty one": b"Host: \r\n",
    "two, ours first": b"{host}Host: evil.example\r\n",
    "two, ours last": b"Host: evil.example\r\n{host}",
    "ours twice": b"{host}{host}",
    "ours in a list": b"Host: localhost:{port}, evil.example\r\n",
    "ours and an account": b"Host: evil@localhost:{port}\r\n",
    "another port": b"Host: localhost:1\r\n",
    "an address": b"Host: 127.0.0.1:{port}\r\n",
}


@pytest.mark.parametrize("host", HOSTS.values(), ids=HOSTS.keys())
def test_b_l15_only_our_own_name_is_answered(server: RunningServer, host: bytes) -> None:
    port = server.base_url.rpartition(":")[2].encode()
    heard = talk(server, PAGE + host.replace(b"{port}", port) + END)
    assert heard.statuses[0] in (400, 421)
    assert b"evil" not in heard.raw


def test_b_l15_without_host_as_in_http_1_0(server: RunningServer) -> None:
    heard = talk(server, b"GET /hjaelp HTTP/1.0\r\n\r\n")
    assert heard.statuses in ([400], [421])


@pytest.mark.parametrize("scheme", [b"http", b"https"])
def test_b_l15_an_address_with_a_foreign_host_leads_nowhere_else(server: RunningServer, scheme: bytes) -> None:
    """The address in the request line says another host than the header: no link of ours is made from either."""
    page = b"GET " + scheme + b"://evil.example/auth/realms/broker/.well-known/openid-configuration HTTP/1.1\r\n{host}"
    heard = talk(server, page + END)
    assert b"evil.example" not in heard.raw


TWO_LENGTHS = {
    "chunked and a length": TOKEN + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a length and chunked": TOKEN + b"Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n",
    "two lengths": TOKEN + b"Content-Length: 6\r\nContent-Length: 5\r\n\r\na=bccc",
    "a length with a sign": TOKEN + b"Content-Length: +6\r\n\r\na=bccc",
    "a negative length": TOKEN + b"Content-Length: -6\r\n\r\na=bccc",
    "a length in hexadecimal": TOKEN + b"Content-Length: 0x6\r\n\r\na=bccc",
    "a length beyond numbers": TOKEN + b"Content-Length: 99999999999999999999\r\n\r\na=bccc",
    "chunked in other words": TOKEN + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked and then not": TOKEN + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "chunked in two headers": TOKEN + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "chunked in HTTP/1.0": TOKEN.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a chunk that is no number": TOKEN + b"Transfer-Encoding: chunked\r\n\r\nzz\r\na=b\r\n0\r\n\r\n",
    "a chunk with an endless comment": TOKEN + b"Transfer-Encoding: chunked\r\n\r\n1;" + b"a" * 100_000 + b"\r\nx\r\n",
}


@pytest.mark.parametrize("raw", TWO_LENGTHS.values(), ids=TWO_LENGTHS.keys())
def test_b_l18_a_body_whose_end_is_not_certain_is_refused_and_nothing_after_it_is_read(
    server: RunningServer, raw: bytes
) -> None:
    """Request smuggling: two readers must never disagree where a request ends."""
    heard = talk(server, raw + PAGE + b"{host}" + END)
    assert heard.statuses == [400]
    assert heard.hung_up


HEADERS = {
    "folded over two lines": b"X-A: b\r\n c\r\n",
    "folded by a tab": b"X-A: b\r\n\tc\r\n",
    "a bare carriage return": b"X-A: b\rX-B: c\r\n",
    "a space before the colon": b"Content-Length : 5\r\n",
    "no colon": b"X-A\r\n",
    "no name": b": x\r\n",
    "a zero byte": b"X-A: a\x00b\r\n",
    "a zero byte in the name": b"X-\x00A: b\r\n",
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS.keys())
def test_b_l18_a_header_that_can_be_read_in_two_ways_is_refused(server: RunningServer, header: bytes) -> None:
    heard = talk(server, PAGE + b"{host}" + header + END)
    assert heard.statuses == [400]
    assert heard.hung_up


def test_b_l18_lines_that_end_without_carriage_return_end_all_the_same(server: RunningServer) -> None:
    """Allowed to be taken so (RFC 9112 §2.2): what matters is that it is one request, whoever reads it."""
    raw = (PAGE + b"{host}" + END + PAGE + b"{host}" + END).replace(b"\r\n", b"\n")
    assert talk(server, raw).statuses == [200]


@pytest.mark.parametrize(
    "line",
    [b"GET /\x00 HTTP/1.1", b"GET  /hjaelp HTTP/1.1", b"GET /hjaelp", b"GET /hj\xff HTTP/1.1", b"\x16\x03\x01\x02\x00"],
    ids=repr,
)
def test_b_l18_a_line_that_is_no_request_is_refused(server: RunningServer, line: bytes) -> None:
    heard = talk(server, line + b"\r\n{host}" + END)
    assert set(heard.statuses) <= {400, 404}
    assert heard.hung_up


def test_b_l18_whoever_is_slow_is_cut_off(server: RunningServer) -> None:
    """Headers, a body of a known length and a chunked one that never end, all at the same time."""
    starts = {
        "headers": PAGE + b"{host}",
        "a body": TOKEN + b"Content-Length: 100\r\n\r\na=b",
        "chunks": TOKEN + b"Transfer-Encoding: chunked\r\n\r\n3\r\na=b\r\n",
    }
    wires = {name: Wire(server) for name in starts}
    for name, wire in wires.items():
        wire.send(starts[name].replace(b"{host}", wire.host))
    for _ in range(int(BODY_SECONDS) - 2):  # not to the end: what is sent to a closed door erases its answer
        time.sleep(1)  # a byte a second is the attack
        wires["a body"].send(b"x")
        wires["chunks"].send(b"1\r\nx\r\n")
    answers = {name: wires[name].answer(seconds=120) for name in ("a body", "chunks")}
    assert answers == {"a body": 400, "chunks": 400}
    assert all(wires[name].is_cut_off(by=piece) for name, piece in (("a body", b"x"), ("chunks", b"1\r\nx\r\n")))
    headers = wires["headers"].hear(seconds=120)
    assert headers.hung_up
    assert headers.seconds < 100


def test_b_l18_who_goes_away_in_the_middle_of_a_body_is_no_fault_of_ours(server: RunningServer) -> None:
    before = server.log.read_text("utf-8").count('"fault"')
    wire = Wire(server)
    wire.send((TOKEN + b"Content-Length: 100\r\n\r\na=b").replace(b"{host}", wire.host)).hear(seconds=0.2)
    talk(server, TOKEN + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n")
    assert talk(server, PAGE + b"{host}" + END).statuses == [200]
    assert server.log.read_text("utf-8").count('"fault"') == before


def test_b_l18_a_body_nobody_reads_is_not_taken_for_the_next_request(server: RunningServer) -> None:
    wire = Wire(server)
    hidden = b"GET /hjaelp/tilgaengelighed HTTP/1.1\r\n" + wire.host + b"\r\n"
    post = b"POST /hjaelp HTTP/1.1\r\n" + wire.host + b"Content-Length: %d\r\n\r\n" % len(hidden)
    heard = wire.send(post + hidden + PAGE + wire.host + END).hear()
    assert heard.statuses == [405, 200]


def test_b_l10_headers_of_more_than_16_kb_are_refused(server: RunningServer) -> None:
    for header in (b"Cookie: a=" + b"x" * 17_000, b"\r\n".join(b"X-%d: a" % n for n in range(2_000))):
        assert talk(server, PAGE + b"{host}" + header + b"\r\n" + END).statuses == [431]
    assert talk(server, b"GET /hjaelp?" + b"x" * 17_000 + b" HTTP/1.1\r\n{host}" + END).statuses == [414]


def test_b_l19_ten_thousand_headers_http_2_and_a_hundred_hasty_clients_leave_the_service_as_it_was(
    server: RunningServer,
) -> None:
    """HTTP/2 ends at the proxy in front; here its greeting is no request."""
    many = b"".join(b"X-%d: a\r\n" % number for number in range(10_000))
    assert talk(server, PAGE + b"{host}" + many + END).statuses == [431]
    greeting = talk(server, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00" * 100)
    assert greeting.hung_up
    assert set(greeting.statuses) <= {400, 505}
    hasty = [Wire(server) for _ in range(100)]
    for wire in hasty:
        wire.send((PAGE + b"{host}\r\n").replace(b"{host}", wire.host) * 3)
    for wire in hasty:
        wire.hear(seconds=0.001)
    assert httpx.get(f"{server.base_url}/hjaelp").status_code == 200
