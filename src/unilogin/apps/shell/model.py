"""An app, and somebody who is signed in to one."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from unilogin.domain.access.model import Right
from unilogin.domain.directory.model import ActorGroup, InstitutionNumber, Standing
from unilogin.domain.services.model import ClientId, Level
from unilogin.domain.sessions.model import Device, Session

SIGNIN_SECONDS = 45 * 60
"""How long the way in may take: longer than a journey, so that it is the journey that says that it took too long."""


@dataclass(frozen=True, slots=True)
class App:
    """One of our apps. ``name`` is also the stem of its sentences, ``path`` where all its addresses begin.

    ``longest_session``: who signed in before that proves anew who they are (RW-6); None: the session decides.
    """

    name: str
    path: str
    client_id: ClientId
    title: str
    title_en: str
    actor_groups: tuple[ActorGroup, ...] = ()
    minimum_level: Level = Level.EN_FAKTOR
    longest_session: timedelta | None = None


@dataclass(frozen=True, slots=True)
class AppSession:
    """Somebody in an app at this moment: read in one statement, with everything that decides what they may do.

    ``display_name`` and ``first_name`` are what may be shown: a protected person's alias. ``rights`` are those held
    now, with the institution of each.
    """

    session: Session
    device: Device
    actor_group: ActorGroup
    standing: Standing
    display_name: str
    first_name: str
    protected: bool
    rights: frozenset[tuple[InstitutionNumber, Right]]
    now: datetime

    def signed_in_too_long_ago_for(self, app: App) -> bool:
        """Tell whether the app wants this person to prove anew who they are."""
        return app.longest_session is not None and self.now - self.session.auth_time > app.longest_session


@dataclass(frozen=True, slots=True)
class WayIn:
    """Where somebody was going who has now come back from the door."""

    return_to: str


@dataclass(frozen=True, slots=True)
class Section:
    """One of the few places an app has: the code of its name, its address, the sign beside it.

    ``within``: where else one is in this place.
    """

    label: str
    href: str
    symbol: str
    within: tuple[str, ...] = ()
