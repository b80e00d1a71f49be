"""OneRoster 1.2 CSV: a zip of tables with a manifest, bulk or delta. Head in ``oneroster_head``, people here.

A person's rows stand in several tables; ``oneroster_store`` brings them together without holding them in memory. CPR
numbers are welcome in a column of their own and not needed: without one a person is known by the source's id.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime

import msgspec

from unilogin.kit.xml.packed_folder import PackedFolder
from unilogin.roster.errors import DeliveryRefusedError
from unilogin.roster.formats.csv_table import CsvRow, RowFault
from unilogin.roster.formats.document import HASH_BYTES, IsKnown
from unilogin.roster.formats.fields import shown, shown_date
from unilogin.roster.formats.oneroster_head import OnerosterFiles, School
from unilogin.roster.formats.oneroster_person import (
    LONGEST_ID,
    PROTECTED,
    RowNotes,
    UserReader,
    is_foreign,
    is_sound_id,
    listed,
)
from unilogin.roster.formats.oneroster_store import Cells, Part, RowStore, StoredUser
from unilogin.roster.formats.oneroster_words import CONTACT_ROLES, CUSTODY_ROLES
from unilogin.roster.formats.unilogin_person import MOST_CONTACTS, could_be_cpr
from unilogin.roster.formats.values import read_date, read_time
from unilogin.roster.messages import Found, Refused
from unilogin.roster.model import DeliveryKind, Finding, GroupRow, Hidden, PersonRow, ReadRow, Severity

_encode = msgspec.json.Encoder(order="deterministic").encode

READING = "2"
"""To be raised when rows are read differently: then every row is read again, whatever its hash."""

MOST_BROKEN = 10_000
"""Rows that cannot be read; more, and the file is something else than it says."""

_MOST_STRANGERS = 1000
_STATUSES = ("active", "tobedeleted")
_FAULTS = {
    RowFault.CELLS: Found.ROW_CELLS,
    RowFault.LONG: Found.ROW_LONG,
    RowFault.CONTROL: Found.ROW_CONTROL,
}
_HAVE_CLASSES = frozenset(("Elev", "Barn", "Studerende", "Lærer", "Pædagog", "Vikar"))


class OnerosterCsv:
    """One delivery; see ``Document``. Made with all tables read into the store, people put together one by one."""

    def __init__(self, folder: PackedFolder, *, hash_key: bytes, today: date, institution: str | None = None) -> None:
        """Read all tables; of several schools, ``institution`` says which one this is about."""
        self._files = files = OnerosterFiles(folder)
        self.kind = files.kind
        self._today = today
        self._store = RowStore()
        self._broken: list[ReadRow] = []
        self._broken_people: set[str] = set()
        self._unread: dict[str, StoredUser] = {}  # whose own row cannot be read, but for who it is about
        self._newest: datetime | None = None
        school = files.school(institution)
        classes = files.classes(school, today=today)
        self.groups = classes.groups
        self._left_out = classes.left_out
        self._findings = list(classes.findings)
        self._custody: frozenset[str] = frozenset()
        self._declared = {group.group_id: group for group in self.groups}
        if not self._store.add_users(self._users()) + len(self._broken):  # nobody: everybody would leave (B-R02)
            raise DeliveryRefusedError(Refused.NO_PERSONS)
        for name in ("roles", "enrollments"):
            self._store.add_parts(self._parts(name, school))
        self._store.add_parts(self._demographics())
        self._store.settle()
        self._findings += self._strangers()
        self.header = files.header(school, newest=self._newest, today=today)
        self.group_findings = tuple(self._findings)
        self.tells_protection = files.has_column("users", PROTECTED)
        read_as = f"oneroster {READING}" + ("" if self.tells_protection else " silent")  # read anew when it begins to
        self._key = hashlib.blake2b(read_as.encode(), key=hash_key, digest_size=32).digest()
        self._fingerprint = b""

    def also_known(self, groups: Iterable[GroupRow]) -> None:
        """Let rows name groups that earlier deliveries declared."""
        for group in groups:
            self._declared.setdefault(group.group_id, group)

    def custody_by_role(self, roles: frozenset[str]) -> None:
        """Let these roles of contact persons mean custody where the file says nothing of it."""
        self._custody = roles & frozenset(CUSTODY_ROLES)

    def rows(self, at_once: int, *, is_known: IsKnown) -> Iterator[list[ReadRow]]:
        """Read the people that are not known; those who cannot be read come first."""
        whole = hashlib.blake2b(repr((self.header, self.groups, self._broken)).encode(), key=self._key, digest_size=32)
        reader = UserReader(groups=self._declared, today=self._today, custody_roles=self._custody)
        if self._broken:
            yield self._with_protected(reader)
        for users in self._store.users(at_once):
            people = [user for user in users if self._is_here(user)]
            named = {user.id: _agents(user) for user in people}
            wanted = list(dict.fromkeys(one for ids in named.values() for one in ids))
            agents = self._store.named(wanted, agents=False)
            rows = []
            for user in people:
                own = {one: agents[one] for one in named[user.id] if one in agents}
                said = self._hash(user, own)
                whole.update(said)
                raw_hash = self._with_custody(said)
                if self._has_left(user):
                    rows.append(ReadRow(user.line, b"", user.id, None, (), (), leaves=True))
                elif not is_known(raw_hash):
                    rows.append(self._read(reader, user, agents=own, raw_hash=raw_hash))
            yield rows
        self._fingerprint = whole.digest()

    def finish(self) -> bytes:
        """Return the fingerprint of everything the delivery says; that it is whole was seen when it was made."""
        return self._fingerprint

    # Tables into the store ------------------------------------------------------------------------------------------

    def _users(self) -> Iterator[tuple[str, int, Cells]]:
        for row, cells in self._files.rows("users"):
            if row.fault:
                self._breaks(row, "users.csv", self._sound(row.cells[0] if row.cells else ""))
                continue
            status = self._status(row, cells, "users.csv")
            if status == "tobedeleted" and self.kind is DeliveryKind.FULL:
                continue
            if status is None or not self._is_enabled_or_told(row, cells):
                self._unread.setdefault(cells["sourcedId"], StoredUser(cells["sourcedId"], row.line, cells, {}))
                continue
            by = Cells({"by": cells["sourcedId"]})
            self._store.add_parts(Part(agent, "agent", row.line, by) for agent in _listed_agents(cells))
            yield cells["sourcedId"], row.line, cells

    def _is_enabled_or_told(self, row: CsvRow, cells: Cells) -> bool:
        """Tell of whoever is not enabled; False: nobody knows whether they are, and they stay as they were."""
        about = self._sound(cells["sourcedId"])
        enabled = cells["enabledUser"].lower()
        if enabled == "false":
            self._tell(Finding(row.line, Found.NOT_ENABLED.value, Severity.WARNING, {"file": "users.csv"}, about))
        elif enabled not in ("", "true"):
            fields = {"element": "enabledUser", "value": shown(cells["enabledUser"]), "allowed": "true, false"}
            self._breaks(row, "users.csv", about, code=Found.VALUE_UNKNOWN, **fields)
            return False
        return True

    def _parts(self, name: str, school: School) -> Iterator[Part]:
        file, place = f"{name}.csv", "orgSourcedId" if name == "roles" else "schoolSourcedId"
        for row, cells in self._files.rows(name):
            user = cells.get("userSourcedId", "")
            if row.fault or not user:
                self._breaks(row, file, self._sound(user))
                continue
            if self._status(row, cells, file) != "active" or cells["classSourcedId"] in self._left_out:
                continue
            # What somebody is to a child holds at the child's school, wherever the row says it stands.
            here = cells[place] in ("", school.id) or cells["role"] in CONTACT_ROLES
            if here and (in_force := self._in_force(row, cells, file)) is not None:
                yield Part(user, name if in_force else f"{name}_ended", row.line, cells if in_force else Cells())
            elif not here and school.is_other(cells[place]):
                yield Part(user, f"{name}_elsewhere", row.line, Cells())

    def _demographics(self) -> Iterator[Part]:
        for row, cells in self._files.rows("demographics"):
            if row.fault:
                self._breaks(row, "demographics.csv", self._sound(cells.get("sourcedId", "")))
            elif self._status(row, cells, "demographics.csv") == "active":
                yield Part(cells["sourcedId"], "demographics", row.line, cells)

    def _status(self, row: CsvRow, cells: Cells, file: str) -> str | None:
        """Return whether a row counts or is to go; in bulk no word counts as well. None: it says something else."""
        if not self._is_delta:  # a word is not needed there, and who should be gone is not kept by having one
            return "tobedeleted" if cells["status"].lower() == "tobedeleted" else "active"
        status = cells["status"]
        person = self._sound(cells.get("userSourcedId") or cells["sourcedId"])
        if status not in _STATUSES:
            fields = {"element": "status", "value": shown(status), "allowed": ", ".join(_STATUSES)}
            code = Found.VALUE_UNKNOWN if status else Found.ELEMENT_MISSING
            self._breaks(row, file, person, code=code, **(fields if status else {"element": "status"}))
            return None
        try:
            changed = read_time(cells["dateLastModified"])
        except ValueError:
            value = shown_date(cells["dateLastModified"])
            self._breaks(row, file, person, code=Found.DATE_WRONG, element="dateLastModified", value=value)
            return None
        self._newest = max(changed, self._newest or changed)
        return status

    def _in_force(self, row: CsvRow, cells: Cells, file: str) -> bool | None:
        """Tell whether a role or a place in a class has begun and not ended; None: nobody knows."""
        dates = []
        for column, otherwise in (("beginDate", date.min), ("endDate", date.max)):
            try:
                dates.append(read_date(cells[column]) if cells[column] else otherwise)
            except ValueError:
                person, value = self._sound(cells["userSourcedId"]), shown_date(cells[column])
                self._breaks(row, file, person, code=Found.DATE_WRONG, element=column, value=value)
                return None
        return dates[0] <= self._today <= dates[1]

    def _breaks(
        self, row: CsvRow, file: str, person: str | None, *, code: Found | None = None, **fields: str | int
    ) -> None:
        """Note a row that cannot be read: whoever it is about stays as they were, and unless we know who, everybody."""
        if len(self._broken) >= MOST_BROKEN:
            raise DeliveryRefusedError(Refused.CSV_MALFORMED, line=row.line, file=file)
        if row.fault is RowFault.CELLS:
            fields["count"] = row.found
        found = code or (_FAULTS[row.fault] if row.fault else Found.LOCAL_ID_MISSING)
        finding = Finding(row.line, found.value, Severity.REFUSED, {"file": file, **fields}, person)
        self._broken.append(ReadRow(row.line, b"", person, None, (), (finding,)))
        if person:
            self._broken_people.add(person)

    def _sound(self, text: str) -> str | None:
        """Return an id that may be told; one that reads as a CPR number may not (K-13)."""
        return text if is_sound_id(text) and not could_be_cpr(text) else None

    def _tell(self, finding: Finding) -> None:
        if len(self._findings) < MOST_BROKEN:
            self._findings.append(finding)

    def _strangers(self) -> Iterator[Finding]:
        """Rows about people whom the users' table does not have; agents are told with their children."""
        for kind, user, line in self._store.strangers(_MOST_STRANGERS):
            if kind in ("roles", "enrollments", "demographics") and user not in self._broken_people:
                fields = {"file": f"{kind}.csv", "element": "userSourcedId", "value": shown(user[:LONGEST_ID])}
                yield Finding(line, Found.REFERENCE_UNKNOWN.value, Severity.WARNING, fields, self._sound(user))

    # People ---------------------------------------------------------------------------------------------------------

    def _is_here(self, user: StoredUser) -> bool:
        """Tell whether a user is somebody at the school in their own right, and not only somebody's contact person."""
        if self._has_left(user):
            return True
        if user.cells["enabledUser"].lower() == "false" or user.id in self._broken_people:
            return False
        roles = {part.cells["role"] for part in user.part("roles")}
        if not roles and (user.part("roles_elsewhere") or (user.part("roles_ended") and not self._is_delta)):
            return False
        known = {role for role in roles if not is_foreign(role)}
        if not self._is_delta or user.part("agent"):
            return not known <= CONTACT_ROLES if known else not user.part("agent")
        return True

    def _with_protected(self, reader: UserReader) -> list[ReadRow]:
        """Return the rows that cannot be read, each person's first with who is protected all the same."""
        people = {**self._unread, **self._store.named(list(self._broken_people))}
        rows = []
        for broken in self._broken:
            user = people.pop(broken.local_person_id or "", None)
            protected = reader.protected_in(user, self._store.named(_agents(user))) if user else ()
            rows.append(broken._replace(protect=protected))
        return rows

    @property
    def _is_delta(self) -> bool:
        return self.kind is DeliveryKind.DELTA

    def _has_left(self, user: StoredUser) -> bool:
        sound = self._sound(user.id) is not None
        return sound and self._is_delta and user.cells["status"] == "tobedeleted"

    def _hash(self, user: StoredUser, agents: Mapping[str, StoredUser]) -> bytes:
        """Hash all that is said of a person: their rows, their agents' rows, and what their classes are."""
        classes = [self._declared.get(part.cells["classSourcedId"]) for part in user.part("enrollments")]
        said = [_said(user), [_said(agents[one]) for one in sorted(agents)], classes]
        return hashlib.blake2b(_encode(said), key=self._key, digest_size=HASH_BYTES).digest()

    def _with_custody(self, said: bytes) -> bytes:
        """Whoever was read before roles came to mean custody, or ceased to, is read again."""
        if not self._custody:
            return said
        meaning = ",".join(sorted(self._custody)).encode()
        return hashlib.blake2b(said + meaning, key=self._key, digest_size=HASH_BYTES).digest()

    def _read(
        self, reader: UserReader, user: StoredUser, *, agents: Mapping[str, StoredUser], raw_hash: bytes
    ) -> ReadRow:
        notes = RowNotes("users.csv", user.line)
        row, protect = reader.read(user, agents, notes)
        if self._is_delta and not _is_whole(user, row):
            fields = {"file": "users.csv"}
            found = Finding(user.line, Found.DELTA_INCOMPLETE.value, Severity.REFUSED, fields, self._sound(user.id))
            return ReadRow(user.line, b"", self._sound(user.id), None, (*protect, *_protected_in(row)), (found,))
        again = bool(notes.findings)  # whoever has a finding is read again next time, so that it is told again
        raw_hash = b"" if again else raw_hash
        return ReadRow(user.line, raw_hash, notes.local_person_id, row, protect, tuple(notes.findings))


def _listed_agents(cells: Cells) -> list[str]:
    """Return the ids of a person's agents, and of too many only so many that it shows."""
    return listed(cells["agentSourcedIds"])[: MOST_CONTACTS + 1]


def _agents(user: StoredUser) -> list[str]:
    """Return those whom a person names, and those who name the person: systems tie them from either end, or both."""
    naming: Sequence[str] = [part.cells["by"] for part in user.part("agent")[: MOST_CONTACTS + 1]]
    return list(dict.fromkeys([*_listed_agents(user.cells), *naming]))


def _said(user: StoredUser) -> list[object]:
    kinds = ("roles", "enrollments", "demographics")
    return [user.id, user.cells, [[part.cells for part in user.part(kind)] for kind in kinds]]


def _protected_in(row: PersonRow | None) -> tuple[Hidden, ...]:
    """Return who is protected in a row that is left out after all."""
    people = [(row.facts, True), *((contact.facts, False) for contact in row.contacts)] if row else []
    return tuple(
        Hidden((facts.key,), own, facts.first_name, facts.family_name, facts.alias_first_name, facts.alias_family_name)
        for facts, own in people
        if facts.protected
    )


def _is_whole(user: StoredUser, row: PersonRow | None) -> bool:
    """Tell whether a delta says all of a person; else what it leaves out would be taken as gone."""
    if not user.part("roles") or {part.cells["role"] for part in user.part("roles")} <= CONTACT_ROLES:
        return False
    return row is None or bool(user.part("enrollments")) or _HAVE_CLASSES.isdisjoint(row.roles)
