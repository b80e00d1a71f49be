"""One InstitutionPerson of a UNILoginImport document: what somebody is at the institution, and the contact persons."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import partial

from unilogin.domain.directory.cpr import CprError, read_cpr
from unilogin.domain.directory.model import ActorGroup
from unilogin.kit.xml.records import ParsedRecord
from unilogin.kit.xml.tree import Element
from unilogin.roster.formats.fields import (
    Children,
    Field,
    Names,
    Notes,
    child_named,
    one_of,
    read_attributes,
    read_children,
    read_flag,
    shown,
)
from unilogin.roster.formats.unilogin_facts import FactsReader, years_before
from unilogin.roster.messages import Found
from unilogin.roster.model import ContactRow, Facts, GroupRow, Hidden, PersonRow, not_loaded

LEVELS = frozenset(("DT", *map(str, range(11)), "U1", "U2", "U3", "U4", "VU", "Andet"))
STUDENT_ROLES = frozenset(("Barn", "Elev", "Studerende"))
EMPLOYEE_ROLES = frozenset(("Lærer", "Pædagog", "Vikar", "Leder", "Ledelse", "TAP", "Konsulent"))
EXTERN_ROLES = frozenset(("Praktikant", "Ekstern"))
RELATIONS = frozenset(("Mor", "Far", "Andet", "Officielt tilknyttet person"))

MOST_CONTACTS = 10
YOUNGEST_CONTACT_YEARS = 15

DETAILS = ("StudentNumber", "ShortName", "Occupation", "Location")
_LOCAL_ID = re.compile(r"\S{1,18}")

RECORD = {
    "LocalPersonId": Field(1, 200),  # its own rule is stricter and has its own finding
    "Person": Field(2, nested=True),
    "Student": Field(3, nested=True),
    "Employee": Field(3, nested=True),
    "Extern": Field(3, nested=True),
}
_STUDENT = {
    "Role": Field(1, 40),
    "StudentNumber": Field(2, 26, soft=True),
    "Level": Field(3, 40),
    "Location": Field(4, 75, soft=True),
    "MainGroupId": Field(5, 75),
    "GroupId": Field(6, 75, many=True),
    "ContactPerson": Field(7, nested=True),
}
_EMPLOYEE = {
    "Role": Field(1, 40, many=True),
    "ShortName": Field(2, 20, soft=True),
    "Occupation": Field(3, 60, soft=True),
    "Location": Field(4, 75, soft=True),
    "GroupId": Field(5, 75, many=True),
}
_EXTERN = {"Role": Field(1, 40), "GroupId": Field(2, 75, many=True)}
ACTORS = {"Student": _STUDENT, "Employee": _EMPLOYEE, "Extern": _EXTERN}
CONTACT = {"Person": Field(1, nested=True)}

_CONTACT_ATTRIBUTES = frozenset(("relation", "childCustody", "accessLevel", "cvr", "pnr"))


def could_be_cpr(local_id: str | None) -> bool:
    """Tell whether a local id reads like a CPR number, and so must not be shown."""
    try:
        read_cpr(local_id or "")
    except CprError:
        return False
    return True


class PersonReader:
    """Reads records with the declared groups of their delivery in mind. ``today`` tells which dates can be."""

    def __init__(self, *, names: Names, groups: Mapping[str, GroupRow], today: date) -> None:
        self._names = names
        self.groups = groups
        self.today = today
        self.facts = FactsReader(names=names, today=today)
        self._old_enough = years_before(today, YOUNGEST_CONTACT_YEARS)

    def read(self, parsed: ParsedRecord, notes: Notes) -> tuple[PersonRow | None, tuple[Hidden, ...]]:
        """Return the person, or None when the notes refuse them, and the protected people who are not loaded."""
        children = self._children(parsed.element, RECORD, notes)
        notes.local_person_id = self._local_id(parsed.element, children, notes)
        protect: list[Hidden] = []
        facts = None
        actors: list[tuple[str, Element]] = []
        for name, child in children.nested:
            if name != "Person":
                actors.append((name, child))
            elif facts is None:
                facts = self.facts.read(child, notes, protect)
                protect = [one._replace(own=True) for one in protect]
            else:
                notes.refuse(child, Found.ELEMENT_TWICE, element=name)
        if not any(name == "Person" for name, _ in children.nested):
            notes.refuse(parsed.element, Found.ELEMENT_MISSING, element="Person")
        if not self._is_cpr(parsed.element, facts, notes) and facts is None and could_be_cpr(notes.local_person_id):
            notes.forget_local_id()  # the number to compare with could not be read
        row = self._belonging(parsed.element, actors, notes=notes, facts=facts, protect=protect)
        row = None if notes.refused else row
        return row, not_loaded(protect, row)

    def read_leaver(self, parsed: ParsedRecord, notes: Notes) -> None:
        """Read no more of a record than whom it is about; what else it says of them does not matter."""
        notes.local_person_id = self._local_id(parsed.element, self._children(parsed.element, RECORD, notes), notes)

    def _is_cpr(self, element: Element, facts: Facts | None, notes: Notes) -> bool:
        """Refuse a local id that is the person's number: it would be stored and shown in clear (K-13)."""
        if facts is None or notes.local_person_id is None or notes.local_person_id.replace("-", "") != facts.cpr:
            return False
        notes.forget_local_id()
        notes.refuse(element, Found.LOCAL_ID_IS_CPR)
        return True

    def _children(self, element: Element, table: Mapping[str, Field], notes: Notes) -> Children:
        return read_children(element, table, names=self._names, notes=notes)

    def _local_id(self, element: Element, children: Children, notes: Notes) -> str | None:
        local_id = children.values.get("LocalPersonId")
        if local_id is None:
            notes.refuse(element, Found.LOCAL_ID_MISSING)
        elif _LOCAL_ID.fullmatch(local_id) is None or len(local_id.encode()) > 18:
            notes.refuse(element, Found.LOCAL_ID_WRONG)
        else:
            return local_id
        return None

    # What the person is at the institution --------------------------------------------------------------------------

    def _belonging(
        self,
        element: Element,
        actors: list[tuple[str, Element]],
        *,
        notes: Notes,
        facts: Facts | None,
        protect: list[Hidden],
    ) -> PersonRow | None:
        if not actors:
            notes.refuse(element, Found.ACTOR_MISSING)
            return None
        if len(actors) > 1:
            notes.refuse(actors[1][1], Found.ACTOR_TWICE)
            return None
        kind, actor = actors[0]
        if kind == "Student":
            return self._student(actor, notes, facts=facts, protect=protect)
        if kind == "Employee":
            return self._employee(actor, notes, facts)
        return self._extern(actor, notes, facts)

    def _student(
        self, element: Element, notes: Notes, *, facts: Facts | None, protect: list[Hidden]
    ) -> PersonRow | None:
        children = self._children(element, _STUDENT, notes)
        contacts = partial(self._contacts, element, children, notes=notes, pupil=facts, protect=protect)
        return self._pupil(element, children, notes=notes, facts=facts, contacts=contacts)

    def _pupil(
        self,
        element: Element,
        children: Children,
        *,
        notes: Notes,
        facts: Facts | None,
        contacts: Callable[[], tuple[tuple[ContactRow, ...], bool]],
    ) -> PersonRow | None:
        values = children.values
        role = one_of(element, "Role", value=values.get("Role"), allowed=STUDENT_ROLES, notes=notes)
        level = one_of(element, "Level", value=values.get("Level"), allowed=LEVELS, notes=notes)
        main = self._main_group(element, values, notes)
        told, complete = contacts()
        if facts is None or role is None or notes.local_person_id is None:
            return None
        return PersonRow(
            notes.local_person_id,
            facts,
            ActorGroup.ELEV,
            (role,),
            level,
            _details(values),
            main,
            _groups(children, main),
            told,
            complete,
        )

    def _main_group(self, element: Element, values: Mapping[str, str], notes: Notes) -> str | None:
        group_id = values.get("MainGroupId")
        if group_id is None:
            notes.refuse(element, Found.ELEMENT_MISSING, element="MainGroupId")
            return None
        group = self.groups.get(group_id)
        if group is None:
            where = child_named(element, "MainGroupId", self._names)
            notes.refuse(where, Found.MAIN_GROUP_UNDECLARED, group=shown(group_id))
        elif group.type != "Hovedgruppe":
            where = child_named(element, "MainGroupId", self._names)
            notes.refuse(where, Found.MAIN_GROUP_WRONG_TYPE, group=shown(group_id), type=group.type)
        return group_id

    def _employee(self, element: Element, notes: Notes, facts: Facts | None) -> PersonRow | None:
        return self._staff(element, self._children(element, _EMPLOYEE, notes), notes=notes, facts=facts)

    def _staff(self, element: Element, children: Children, *, notes: Notes, facts: Facts | None) -> PersonRow | None:
        roles: dict[str, None] = {}
        for name, child, text in children.repeated:
            if name != "Role":
                continue
            if text in roles:
                notes.warn(child, Found.ROLE_TWICE, role=text)
            elif one_of(child, "Role", value=text, allowed=EMPLOYEE_ROLES, notes=notes):
                roles[text] = None
        if not any(name == "Role" for name, _, _ in children.repeated):
            notes.refuse(element, Found.ELEMENT_MISSING, element="Role")
        return self._other(children, notes, facts=facts, group=ActorGroup.MEDARBEJDER, roles=tuple(roles))

    def _extern(self, element: Element, notes: Notes, facts: Facts | None) -> PersonRow | None:
        return self._outsider(element, self._children(element, _EXTERN, notes), notes=notes, facts=facts)

    def _outsider(self, element: Element, children: Children, *, notes: Notes, facts: Facts | None) -> PersonRow | None:
        role = one_of(element, "Role", value=children.values.get("Role"), allowed=EXTERN_ROLES, notes=notes)
        roles = (role,) if role else ()
        return self._other(children, notes, facts=facts, group=ActorGroup.EKSTERN, roles=roles)

    def _other(
        self, children: Children, notes: Notes, *, facts: Facts | None, group: ActorGroup, roles: tuple[str, ...]
    ) -> PersonRow | None:
        if facts is None or notes.local_person_id is None:
            return None
        return PersonRow(
            notes.local_person_id,
            facts,
            group,
            roles,
            None,
            _details(children.values),
            None,
            _groups(children, None),
            (),
            True,
        )

    # Contact persons ------------------------------------------------------------------------------------------------

    def _contacts(
        self, element: Element, children: Children, *, notes: Notes, pupil: Facts | None, protect: list[Hidden]
    ) -> tuple[tuple[ContactRow, ...], bool]:
        """Read the contact persons; one that is refused is left out, and then none known before is taken away."""
        told = [child for _, child in children.nested]
        if len(told) > MOST_CONTACTS:
            notes.warn(element, Found.TOO_MANY_CONTACTS, count=len(told), most=MOST_CONTACTS)
            for child in told:  # none is taken over, and whoever is to be hidden is
                self._contact(child, Notes(lambda _: 0), protect)
            return (), False
        contacts: dict[str, ContactRow] = {}
        for number, child in enumerate(told, 1):
            own = notes.of_contact(number)
            contact = self._contact(child, own, protect)
            if contact is not None:
                add_contact(contacts, contact, where=child, notes=own, pupil=pupil)
        return tuple(contacts.values()), len(contacts) == len(told)

    def _contact(self, element: Element, notes: Notes, protect: list[Hidden]) -> ContactRow | None:
        relation, custody, access = self._tie(element, notes)
        facts = None
        for _, child in self._children(element, CONTACT, notes).nested:
            if facts is not None:
                notes.refuse(child, Found.ELEMENT_TWICE, element="Person")
            facts = self.facts.read(child, notes, protect)
        if facts is None and not notes.refused:
            notes.refuse(element, Found.ELEMENT_MISSING, element="Person")
        elif facts:
            self._check_age(element, facts, notes)
            check_alias(element, facts, notes)
        if notes.refused or facts is None or relation is None:
            return None
        return ContactRow(facts, relation, custody, int(access))

    def _check_age(self, element: Element, facts: Facts, notes: Notes) -> None:
        if facts.birth_date and facts.birth_date > self._old_enough:
            notes.refuse(element, Found.CONTACT_TOO_YOUNG, years=YOUNGEST_CONTACT_YEARS)

    def _tie(self, element: Element, notes: Notes) -> tuple[str | None, bool, str]:
        """What the attributes say of contact person and pupil: relation, custody, access level."""
        attributes = read_attributes(element, _CONTACT_ATTRIBUTES, names=self._names, notes=notes)
        relation = attributes.get("relation")
        if relation is None:
            notes.refuse(element, Found.ATTRIBUTE_MISSING, attribute="relation")
        else:
            one_of(element, "relation", value=relation, allowed=RELATIONS, notes=notes)
        custody = read_flag(element, "childCustody", attributes=attributes, notes=notes)
        access = attributes.get("accessLevel", "1" if custody else "0")
        if access not in ("0", "1"):
            notes.refuse(element, Found.VALUE_UNKNOWN, element="accessLevel", value=shown(access), allowed="0, 1")
        return relation, bool(custody), access


def check_alias(where: Element, facts: Facts, notes: Notes) -> None:
    """Refuse a contact person who is to be hidden and has no alias: nobody is made without, and who is known stays."""
    if facts.protected and facts.alias_first_name is None:
        notes.refuse(where, Found.ALIAS_MISSING)


def add_contact(
    contacts: dict[str, ContactRow], contact: ContactRow, *, where: Element, notes: Notes, pupil: Facts | None
) -> None:
    """Add a contact person who is neither the pupil nor there already."""
    key = contact.facts.cpr or contact.facts.key
    if pupil and key == (pupil.cpr or pupil.key):
        notes.refuse(where, Found.CONTACT_IS_PUPIL)
    elif key in contacts:
        notes.refuse(where, Found.CONTACT_TWICE)
    else:
        contacts[key] = contact


def _details(values: Mapping[str, str]) -> dict[str, str]:
    return {name: values[name] for name in DETAILS if name in values}


def _groups(children: Children, main: str | None) -> tuple[str, ...]:
    """The further groups, each once and without the main one."""
    return tuple(dict.fromkeys([text for name, _, text in children.repeated if name == "GroupId" and text != main]))
