"""One person of a OneRoster delivery: what all the rows about them say together, judged by the rules of every format.

The rules of facts are those of ``unilogin_facts``; what a finding names is the file and line where a value stands.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date

from unilogin.domain.directory.model import ActorGroup
from unilogin.kit.xml.small import read_small
from unilogin.kit.xml.tree import Element
from unilogin.roster.formats.fields import Names, Notes, shown
from unilogin.roster.formats.oneroster_store import Cells, Part, StoredUser
from unilogin.roster.formats.oneroster_ties import Tie, relation_of, ties_of
from unilogin.roster.formats.oneroster_words import (
    CONTACT_ROLES,
    EXTERN_ROLES,
    GRADES,
    PUPIL_ROLES,
    STAFF_ROLES,
    level_of,
)
from unilogin.roster.formats.protection import Protection, read_protection
from unilogin.roster.formats.tidy import tidy
from unilogin.roster.formats.unilogin_facts import FactsReader, years_before
from unilogin.roster.formats.unilogin_person import (
    MOST_CONTACTS,
    RELATIONS,
    YOUNGEST_CONTACT_YEARS,
    add_contact,
    check_alias,
    could_be_cpr,
)
from unilogin.roster.messages import Found
from unilogin.roster.model import ContactRow, Facts, GroupRow, Hidden, PersonRow, not_loaded

LONGEST_ID = 255
_ID = re.compile(rf"\S{{1,{LONGEST_ID}}}")
_CPR_AMONG_IDS = re.compile(r"\{\s*cpr\s*:\s*([^{}]*?)\s*\}", re.IGNORECASE)  # userIds: {type:identifier}
PROTECTED = "metadata.dk.protected"
_SEX = {"male": "M", "female": "K"}
_DETAILS = {
    "StudentNumber": ("metadata.dk.studentNumber", 26),
    "ShortName": ("metadata.dk.initials", 20),
    "Occupation": ("metadata.dk.occupation", 60),
    "Location": ("metadata.dk.location", 75),
}
_FACTS = {
    "FamilyName": "familyName",
    "CivilRegistrationNumber": "metadata.dk.cpr",
    "EmailAddress": "email",
    "HomePhoneNumber": "phone",
    "MobilePhoneNumber": "sms",
    "AliasFirstName": "metadata.dk.aliasGivenName",
    "AliasFamilyName": "metadata.dk.aliasFamilyName",
}
_ROLES = {
    **{role: (ActorGroup.ELEV, ours) for role, ours in PUPIL_ROLES.items()},
    **{role: (ActorGroup.MEDARBEJDER, ours) for role, ours in STAFF_ROLES.items()},
    **{role: (ActorGroup.EKSTERN, ours) for role, ours in EXTERN_ROLES.items()},
}
_KNOWN_ROLES = ", ".join(sorted({*PUPIL_ROLES, *STAFF_ROLES, *EXTERN_ROLES, *CONTACT_ROLES}))


class RowNotes(Notes):
    """Notes that know which file and line is being read; findings tell both."""

    def __init__(self, file: str, line: int, contact: int | None = None) -> None:
        super().__init__(self._here, contact)
        self.file = file
        self.line = line

    def _here(self, where: Element) -> int:
        return self.line

    def of_contact(self, number: int) -> "RowNotes":
        """Return notes for one contact person, whose refusal does not refuse the pupil."""
        notes = RowNotes(self.file, self.line, number)
        notes.local_person_id = self.local_person_id
        notes.findings = self.findings
        return notes

    def refuse(self, where: Element, code: Found, /, **fields: str | int) -> None:
        """Note what keeps the person from being loaded."""
        super().refuse(where, code, file=self.file, **fields)

    def warn(self, where: Element, code: Found, /, **fields: str | int) -> None:
        """Note what should be mended."""
        super().warn(where, code, file=self.file, **fields)


def listed(cell: str) -> list[str]:
    """Return the members of a list in one cell; commas divide them."""
    return [one for part in cell.split(",") if (one := part.strip())]


def is_foreign(role: str) -> bool:
    """Tell whether a role is an extension that means nothing here: by the standard, everybody may have some."""
    return role.startswith("ext:") and role not in _ROLES and role not in CONTACT_ROLES


def is_sound_id(text: str) -> bool:
    """Tell whether something can be an id: no white space, not too long."""
    return _ID.fullmatch(text) is not None


class UserReader:
    """Reads the people of one delivery. ``today`` tells which dates of birth can be."""

    def __init__(self, *, groups: Mapping[str, GroupRow], today: date, custody_roles: frozenset[str]) -> None:
        self._groups = groups
        self._custody_roles = custody_roles
        self._facts = FactsReader(names=Names(()), today=today, cpr_needed=False)
        self._old_enough = years_before(today, YOUNGEST_CONTACT_YEARS)
        self._nowhere = read_small(b"<nowhere/>", longest=100)

    def read(
        self, user: StoredUser, agents: Mapping[str, StoredUser], notes: RowNotes
    ) -> tuple[PersonRow | None, tuple[Hidden, ...]]:
        """Return the person, or None when the notes refuse them, and the protected people who are not loaded."""
        protect: list[Hidden] = []
        self._check_id(user, notes)
        facts = self._read_facts(user, notes, protect)
        protect = [one._replace(own=True) for one in protect]
        roles = self._roles(user.part("roles"), notes)
        groups = self._classes(user.part("enrollments"), notes)
        notes.file, notes.line = "users.csv", user.line
        main = self._main_group(user.part("enrollments"))
        pupil = roles is not None and roles[0] is ActorGroup.ELEV
        level = self._level(user, main=main, notes=notes) if pupil else None
        contacts: tuple[ContactRow, ...] = ()
        complete = True
        if pupil:
            contacts, complete = self._contacts(user, agents, notes=notes, pupil=facts, protect=protect)
        if notes.refused or facts is None or roles is None:
            return None, not_loaded(protect, None)
        own = main if pupil else None
        row = PersonRow(
            user.id,
            facts,
            roles[0],
            roles[1],
            level,
            self._details(user.cells, notes),
            own,
            tuple(group for group in groups if group != own),
            contacts,
            complete,
        )
        return row, not_loaded(protect, row)

    def protected_in(self, user: StoredUser, agents: Mapping[str, StoredUser]) -> tuple[Hidden, ...]:
        """Return who is protected of somebody who is not read, for one of their rows cannot be, and their contacts."""
        own: list[Hidden] = []
        self._read_facts(user, RowNotes("users.csv", user.line), own)
        others: list[Hidden] = []
        for agent in agents.values():
            self._agent(agent, RowNotes("users.csv", agent.line), others)
        return (*(one._replace(own=True) for one in own), *others)

    def _check_id(self, user: StoredUser, notes: RowNotes) -> None:
        if not is_sound_id(user.id):
            notes.refuse(self._nowhere, Found.LOCAL_ID_WRONG if user.id else Found.LOCAL_ID_MISSING)
        elif could_be_cpr(user.id):
            notes.refuse(self._nowhere, Found.LOCAL_ID_IS_CPR)
        else:
            notes.local_person_id = user.id

    def _read_facts(self, user: StoredUser, notes: RowNotes, protect: list[Hidden]) -> Facts | None:
        cells = user.cells
        told = {name: cells[column] for name, column in _FACTS.items() if cells[column]}
        if not cells["metadata.dk.cpr"] and (among := _CPR_AMONG_IDS.search(cells["userIds"])):
            told["CivilRegistrationNumber"] = among[1]
        told["FirstName"] = " ".join(filter(None, (cells["givenName"], cells["middleName"])))
        for part in user.part("demographics")[:1]:
            told["BirthDate"] = part.cells["birthDate"]
            told["Gender"] = _SEX.get(part.cells["sex"].lower(), "")
        protected = Protection(hidden=False)
        if said := cells[PROTECTED]:
            protected = read_protection(said, element=PROTECTED, where=self._nowhere, notes=notes)
        return self._facts.read_values(
            told,
            source_id=user.id,
            protected=protected,
            where=self._nowhere,
            notes=notes,
            protect=protect,
            phones_hidden=cells["metadata.dk.phonesProtected"].lower() not in ("false", "0"),
        )

    def _roles(self, parts: Sequence[Part], notes: RowNotes) -> tuple[ActorGroup, tuple[str, ...]] | None:
        """Return the actor group and the roles in it; contact persons' roles count with their children alone."""
        told: dict[str, ActorGroup] = {}
        foreign: list[Part] = []
        for part in parts:
            notes.file, notes.line = "roles.csv", part.line
            role = part.cells["role"]
            known = _ROLES.get(f"ext:{part.cells['metadata.dk.role']}", _ROLES.get(role))
            if known is not None:
                told[known[1]] = known[0]
            elif is_foreign(role):
                foreign.append(part)
            elif role not in CONTACT_ROLES:
                self._unknown(notes, "role", role, allowed=_KNOWN_ROLES)
        for part in foreign[:1]:
            notes.line = part.line
            self._unknown(notes, "role", part.cells["role"], allowed=_KNOWN_ROLES, refuses=not told)
        groups = dict.fromkeys(told.values())
        if len(groups) > 1:
            notes.refuse(self._nowhere, Found.ACTOR_TWICE)
        elif not groups and not notes.refused:
            notes.refuse(self._nowhere, Found.ELEMENT_MISSING, element="role")
        return (next(iter(groups)), tuple(told)) if groups else None

    def _classes(self, parts: Sequence[Part], notes: RowNotes) -> list[str]:
        """Return the groups somebody is in; one that no table has would be a class by the name of an id."""
        groups: dict[str, None] = {}
        for part in parts:
            group = part.cells["classSourcedId"]
            if group in self._groups:
                groups[group] = None
            else:
                notes.file, notes.line = "enrollments.csv", part.line
                fields = {"element": "classSourcedId", "value": shown(group[:LONGEST_ID])}
                notes.warn(self._nowhere, Found.REFERENCE_UNKNOWN, **fields)
        return list(groups)

    def _unknown(self, notes: RowNotes, column: str, value: str, *, allowed: str, refuses: bool = True) -> None:
        tell = notes.refuse if refuses else notes.warn
        tell(self._nowhere, Found.VALUE_UNKNOWN, element=column, value=shown(value), allowed=allowed)

    def _main_group(self, parts: Sequence[Part]) -> str | None:
        """Return the class among the groups: the one marked as primary, else the first."""
        classes = [part for part in parts if self._is_class(part.cells["classSourcedId"])]
        first = next((part for part in classes if part.cells["primary"].lower() == "true"), None)
        return (first or classes[0]).cells["classSourcedId"] if classes else None

    def _is_class(self, group_id: str) -> bool:
        group = self._groups.get(group_id)
        return group is not None and group.type == "Hovedgruppe"

    def _level(self, user: StoredUser, *, main: str | None, notes: RowNotes) -> str | None:
        """Return the pupil's own level, else that of the class; an unknown grade is told and not guessed."""
        own = listed(user.cells["metadata.dk.level"]) or listed(user.cells["grades"])
        if not own:
            group = self._groups.get(main or "")
            return group.level if group else None
        level = level_of(own[0])
        if level is None:
            self._unknown(notes, "grades", own[0], allowed=", ".join(GRADES))
        return level

    def _details(self, cells: Cells, notes: RowNotes) -> dict[str, str]:
        details = {}
        for name, (column, longest) in _DETAILS.items():
            text = tidy(cells[column])
            if len(text.encode()) > longest:
                notes.warn(self._nowhere, Found.TOO_LONG, element=column, longest=longest)
            elif text:
                details[name] = text
        return details

    # Contact persons ------------------------------------------------------------------------------------------------

    def _contacts(
        self,
        user: StoredUser,
        agents: Mapping[str, StoredUser],
        *,
        notes: RowNotes,
        pupil: Facts | None,
        protect: list[Hidden],
    ) -> tuple[tuple[ContactRow, ...], bool]:
        """Read the agents; one that is refused is left out, and then none known before is taken away."""
        ties = ties_of(user, agents)
        if len(ties) > MOST_CONTACTS:
            notes.warn(self._nowhere, Found.TOO_MANY_CONTACTS, count=len(ties), most=MOST_CONTACTS)
            for told in [agents[tie.agent] for tie in ties if tie.agent in agents]:  # who is to be hidden is
                self._agent(told, RowNotes("users.csv", told.line), protect)
            return (), False
        contacts: dict[str, ContactRow] = {}
        for place, tie in enumerate(ties):
            own = notes.of_contact(place + 1)
            agent = agents.get(tie.agent)
            if agent is None:
                own.refuse(self._nowhere, Found.REFERENCE_UNKNOWN, element="agentSourcedIds", value=shown(tie.agent))
                continue
            facts = self._agent(agent, own, protect)
            relation = tie.word("Relations") or relation_of(agent)
            if relation not in RELATIONS:
                self._unknown(own, "metadata.dk.agentRelations", relation, allowed=", ".join(sorted(RELATIONS)))
            decides = self._decides(tie, agent, own)
            if facts is None or own.refused:
                continue
            access = tie.word("Access") or str(int(decides))
            row = ContactRow(facts, relation, decides, int(access == "1"))
            add_contact(contacts, row, where=self._nowhere, notes=own, pupil=pupil)
        return tuple(contacts.values()), len(contacts) == len(ties)

    def _decides(self, tie: Tie, agent: StoredUser, notes: RowNotes) -> bool:
        """Tell whether a contact person has custody: where the file says so, or the school says what a role means.

        Custody opens a child's password. A word nobody knows, and a list that does not fit its people, mean none.
        """
        if tie.shifted:
            notes.warn(self._nowhere, Found.LIST_LENGTH, element="metadata.dk.agentCustody")
            return False
        told = tie.word("Custody").lower()
        if told not in ("", "true", "false"):
            fields = {"element": "metadata.dk.agentCustody", "value": shown(told), "allowed": "true, false"}
            notes.warn(self._nowhere, Found.VALUE_UNKNOWN, **fields)
        elif not told:
            return not self._custody_roles.isdisjoint(part.cells["role"] for part in agent.part("roles"))
        return told == "true"

    def _agent(self, agent: StoredUser, notes: RowNotes, protect: list[Hidden]) -> Facts | None:
        notes.line = agent.line
        if could_be_cpr(agent.id):
            notes.refuse(self._nowhere, Found.LOCAL_ID_IS_CPR)
            return None
        facts = self._read_facts(agent, notes, protect)
        if facts and facts.birth_date and facts.birth_date > self._old_enough:
            notes.refuse(self._nowhere, Found.CONTACT_TOO_YOUNG, years=YOUNGEST_CONTACT_YEARS)
        elif facts:
            check_alias(self._nowhere, facts, notes)
        return facts
