"""How long sessions live (N-19)."""

from unilogin.domain.directory.model import ActorGroup
from unilogin.domain.sessions.model import Lifetime

PUPIL = Lifetime(idle_seconds=45 * 60, absolute_seconds=8 * 3600)
ADULT = Lifetime(idle_seconds=2 * 3600, absolute_seconds=12 * 3600)

TOUCH_SECONDS = 60
"""A session's last use is noted at most once a minute: single sign-on stays a read."""


def lifetime(groups: tuple[ActorGroup, ...]) -> Lifetime:
    """Return the life of a session: short for anybody who is a pupil, since pupils share devices."""
    return PUPIL if ActorGroup.ELEV in groups else ADULT
