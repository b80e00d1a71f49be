"""The whole journey of a pupil with a password, over HTTP, held against the bare hash of that password."""

import os
import time
from concurrent.futures import ThreadPoolExecutor

from argon2.low_level import Type, hash_secret_raw

from bench.cpu import own_thread_seconds, span
from bench.relying_party import RelyingParty, Visit
from bench.report import Ratio
from bench.running import Running, analyze
from bench.unilogin_side import PASSWORD, House
from bench.wire import Answer, Browser, Wire
from unilogin.domain.credentials.hashing import MEMORY_KIB, PARALLELISM, TIME_COST
from unilogin.kit.db.embedded import EmbeddedServer

BUDGET = 1.25
WARM_UP = 48
"""Journeys before and after the tables are analyzed: PostgreSQL plans a statement anew five times a connection."""


def measure(server: Running, house: House, *, database: EmbeddedServer, rounds: int, journeys: int) -> list[Ratio]:
    """Measure journeys and bare hashes in turn, after a warm-up."""
    ours: list[float] = []
    bare: list[float] = []
    party = RelyingParty(server.endpoints, Wire(server.base_url))
    travel_all(party, house, WARM_UP)
    analyze(database)
    travel_all(party, house, WARM_UP)
    for _ in range(rounds):
        with span(server.process.pid, database.pid) as spent:
            travel_all(party, house, journeys)
        ours.append(spent.seconds / journeys * 1000)
        bare.append(hash_seconds(journeys) / journeys * 1000)
    party.wire.close()
    against = f"the bare hash: Argon2id, {MEMORY_KIB // 1024} MiB, t={TIME_COST}, p={PARALLELISM}"
    return [Ratio("password sign-in: the whole journey, code, tokens, userinfo", against, ours, bare, BUDGET)]


def travel_all(party: RelyingParty, house: House, count: int) -> None:
    """Let pupils sign in, one after the other, again from the first when all have."""
    names = [house.pupils[number % len(house.pupils)].username for number in range(count)]
    party.wire.for_each(names, lambda name: _travel(party, Visit(Browser(party.wire), house.services[0]), name))


def _travel(party: RelyingParty, visit: Visit, username: str) -> None:
    """Go from the service's link to the service, as a browser without JavaScript that has never been here."""
    browser = visit.browser
    page = browser.follow(browser.get(party.authorization_url(visit)))
    page = browser.follow(fill(browser, page, selectedIdp="uni_idp"))
    page = browser.follow(fill(browser, page, username=username))
    moving_on = fill(browser, page, username=username, password=PASSWORD)
    party.take_code(visit, moved_on(browser, moving_on))
    party.redeem(visit)
    party.ask_who(visit)


def moved_on(browser: Browser, answer: Answer) -> Answer:
    """Go where a page leads by itself; a machine too busy to hash lets people wait before it lets them on."""
    url = answer.refresh
    if url is None:
        raise answer.unexpected()
    while url is not None:
        time.sleep(answer.wait_seconds or 0)
        answer = browser.get(url)
        url = answer.refresh
    return answer


def fill(browser: Browser, page: Answer, **fields: str) -> Answer:
    """Post the form of a page to its own address, with what it hides."""
    return browser.post(page.action, page.hidden | fields)


def hash_seconds(count: int) -> float:
    """Return the CPU seconds of so many hashes, made as the server makes them: one a core at a time."""
    salt, secret = os.urandom(16), os.urandom(32)

    def hash_one(_: int) -> float:
        return own_thread_seconds(
            lambda: hash_secret_raw(
                secret,
                salt,
                time_cost=TIME_COST,
                memory_cost=MEMORY_KIB,
                parallelism=PARALLELISM,
                hash_len=32,
                type=Type.ID,
            )
        )

    with ThreadPoolExecutor(os.cpu_count()) as threads:
        return sum(threads.map(hash_one, range(count)))
