"""What stops a delivery: its time, its institution; and the brake, which parks what would do too much (F-28)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from unilogin.domain.directory.model import SOURCE_BY_HAND, ActorGroup, Institution
from unilogin.kit.danish_time import danish_time
from unilogin.roster.errors import DeliveryRefusedError
from unilogin.roster.messages import Found, Held, Refused
from unilogin.roster.model import (
    Breach,
    DeliveryKind,
    Finding,
    Guardians,
    Header,
    Jump,
    PlanLine,
    Severity,
)

CLOCK_TOLERANCE = timedelta(minutes=15)
"""A source's clock may be so far ahead of ours. Further, and its next deliveries would be refused as older."""

MOST_FINDINGS = 10_000
"""Stored and shown of one delivery; more are only counted. A school with so many has one mistake, made often."""


def check_institution(header: Header, institution: Institution | None) -> Institution:
    """Return the institution a delivery is for; raises DeliveryRefusedError without an open one, or for our source."""
    if institution is None:
        raise DeliveryRefusedError(Refused.INSTITUTION_UNKNOWN, number=header.institution_number)
    if not institution.active:
        raise DeliveryRefusedError(Refused.INSTITUTION_CLOSED, number=header.institution_number)
    check_source(header)
    return institution


def check_source(header: Header) -> None:
    """Raise DeliveryRefusedError for our own source: whom an office added would leave because no file names them."""
    if header.source == SOURCE_BY_HAND:
        raise DeliveryRefusedError(Refused.SOURCE_RESERVED, source=header.source)


def check_time(header: Header, *, last: datetime | None, now: datetime) -> None:
    """A delivery must be later than the last one of its institution and source, and not from the future (F-30).

    Raises:
        DeliveryRefusedError: it is not.

    """
    if header.source_time > now + CLOCK_TOLERANCE:
        raise DeliveryRefusedError(Refused.TIME_IN_FUTURE, time=_shown(header.source_time))
    if last is not None and header.source_time <= last:
        raise DeliveryRefusedError(Refused.TIME_NOT_LATER, time=_shown(header.source_time), last=_shown(last))


def check_heard(header: Header, *, heard: bool) -> None:
    """A system that the institution has left, or has not changed to yet, tells nothing; raises DeliveryRefusedError."""
    if not heard:
        raise DeliveryRefusedError(Refused.SOURCE_NOT_HEARD, source=header.source)


def check_base(header: Header, kind: DeliveryKind, *, last: datetime | None) -> None:
    """Changes count only on top of something (F-30); raises DeliveryRefusedError."""
    if kind is not DeliveryKind.FULL and last is None:
        raise DeliveryRefusedError(Refused.NO_BASE, source=header.source)


def out_of_turn(header: Header, *, earlier: datetime) -> DeliveryRefusedError:
    """Return the refusal of changes while what they build on waits for two people."""
    return DeliveryRefusedError(Refused.EARLIER_WAITS, source=header.source, earlier=_shown(earlier))


def _shown(time: datetime) -> str:
    """As Danish clocks had it; a sentence says it in its reader's way."""
    return danish_time(time).strftime("%Y-%m-%d %H:%M:%S")


# Grades --------------------------------------------------------------------------------------------------------------

LADDER = ("DT", *map(str, range(11)), "U1", "U2", "U3", "U4")
"""Grades one after the other, from day care to youth education; others follow upon nothing."""

USUAL_STEPS = range(-1, 3)
"""The year before once more, the same, the next one, and one skipped: nothing to ask about."""

JUMPS = tuple(
    (before, after)
    for place, before in enumerate(LADDER)
    for other, after in enumerate(LADDER)
    if other - place not in USUAL_STEPS
)
"""From which grade to which nobody goes overnight (B-R25): loaded as it came, and asked about."""

FEWEST_OF_CLASS = 3


def asked_about(jumps: Iterable[Jump]) -> list[Finding]:
    """Return what to ask about pupils who jump: of most of a class that jump alike, once about the class."""
    alike: dict[tuple[str | None, str, str], list[Jump]] = defaultdict(list)
    for jump in jumps:
        alike[jump.group_id, jump.before, jump.after].append(jump)
    return [finding for together in alike.values() for finding in _asked(together)]


def _asked(together: Sequence[Jump]) -> Iterator[Finding]:
    first = together[0]
    fields: dict[str, str | int] = {"before": first.before, "after": first.after}
    if first.group_size and len(together) >= FEWEST_OF_CLASS and len(together) * 2 > first.group_size:
        fields |= {"class": first.group_name or "", "count": len(together)}
        code = Found.GRADE_JUMP_CLASS.value
        yield Finding(first.line, code, Severity.WARNING, fields, group=first.group_id)
        return
    for jump in together:
        yield Finding(jump.line, Found.GRADE_JUMP.value, Severity.WARNING, fields, jump.local_person_id)


# The brake -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a delivery may do without anybody's word. Each institution may have its own (``roster_limit``)."""

    removed_percent: int = 5
    removed_persons: int = 20
    changed_percent: int = 10
    changed_persons: int = 5
    smallest_whole: int = 3  # "the whole class" says nothing of a class of two


STRICTEST = Limits(0, 0, 0, 0, 1)
"""What holds nobody by these holds nobody by any limits."""

NEARLY_ALL_PERCENT = 90
GARBLED_PERCENT = 1


@dataclass(frozen=True, slots=True)
class Effect:
    """What a delivery would do to the people of its source."""

    lines: tuple[PlanLine, ...]
    before: Mapping[ActorGroup, int]  # how many belonged
    renamed: int
    other_numbers: int  # known local ids that came with another CPR number
    garbled: int  # people with text that went through the wrong encoding (B-R09)
    guardians: Guardians

    def left(self, group: ActorGroup | None = None) -> int:
        """How many would leave, of one actor group or of all."""
        belonging = (line for line in self.lines if line.actor_group is not ActorGroup.KONTAKTPERSON)
        return sum(line.left for line in belonging if group in (None, line.actor_group))


def breaches(effect: Effect, limits: Limits) -> tuple[Breach, ...]:
    """Return every limit that the delivery would exceed, in the order people are told."""
    return tuple(_breaches(effect, limits))


def _breaches(effect: Effect, limits: Limits) -> Iterator[Breach]:
    before, left, staff = sum(effect.before.values()), effect.left(), effect.left(ActorGroup.MEDARBEJDER)
    most = max(limits.removed_persons, before * limits.removed_percent // 100)
    if left > most:
        yield Breach(Held.REMOVED, {"count": left, "all": before, "most": most})
    elif before >= limits.smallest_whole and left * 100 >= before * NEARLY_ALL_PERCENT:
        yield Breach(Held.NEARLY_ALL, {"count": left, "all": before})
    if _is_whole(staff, effect.before.get(ActorGroup.MEDARBEJDER, 0), limits):
        yield Breach(Held.STAFF, {"count": staff})
    for line in effect.lines:
        if line.group is not None and _is_whole(line.left, line.before, limits):
            code = Held.FORMER_CLASS if line.former else Held.CLASS
            yield Breach(code, {"count": line.left, "group": line.group})
    if not effect.guardians.some_left and effect.guardians.lost >= limits.smallest_whole:
        yield Breach(Held.GUARDIANS, {"count": effect.guardians.lost})
    most = max(limits.changed_persons, before * limits.changed_percent // 100)
    for code, count in ((Held.NAMES, effect.renamed), (Held.CPR, effect.other_numbers)):
        if count > most:
            yield Breach(code, {"count": count, "all": before, "most": most})
    yield from _garbled(effect, limits)


def _garbled(effect: Effect, limits: Limits) -> Iterator[Breach]:
    there = sum(line.new for line in effect.lines) + sum(effect.before.values())
    if effect.garbled > max(limits.changed_persons, there * GARBLED_PERCENT // 100):
        yield Breach(Held.GARBLED, {"count": effect.garbled, "all": there})


def _is_whole(left: int, before: int, limits: Limits) -> bool:
    return left == before >= limits.smallest_whole
