"""RT-12, B-L16: which address counts, whatever a request claims."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from unilogin.kit.web.peer import NOBODY, peer_of, read_proxies

PROXIES = read_proxies("10.0.0.0/24, 2001:db8:ffff::1")


def request(client: str | None, *forwarded: str) -> Request:
    headers = [(b"x-forwarded-for", value.encode("latin-1", "replace")) for value in forwarded]
    return Request({"type": "http", "headers": headers, "client": (client, 1) if client is not None else None})


@pytest.mark.parametrize(
    ("client", "forwarded", "address"),
    [
        ("198.51.100.7", (), "198.51.100.7"),
        ("198.51.100.7", ("203.0.113.9",), "198.51.100.7"),  # no proxy of ours: not believed
        ("10.0.0.1", (), "10.0.0.1"),
        ("10.0.0.1", ("203.0.113.9",), "203.0.113.9"),
        ("10.0.0.1", ("1.2.3.4, 203.0.113.9",), "203.0.113.9"),  # the first was written by the stranger
        ("10.0.0.1", ("1.2.3.4", "203.0.113.9"), "203.0.113.9"),
        ("10.0.0.1", ("203.0.113.9, 10.0.0.2",), "203.0.113.9"),
        ("10.0.0.1", ("203.0.113.9, 10.0.0.2, 10.0.0.3",), "203.0.113.9"),
        ("10.0.0.1", ("10.0.0.5, 10.0.0.2",), "10.0.0.5"),
        ("10.0.0.1", ("203.0.113.9, junk",), "10.0.0.1"),
        ("10.0.0.1", ("junk, 203.0.113.9",), "203.0.113.9"),
        ("10.0.0.1", ("",), "10.0.0.1"),
        ("10.0.0.1", (", ,",), "10.0.0.1"),
        ("10.0.0.1", (", ".join(["1.2.3.4"] * 1000) + ", 203.0.113.9",), "203.0.113.9"),
        ("10.0.0.1", (", ".join(["10.0.0.2"] * 1000),), "10.0.0.2"),
        ("10.0.0.1", ("203.0.113.9:4711",), "203.0.113.9"),
        ("10.0.0.1", ("[2001:db8::5]:4711",), "2001:db8::5"),
        ("10.0.0.1", ("::ffff:203.0.113.9",), "203.0.113.9"),
        ("10.0.0.1", ("fe80::1%eth0",), "fe80::1"),
        ("::ffff:10.0.0.1", ("203.0.113.9",), "203.0.113.9"),
        ("2001:db8:ffff::1", ("203.0.113.9",), "203.0.113.9"),
        ("2001:db8:ffff::2", ("203.0.113.9",), "2001:db8:ffff::2"),
        ("testclient", (), str(NOBODY)),
        ("", ("203.0.113.9",), str(NOBODY)),
    ],
)
def test_rt_12_b_l16_the_last_address_our_own_proxies_did_not_write(
    client: str, forwarded: tuple[str, ...], address: str
) -> None:
    assert str(peer_of(request(client, *forwarded), proxies=PROXIES).address) == address


def test_without_proxies_no_header_is_believed() -> None:
    assert str(peer_of(request("10.0.0.1", "203.0.113.9")).address) == "10.0.0.1"
    assert peer_of(request(None, "203.0.113.9")).address == NOBODY


@pytest.mark.parametrize(
    ("address", "net"),
    [
        ("198.51.100.7", "198.51.100.7/32"),
        ("::ffff:198.51.100.7", "198.51.100.7/32"),
        ("2001:db8:1:2f00::1", "2001:db8:1:2f00::/56"),
        ("2001:db8:1:2fff:ffff::", "2001:db8:1:2f00::/56"),
        ("2001:db8:1:3000::1", "2001:db8:1:3000::/56"),
        ("fe80::1%eth0", "fe80::/56"),
    ],
)
def test_rt_12_all_addresses_of_one_net_count_as_one(address: str, net: str) -> None:
    assert peer_of(request(address)).net == ip_network(net)


@given(st.lists(st.text(max_size=60), max_size=5))
def test_b_l16_whatever_a_stranger_claims_changes_nothing(forwarded: list[str]) -> None:
    assert str(peer_of(request("198.51.100.7", *forwarded), proxies=PROXIES).address) == "198.51.100.7"


@given(st.lists(st.text(max_size=60), max_size=5))
def test_b_l16_no_junk_from_behind_a_proxy_is_a_fault(forwarded: list[str]) -> None:
    peer_of(request("10.0.0.1", *forwarded), proxies=PROXIES)


@pytest.mark.parametrize("text", ["everybody", "10.0.0.1/24", "0.0.0.0/0", "::/0", "10.0.0.0/33"])
def test_a_list_of_proxies_that_means_something_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=text.split("/", maxsplit=1)[0]):
        read_proxies(text)


def test_a_list_of_proxies() -> None:
    assert read_proxies("") == ()
    assert read_proxies("10.0.0.1, 2001:db8::/64") == (ip_network("10.0.0.1"), ip_network("2001:db8::/64"))
