"""The figures an operator needs at eight: counted where things happen, a few microseconds each.

Each worker counts in memory-mapped files of its own, so that nothing it has counted is lost with it; the supervisor
adds them up (``kit/metrics_page.py``). Labels are words of ours, never of a visitor: no username, no address, no path,
only the template of a route; and each label has a limit, so that a mistake costs one figure and not the memory.
docs/reference/metrics.md lists them all.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from time import perf_counter
from typing import TYPE_CHECKING, Final

from unilogin.kit.logs import log

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Counter, Histogram

OTHER: Final = "other"
SLOW_STATEMENT_SECONDS: Final = 0.5

_LABEL_VALUES: Final = 200
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_QUICK: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
_SLOW: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8)
_log = log("metrics")


def prepare() -> None:
    """Make ready to count, so that the first request does not wait for it."""
    _counting()


def request_begun() -> None:
    """Count a request as under way."""
    _counting().under_way.inc()


def request_answered(route: str, method: str, *, status: int, seconds: float) -> None:
    """Count the end of a request that had begun; ``route`` is the template of its path."""
    counting = _counting()
    counting.under_way.dec()
    counting.requests.inc(route, method if method in _METHODS else OTHER, str(status))
    counting.request_seconds.observe(seconds, route)


def fault(kind: str) -> None:
    """Count a request that ended in a fault of ours, or found no database."""
    _counting().faults.inc(kind)


def journey_step(step: str, outcome: str) -> None:
    """Count a step of a journey: which, and a word for how it ended."""
    _counting().steps.inc(step, outcome)


def throttled(state: str, *, who: str, place: str) -> None:
    """Count an attempt that was refused unlooked at: in which state, what kind of person, what kind of place."""
    _counting().refusals.inc(state, who, place)


def delivery(door: str, outcome: str) -> None:
    """Count a roster that somebody brought to a door: which, and a word for what became of it."""
    _counting().deliveries.inc(door, outcome)


def sender_doubt(what: str) -> None:
    """Count a delivery of a sender about whose proof an operator should do something soon: a word for what."""
    _counting().sender_doubts.inc(what)


def hash_turned_away() -> None:
    """Count a sign-in that was told to come again, because too many wait to be hashed."""
    _counting().hash_turned_away.inc()


@contextmanager
def hash_waiting() -> Iterator[None]:
    """Measure the wait for a place to hash: the block ends when the place is there."""
    counting, began = _counting(), perf_counter()
    counting.hash_waiting.inc()
    try:
        yield
    finally:
        counting.hash_waiting.dec()
        counting.hash_wait.observe(perf_counter() - began)


def hash_done(seconds: float) -> None:
    """Note how long one hash took."""
    _counting().hash_seconds.observe(seconds)


def connection_got(waited: float) -> None:
    """Note how long a request waited for a database connection, and that it has one."""
    counting = _counting()
    counting.pool_wait.observe(waited)
    counting.pool_used.inc()


def connection_given_back() -> None:
    """Note that a request has given its database connection back."""
    _counting().pool_used.dec()


def connection_refused() -> None:
    """Count a request that got no database connection in time."""
    _counting().pool_timeouts.inc()


def statement_done(text: str, seconds: float) -> None:
    """Count a slow statement and log its text, which holds no values: those travel as parameters."""
    if seconds >= SLOW_STATEMENT_SECONDS:
        _counting().slow_statements.inc()
        _log.warning("slow_statement", seconds=round(seconds, 3), statement=" ".join(text.split()))


def registry() -> "CollectorRegistry":
    """Return what this process alone has counted, for tests."""
    return _counting().registry


class _Counters:
    """The counters of one name by their labels, found again by one look into a dict."""

    def __init__(self, counter: "Counter") -> None:
        self._counter = counter
        self._known: dict[tuple[str, ...], Counter] = {}

    def inc(self, *labels: str) -> None:
        (self._known.get(labels) or self._remember(labels)).inc()

    def _remember(self, labels: tuple[str, ...]) -> "Counter":
        if len(self._known) >= _LABEL_VALUES:
            labels = (OTHER,) * len(labels)
        known = self._known[labels] = self._known.get(labels) or self._counter.labels(*labels)
        return known


class _Histograms:
    """The same for histograms of one label."""

    def __init__(self, histogram: "Histogram") -> None:
        self._histogram = histogram
        self._known: dict[str, Histogram] = {}

    def observe(self, seconds: float, label: str) -> None:
        known = self._known.get(label)
        if known is None:
            known = self._known[label] = self._histogram.labels(label)
        known.observe(seconds)


class _Instruments:
    """All of them. Made at the first count: the library decides when it is imported where it counts."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

        self.registry = every = CollectorRegistry()

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"unilogin_{name}", text, labels, registry=every)

        def gauge(name: str, text: str) -> Gauge:
            return Gauge(f"unilogin_{name}", text, multiprocess_mode="livesum", registry=every)

        def histogram(name: str, text: str, *labels: str, buckets: tuple[float, ...] = _SLOW) -> Histogram:
            return Histogram(f"unilogin_{name}_seconds", text, labels, buckets=buckets, registry=every)

        self.requests = _Counters(counter("requests", "Requests answered.", "route", "method", "status"))
        self.request_seconds = _Histograms(histogram("request", "Time to answer a request.", "route"))
        self.under_way = gauge("requests_under_way", "Requests being answered now.")
        self.faults = _Counters(counter("faults", "Requests that ended in a fault or found no database.", "kind"))
        self.steps = _Counters(counter("journey_steps", "Steps of journeys, by how they ended.", "step", "outcome"))
        self.refusals = _Counters(
            counter("throttle_refusals", "Attempts refused unlooked at.", "state", "who", "place")
        )
        self.deliveries = _Counters(
            counter("deliveries", "Rosters brought, by what became of them.", "door", "outcome")
        )
        self.sender_doubts = _Counters(
            counter("sender_doubts", "Deliveries whose sender's proof ends soon or cannot be checked.", "what")
        )
        self.hash_waiting = gauge("hash_waiting", "Secrets that wait to be hashed.")
        self.hash_wait = histogram("hash_wait", "Waiting for a place to hash.")
        self.hash_seconds = histogram("hash", "Hashing one secret.")
        self.hash_turned_away = counter("hash_turned_away", "Sign-ins told to come again: too many waited.")
        self.pool_used = gauge("pool_connections_used", "Database connections that requests hold.")
        self.pool_wait = histogram("pool_wait", "Waiting for a database connection.", buckets=_QUICK)
        self.pool_timeouts = counter("pool_timeouts", "Requests that got no database connection in time.")
        self.slow_statements = counter("slow_statements", "Statements slower than half a second.")


@cache
def _counting() -> _Instruments:
    return _Instruments()
