"""The plan of changes as a school's office reads it, class by class. Pure.

In August nearly everybody changes class, and ``8.A → 9.A: alle 24`` is all there is to say of most. So a class that
goes on under another name, or in another class, has one line with its exceptions: who went elsewhere, who left, who is
new. Those of the class that had the name before have a line of their own, and so have those who come to a new one.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from unilogin.domain.directory.model import ActorGroup
from unilogin.roster.model import ChangeCount, ChangeKind, Guardians, PlanLine

Place = tuple[ActorGroup, str | None]
"""A class, or everybody of an actor group who is in none."""

FEWEST_TOGETHER = 3
"""So many go on together as a class; fewer only if that is all of them, and nobody is there before them."""


def plan_of(
    counts: Sequence[ChangeCount],
    *,
    there: Mapping[ActorGroup, int],
    in_classes: Mapping[Place, int],
    guardians: Guardians,
) -> tuple[PlanLine, ...]:
    """Put together what changes for each class that changes.

    ``there`` and ``in_classes`` are how many belong once the delivery counts, in all and in those classes; in every
    class where pupils without one change, for they are the rest.
    """
    lines: list[PlanLine] = []
    for group in ActorGroup:
        if own := [one for one in counts if one.actor_group is group]:
            sizes = {name: people for (of, name), people in in_classes.items() if of is group}
            rest = there.get(group, 0) - sum(sizes.values())
            lines += _Movement(group, own, {**sizes, None: rest}).lines()
    if guardians.gained or guardians.lost:
        lines.append(PlanLine(ActorGroup.KONTAKTPERSON, None, new=guardians.gained, left=guardians.lost))
    return tuple(lines)


def places_of(counts: Iterable[ChangeCount]) -> set[Place]:
    """Return the classes that somebody comes to, is changed in or goes from; None is no class."""
    places: set[Place] = set()
    for one in counts:
        if one.kind in (ChangeKind.LEFT, ChangeKind.MOVED):
            places.add((one.actor_group, one.before))
        if one.kind is not ChangeKind.LEFT:
            places.add((one.actor_group, one.after))
    return places


def there_before(counts: Iterable[ChangeCount], there: Mapping[ActorGroup, int]) -> dict[ActorGroup, int]:
    """Return how many belonged before a delivery, by what they are."""
    before = dict(there)
    for one in counts:
        if one.kind in (ChangeKind.NEW, ChangeKind.BACK):
            before[one.actor_group] = before.get(one.actor_group, 0) - one.people
        elif one.kind is ChangeKind.LEFT:
            before[one.actor_group] = before.get(one.actor_group, 0) + one.people
    return before


@dataclass(slots=True)
class _Class:
    """What happens to those who are in a class before, and to those who are in it afterwards."""

    name: str | None
    left: int = 0
    to: Counter[str | None] = field(default_factory=Counter)
    come: Counter[str | None] = field(default_factory=Counter)
    new: int = 0
    back: int = 0
    changed: int = 0
    unchanged: int = 0
    heir: str | None = None  # the class that this one goes on as

    @property
    def stay(self) -> int:
        return self.changed + self.unchanged

    @property
    def before(self) -> int:
        return self.stay + self.left + self.to.total()


class _Movement:
    """All classes of one actor group, and how people move between them."""

    def __init__(self, group: ActorGroup, counts: Sequence[ChangeCount], sizes: Mapping[str | None, int]) -> None:
        self._group = group
        self._classes = {name: _Class(name) for _, name in places_of(counts)}
        for one in counts:
            self._count(one)
        for each in self._classes.values():
            arrived = each.new + each.back + each.changed + each.come.total()
            each.unchanged = sizes.get(each.name, 0) - arrived
        for each in self._classes.values():
            each.heir = self._heir(each)
        self._taken = {each.heir for each in self._classes.values() if each.heir is not None}

    def _count(self, one: ChangeCount) -> None:
        if one.kind is ChangeKind.LEFT:
            self._classes[one.before].left += one.people
        elif one.kind is ChangeKind.MOVED:
            self._classes[one.before].to[one.after] += one.people
            self._classes[one.after].come[one.before] += one.people
        elif one.kind is ChangeKind.NEW:
            self._classes[one.after].new += one.people
        elif one.kind is ChangeKind.BACK:
            self._classes[one.after].back += one.people
        else:
            self._classes[one.after].changed += one.people

    def _heir(self, each: _Class) -> str | None:
        """Return the class that most of a class go to; None when they stay, scatter or leave."""
        if each.name is None or not each.to:
            return None
        name, people = max(each.to.items(), key=lambda item: (item[1], item[0] or ""))
        if name is None or people * 2 <= each.before:
            return None
        whole = people == each.before and not self._classes[name].stay
        return name if whole or people >= FEWEST_TOGETHER else None

    def _goes_on(self, each: _Class) -> bool:
        """Tell whether a class is the same afterwards; else others may have its name, or nobody."""
        if each.heir is not None:
            return False
        return each.name not in self._taken or each.stay * 2 > each.before

    def lines(self) -> list[PlanLine]:
        """Return a line for each class: those that go on as another first."""
        lines = [line for each in self._classes.values() for line in self._lines_of(each)]
        anybody_goes_on = bool(self._taken)
        return sorted(lines, key=lambda line: _in_order(line, moving=anybody_goes_on))

    def _lines_of(self, each: _Class) -> Iterator[PlanLine]:
        if self._goes_on(each):
            line = self._after(each)
            yield replace(
                line,
                left=each.left,
                moved=_moved(each.to),
                changed=each.changed,
                unchanged=each.unchanged,
                moved_here=line.moved_here - each.stay,
            )
            return
        goers = Counter(each.to)
        if each.stay:
            goers[each.name] += each.stay
        if each.heir is not None:
            followed = goers.pop(each.heir)
            after = self._after(self._classes[each.heir]) if self._leads(each) else PlanLine(self._group, each.heir)
            yield replace(after, was=each.name, followed=followed, left=each.left, moved=_moved(goers))
        elif each.before:
            yield PlanLine(self._group, each.name, former=True, left=each.left, moved=_moved(goers))
        if each.name not in self._taken and (each.new or each.back or each.come or each.stay):
            yield self._after(each)

    def _after(self, each: _Class) -> PlanLine:
        """Return the line of those who come to a class otherwise than with theirs."""
        came = sum(people for name, people in each.come.items() if (self._classes[name].heir or "") != each.name)
        return PlanLine(self._group, each.name, new=each.new, back=each.back, moved_here=came + each.stay)

    def _leads(self, each: _Class) -> bool:
        """Tell whether the line of this class tells who else comes to its heir, of all that go on there."""
        heir = self._classes[each.heir]
        if self._goes_on(heir):
            return False
        others = [one for one in self._classes.values() if one.heir == each.heir]
        return each is max(others, key=lambda one: (one.to[each.heir], one.name or ""))


def _moved(goers: Mapping[str | None, int]) -> dict[str, int]:
    return {name or "": people for name, people in goers.items() if people}


def _in_order(line: PlanLine, *, moving: bool) -> tuple[bool, int, list[tuple[int, int, str]]]:
    """Classes that go on as others, those that end, those that begin, then the rest; each from the lowest grade up."""
    if line.was is not None:
        rank = 0
    elif moving and (line.former or not line.after):
        rank = 1
    else:
        rank = 2 if moving and not line.before else 3
    return (line.group is None, rank, _natural(line.was or line.group or ""))


def _natural(name: str) -> list[tuple[int, int, str]]:
    """Let 10.A come after 9.A."""
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"([0-9]+)", name) if part]
