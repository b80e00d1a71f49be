"""Single sign-on into further services, coming back to them, and new tokens for old: ours and oidc-provider's."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench import peer_side, unilogin_side
from bench.cpu import span
from bench.relying_party import RelyingParty, Service, Visit, visits
from bench.report import Ratio
from bench.running import Running, analyze, free_port, start_database, start_peer
from bench.unilogin_side import House
from bench.wire import Browser, Wire
from unilogin.kit.db.embedded import EmbeddedServer

SERVICES = 6
"""One that people enter first, and five further ones: a school day."""

WARM_UP_ROUNDS = 3
"""V8 compiles what runs often; PostgreSQL plans a statement anew five times a connection."""

SIGN_ON_BUDGET = 0.42
REFRESH_BUDGET = 0.9

Browsers = Callable[[], list[Browser]]


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured: rounds, and new sessions a round."""

    rounds: int
    sessions: int


@dataclass(slots=True)
class Side:
    """One server with its database; ``found`` holds CPU milliseconds a request, by kind, one a round."""

    party: RelyingParty
    server: Running
    database: EmbeddedServer | None
    services: Sequence[Service]
    browsers: Browsers
    found: dict[str, list[float]] = field(default_factory=dict)

    def round(self, *, counted: bool) -> None:
        """Let new sessions enter every further service, renew the tokens, and enter once more."""
        browsers = self.browsers()
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
            spent = self._spent(further, step)
            if counted:
                self.found.setdefault(name, []).append(spent)

    def _spent(self, visits_of_all: Sequence[Sequence[Visit]], step: Callable[[Visit], None]) -> float:
        def one_after_the_other(visits_of_one: Sequence[Visit]) -> None:
            for visit in visits_of_one:
                step(visit)

        roots = (self.server.process.pid, *([self.database.pid] if self.database else []))
        with span(*roots) as spent:
            self.party.wire.for_each(visits_of_all, one_after_the_other)
        return spent.seconds / sum(len(visits_of_one) for visits_of_one in visits_of_all) * 1000

    def of(self, *names: str) -> list[float]:
        """Return the sum of some kinds, a round."""
        return [sum(values) for values in zip(*(self.found[name] for name in names), strict=True)]


def measure(ours: Side, stored: Side, unstored: Side, *, rounds: int) -> list[Ratio]:
    """Measure the three in turn; the first rounds warm up and are not counted."""
    for number in range(WARM_UP_ROUNDS + rounds):
        for side in (ours, stored, unstored):
            side.round(counted=number >= WARM_UP_ROUNDS)
            if number == 0 and side.database:
                analyze(side.database)
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


def compare(server: Running, house: House, *, database: EmbeddedServer, folder: Path, size: Size) -> list[Ratio]:
    """Start oidc-provider twice beside our running server, with PostgreSQL and without, and measure all three."""
    services = [Service(one.client_id, f"secret-{'0' * 32}", one.redirect_uri) for one in house.services]
    peer_database = start_database(folder / "peer")
    with (
        start_peer(services, port=free_port(), log=folder / "peer.log", database=peer_database) as stored,
        start_peer(services, port=free_port(), log=folder / "peer-unstored.log", database=None) as unstored,
    ):
        sides = (
            _our_side(server, house, database=database, sessions=size.sessions),
            _peer_side(stored, services, database=peer_database, sessions=size.sessions),
            _peer_side(unstored, services, database=None, sessions=size.sessions),
        )
        found = measure(*sides, rounds=size.rounds)
        for side in sides:
            side.party.wire.close()
    peer_database.stop()
    return found


def _our_side(server: Running, house: House, *, database: EmbeddedServer, sessions: int) -> Side:
    party = RelyingParty(server.endpoints, Wire(server.base_url))

    def browsers() -> list[Browser]:
        return asyncio.run(unilogin_side.signed_in_browsers(house, party.wire, sessions))

    return Side(party, server, database, house.services[1:], browsers)


def _peer_side(server: Running, services: Sequence[Service], *, database: EmbeddedServer | None, sessions: int) -> Side:
    party = RelyingParty(server.endpoints, Wire(server.base_url))

    def browsers() -> list[Browser]:
        return peer_side.signed_in_browsers(party, services[0], sessions)

    return Side(party, server, database, services[1:], browsers)
