"""What a school's office is shown: deliveries, what needs a human, people by the names that may be shown."""

from dataclasses import dataclass
from datetime import date, datetime

from unilogin.domain.directory.model import ActorGroup
from unilogin.roster.model import Counts, DeliveryId, DeliveryKind, DeliveryStatus
from unilogin.roster.switching.model import SwitchId


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """A delivery as one line of the history."""

    delivery_id: DeliveryId
    received_at: datetime
    source: str
    kind: DeliveryKind
    status: DeliveryStatus
    counts: Counts
    finding_count: int
    asks: bool
    made_good: bool

    @property
    def needs_human(self) -> bool:
        """Whether it has the yellow mark: it waits, it was not loaded, somebody in it was not, or it asks something."""
        return needs_human(self.status, self.counts.refused, asks=self.asks, made_good=self.made_good)


def needs_human(status: DeliveryStatus, refused: int, *, asks: bool, made_good: bool) -> bool:
    """Tell whether a delivery has the yellow mark. ``made_good``: it was refused, and a later one was loaded."""
    if status is DeliveryStatus.REFUSED:
        return not made_good
    if status is DeliveryStatus.PARKED:
        return True
    return status is DeliveryStatus.APPLIED and (refused > 0 or asks)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody looks for in the history: by source, days (Danish), the yellow mark, a LocalPersonId or a class."""

    source: str = ""
    marked: bool = False
    from_day: date | None = None
    until_day: date | None = None
    about: str = ""

    @property
    def is_everything(self) -> bool:
        """Whether nothing is left out."""
        return self == EVERYTHING


EVERYTHING = Wanted()


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A source system of a school: its newest delivery that counts, and its newest one of any kind."""

    source: str
    last_applied_at: datetime | None
    newest: DeliveryLine


@dataclass(frozen=True, slots=True)
class Size:
    """How many belong to an institution in one group of people."""

    actor_group: ActorGroup
    people: int


@dataclass(frozen=True, slots=True)
class Voice:
    """What somebody said about a parked delivery. ``name`` is None for who is no person of ours: the operator."""

    name: str | None
    decision: str
    at: datetime
    is_reader: bool


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """What a delivery changed about one person. ``name``: what may be shown; None while nobody has let them in."""

    local_person_id: str
    name: str | None
    kind: str
    actor_group: ActorGroup
    before: str | None
    after: str | None
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Planned:
    """A line of the plan of changes as it is shown. ``before`` and ``after`` are None where nobody counts them."""

    place: str
    words: str
    before: int | None = None
    after: int | None = None

    @property
    def is_emptied(self) -> bool:
        """Whether everybody of a class or a group of people would be gone."""
        return bool(self.before) and self.after == 0


@dataclass(frozen=True, slots=True)
class SwitchLine:
    """A change of a school's administrative system, as one line."""

    switch_id: SwitchId
    old_source: str
    new_source: str
    planned_at: datetime
    run_at: datetime | None
    retire_at: datetime | None
    undone_at: datetime | None
    is_retired: bool
    undecided: int
    waits: bool
    """Whether somebody wants it run, and a second person has to agree."""

    @property
    def state(self) -> str:
        """How it stands, as a word."""
        if self.undone_at:
            return "undone"
        if self.run_at is None:
            return "doubts" if self.undecided else "ready"
        return "done" if self.is_retired else "both"
