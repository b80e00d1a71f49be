"""A node whose time is wrong: ``FAULTS_CLOCK_SECONDS`` says by how much."""

import datetime
import os
import time

VARIABLE = "FAULTS_CLOCK_SECONDS"


def shift_clock() -> None:
    """Make every clock that tells the date wrong; clocks that measure stay right, as after a step of NTP.

    Before anything of ours is imported, so that whoever imports a clock by name gets the wrong one too.
    """
    seconds = float(os.environ.get(VARIABLE, "0"))
    if not seconds:
        return
    tell, real = time.time, datetime.datetime

    class Shifted(real):  # type: ignore[misc, valid-type]  # the class of another time is the point
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:
            return real.now(tz) + datetime.timedelta(seconds=seconds)

    time.time = lambda: tell() + seconds
    time.time_ns = lambda: int((tell() + seconds) * 1e9)
    datetime.datetime = Shifted  # type: ignore[misc]  # as above
