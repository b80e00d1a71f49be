"""CPU time and memory of process trees, as the kernel counts them."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(roots: Sequence[int]) -> float:
    """Return the CPU time, user and system, of processes and all that came from them, also what has ended since.

    A living process is read from its own CPU clock, to the nanosecond. One that has ended is found in its parent's
    account of reaped children, which goes by ticks of 10 ms: PostgreSQL's postmaster keeps that for its backends.
    """
    return sum(_own(pid) + _reaped(pid) for pid in _living(roots))


def _living(roots: Sequence[int]) -> Iterator[int]:
    for root in roots:
        yield root
        try:
            yield from (child.pid for child in psutil.Process(root).children(recursive=True))
        except psutil.NoSuchProcess:
            continue


def _own(pid: int) -> float:
    try:
        return time.clock_gettime(~pid << 3 | 2)  # CPUCLOCK_SCHED of another process: clock_getcpuclockid(3)
    except OSError:
        return 0.0  # it has ended meanwhile, and stands in its parent's account


def _reaped(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[13]) + int(fields[14])) / _TICKS  # cutime and cstime: proc_pid_stat(5), fields 16 and 17


@dataclass(slots=True)
class Span:
    """The CPU seconds of one stretch of work; known when its ``with`` block has ended."""

    seconds: float = 0.0


SETTLE_SECONDS = 0.05
"""Waited before each reading, so that what the work left to be done in the background belongs to it."""


@contextmanager
def span(*roots: int) -> Iterator[Span]:
    """Measure the CPU time that process trees spend during a ``with`` block."""
    measured = Span()
    time.sleep(SETTLE_SECONDS)
    before = cpu_seconds(roots)
    yield measured
    time.sleep(SETTLE_SECONDS)
    measured.seconds = cpu_seconds(roots) - before


def own_thread_seconds(work: Callable[[], object]) -> float:
    """Return the CPU seconds that this thread spends on some work."""
    before = time.thread_time()
    work()
    return time.thread_time() - before


@dataclass(frozen=True, slots=True)
class Memory:
    """What a process holds, in MB: its share (shared pages divided among their users), and what is its alone."""

    share: float
    alone: float


def memory(pid: int) -> Memory:
    """Return what one process holds now."""
    held = psutil.Process(pid).memory_full_info()
    return Memory(held.pss / 1e6, held.uss / 1e6)


def peak_memory(pid: int) -> float:
    """Return the most a process has held so far, in MB; 0 when it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1000 for line in lines if line.startswith("VmHWM:")), 0.0)
