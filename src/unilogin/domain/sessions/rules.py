"""How long sessions live (N-19)."""

from unilogin.domain.directory.model import ActorGroup
from unilogin.domain.sessions.model import Device, Lifetime

SHARED_DEVICE = Lifetime(idle_seconds=45 * 60, absolute_seconds=8 * 3600)
OWN_DEVICE_PUPIL = Lifetime(idle_seconds=8 * 3600, absolute_seconds=12 * 3600)
OWN_DEVICE_ADULT = Lifetime(idle_seconds=2 * 3600, absolute_seconds=12 * 3600)

BROWSER_CHARACTERS = 160

TOUCH_SECONDS = 60
"""A session's last use is noted at most once a minute: single sign-on stays a read."""


def lifetime(groups: tuple[ActorGroup, ...], device: Device) -> Lifetime:
    """Return the life of a session: by the device first, then by who it is.

    A lesson and a break fit into 45 minutes; on a pupil's own tablet a school day fits; an adult sees others' data, so
    an idle session of theirs ends after two hours even at home.
    """
    if device is Device.SHARED:
        return SHARED_DEVICE
    return OWN_DEVICE_PUPIL if groups == (ActorGroup.ELEV,) else OWN_DEVICE_ADULT


def cookie_seconds(device: Device, lifetime: Lifetime) -> int | None:
    """Return how long the cookie lives: until the browser closes on a shared device."""
    return None if device is Device.SHARED else lifetime.absolute_seconds
