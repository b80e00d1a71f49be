"""Single sign-on into further services, coming back to them, and new tokens for old: ours and oidc-provider's."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from bench import peer_side, unilogin_side
from bench.cpu import span
from bench.relying_party import RelyingParty, Service, Visit, for_each, visits
from bench.report import Ratio
from bench.running import Running, free_port, start_database, start_peer
from bench.unilogin_side import House

SERVICES = 6
"""One that people enter first, and five further ones: a school day."""

SIGN_ON_BUDGET = 0.42
REFRESH_BUDGET = 0.9

Browsers = Callable[[], Awaitable[list[httpx.AsyncClient]]]


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured: rounds, and new sessions a round."""

    rounds: int
    sessions: int


@dataclass(slots=True)
class Side:
    """One server with its database; ``found`` holds CPU milliseconds a request, by kind, one a round."""

    party: RelyingParty
    roots: Sequence[int]
    services: Sequence[Service]
    browsers: Browsers
    found: dict[str, list[float]] = field(default_factory=dict)

    async def round(self, *, counted: bool) -> None:
        """Let new sessions enter every further service, renew the tokens, and enter once more."""
        browsers = await self.browsers()
        further = visits(browsers, self.services)
        steps = (
            ("authorize", self.party.authorize),
            ("token", self.party.redeem),
            ("userinfo", self.party.ask_who),
            ("refresh", self.party.refresh),
            ("return", self.party.authorize),
            ("return token", self.party.redeem),
        )
        for name, step in steps:
            spent = await self._spent(further, step)
            if counted:
                self.found.setdefault(name, []).append(spent)
        for browser in browsers:
            await browser.aclose()

    async def _spent(self, work: Sequence[Visit], step: Callable[[Visit], Awaitable[None]]) -> float:
        with span(*self.roots) as spent:
            await for_each(work, step)
        return spent.seconds / len(work) * 1000

    def of(self, *names: str) -> list[float]:
        """Return the sum of some kinds, a round."""
        return [sum(values) for values in zip(*(self.found[name] for name in names), strict=True)]


async def measure(ours: Side, stored: Side, unstored: Side, *, rounds: int) -> list[Ratio]:
    """Measure the three in turn; the first round warms up and is not counted."""
    for number in range(rounds + 1):
        for side in (ours, stored, unstored):
            await side.round(counted=number > 0)
    whole = ours.of("authorize", "token", "userinfo")
    entry = "single sign-on into a further service: authorize + token + userinfo"
    back = "coming back to a service: authorize + token"
    with_nothing = "oidc-provider, nothing stored"
    return [
        Ratio(
            entry,
            "oidc-provider + PostgreSQL: authorize + token",
            whole,
            stored.of("authorize", "token"),
            SIGN_ON_BUDGET,
        ),
        Ratio(entry, "the same with userinfo", whole, stored.of("authorize", "token", "userinfo")),
        Ratio(entry, f"{with_nothing}: authorize + token", whole, unstored.of("authorize", "token")),
        *(
            Ratio(f"– {name}", "oidc-provider + PostgreSQL", ours.of(name), stored.of(name))
            for name in ("authorize", "token", "userinfo")
        ),
        Ratio(
            back, "oidc-provider + PostgreSQL", ours.of("return", "return token"), stored.of("return", "return token")
        ),
        Ratio("refresh grant", "oidc-provider + PostgreSQL", ours.of("refresh"), stored.of("refresh"), REFRESH_BUDGET),
        Ratio("refresh grant", with_nothing, ours.of("refresh"), unstored.of("refresh")),
    ]


async def compare(server: Running, house: House, *, database: int, folder: Path, size: Size) -> list[Ratio]:
    """Start oidc-provider twice beside our running server, with PostgreSQL and without, and measure all three."""
    services = [Service(one.client_id, f"secret-{'0' * 32}", one.redirect_uri) for one in house.services]
    peer_database = start_database(folder / "peer")
    with (
        start_peer(services, port=free_port(), log=folder / "peer.log", database=peer_database) as stored,
        start_peer(services, port=free_port(), log=folder / "peer-unstored.log", database=None) as unstored,
    ):
        sides = (
            _our_side(server, house, database=database, sessions=size.sessions),
            _peer_side(stored, services, roots=(stored.process.pid, peer_database.pid), sessions=size.sessions),
            _peer_side(unstored, services, roots=(unstored.process.pid,), sessions=size.sessions),
        )
        found = await measure(*sides, rounds=size.rounds)
        for side in sides:
            await side.party.back_channel.aclose()
    peer_database.stop()
    return found


def _our_side(server: Running, house: House, *, database: int, sessions: int) -> Side:
    party = RelyingParty(server.endpoints, httpx.AsyncClient())
    roots = (server.process.pid, database)
    return Side(party, roots, house.services[1:], lambda: unilogin_side.signed_in_browsers(house, sessions))


def _peer_side(server: Running, services: Sequence[Service], *, roots: Sequence[int], sessions: int) -> Side:
    party = RelyingParty(server.endpoints, httpx.AsyncClient())
    return Side(party, roots, services[1:], lambda: peer_side.signed_in_browsers(party, services[0], sessions))
