"""The page ``/metrics``: what all workers of this node have counted, living and dead, and what the supervisor knows.

A worker's file outlives it: what it counted is added to one file for all the dead, so that counters never go back and
files do not pile up.
"""

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from prometheus_client import CollectorRegistry, mmap_dict, multiprocess
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from unilogin.kit.logs import log
from unilogin.kit.metrics_folder import lives

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
_DEAD: Final = 0
_MmapedDict: Any = mmap_dict.MmapedDict  # the library leaves these two without types
_MultiProcessCollector: Any = multiprocess.MultiProcessCollector
_log = log("metrics")


class Figures(Collector):
    """What the supervisor itself knows. May be written and read by different threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._gauges: dict[str, tuple[str, dict[tuple[str, ...], float]]] = {}
        self._job_runs: dict[tuple[str, ...], float] = {}

    def job_done(self, job: str, *, seconds: float) -> None:
        """Note that a job has succeeded now, and how long it took."""
        self._set("unilogin_job_last_success_timestamp_seconds", "When a job last succeeded.", time.time(), job)
        self._set("unilogin_job_seconds", "How long a job's last run took.", seconds, job)
        self._count(job, "done")

    def job_failed(self, job: str) -> None:
        """Note that a job has failed."""
        self._count(job, "failed")

    def queue(self, name: str, *, depth: int, oldest_seconds: float) -> None:
        """Note how much waits in a queue of the background, and how long its oldest has waited."""
        self._set("unilogin_queue_depth", "What waits in a queue of the background.", depth, name)
        self._set("unilogin_queue_oldest_seconds", "How long the oldest has been waiting.", oldest_seconds, name)

    def queue_given_up(self, name: str, *, count: int) -> None:
        """Note how much of a queue was given up within a day."""
        self._set("unilogin_queue_given_up", "What was given up within a day.", count, name)

    def sites_slowed(self, by_kind: Mapping[str, int]) -> None:
        """Note how many schools' addresses are slowed now, by kind of institution."""
        name = "unilogin_sites_slowed"
        with self._lock:
            self._gauges.pop(name, None)
        for kind, count in by_kind.items():
            self._set(name, "Addresses of institutions where attempts are slowed now.", count, kind)

    def clock_skew(self, seconds: float) -> None:
        """Note how far this node's clock is ahead of the database's."""
        self._set("unilogin_clock_skew_seconds", "This node's clock minus the database's.", seconds)

    def audit_chain(self, *, link: int, waiting: int, oldest_seconds: float) -> None:
        """Note the newest link of the audit log's chain and what waits for the next.

        Monitoring remembers the number outside the database: it never falls unless links were cut off.
        """
        self._set("unilogin_audit_link", "Number of the newest link of the audit log's chain.", link)
        self.queue("audit", depth=waiting, oldest_seconds=oldest_seconds)

    def workers(self, memory: Sequence[int]) -> None:
        """Note how many workers run, and the memory of each in bytes."""
        self._set("unilogin_workers", "Workers that run.", len(memory))
        self._set("unilogin_worker_memory_bytes", "Resident memory of the largest worker.", max(memory, default=0))

    def database_up(self, *, up: bool) -> None:
        """Note whether the supervisor could reach the database."""
        self._set("unilogin_database_up", "Whether the supervisor reaches the database.", float(up))

    def collect(self) -> Iterable[Metric]:
        """Yield everything noted so far."""
        with self._lock:
            gauges = {name: (text, dict(values)) for name, (text, values) in self._gauges.items()}
            runs = dict(self._job_runs)
        for name, (text, values) in gauges.items():
            label = _LABELS.get(name)
            family = GaugeMetricFamily(name, text, labels=[label] if label else [])
            for labels, value in values.items():
                family.add_metric(labels, value)
            yield family
        counted = CounterMetricFamily(
            "unilogin_job_runs", "Runs of a job, by how they ended.", labels=["job", "outcome"]
        )
        for labels, value in runs.items():
            counted.add_metric(labels, value)
        yield counted

    def _set(self, name: str, text: str, value: float, *labels: str) -> None:
        with self._lock:
            self._gauges.setdefault(name, (text, {}))[1][labels] = value

    def _count(self, job: str, outcome: str) -> None:
        with self._lock:
            self._job_runs[job, outcome] = self._job_runs.get((job, outcome), 0) + 1


_LABELS: Final = {
    "unilogin_job_last_success_timestamp_seconds": "job",
    "unilogin_job_seconds": "job",
    "unilogin_sites_slowed": "institution_kind",
    "unilogin_queue_depth": "queue",
    "unilogin_queue_oldest_seconds": "queue",
    "unilogin_queue_given_up": "queue",
}


class MetricsPage:
    """Writes the page from one folder and one supervisor's figures."""

    def __init__(self, folder: Path, figures: Figures) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._registry = CollectorRegistry()
        self._registry.register(figures)
        _MultiProcessCollector(self._registry, str(folder))

    def render(self) -> bytes:
        """Return the page in Prometheus' text format."""
        with self._lock:
            self._bury_the_dead()
            return generate_latest(self._registry)

    def _bury_the_dead(self) -> None:
        for path in self._folder.glob("*.db"):
            kind, _, pid = path.stem.rpartition("_")
            if pid.isdigit() and int(pid) != _DEAD and not lives(int(pid)):
                if not kind.startswith("gauge"):  # what is under way, waiting or open ended with the worker
                    self._add_up(path, self._folder / f"{kind}_{_DEAD}.db")
                path.unlink(missing_ok=True)

    def _add_up(self, path: Path, dead: Path) -> None:
        try:
            values = list(_MmapedDict.read_all_values_from_file(str(path)))
        except (OSError, RuntimeError, ValueError) as error:
            _log.warning("worker_figures_lost", error=type(error).__name__)
            return
        total = _MmapedDict(str(dead))
        for key, value, _, _ in values:
            total.write_value(key, total.read_value(key)[0] + value, 0.0)
        total.close()
