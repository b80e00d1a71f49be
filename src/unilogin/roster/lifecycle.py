"""The life of what deliveries bring: how long an import lasts, and what is kept of somebody who belongs nowhere. Pure.

========== ====================================== =============== ===========================================
Stage      When                                   May sign in     What is kept
========== ====================================== =============== ===========================================
BELONGS    an active institution has them         yes             everything
RESTS      nobody has had them, for up to a year  no              everything: whoever comes back goes on
FORGOTTEN  for longer than that                   no              username, uniid, subjects, the look-up value of the
                                                                  CPR number: whoever comes back is the same, is told
                                                                  about anew, and gets a new password
========== ====================================== =============== ===========================================

Belonging decides who may sign in, at each sign-in (``signin/gate.py``); no job does. Usernames, uniids and the names at
services are never given to anybody else. A day-care child who starts school, a pupil who moves or goes on to youth
education, a trainee who becomes a teacher: each belongs somewhere else from then on, and is who they were.
"""

from datetime import datetime, timedelta
from enum import StrEnum

IMPORT_LASTS = timedelta(days=365)
"""An import that no later delivery of its source renews ends after so long: its system has gone."""

WARNED_BEFORE = timedelta(days=30)
RESTS = timedelta(days=365)
"""Whoever has belonged nowhere for so long is forgotten (``expiring.forget_people``)."""


class ImportStage(StrEnum):
    """How an import stands."""

    FRESH = "fresh"
    ENDS_SOON = "ends_soon"  # administrators are told once
    ENDED = "ended"


def stage_of_import(last: datetime, *, warned_at: datetime | None, now: datetime) -> ImportStage:
    """Return how an import that has people stands whose last delivery is of ``last``.

    It ends a month after administrators were warned, also where nobody could warn them in time.
    """
    if now - last < IMPORT_LASTS - WARNED_BEFORE:
        return ImportStage.FRESH
    warned = warned_at is not None and warned_at > last and now - warned_at >= WARNED_BEFORE
    return ImportStage.ENDED if warned and now - last >= IMPORT_LASTS else ImportStage.ENDS_SOON
