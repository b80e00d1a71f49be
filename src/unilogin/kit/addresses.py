"""Which addresses of the network are this machine, and which are everybody's. Pure.

The rest belongs to somebody: a router, a printer, the cloud's own data about its machines. A call of ours must never be
led there by a name that a stranger registered or can change (V-96).
"""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address

_UNICAST = IPv6Network("2000::/3")
"""All that is given out to networks of the internet: what is not in here is local, carries IPv4, or is nobody's."""

_NAT64 = IPv6Network("64:ff9b::/96")
"""An IPv4 address as a network that has only IPv6 sees it (RFC 6052)."""


def is_loopback(host: str) -> bool:
    """Tell whether a host name is this machine itself (RFC 8252 §7.3)."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def is_public(address: Address) -> bool:
    """Tell whether an address is one that anybody on the internet may be reached at."""
    if isinstance(address, IPv4Address):
        return address.is_global and not address.is_multicast
    if address in _NAT64:
        return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
    carries_another = address.sixtofour is not None or address.teredo is not None
    return address in _UNICAST and address.is_global and not carries_another
