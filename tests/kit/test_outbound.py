"""Calls to the outside go where they may, and end (V-96)."""

import ipaddress
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.builders.certificates import make_certificate
from tests.builders.receiver import Receiver, receiver
from tests.builders.running import run
from unilogin.kit import outbound
from unilogin.kit.addresses import Address
from unilogin.kit.outbound import BODY_BYTES, AddressRefusedError, Answer, Outbound, OutboundError, Resolve

HERE = (ipaddress.ip_address("127.0.0.1"),)
SOMEWHERE = ipaddress.ip_address("193.3.142.1")
SERVICE = "tjeneste.example"
EVERYBODY_TRUSTS = ssl.create_default_context()


@pytest.fixture
def service() -> Iterator[Receiver]:
    with receiver() as taking:
        yield taking


def post(
    url: str, *, own_machine: bool = True, tls: ssl.SSLContext = EVERYBODY_TRUSTS, resolving: Resolve = outbound.resolve
) -> Answer:
    async def call() -> Answer:
        door = Outbound(own_machine=own_machine, tls=tls, resolving=resolving)
        try:
            return await door.post_form(url, {"logout_token": "a.b.c", "ø": "&="})
        finally:
            await door.close()

    return run(call())


def leading_to(*addresses: Address | str) -> Resolve:
    """A name server that says this of every name."""

    async def resolving(host: str, port: int) -> Sequence[Address]:
        return [ipaddress.ip_address(str(address)) for address in addresses]

    return resolving


def test_fields_arrive_as_a_form(service: Receiver) -> None:
    service.body = b"thanks"
    assert post(service.url) == Answer(200, b"thanks")
    came = service.received[0]
    assert came.fields == {"logout_token": "a.b.c", "ø": "&="}
    assert came.headers["content-type"] == "application/x-www-form-urlencoded"
    assert came.headers["host"] == f"localhost:{service.port}"


INTERNAL = (
    *(
        "https://10.0.0.1/",
        "https://192.168.1.1:8443/x",
        "https://169.254.169.254/latest/meta-data",
        "https://0.0.0.0/",
    ),
    *(
        "https://[fe80::1]/",
        "https://[fc00::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::]/",
        "https://[2002:7f00:1::]/",
    ),
    *("https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/", "https://127.1/"),
    *("http://tjeneste.example/", "ftp://localhost/", "file:///etc/passwd", "gopher://localhost/", "//localhost/"),
    *("https://user@8.8.8.8/", "https://", "https://[::1", "https://8.8.8.8:99999/", ""),
)


@pytest.mark.parametrize("url", INTERNAL)
def test_v_96_an_internal_or_strange_address_is_not_called(url: str) -> None:
    with pytest.raises(AddressRefusedError):
        post(url)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9"])
def test_v_96_our_own_machine_is_called_on_a_laptop_alone(service: Receiver, host: str) -> None:
    with pytest.raises(AddressRefusedError):
        post(f"http://{host}:{service.port}/", own_machine=False)
    assert not service.received


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["::1"],
        ["10.1.2.3"],
        ["169.254.169.254"],
        [SOMEWHERE, "127.0.0.1"],
        ["fe80::1%2", SOMEWHERE],
        ["::ffff:127.0.0.1"],
        ["64:ff9b::7f00:1"],
        [],
    ],
    ids=str,
)
def test_v_96_a_name_that_leads_inside_is_not_called(service: Receiver, addresses: list[str]) -> None:
    """One bad address among good ones is enough."""
    with pytest.raises(AddressRefusedError):
        post(f"https://{SERVICE}:{service.port}/", resolving=leading_to(*addresses))
    assert not service.received


def test_v_96_localhost_that_leads_elsewhere_is_not_called() -> None:
    with pytest.raises(AddressRefusedError):
        post("http://localhost:9/", resolving=leading_to("10.0.0.1"))


def test_v_96_a_name_is_asked_for_once_and_cannot_change_its_mind(service: Receiver) -> None:
    """DNS rebinding: the address that is called is the one that was looked at."""
    asked = []

    async def changing(host: str, port: int) -> Sequence[Address]:
        asked.append(host)
        return HERE if len(asked) == 1 else [SOMEWHERE]

    assert post(service.url, resolving=changing).status == 200
    assert asked == ["localhost"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_v_96_a_redirect_is_an_answer_and_not_followed(service: Receiver, status: int) -> None:
    with receiver() as inside:
        service.statuses, service.location = [status], inside.url
        assert post(service.url).status == status
    assert not inside.received


def test_v_96_the_environment_names_no_proxy(
    service: Receiver, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with receiver() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        netrc = tmp_path / "netrc"
        netrc.write_text("machine localhost login somebody password something\n", "utf-8")
        monkeypatch.setenv("NETRC", str(netrc))
        post(service.url)
    assert not proxy.received
    assert "authorization" not in service.received[0].headers


def test_v_96_nothing_a_service_sends_is_remembered(service: Receiver) -> None:
    async def twice() -> None:
        door = Outbound(own_machine=True)
        for _ in range(2):
            await door.post_form(service.url, {})
        await door.close()

    run(twice())
    assert "cookie" not in service.received[1].headers


def test_n_74_a_service_that_does_not_answer_costs_five_seconds_at_most(service: Receiver) -> None:
    service.delay = 60
    began = time.monotonic()
    with pytest.raises(OutboundError) as refused:
        post(service.url)
    assert refused.value.reason == "timeout"
    assert time.monotonic() - began < 30


def test_n_74_a_service_that_answers_drop_by_drop_costs_no_more(service: Receiver) -> None:
    service.body, service.drip = b"x" * 300, True  # a minute of it
    began = time.monotonic()
    with pytest.raises(OutboundError) as refused:
        post(service.url)
    assert refused.value.reason == "timeout"
    assert time.monotonic() - began < 30


def test_n_74_no_more_of_an_answer_is_read_than_a_few_thousand_bytes(service: Receiver) -> None:
    service.body = b"x" * 5_000_000
    assert len(post(service.url).body) == BODY_BYTES


def test_a_closed_door_is_told_from_a_name_nobody_has() -> None:
    with receiver() as gone:
        pass
    with pytest.raises(OutboundError) as refused:
        post(gone.url)
    assert refused.value.reason == "connection"

    async def nobody(host: str, port: int) -> Sequence[Address]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    with pytest.raises(OutboundError) as refused:
        post("https://findes-ikke.example/", resolving=nobody)
    assert refused.value.reason == "name"


def test_the_next_address_of_a_name_is_tried_when_one_is_closed() -> None:
    with receiver(family=socket.AF_INET6) as service:
        assert post(service.url, resolving=leading_to("127.0.0.1", "::1")).status == 200


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for ``localhost`` and its key, in one file."""
    return make_certificate(tmp_path_factory.mktemp("tls") / "localhost.pem")


@pytest.fixture
def tls_service(certificate: Path) -> Iterator[Receiver]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with receiver(tls=context) as taking:
        yield taking


def test_n_73_a_service_shows_whose_it_is_by_the_name_that_was_registered(
    tls_service: Receiver, certificate: Path
) -> None:
    """We connect to an address; the certificate is still held against the name."""
    trusting = ssl.create_default_context(cafile=str(certificate))
    assert post(tls_service.url, tls=trusting).status == 200
    tls_service.host = "127.0.0.1"
    with pytest.raises(OutboundError) as refused:
        post(tls_service.url, tls=trusting)
    assert refused.value.reason == "certificate"


def test_n_73_a_certificate_nobody_vouches_for_is_refused(tls_service: Receiver) -> None:
    with pytest.raises(OutboundError) as refused:
        post(tls_service.url)
    assert refused.value.reason == "certificate"
    assert not tls_service.received
