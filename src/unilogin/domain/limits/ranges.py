"""Reading a range of addresses as an operator types it."""

from ipaddress import IPv4Network, ip_interface, ip_network

from unilogin.domain.limits.errors import SiteRangeError
from unilogin.domain.limits.model import Net

WIDEST_V4, WIDEST_V6 = 16, 32
"""Wider than any school or municipality has: where all is one site, nobody is a stranger."""


def read_range(text: str) -> Net:
    """Return the range; raises SiteRangeError for what is no range, too wide, or nobody's address."""
    try:
        net = ip_network(text)
    except ValueError:
        raise SiteRangeError(_what_is_wrong(text)) from None
    widest = WIDEST_V4 if isinstance(net, IPv4Network) else WIDEST_V6
    if net.prefixlen < widest:
        raise SiteRangeError(f"{net} is too wide to be one school's: at most /{widest}")
    if net.is_multicast or net.is_unspecified or net.is_link_local:
        raise SiteRangeError(f"nobody comes from {net}")
    return net


def _what_is_wrong(text: str) -> str:
    try:
        return f"{text} is not the beginning of a range: did you mean {ip_interface(text).network}?"
    except ValueError:
        return f"{text} is no address and no range such as 203.0.113.0/24"
