"""Does the clock tell who exists? Pages asked with names of every kind, in turn, and the times compared (N-09).

Each sample is a new browser from a new address that types one name, once: known, blocked, closed to this place, and the
same for names that are nobody's. The kinds come in a new random order each time, so that a machine that gets slower
gets slower for all. Times are those of the one who asks: until the last byte of the answer.
"""

import asyncio
import html
import math
import random
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address

from bench.journey import fill
from bench.relying_party import RelyingParty, Visit
from bench.report import Comparison
from bench.running import Running, analyze
from bench.unilogin_side import House
from bench.wire import Browser, UnexpectedAnswerError, Wire
from unilogin.domain.limits.fingerprints import Fingerprints
from unilogin.kit.db.connection import connect
from unilogin.kit.db.embedded import EmbeddedServer
from unilogin.kit.secrets import load_secrets
from unilogin.kit.text import load_texts

LEAST_P = 0.01
"""N-09, for all comparisons of a run together: each single one may be as odd as this divided by their number."""

FIRST_ADDRESS = int(IPv4Address("198.18.0.1"))
"""A range for measurements (RFC 2544): every sample comes from another address of it."""


class Kind(StrEnum):
    """What a name is; the value begins its usernames. The first two are compared with ``UNKNOWN``."""

    KNOWN = "kend"
    BLOCKED = "blok"
    UNKNOWN = "ukdt"
    CLOSED = "lukk"
    UNKNOWN_CLOSED = "luku"


PAIRS = ((Kind.KNOWN, Kind.UNKNOWN), (Kind.BLOCKED, Kind.UNKNOWN), (Kind.CLOSED, Kind.UNKNOWN_CLOSED))
"""Known and unknown in the same state: what is closed is told to be, for both (RT-13)."""

_WRONG, _CLOSED = (load_texts()("da", code) for code in ("signin.password.wrong", "limits.closed"))

PAGES = ("username given", "page of the secret", "wrong answer")

_MAKE = """
  with numbers as (select lpad(n::text, 4, '0') as number from generate_series(0, $2::int - 1) n),
  names as (insert into directory_username (username) select $1 || number from numbers),
  people as (
    insert into directory_person (first_name, family_name) select $1, number from numbers
    returning person_id, family_name as number),
  accounts as (
    insert into directory_account (person_id, username, uniid, blocked_at)
    select person_id, $1 || number, left(md5($1 || number), 10), case when $3 then kit_now() end from people
    returning account_id, person_id, username),
  members as (
    insert into directory_membership (person_id, institution_id, source, local_person_id, actor_group, roles, level,
                                      raw_hash)
    select a.person_id, i.institution_id, 'timing', a.username, 'Elev', '{Elev}', '8', ''
    from accounts a cross join (select institution_id from directory_institution limit 1) i)
  insert into credentials_password (account_id, type, hash, pepper_version)
  select a.account_id, p.type, p.hash, p.pepper_version
  from accounts a cross join (select * from credentials_password limit 1) p
"""

_CLOSE = """
  insert into limits_bucket (account_key, place, account_id, failures, pressure, counted_at, open_at, day, day_failures,
                             prints, verdict, used_at)
  select key, 0, (select account_id from directory_account where username = name), 25, 0, kit_now(),
         kit_now() - interval '1 hour', current_date, 0, '', 'closed', kit_now()
  from unnest($1::text[], $2::bytea[]) as u (name, key)
"""


async def prepare(house: House, samples: int) -> None:
    """Make a name for every sample of every kind that needs more than being nobody's."""
    throttle = Fingerprints(load_secrets(house.secrets_file)["throttle"])
    connection = await connect(house.dsn)
    for kind in (Kind.KNOWN, Kind.BLOCKED, Kind.CLOSED):
        await connection.execute(_MAKE, kind.value, samples, kind is Kind.BLOCKED)
    for kind in (Kind.CLOSED, Kind.UNKNOWN_CLOSED):
        names = [name_of(kind, number) for number in range(samples)]
        await connection.execute(_CLOSE, names, [throttle.account(name) for name in names])
    await connection.execute("update limits_decoy set pictures_share = 0")  # nobody here has pictures
    await connection.close()


def name_of(kind: Kind, number: int) -> str:
    """Return the username of one sample."""
    return f"{kind.value}{number:04}"


@dataclass(slots=True)
class Sample:
    """One name typed once: seconds of each page."""

    kind: Kind
    number: int
    address: str
    seconds: tuple[float, ...] = ()


def measure(server: Running, house: House, *, database: EmbeddedServer, samples: int) -> list[Comparison]:
    """Type every name once, in a random order, and compare."""
    asyncio.run(prepare(house, samples))
    analyze(database)
    every = [Sample(kind, number, "") for number in range(samples) for kind in Kind]
    chance = random.Random(samples)
    for start in range(0, len(every), len(Kind)):
        turn = every[start : start + len(Kind)]
        chance.shuffle(turn)
        every[start : start + len(Kind)] = turn
    for position, sample in enumerate(every):
        sample.address = str(IPv4Address(FIRST_ADDRESS + position))
    party = RelyingParty(server.endpoints, Wire(server.base_url))
    warm = [Sample(Kind.UNKNOWN, 9000 + number, f"198.19.0.{number}") for number in range(48)]
    party.wire.for_each(warm, lambda sample: _type(party, house, sample))
    party.wire.for_each(every, lambda sample: _type(party, house, sample))
    party.wire.close()
    taken = [sample for sample in every if sample.seconds]
    if len(taken) < 0.8 * len(every):
        raise UnexpectedAnswerError("too busy to be measured: one in five was turned away")
    return compared(taken)


def compared(samples: Sequence[Sample]) -> list[Comparison]:
    """Return how alike the times of known and unknown names are, a page and a pair."""
    found = []
    for page, what in enumerate(PAGES):
        for one, other in PAIRS:
            ours, theirs = ([s.seconds[page] * 1000 for s in samples if s.kind is kind] for kind in (one, other))
            name = f"{what}: {one.name.lower()} against {other.name.lower().replace('_', ' and ')}"
            least = LEAST_P / (len(PAGES) * len(PAIRS))
            found.append(Comparison(name, ours, theirs, mann_whitney(ours, theirs), least))
    return found


def _type(party: RelyingParty, house: House, sample: Sample) -> None:
    """Come as a new browser from a new address, type a name and a wrong password, and note how long each took."""
    browser = Browser(party.wire, address=sample.address)
    visit = Visit(browser, house.services[0])
    page = browser.follow(browser.get(party.authorization_url(visit)))
    page = browser.follow(fill(browser, page, selectedIdp="uni_idp"))
    username = name_of(sample.kind, sample.number)
    first = time.perf_counter()
    named = fill(browser, page, username=username)
    second = time.perf_counter()
    page = browser.follow(named)
    third = time.perf_counter()
    answer = fill(browser, page, username=username, password=secrets.token_urlsafe(16))  # never the same twice (R9)
    fourth = time.perf_counter()
    if answer.status == 503:  # the machine is too busy to hash: a sample less, whatever its kind
        return
    told = _CLOSED if sample.kind in (Kind.CLOSED, Kind.UNKNOWN_CLOSED) else _WRONG
    if answer.status != 200 or answer.refresh is not None or told not in html.unescape(answer.text):
        raise answer.unexpected()
    sample.seconds = (second - first, third - second, fourth - third)


def mann_whitney(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Return how likely two samples differ so much by chance, by their ranks: two-sided, normal approximation.

    Ties share their ranks, and take their part out of the variance (Lehmann, Nonparametrics, §1.4).
    """
    ranks, ties = _ranks([*ours, *theirs])
    one, other = len(ours), len(theirs)
    both = one + other
    larger = sum(ranks[:one]) - one * (one + 1) / 2
    variance = one * other / 12 * ((both + 1) - sum(tie**3 - tie for tie in ties) / (both * (both - 1)))
    if variance <= 0:
        return 1.0
    distance = max(0.0, abs(larger - one * other / 2) - 0.5)
    return math.erfc(distance / math.sqrt(2 * variance))


def _ranks(values: Sequence[float]) -> tuple[list[float], list[int]]:
    """Return the rank of every value, equal ones sharing theirs, and how many share each."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks, ties, start = [0.0] * len(values), [], 0
    while start < len(order):
        end = start
        while end + 1 < len(order) and values[order[end + 1]] == values[order[start]]:
            end += 1
        for place in order[start : end + 1]:
            ranks[place] = (start + end) / 2 + 1
        ties.append(end - start + 1)
        start = end + 1
    return ranks, ties
