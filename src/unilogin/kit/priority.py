"""Standing back: a process that works beside others takes what they leave of the processors, and not all memory."""

import os
import resource
from contextlib import suppress

_FURTHEST = 19
_SOME_WAY = 10
_MOST_MEMORY = 2 * 1024**3


def stand_back(*, somebody_waits: bool = False) -> None:
    """Let all others go first, from now on, and whoever wakes up at once; what cannot be had here is left.

    Niceness alone leaves it its slice of some milliseconds when another wakes, and a sign-in wakes a hundred times.
    ``somebody_waits``: at a page, for the end of this work; it keeps a share of processors that are all busy.
    """
    with suppress(OSError):
        os.nice(_SOME_WAY if somebody_waits else _FURTHEST)
    if not somebody_waits and hasattr(os, "SCHED_IDLE"):  # Linux
        with suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def stay_within(*, seconds: int | None = None) -> None:
    """End this process, and nobody else, if it takes gigabytes or so many seconds of a processor.

    Files of strangers are bounded where they are read; this is for the way around those bounds that nobody has found.
    """
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
    if seconds is not None:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
