"""What stands above the persons of a OneRoster delivery: manifest, school, school year and classes."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime

from unilogin.kit.xml.errors import TooLargeError
from unilogin.kit.xml.packed_folder import PackedFolder
from unilogin.roster.errors import DeliveryRefusedError
from unilogin.roster.formats.cells import plain
from unilogin.roster.formats.csv_table import CsvRow, CsvTable, RowFault
from unilogin.roster.formats.fields import shown
from unilogin.roster.formats.oneroster_person import is_sound_id, listed
from unilogin.roster.formats.oneroster_store import Cells
from unilogin.roster.formats.oneroster_words import COLUMNS, MANIFEST, NEEDED_FILES, REQUIRED, level_of
from unilogin.roster.formats.school_year import school_year_of
from unilogin.roster.formats.tidy import tidy
from unilogin.roster.formats.unilogin_head import GROUP_TYPES, LONGEST_SOURCE, MOST_GROUPS
from unilogin.roster.formats.values import read_date, read_time
from unilogin.roster.messages import Found, Refused
from unilogin.roster.model import DeliveryKind, Finding, GroupRow, Header, Severity

_NUMBER = re.compile(r"[0-9A-ZÆØÅ]{1,6}")
_MOST_PROPERTIES = 200
_MOST_ORGS = 10_000
_MOST_SESSIONS = 10_000
_MOST_ROWS = 200_000  # of classes: those of all schools and terms may be in one file
_SCHOOLS_SHOWN = 20
_TYPES = {"homeroom": "Hovedgruppe", "scheduled": "Hold"}
_LONGEST_NAME = 100
_FIRST_YEAR = 2000
_ABOUT_PEOPLE = ("users", "roles", "enrollments", "demographics")


@dataclass(frozen=True, slots=True)
class School:
    """The school that a delivery is about: its id in the files, its number in ours, and the ids of all there are."""

    id: str
    number: str
    all: frozenset[str] = frozenset()
    """One set for all schools of a file: each with the others of its own would be millions."""

    def is_other(self, org: str) -> bool:
        """Tell whether an id is another organisation's."""
        return org in self.all and org != self.id


@dataclass(frozen=True, slots=True)
class Classes:
    """The classes of the school as they are now; enrollments in what is ``left_out`` do not count."""

    groups: tuple[GroupRow, ...]
    findings: tuple[Finding, ...]
    left_out: frozenset[str]


class OnerosterFiles:
    """The tables of a delivery that its manifest names."""

    def __init__(self, folder: PackedFolder) -> None:
        """Read the manifest; raises DeliveryRefusedError and kit.xml's DocumentError, as all methods do."""
        self._folder = folder
        if MANIFEST not in folder.names:
            raise DeliveryRefusedError(Refused.ONEROSTER_FILE_MISSING, file=MANIFEST)
        table = CsvTable(folder.open(MANIFEST), file=MANIFEST)
        table.require(("propertyName", "value"))
        self.properties: dict[str, str] = {}
        for row in table.rows(("propertyName", "value")):
            if row.fault or len(self.properties) >= _MOST_PROPERTIES:
                raise DeliveryRefusedError(Refused.CSV_MALFORMED, line=row.line, file=MANIFEST)
            self.properties[row.cells[0].strip()] = tidy(row.cells[1])
        version = self.properties.get("oneroster.version", "")
        if re.fullmatch(r"1\.2(\.[0-9]+)?", version) is None:
            raise DeliveryRefusedError(Refused.ONEROSTER_VERSION, version=shown(version))
        self._states = {name: self._state(name) for name in COLUMNS}
        self.kind = self._kind()

    def _state(self, name: str) -> str:
        state = self.properties.get(f"file.{name}", "absent").lower()
        if state not in ("absent", "bulk", "delta"):
            raise DeliveryRefusedError(Refused.ONEROSTER_MANIFEST, file=f"{name}.csv")
        told = state != "absent" and f"{name}.csv" in self._folder.names
        if not told and (state != "absent" or name in NEEDED_FILES):
            raise DeliveryRefusedError(Refused.ONEROSTER_FILE_MISSING, file=f"{name}.csv")
        return state

    def _kind(self) -> DeliveryKind:
        """What the tables of people are. What they hang on may be whole in a delta, and never the other way round."""
        people = {self._states[name] for name in _ABOUT_PEOPLE} - {"absent"}
        if len(people) != 1 or (people == {"bulk"} and "delta" in self._states.values()):
            raise DeliveryRefusedError(Refused.ONEROSTER_MIXED)
        return DeliveryKind.FULL if people == {"bulk"} else DeliveryKind.DELTA

    def rows(self, name: str) -> Iterator[tuple[CsvRow, Cells]]:
        """Return the rows of a table with their values by column; an absent table has none."""
        if self._states[name] == "absent":
            return
        columns = COLUMNS[name]
        table = CsvTable(self._folder.open(f"{name}.csv"), file=f"{name}.csv")
        table.require(REQUIRED[name])
        if self._states[name] == "delta":
            table.require(("status", "dateLastModified"))
        for row in table.rows(columns):
            told = row.fault in (None, RowFault.CONTROL)
            filled = zip(columns, row.cells, strict=True) if told else ()
            yield row, Cells({name: plain(cell.strip()) for name, cell in filled if cell})

    def has_column(self, name: str, column: str) -> bool:
        """Tell whether a table has a column, whatever is in it."""
        there = self._states[name] != "absent"
        return there and column in CsvTable(self._folder.open(f"{name}.csv"), file=f"{name}.csv").columns

    def whole_rows(self, name: str, *, most: int) -> Iterator[tuple[int, Cells]]:
        """Return the rows of a small table that all persons hang on: one that cannot be read refuses the delivery."""
        for count, (row, cells) in enumerate(self.rows(name)):
            if row.fault or count >= most:
                raise DeliveryRefusedError(Refused.CSV_MALFORMED, line=row.line, file=f"{name}.csv")
            if cells["status"] != "tobedeleted":
                yield row.line, cells

    def header(self, school: School, *, newest: datetime | None, today: date) -> Header:
        """Return where the delivery comes from; ``newest`` is the last change of any row of a delta."""
        source = self.properties.get("source.systemName") or self.properties.get("source.systemCode", "")
        if not source or len(source) > LONGEST_SOURCE:
            raise DeliveryRefusedError(Refused.ONEROSTER_MANIFEST, file=MANIFEST)
        return Header(school.number, source, self._time(newest), self._school_year(today))

    def _time(self, newest: datetime | None) -> datetime:
        """When the source made it: as the manifest says, as the rows say, or as the zip says, by a Danish clock."""
        told = self.properties.get("source.dateTime")
        packed = self._folder.written_at(MANIFEST)
        try:
            if told:
                return read_time(told)
            if newest is None and packed is not None:
                return read_time(packed.isoformat())
        except ValueError as error:
            raise DeliveryRefusedError(Refused.ONEROSTER_TIME) from error
        if newest is None:
            raise DeliveryRefusedError(Refused.ONEROSTER_TIME)
        return newest

    def _school_year(self, today: date) -> str:
        """The school year that today is in, of those told; without any, the one that began in August."""
        for kind, start, end in self._sessions().values():
            if kind == "schoolYear" and start <= today <= end and start.year >= _FIRST_YEAR:
                return f"{start.year}-{start.year + 1}"
        return school_year_of(today).name

    def _sessions(self) -> dict[str, tuple[str, date, date]]:
        """Return the academic sessions by id: what they are, when they begin and end; without those nobody can read."""
        sessions = {}
        for _, cells in self.whole_rows("academicSessions", most=_MOST_SESSIONS):
            with suppress(ValueError):
                sessions[cells["sourcedId"]] = (
                    cells["type"],
                    read_date(cells["startDate"]),
                    read_date(cells["endDate"]),
                )
        return sessions

    def schools(self) -> list[School]:
        """Return the schools there are, each with the ids of all other organisations."""
        schools: list[tuple[int, str, str]] = []
        orgs: set[str] = set()
        for line, cells in self.whole_rows("orgs", most=_MOST_ORGS):
            orgs.add(cells["sourcedId"])
            if cells["type"] == "school":
                schools.append((line, cells["sourcedId"], (cells["identifier"] or cells["sourcedId"]).upper()))
        if len(schools) == 1 and _NUMBER.fullmatch(schools[0][2]) is None:
            refused = Refused.INSTITUTION_NUMBER_WRONG
            raise DeliveryRefusedError(refused, line=schools[0][0], number=shown(schools[0][2]))
        known = frozenset(orgs)
        return [School(own, number, known) for _, own, number in schools if _NUMBER.fullmatch(number)]

    def school(self, wanted: str | None) -> School:
        """Return the one school; of several the one that is wanted: a delivery is about one institution."""
        schools = self.schools()
        if not schools:
            raise DeliveryRefusedError(Refused.ONEROSTER_NO_SCHOOL)
        chosen = schools if len(schools) == 1 else [one for one in schools if one.number == wanted]
        if len(chosen) != 1:
            numbers = [one.number for one in schools]
            more = ["…"] if len(numbers) > _SCHOOLS_SHOWN else []
            listing = ", ".join([*numbers[:_SCHOOLS_SHOWN], *more])
            raise DeliveryRefusedError(Refused.ONEROSTER_SCHOOLS, count=len(numbers), numbers=listing)
        return chosen[0]

    def classes(self, school: School, *, today: date) -> Classes:
        """Return the classes of the school, each once, and what is wrong with them; a refused class is left out.

        Files hold the classes of several terms side by side. Those of a term that is not now are left out, unless all
        are: in the holidays no class is of today, and nobody leaves theirs.
        """
        groups: dict[str, GroupRow] = {}
        findings: list[Finding] = []
        left_out: set[str] = set()
        sessions = self._sessions()
        now: dict[str, bool] = {}
        for line, cells in self.whole_rows("classes", most=_MOST_ROWS):
            if cells["schoolSourcedId"] not in ("", school.id):
                left_out.add(cells["sourcedId"])
                continue
            if len(now) >= MOST_GROUPS:
                raise TooLargeError("more groups than a school may have", line=line)
            group, wrong = _group(cells)
            if group is None:
                left_out.add(cells["sourcedId"])
            else:
                now[group.group_id] = _is_of(today, [sessions.get(one) for one in listed(cells["termSourcedIds"])])
                if groups.setdefault(group.group_id, group) != group:
                    wrong.append((Found.GROUP_TWICE, Severity.WARNING, {}))
            name = shown(cells["sourcedId"]) or None
            findings += [
                Finding(line, code.value, severity, {"file": "classes.csv", **fields}, group=name)
                for code, severity, fields in wrong
            ]
        past = {group_id for group_id, of_today in now.items() if not of_today} if any(now.values()) else set()
        there = tuple(group for group in groups.values() if group.group_id not in past)
        return Classes(there, tuple(findings), frozenset(left_out | past))


def _is_of(today: date, terms: Sequence[tuple[str, date, date] | None]) -> bool:
    """Tell whether one of a class's terms is now; a term that nobody knows may be."""
    return not terms or any(term is None or term[1] <= today <= term[2] for term in terms)


_Wrong = tuple[Found, Severity, Mapping[str, str | int]]


def _group(cells: Cells) -> tuple[GroupRow | None, list[_Wrong]]:
    kind = cells["metadata.dk.type"] if cells["metadata.dk.type"] in GROUP_TYPES else _type_of(cells["classType"])
    wrong: list[_Wrong] = []
    if not is_sound_id(cells["sourcedId"]) or not cells["title"]:
        missing = "title" if is_sound_id(cells["sourcedId"]) else "sourcedId"
        return None, [(Found.ELEMENT_MISSING, Severity.REFUSED, {"element": missing})]
    if kind is None:
        value, allowed = shown(cells["classType"]), ", ".join(_TYPES)
        fields: Mapping[str, str | int] = {"element": "classType", "value": value, "allowed": allowed}
        return None, [(Found.VALUE_UNKNOWN, Severity.REFUSED, fields)]
    level = _level(cells["metadata.dk.level"], listed(cells["grades"])) if kind == "Hovedgruppe" else None
    if kind == "Hovedgruppe" and level is None:
        wrong.append((Found.GROUP_LEVEL_MISSING, Severity.WARNING, {}))
    name = tidy(cells["title"])[:_LONGEST_NAME]
    return GroupRow(cells["sourcedId"], name, kind, level, tidy(cells["metadata.dk.line"]) or None, None, None), wrong


def _type_of(class_type: str) -> str | None:
    """A type that others have added is a group like any other."""
    return "Andet" if class_type.startswith("ext:") else _TYPES.get(class_type)


def _level(own: str, grades: Sequence[str]) -> str | None:
    """A class of several grades has no level of its own; its pupils' rows say theirs."""
    told = [own] if own else list(grades)
    return level_of(told[0]) if len(told) == 1 else None
