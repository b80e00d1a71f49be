"""Throttling without HTTP and without hashes: somebody types a secret, and what sign-in does with it happens.

The same statements in the same order as ``signin/proving.py``; the comparison is a comparison of strings.
"""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from uuid import UUID, uuid4

from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor
from unilogin.domain.limits import queries, rules
from unilogin.domain.limits.actions import add_site_range
from unilogin.domain.limits.attempts import reserve, take_turn
from unilogin.domain.limits.fingerprints import Fingerprints
from unilogin.domain.limits.model import (
    ELSEWHERE,
    HOME,
    Circumstances,
    Closed,
    Crowded,
    Guess,
    Kind,
    Net,
    Place,
    Reserved,
    Sprayed,
    Waiting,
)
from unilogin.domain.limits.outcomes import Failure, note_failure, note_success
from unilogin.kit.db.connection import Connection, Pool

MOST_IN_A_ROW = 100
"""NIST's ceiling, over all places together (N-23)."""

OPERATOR = Actor("operator", "tests")
KEY = bytes(range(32))
HOME_ADDRESS = "203.0.113.7"
_names = itertools.count(1)


def most_in_a_row(kind: Kind) -> int:
    """Return how many wrong guesses all buckets of an account take together."""
    return sum(rules.allowance(kind, Place(place)).cap for place in range(rules.last_device(kind) + 1))


def most_in_a_day(kind: Kind) -> int:
    """Return how many wrong guesses a day all buckets of an account take together, whatever succeeds meanwhile."""
    return sum(rules.allowance(kind, Place(place)).a_day for place in range(rules.last_device(kind) + 1))


@dataclass(frozen=True, slots=True)
class Account:
    """An account with its secret, or a name that is nobody's (without id)."""

    username: str
    secret: str
    account_id: UUID | None
    institutions: frozenset[UUID]
    kind: Kind = Kind.TYPED


def account(
    *, secret: str = "right", institutions: Iterable[UUID] = (), kind: Kind = Kind.TYPED, known: bool = True
) -> Account:
    """An account nobody has tried before."""
    name = f"test{next(_names):04}"
    return Account(name, secret, uuid4() if known else None, frozenset(institutions), kind)


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of typing a secret."""

    answer: Reserved | Waiting | Closed | Sprayed | Crowded
    fitted: bool | None
    """None when nothing was compared."""
    slowed: bool = False

    @property
    def compared(self) -> bool:
        """Whether the secret was compared: the guess was spent."""
        return self.fitted is not None


@dataclass(slots=True)
class Throttle:
    """One database with its counts, and a clock that tests move."""

    pool: Pool
    fingerprints: Fingerprints = field(default_factory=lambda: Fingerprints(KEY))
    moved_seconds: float = 0.0

    async def type(self, who: Account, secret: str, *, device: str = "somewhere", address: str = HOME_ADDRESS) -> Tried:
        """Somebody at a device types a secret for an account."""
        async with self.pool.acquire() as connection:
            circumstances = await self.circumstances(connection, who, device=device, address=address)
            guess = self.guess(who, secret, device=device, address=address, circumstances=circumstances)
            slot = rules.trusted_slot(circumstances, who.kind)
            slowed = False
            if slot is None:
                if circumstances.paused_seconds > 0:
                    return Tried(Waiting(circumstances.paused_seconds), None)
                slowed = circumstances.net_slowed or bool(circumstances.site and circumstances.site.slowed)
                if slowed and (seconds := await take_turn(connection, guess.device)) > rules.LONGEST_TURN:
                    return Tried(Waiting(seconds), None, slowed)
            answer = await reserve(connection, guess, slot=slot)
            return await self.settle(connection, who, guess, answer, typed=secret, slowed=slowed)

    async def settle(
        self,
        connection: Connection,
        who: Account,
        guess: Guess,
        answer: Reserved | Waiting | Closed | Sprayed | Crowded,
        *,
        typed: str,
        slowed: bool = False,
    ) -> Tried:
        """Compare, and write down what came of it."""
        failure = Failure(Event.SIGNIN_FAILED, "tests")
        match answer:
            case Waiting() | Closed() | Crowded():
                return Tried(answer, None, slowed)
            case Sprayed():
                await note_failure(connection, guess, failure, reserved=None)
                return Tried(answer, None, slowed)
        fitted = who.account_id is not None and typed == who.secret
        if fitted:
            async with connection.transaction():
                await note_success(connection, guess, answer)
        else:
            await note_failure(connection, guess, failure, reserved=answer)
        return Tried(answer, fitted, slowed)

    async def circumstances(
        self, connection: Connection, who: Account, *, device: str, address: str = HOME_ADDRESS
    ) -> Circumstances:
        """Read what sign-in reads before it decides."""
        parameters = queries.parameters(
            self.fingerprints.account(who.username),
            self.fingerprints.device(device),
            address=ip_address(address),
            net=net_of(address),
        )
        row = await connection.fetchrow(
            f"select {queries.COLUMNS} from ({queries.CIRCUMSTANCES}) c where $1::text = $1", who.username, *parameters
        )
        assert row is not None
        return queries.circumstances_of(row)

    def guess(
        self, who: Account, secret: str, *, device: str, address: str = HOME_ADDRESS, circumstances: Circumstances
    ) -> Guess:
        """The attempt as throttling sees it."""
        key, site = self.fingerprints.account(who.username), circumstances.site
        decoy = site is not None and self.fingerprints.decoy_home(key, site)
        home = rules.is_home(site.institutions if site else (), who.institutions, decoy=decoy)
        prints = self.fingerprints.prints(key, secret.encode(), site=site, hour=circumstances.hour)
        place = HOME if home else ELSEWHERE
        device_key = self.fingerprints.device(device)
        return Guess(key, who.account_id, who.kind, device_key, net_of(address), site, place, prints)

    async def register(self, address: str, *institutions: UUID, pupils: int = 0) -> Net:
        """Register addresses as those of institutions."""
        site = ip_network(address)
        async with self.pool.acquire() as connection, connection.transaction():
            for institution in institutions:
                await add_site_range(connection, site, institution_id=institution, pupils=pupils, actor=OPERATOR)
        return site

    async def let_time_pass(self, seconds: float) -> None:
        """Move the one clock of every decision."""
        if not self.moved_seconds:  # a row, not a new function each time: that would have every statement planned anew
            await self.pool.execute("create table tests_clock as select interval '0' as moved")
            await self.pool.execute("grant select on tests_clock to public")
            await self.pool.execute(
                "create or replace function kit_now() returns timestamptz language sql stable parallel safe"
                " return statement_timestamp() + (select moved from tests_clock)"
            )
        self.moved_seconds += seconds
        await self.pool.execute("update tests_clock set moved = $1 * interval '1 second'", self.moved_seconds)

    async def at_noon(self) -> None:
        """Move the clock to the next noon, so that no midnight comes into a test of a day."""
        hours = 36 - await self.pool.fetchval(
            "select extract(hour from kit_now() at time zone 'Europe/Copenhagen')::int"
        )
        await self.let_time_pass(hours * 3600)

    async def events(self, event: Event) -> list[dict[str, object]]:
        """The details of all audit rows of one kind, in order."""
        rows = await self.pool.fetch("select detail from audit_event where action = $1 order by sequence", event.value)
        return [row["detail"] for row in rows]


def net_of(address: str) -> IPv4Network | IPv6Network:
    """The net of an address as sign-in takes it."""
    return ip_network(address) if ":" not in address else ip_network(f"{address}/56", strict=False)
