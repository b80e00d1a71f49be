"""What stops a delivery: its time, its institution; and the brake, which parks what would do too much (F-28)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from unilogin.domain.directory.model import ActorGroup, Institution
from unilogin.roster.errors import DeliveryRefusedError
from unilogin.roster.messages import Held, Refused
from unilogin.roster.model import Breach, ChangeCount, ChangeKind, DeliveryKind, Guardians, Header, PlanLine

CLOCK_TOLERANCE = timedelta(minutes=15)
"""A source's clock may be so far ahead of ours. Further, and its next deliveries would be refused as older."""

MOST_FINDINGS = 10_000
"""Stored and shown of one delivery; more are only counted. A school with so many has one mistake, made often."""


def check_institution(header: Header, institution: Institution | None) -> Institution:
    """Return the institution the delivery is for; raises DeliveryRefusedError when there is none that is open."""
    if institution is None:
        raise DeliveryRefusedError(Refused.INSTITUTION_UNKNOWN, number=header.institution_number)
    if not institution.active:
        raise DeliveryRefusedError(Refused.INSTITUTION_CLOSED, number=header.institution_number)
    return institution


def check_time(header: Header, *, last: datetime | None, now: datetime) -> None:
    """A delivery must be later than the last one of its institution and source, and not from the future (F-30).

    Raises:
        DeliveryRefusedError: it is not.

    """
    if header.source_time > now + CLOCK_TOLERANCE:
        raise DeliveryRefusedError(Refused.TIME_IN_FUTURE, time=_shown(header.source_time))
    if last is not None and header.source_time <= last:
        last_there = last.astimezone(header.source_time.tzinfo)
        raise DeliveryRefusedError(Refused.TIME_NOT_LATER, time=_shown(header.source_time), last=_shown(last_there))


def check_base(header: Header, kind: DeliveryKind, *, last: datetime | None) -> None:
    """Changes count only on top of something (F-30); raises DeliveryRefusedError."""
    if kind is not DeliveryKind.FULL and last is None:
        raise DeliveryRefusedError(Refused.NO_BASE, source=header.source)


def _shown(time: datetime) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S")


# The plan of changes -------------------------------------------------------------------------------------------------

Place = tuple[ActorGroup, str | None]
"""A class, or everybody of an actor group who is in none."""


def plan_of(
    counts: Iterable[ChangeCount], *, there_now: Mapping[Place, int], guardians: Guardians
) -> tuple[PlanLine, ...]:
    """Put together what changes for each class; ``there_now`` is how many belong once the delivery counts."""
    counted = list(counts)
    places = {*there_now, *((one.actor_group, one.before) for one in counted if one.before or one.is_leaving)}
    lines = [_line(place, counted, there=there_now.get(place, 0)) for place in sorted(places, key=_in_order)]
    if guardians.gained or guardians.lost or guardians.there_now:
        stayed = guardians.there_now - guardians.gained
        who = ActorGroup.KONTAKTPERSON
        lines.append(PlanLine(who, None, new=guardians.gained, left=guardians.lost, unchanged=stayed))
    return tuple(lines)


def _in_order(place: Place) -> tuple[int, bool, str]:
    return (list(ActorGroup).index(place[0]), place[1] is None, place[1] or "")


def _line(place: Place, counts: Iterable[ChangeCount], *, there: int) -> PlanLine:
    came = dict.fromkeys(ChangeKind, 0)
    moved: dict[str, int] = {}
    left = 0
    for one in counts:
        if one.actor_group is not place[0]:
            continue
        if one.is_leaving:
            left += one.people if one.before == place[1] else 0
            continue
        if one.after == place[1]:
            came[one.kind] += one.people
        if one.kind is ChangeKind.MOVED and one.before == place[1]:
            moved[one.after or ""] = moved.get(one.after or "", 0) + one.people
    return PlanLine(
        *place,
        new=came[ChangeKind.NEW],
        back=came[ChangeKind.BACK],
        left=left,
        changed=came[ChangeKind.CHANGED],
        moved=moved,
        moved_here=came[ChangeKind.MOVED],
        unchanged=there - sum(came.values()),
    )


# The brake -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a delivery may do without anybody's word. Each institution may have its own (``roster_limit``)."""

    removed_percent: int = 5
    removed_persons: int = 20
    changed_percent: int = 10
    changed_persons: int = 5
    smallest_whole: int = 3  # "the whole class" says nothing of a class of two


NEARLY_ALL_PERCENT = 90
GARBLED_PERCENT = 1


@dataclass(frozen=True, slots=True)
class Effect:
    """What a delivery would do to the people of its source."""

    lines: tuple[PlanLine, ...]
    renamed: int
    other_numbers: int  # known local ids that came with another CPR number
    garbled: int  # people with text that went through the wrong encoding (B-R09)
    guardians: Guardians

    @property
    def belonging(self) -> tuple[PlanLine, ...]:
        """The lines about people who belong to the institution themselves."""
        return tuple(line for line in self.lines if line.actor_group is not ActorGroup.KONTAKTPERSON)

    @property
    def before(self) -> int:
        """How many belonged before."""
        return sum(line.before for line in self.belonging)


def breaches(effect: Effect, limits: Limits) -> tuple[Breach, ...]:
    """Return every limit that the delivery would exceed, in the order people are told."""
    return tuple(_breaches(effect, limits))


def _breaches(effect: Effect, limits: Limits) -> Iterator[Breach]:
    before, left = effect.before, sum(line.left for line in effect.belonging)
    most = max(limits.removed_persons, before * limits.removed_percent // 100)
    if left > most:
        yield Breach(Held.REMOVED, {"count": left, "all": before, "most": most})
    elif before >= limits.smallest_whole and left * 100 >= before * NEARLY_ALL_PERCENT:
        yield Breach(Held.NEARLY_ALL, {"count": left, "all": before})
    staff = [line for line in effect.belonging if line.actor_group is ActorGroup.MEDARBEJDER]
    if _is_whole(sum(line.left for line in staff), sum(line.before for line in staff), limits):
        yield Breach(Held.STAFF, {"count": sum(line.left for line in staff)})
    for line in effect.belonging:
        if line.group is not None and _is_whole(line.left, line.before, limits):
            yield Breach(Held.CLASS, {"count": line.left, "group": line.group})
    guardians = effect.guardians
    if guardians.there_now == 0 and guardians.lost >= limits.smallest_whole:
        yield Breach(Held.GUARDIANS, {"count": guardians.lost})
    most = max(limits.changed_persons, before * limits.changed_percent // 100)
    for code, count in ((Held.NAMES, effect.renamed), (Held.CPR, effect.other_numbers)):
        if count > most:
            yield Breach(code, {"count": count, "all": before, "most": most})
    there = sum(line.there for line in effect.belonging)
    if effect.garbled > max(limits.changed_persons, there * GARBLED_PERCENT // 100):
        yield Breach(Held.GARBLED, {"count": effect.garbled, "all": there})


def _is_whole(left: int, before: int, limits: Limits) -> bool:
    return left == before >= limits.smallest_whole
