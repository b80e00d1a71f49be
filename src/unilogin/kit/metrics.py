"""The figures an operator needs at eight: counted where things happen, a few microseconds each.

Each worker counts in memory-mapped files of its own, so that nothing it has counted is lost with it; the supervisor
adds them up (``kit/metrics_page.py``). Labels are words of ours, never of a visitor: no username, no address, no path,
only the template of a route; and each label has a limit, so that a mistake costs one figure and not the memory.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import TYPE_CHECKING, Final

import asyncpg
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from unilogin.kit.logs import log

if TYPE_CHECKING:
    from unilogin.kit.db.connection import Pool

REGISTRY: Final = CollectorRegistry()
OTHER: Final = "other"
SLOW_STATEMENT_SECONDS: Final = 0.5

_LABEL_VALUES: Final = 200
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_QUICK: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
_WAITS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8)

_requests = Counter("unilogin_requests", "Requests answered.", ["route", "method", "status"], registry=REGISTRY)
_request_seconds = Histogram(
    "unilogin_request_seconds", "Time to answer a request.", ["route"], buckets=_WAITS, registry=REGISTRY
)
_under_way = Gauge(
    "unilogin_requests_under_way", "Requests being answered now.", multiprocess_mode="livesum", registry=REGISTRY
)
_faults = Counter(
    "unilogin_faults", "Requests that ended in a fault or found no database.", ["kind"], registry=REGISTRY
)
_steps = Counter(
    "unilogin_journey_steps", "Steps of sign-in journeys, by how they ended.", ["step", "outcome"], registry=REGISTRY
)
_refusals = Counter(
    "unilogin_throttle_refusals",
    "Attempts refused unlooked at, by why.",
    ["state", "institution_kind"],
    registry=REGISTRY,
)
_hash_wait = Histogram("unilogin_hash_wait_seconds", "Waiting for a place to hash.", buckets=_WAITS, registry=REGISTRY)
_hash_time = Histogram("unilogin_hash_seconds", "Hashing one secret.", buckets=_WAITS, registry=REGISTRY)
_hash_waiting = Gauge(
    "unilogin_hash_waiting", "Secrets waiting to be hashed.", multiprocess_mode="livesum", registry=REGISTRY
)
_hash_turned_away = Counter(
    "unilogin_hash_turned_away", "Sign-ins told to come again: the queue was full.", registry=REGISTRY
)
_pool_wait = Histogram(
    "unilogin_pool_wait_seconds", "Waiting for a database connection.", buckets=_QUICK, registry=REGISTRY
)
_pool_timeouts = Counter(
    "unilogin_pool_timeouts", "Requests that got no database connection in time.", registry=REGISTRY
)
_pool = Gauge(
    "unilogin_pool_connections", "Database connections.", ["state"], multiprocess_mode="livesum", registry=REGISTRY
)
_slow = Counter("unilogin_slow_statements", "Statements slower than half a second.", registry=REGISTRY)
_log = log("metrics")


class _Labelled:
    """The counters of one name by their labels, found again by one look into a dict."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._known: dict[tuple[str, ...], Counter] = {}

    def inc(self, *labels: str) -> None:
        known = self._known.get(labels) or self._remember(labels)
        known.inc()

    def _remember(self, labels: tuple[str, ...]) -> Counter:
        kept = labels if len(self._known) < _LABEL_VALUES else (OTHER,) * len(labels)
        child = self._known.get(kept) or self._counter.labels(*kept)
        if len(self._known) < _LABEL_VALUES + 1:
            self._known[kept] = child
        return child


_by_route = _Labelled(_requests)
_by_step = _Labelled(_steps)
_by_state = _Labelled(_refusals)
_seconds_by_route: dict[str, Histogram] = {}


def request_begun() -> None:
    """Count a request as under way."""
    _under_way.inc()


def request_answered(route: str, method: str, *, status: int, seconds: float) -> None:
    """Count the end of a request that had begun; ``route`` is the template of its path."""
    _under_way.dec()
    _by_route.inc(route, method if method in _METHODS else OTHER, str(status))
    histogram = _seconds_by_route.get(route)
    if histogram is None:
        histogram = _seconds_by_route[route] = _request_seconds.labels(route)
    histogram.observe(seconds)


def fault(kind: str) -> None:
    """Count a request that ended in a fault of ours, or found no database."""
    _faults.labels(kind).inc()


def journey_step(step: str, outcome: str) -> None:
    """Count a step of a journey: which, and a word for how it ended."""
    _by_step.inc(step, outcome)


def throttled(state: str, institution_kind: str | None) -> None:
    """Count an attempt that was refused unlooked at: by which state, at which kind of institution."""
    _by_state.inc(state, institution_kind or "unknown")


def hash_turned_away() -> None:
    """Count a sign-in that was told to come again, because too many wait to be hashed."""
    _hash_turned_away.inc()


@contextmanager
def hash_waiting() -> Iterator[None]:
    """Measure the wait for a place to hash: the block ends when the place is there."""
    began = perf_counter()
    _hash_waiting.inc()
    try:
        yield
    finally:
        _hash_waiting.dec()
        _hash_wait.observe(perf_counter() - began)


def hash_done(seconds: float) -> None:
    """Note how long one hash took."""
    _hash_time.observe(seconds)


def connection_got(waited: float) -> None:
    """Note how long a request waited for a database connection."""
    _pool_wait.observe(waited)


def connection_refused() -> None:
    """Count a request that got no database connection in time."""
    _pool_timeouts.inc()


def note_pool(pool: "Pool") -> None:
    """Note how many connections this worker uses and how many are idle."""
    idle = pool.get_idle_size()
    _pool.labels("used").set(pool.get_size() - idle)
    _pool.labels("idle").set(idle)


def note_statement(query: "asyncpg.connection.LoggedQuery") -> None:
    """Count a slow statement and log its text, which holds no values; asyncpg calls this after each statement."""
    if query.elapsed >= SLOW_STATEMENT_SECONDS:
        _slow.inc()
        _log.warning("slow_statement", seconds=round(query.elapsed, 3), statement=" ".join(query.query.split()))
