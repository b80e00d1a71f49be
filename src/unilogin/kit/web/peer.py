"""Who is at the other end: the address that limits are kept by.

It is the address that connected, except where that is a proxy of our own: then the last address the proxies did not
write themselves. What a stranger claims in ``X-Forwarded-For`` is never looked at (B-L16, RT-12).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.requests import Request  # commands read the settings, and no requests

Address = IPv4Address | IPv6Address
Net = IPv4Network | IPv6Network

NOBODY = IPv4Address("0.0.0.0")  # noqa: S104 - not an address to listen at: the one of who has none
MOST_HOPS = 20
_V6_NET_BITS = 56  # what one home or office gets: within it everybody can take a new address for each guess


@dataclass(frozen=True, slots=True)
class Peer:
    """Who asks: the address, and the net that counts as one."""

    address: Address

    @property
    def net(self) -> Net:
        """IPv4 as it is, IPv6 by its /56."""
        if isinstance(self.address, IPv4Address):
            return IPv4Network(self.address)
        return IPv6Network((int(self.address), _V6_NET_BITS), strict=False)


def peer_of(request: "Request", *, proxies: Sequence[Net] = ()) -> Peer:
    """Return who asks. ``proxies`` are the addresses of our own proxies; without any, no header is believed."""
    connected = _address(request.client.host) if request.client else None
    if connected is None:
        return Peer(NOBODY)
    forwarded = request.headers.getlist("x-forwarded-for")
    return Peer(_behind(connected, ",".join(forwarded), proxies) if proxies else connected)


def _behind(connected: Address, forwarded: str, proxies: Sequence[Net]) -> Address:
    """Walk back from the connection as long as our own proxies told about it; junk ends the walk where it stands."""
    nearest = connected
    for hop in reversed(forwarded.split(",")[-MOST_HOPS:]):
        if not _is_one_of(nearest, proxies):
            break
        told = _address(hop.strip())
        if told is None:
            break
        nearest = told
    return nearest


def _is_one_of(address: Address, nets: Iterable[Net]) -> bool:
    return any(address in net for net in nets)


def _address(text: str) -> Address | None:
    """Read an address as proxies and sockets write it; an IPv4 address in IPv6 clothes is the IPv4 address."""
    text = text.removeprefix("[").partition("]")[0] if text.startswith("[") else text
    if text.count(":") == 1:  # IPv4 with a port
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def read_proxies(text: str) -> tuple[Net, ...]:
    """Read the addresses of proxies, with commas between; raises ValueError with a sentence that says what is wrong."""
    return tuple(_proxy(part.strip()) for part in text.split(",") if part.strip())


def _proxy(text: str) -> Net:
    try:
        net = ip_network(text)
    except ValueError:
        raise ValueError(f"{text} is no address and no range such as 10.0.0.0/24") from None
    if net.prefixlen == 0:
        raise ValueError(f"{text} would believe everybody: name the proxies")
    return net
