"""What is the internet's, what is this machine, and what is neither."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unilogin.kit.addresses import is_loopback, is_public

INTERNAL = (
    *("0.0.0.0", "0.0.0.1", "10.0.0.1", "10.255.255.255", "100.64.0.1", "127.0.0.1", "127.255.255.254"),  # noqa: S104 - to be refused
    *("169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.168.0.1", "198.18.0.1"),
    *("198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1"),
    *("64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1", "2001:db8::1", "2001::1", "2001:0:1::1", "2002:7f00:1::"),
    *("2002:808:808::", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1"),
)
EVERYBODYS = ("8.8.8.8", "193.3.142.1", "2a00:1450:400f:80d::200e", "2606:4700::1111", "64:ff9b::808:808")


@pytest.mark.parametrize("address", INTERNAL)
def test_v_96_addresses_of_somebody_are_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", EVERYBODYS)
def test_v_96_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(ip_address(address))


@given(st.ip_addresses(v=4))
def test_v_96_wrapped_in_ipv6_no_address_becomes_better(address: IPv4Address) -> None:
    number = int(address)
    assert not is_public(IPv6Address((0xFFFF << 32) | number))
    assert not is_public(IPv6Address(number))
    assert not is_public(IPv6Address((0x2002 << 112) | (number << 80)))
    assert is_public(IPv6Address((0x64FF9B << 96) | number)) is is_public(address)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "::1"])
def test_this_machine_is_known_by_its_names(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "localhost.", "localhost.dk", "127.1", "0", "2130706433", "0x7f.1", "[::1]"])
def test_what_only_leads_to_this_machine_is_not_its_name(host: str) -> None:
    """Such hosts may not speak plain http, and are not called by name."""
    assert not is_loopback(host)
