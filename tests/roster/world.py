"""What schools' systems say in the machine of rosters: people, rows and files, and random changes of them."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from tests.roster.documents import contact, document, employee, member, person, student

CLASSES = ("1a", "2b", "3c")
ROLES = ("Lærer", "Pædagog", "Leder")
SECRET = "Hemmelig"
"""The real first name of everybody begins so: nobody may read it of whoever is protected."""


@dataclass(frozen=True, slots=True)
class Human:
    """Somebody as a system knows them."""

    number: str
    name: str
    family: str = "Prøve"
    protected: bool = False

    @property
    def alias(self) -> tuple[str, str]:
        return (f"Alias{self.number[-4:]}", "Skjult")

    def told(self) -> str:
        return person(
            self.number,
            first=self.name,
            family=self.family,
            protected="true" if self.protected else "false",
            alias=self.alias if self.protected else None,
        )


@dataclass(frozen=True, slots=True)
class Tie:
    """A contact person."""

    human: Human
    custody: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """One person at a school as its system has them."""

    local_id: str
    human: Human
    main: str | None = None  # staff are in none
    groups: frozenset[str] = frozenset()
    roles: tuple[str, ...] = ("Elev",)
    ties: tuple[Tie, ...] = ()
    broken: bool = False

    @property
    def is_pupil(self) -> bool:
        return self.main is not None

    @property
    def level(self) -> str | None:
        return self.main[0] if self.main else None

    def told(self) -> str:
        human = self.human.told()
        if self.broken:
            human = human.replace(self.human.number, "9913991111")
        if self.main is None:
            groups = "".join(f"<GroupId>{group}</GroupId>" for group in sorted(self.groups))
            return member(self.local_id, human, employee(*self.roles, more=groups))
        more = "".join(contact(tie.human.told(), custody=str(tie.custody).lower()) for tie in self.ties)
        what = student(level=self.main[0], main=self.main, groups=sorted(self.groups), more=more)
        return member(self.local_id, human, what)


def groups_told(classes: Sequence[str]) -> str:
    """The groups of a file."""
    return "".join(
        f"<Group><GroupId>{one}</GroupId><GroupName>{one[0]}.{one[1:].upper()}</GroupName>"
        f"<GroupType>Hovedgruppe</GroupType><GroupLevel>{one[0]}</GroupLevel></Group>\n"
        for one in classes
    ) + ("<Group><GroupId>kor</GroupId><GroupType>Hold</GroupType></Group>\n")


def file_of(rows: Sequence[Row], *, number: str, source: str, time: str, classes: Sequence[str] = CLASSES) -> str:
    """A document with these rows; the last one says nobody, where there is none: a document has somebody."""
    return document(*(row.told() for row in rows), groups=groups_told(classes), number=number, source=source, time=time)


@dataclass
class World:
    """Everybody there is, and what each system has written down about its school."""

    systems: dict[tuple[str, str], list[Row]] = field(default_factory=dict)
    humans: list[Human] = field(default_factory=list)
    _numbers: "Iterator[int]" = field(default_factory=lambda: itertools.count(1001))
    _ids: "Iterator[int]" = field(default_factory=lambda: itertools.count(1))

    def somebody(self, *, adult: bool = False) -> Human:
        number = next(self._numbers)
        human = Human(f"{'610580' if adult else '620516'}{number}", f"{SECRET}{number}")
        self.humans.append(human)
        return human

    def pupil(self, human: Human, main: str = "1a", *ties: Tie) -> Row:
        return Row(f"e-{next(self._ids)}", human, main, ties=ties)

    def staff(self, human: Human, role: str = "Lærer") -> Row:
        return Row(f"m-{next(self._ids)}", human, roles=(role,))

    def begin(self, school: tuple[str, str]) -> None:
        """Let a system have five pupils in two classes with parents, and two of staff."""
        mother, father = self.somebody(adult=True), self.somebody(adult=True)
        self.systems[school] = [
            self.pupil(self.somebody(), "1a", Tie(mother), Tie(father, custody=False)),
            self.pupil(self.somebody(), "1a", Tie(mother)),
            self.pupil(self.somebody(), "2b"),
            self.pupil(self.somebody(), "2b", Tie(father)),
            self.pupil(self.somebody(), "2b"),
            self.staff(self.somebody(adult=True)),
            self.staff(self.somebody(adult=True), "Leder"),
        ]

    def edit(self, school: tuple[str, str], what: str, which: int, how: int) -> None:
        """Change what a system has written down."""
        rows = self.systems[school]
        if rows or what in ("join", "hire", "come"):
            EDITS[what](self, rows, which % max(1, len(rows)), how)

    def rewrite(self, rows: list[Row], number: str, change: Callable[[Human], Human]) -> None:
        """Write somebody down otherwise, wherever this system names them."""
        for place, row in enumerate(rows):
            ties = tuple(
                replace(tie, human=change(tie.human)) if tie.human.number == number else tie for tie in row.ties
            )
            human = change(row.human) if row.human.number == number else row.human
            rows[place] = replace(row, human=human, ties=ties)


def _join(world: World, rows: list[Row], which: int, how: int) -> None:
    ties = [Tie(world.somebody(adult=True), custody=bool(how % 2))] if how else []
    rows.append(world.pupil(world.somebody(), CLASSES[how % 3], *ties))


def _hire(world: World, rows: list[Row], which: int, how: int) -> None:
    rows.append(world.staff(world.somebody(adult=True), ROLES[how % 3]))


def _come(world: World, rows: list[Row], which: int, how: int) -> None:
    """Somebody comes who is known from another school or from before, under a local id of their own."""
    human = world.humans[(which * 5 + how) % len(world.humans)]
    known = [one for row in rows for one in (row.human, *(tie.human for tie in row.ties)) if one.number == human.number]
    human = known[0] if known else human
    adult = human.number.startswith("61")
    rows.append(world.staff(human, ROLES[how % 3]) if adult else world.pupil(human, CLASSES[how % 3]))


def _leave(world: World, rows: list[Row], which: int, how: int) -> None:
    del rows[which : which + 1]


def _go(world: World, rows: list[Row], which: int, how: int) -> None:
    """Many go at once."""
    del rows[which : which + 2 + how]


def _move(world: World, rows: list[Row], which: int, how: int) -> None:
    row = rows[which]
    rows[which] = replace(row, main=CLASSES[how % 3]) if row.is_pupil else replace(row, groups=frozenset({"kor"}))


def _promote(world: World, rows: list[Row], which: int, how: int) -> None:
    """Other roles for staff, other groups for pupils."""
    row = rows[which]
    if row.is_pupil:
        rows[which] = replace(row, groups=frozenset({"kor"}) - row.groups)
    else:
        rows[which] = replace(row, roles=tuple(ROLES[: 1 + how % 3]))


def _rename(world: World, rows: list[Row], which: int, how: int) -> None:
    human = rows[which].human
    world.rewrite(rows, human.number, lambda one: replace(one, family=("Prøve", "Holm", "Lund", "Krogh")[how % 4]))


def _protect(world: World, rows: list[Row], which: int, how: int) -> None:
    row = rows[which]
    human = row.ties[0].human if row.ties and how % 2 else row.human
    world.rewrite(rows, human.number, lambda one: replace(one, protected=not one.protected))


def _custody(world: World, rows: list[Row], which: int, how: int) -> None:
    row = rows[which]
    if not row.is_pupil:
        return
    if not row.ties:
        adults = [one for other in rows for one in (other.human, *(tie.human for tie in other.ties))]
        adults = [one for one in adults if one.number.startswith("61")] or [world.somebody(adult=True)]
        rows[which] = replace(row, ties=(Tie(adults[how % len(adults)]),))
    elif how % 2:
        rows[which] = replace(row, ties=(replace(row.ties[0], custody=not row.ties[0].custody), *row.ties[1:]))
    else:
        rows[which] = replace(row, ties=row.ties[1:])


def _number(world: World, rows: list[Row], which: int, how: int) -> None:
    """Another CPR number: a new one, or that of somebody else."""
    row = rows[which]
    others = [one for one in world.humans if one.number[:6] == row.human.number[:6] and one != row.human]
    if how == 3 and others:
        rows[which] = replace(row, human=replace(others[which % len(others)], protected=row.human.protected))
        return
    number = f"{row.human.number[:6]}{next(world._numbers)}"
    rows[which] = replace(row, human=replace(row.human, number=number))


def _break(world: World, rows: list[Row], which: int, how: int) -> None:
    rows[which] = replace(rows[which], broken=not rows[which].broken)


def _mend(world: World, rows: list[Row], which: int, how: int) -> None:
    """All rows are whole again."""
    rows[:] = [replace(row, broken=False) for row in rows]


EDITS: dict[str, Callable[[World, list[Row], int, int], None]] = {
    "join": _join,
    "hire": _hire,
    "come": _come,
    "leave": _leave,
    "go": _go,
    "move": _move,
    "promote": _promote,
    "rename": _rename,
    "protect": _protect,
    "custody": _custody,
    "number": _number,
    "break": _break,
    "mend": _mend,
}
