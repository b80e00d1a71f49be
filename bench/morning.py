"""Eight o'clock: 600 pupils behind one address arrive when they arrive, mistype, and some type names that are nobody's.

An open loop: who is late does not keep the others from coming. First at four fifths of what this machine can do with
the load generator on it, where no right password may be refused; then at three times that, where the waiting page has
to keep memory bounded and the service has to recover without help.
"""

import asyncio
import os
import random
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from ipaddress import ip_network

import psutil

from bench.cpu import cpu_seconds, memory, span
from bench.journey import BUDGET, fill, hash_seconds
from bench.relying_party import RelyingParty, Visit
from bench.report import Figure
from bench.running import Running, analyze, free_port, start_unilogin
from bench.unilogin_side import PASSWORD, SCHOOL, House
from bench.wire import Answer, Browser, UnexpectedAnswerError, Wire
from unilogin.domain.audit.model import Actor
from unilogin.domain.limits.actions import add_site_range
from unilogin.kit.db.connection import connect
from unilogin.kit.db.embedded import EmbeddedServer

PUPILS = 600
TYPOS = 0.08
NOBODY = 0.05
LOAD = 0.8
OVERLOAD = 3.0
MOST_AT_ONCE = 256
PATIENCE_SECONDS = 60.0
WARM_UP = 40


@dataclass(slots=True)
class Tally:
    """What became of everybody who came."""

    seconds: list[float] = field(default_factory=list)
    refused: int = 0
    waited: int = 0
    gave_up: int = 0
    hashes: int = 0
    errors: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, seconds: float | None, *, hashes: int, waited: int = 0, refused: bool = False) -> None:
        """Count one person; ``seconds`` from the moment they came until the service knew them."""
        with self._lock:
            self.hashes += hashes
            self.waited += waited
            self.refused += refused
            if seconds is not None:
                self.seconds.append(seconds)

    def fail(self, error: str) -> None:
        """Count one person who saw something that should not be."""
        with self._lock:
            self.errors.append(error[:300])

    @property
    def p95(self) -> float:
        """Seconds that 95 of 100 needed at most."""
        return statistics.quantiles(self.seconds, n=20)[-1] if len(self.seconds) > 1 else 0.0


def measure(house: House, *, database: EmbeddedServer, seconds: float) -> list[Figure]:
    """Run the morning and return its figures."""
    asyncio.run(register_school(house))
    cores = os.cpu_count() or 1
    with start_unilogin(house.dsn, house.secrets_file, port=free_port(), workers=cores) as server:
        party = RelyingParty(server.endpoints, Wire(server.base_url))
        one_hash = hash_seconds(20) / 20
        rate = LOAD * capacity(server, party, house, database=database)
        with span(server.process.pid, database.pid) as spent:
            morning = arrive(party, house, rate=rate, seconds=seconds)
        people = len(morning.seconds) + morning.refused
        beside = (spent.seconds - morning.hashes * one_hash) / people
        figures = [
            Figure("eight o'clock: arrivals a second", rate, "/s"),
            Figure("eight o'clock: share of the bare hash's capacity", rate * one_hash / cores * 100, "%"),
            Figure("eight o'clock: right passwords refused", morning.gave_up + len(morning.errors), "people", 0),
            Figure("eight o'clock: waiting pages shown", morning.waited, "pages", 0),
            Figure("eight o'clock: p95 from the first page to the service", morning.p95 * 1000, "ms"),
            Figure("eight o'clock: CPU beside the hash", beside / one_hash * 100, "% of a hash", (BUDGET - 1) * 100),
        ]
        figures += _overload(server, party, house, rate=rate * OVERLOAD, seconds=seconds / 3)
        party.wire.close()
    for error in morning.errors[:3]:
        print(error)
    return figures


async def register_school(house: House) -> None:
    """Register this machine's addresses as the school's, as ``unilogin sites add`` does."""
    connection = await connect(house.dsn)
    async with connection.transaction():
        institution_id = await connection.fetchval(
            "select institution_id from directory_institution where number = $1", SCHOOL
        )
        await add_site_range(
            connection,
            ip_network("127.0.0.0/8"),
            institution_id=institution_id,
            pupils=PUPILS,
            actor=Actor("operator", "bench"),
        )
    await connection.close()


def capacity(server: Running, party: RelyingParty, house: House, *, database: EmbeddedServer) -> float:
    """Return the journeys a second that the cores can carry, server, database and this load generator together."""
    tally = Tally()
    for number in range(2):  # the first round warms up
        names = [pupil.username for pupil in house.pupils[:WARM_UP]]
        before = cpu_seconds([server.process.pid, database.pid, os.getpid()])
        party.wire.for_each(names, lambda name: _person(party, house, tally, came=time.monotonic(), name=name))
        spent = cpu_seconds([server.process.pid, database.pid, os.getpid()]) - before
        if number == 0:
            analyze(database)
    return (os.cpu_count() or 1) / (spent / WARM_UP)


def arrive(party: RelyingParty, house: House, *, rate: float, seconds: float) -> Tally:
    """Let people come at random moments, so many a second on average, whoever is still there."""
    tally = Tally()
    coming = random.Random(8)
    moment = time.monotonic()
    end = moment + seconds
    with ThreadPoolExecutor(MOST_AT_ONCE) as crowd:
        number = 0
        while moment < end:
            moment += coming.expovariate(rate)
            time.sleep(max(0.0, moment - time.monotonic()))
            name = house.pupils[number % len(house.pupils)].username
            if coming.random() < NOBODY:
                crowd.submit(_nobody, party, house, tally, name=f"zzzz{number % 10_000:04}")
            else:
                mistypes = coming.random() < TYPOS
                crowd.submit(_person, party, house, tally, came=moment, name=name, mistypes=mistypes)
            number += 1
    return tally


def _person(party: RelyingParty, house: House, tally: Tally, *, came: float, name: str, mistypes: bool = False) -> None:
    """Travel from the service's link to the service with the right password, sometimes at the second try."""
    visit = Visit(Browser(party.wire), house.services[0])
    try:
        waited = 0
        if mistypes:
            page, waited = _secret(party, visit, name, "solskin over kliten 7")
            page, again = patient(visit.browser, fill(visit.browser, page, password=PASSWORD))
            waited += again
        else:
            page, waited = _secret(party, visit, name, PASSWORD)
        onward = page.refresh
        if onward is None:
            tally.gave_up += 1
            return
        party.take_code(visit, visit.browser.get(onward))
        party.redeem(visit)
        party.ask_who(visit)
        tally.add(time.monotonic() - came, hashes=1 + mistypes, waited=waited)
    except (UnexpectedAnswerError, OSError) as error:
        tally.fail(repr(error))


def _nobody(party: RelyingParty, house: House, tally: Tally, *, name: str) -> None:
    """Type a name that nobody has; the answer is that of a wrong password."""
    try:
        page, waited = _secret(party, Visit(Browser(party.wire), house.services[0]), name, PASSWORD)
        if page.refresh is not None:
            tally.fail(f"{name} got in")
        tally.add(None, hashes=1, waited=waited, refused=True)
    except (UnexpectedAnswerError, OSError) as error:
        tally.fail(repr(error))


def _secret(party: RelyingParty, visit: Visit, name: str, secret: str) -> tuple[Answer, int]:
    browser = visit.browser
    page = browser.follow(browser.get(party.authorization_url(visit)))
    page = browser.follow(fill(browser, page, selectedIdp="uni_idp"))
    page = browser.follow(fill(browser, page, username=name, shared="1"))
    pictures = 'name="pictures"' in page.text
    given = {"pictures": "sol,sol,sol,sol", "next": "1"} if pictures else {"username": name, "password": secret}
    return patient(browser, fill(browser, page, **given))


def patient(browser: Browser, answer: Answer) -> tuple[Answer, int]:
    """Wait as long as the waiting page asks, as a browser does by itself; return what came then and how often."""
    waited = 0
    until = time.monotonic() + PATIENCE_SECONDS
    while answer.status == 503 and answer.wait_seconds is not None and time.monotonic() < until:
        waited += 1
        time.sleep(answer.wait_seconds)
        answer = browser.get(answer.refresh or answer.url)
    return answer, waited


def _overload(server: Running, party: RelyingParty, house: House, *, rate: float, seconds: float) -> list[Figure]:
    """Come three times as fast as the machine can do, then see that it is itself again."""
    before = _held(server)
    flood = arrive(party, house, rate=rate, seconds=seconds)
    after = _held(server)
    calm = Tally()
    began = time.monotonic()
    _person(party, house, calm, came=began, name=house.pupils[0].username)
    for error in flood.errors[:3]:
        print(error)
    return [
        Figure("3 × overload: waiting pages shown", flood.waited, "pages"),
        Figure("3 × overload: got in in the end", len(flood.seconds), "people"),
        Figure("3 × overload: saw anything but a page of ours", len(flood.errors), "people", 0),
        Figure("3 × overload: p95 from the first page to the service", flood.p95, "s"),
        Figure("3 × overload: memory the workers grew by", after - before, "MB", 100),
        Figure("after the overload: the next person", (calm.seconds or [99.0])[0] * 1000, "ms", 2000),
    ]


def _held(server: Running) -> float:
    """Return what the workers hold, in MB."""
    return sum(memory(child.pid).alone for child in psutil.Process(server.process.pid).children(recursive=True))
