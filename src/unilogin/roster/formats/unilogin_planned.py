"""Reading an InstitutionPerson whose markup was seen before: the same rules, with the values at known places."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from unilogin.kit.xml.tree import Element
from unilogin.roster.formats.fields import Children, Notes, Place, places_of, read_places
from unilogin.roster.formats.unilogin_person import ACTORS, CONTACT, MOST_CONTACTS, RECORD, PersonReader, add_contact
from unilogin.roster.messages import Found
from unilogin.roster.model import ContactRow, Facts, PersonRow


class MemberPlan(NamedTuple):
    """Where the values of an InstitutionPerson stand among the texts of its markup without the Person elements."""

    kind: str  # Student, Employee, Extern
    local_id: Place
    values: tuple[Place, ...]
    repeated: tuple[Place, ...]
    ties: tuple[tuple[str, bool, int], ...]  # of each contact person: relation, custody, access level


class PlannedReader(PersonReader):
    """Makes plans of markup and reads by them; for ``ordinary``."""

    @property
    def namespaces(self) -> frozenset[str]:
        """The namespaces whose elements are ours."""
        return self._names.namespaces

    def name_of(self, element: Element) -> str:
        """Return the local name of an element in a namespace we know."""
        return self._names[element.tag]

    def plan(self, element: Element, notes: Notes) -> MemberPlan:
        """Return where the values stand in a record whose texts are the numbers of their places.

        Each Person in it is empty and stands for one that has a plan of its own. ``notes`` must stop whatever is
        wrong: a plan is made of what nobody has a word to say about.
        """
        children = self._children(element, RECORD, notes)
        if [name == "Person" for name, _ in children.nested] != [True, False]:
            notes.refuse(element, Found.ELEMENT_MISSING, element="Person")
        kind, actor = children.nested[-1]
        of_actor = self._children(actor, ACTORS[kind], notes)
        contacts = of_actor.nested
        if len(contacts) > MOST_CONTACTS:
            notes.warn(element, Found.TOO_MANY_CONTACTS, count=len(contacts), most=MOST_CONTACTS)
        if any(len(self._children(child, CONTACT, notes).nested) != 1 for _, child in contacts):
            notes.refuse(element, Found.ELEMENT_MISSING, element="Person")
        return MemberPlan(
            kind,
            places_of(children.values, RECORD)[0],
            places_of(of_actor.values, ACTORS[kind]),
            tuple((int(place), name, ACTORS[kind][name].longest) for name, _, place in of_actor.repeated),
            tuple(
                (relation or "", custody, int(access))
                for relation, custody, access in (self._tie(child, notes) for _, child in contacts)
            ),
        )

    def read_by(
        self, plan: MemberPlan, texts: Sequence[str], *, people: Sequence[Facts], where: Element, notes: Notes
    ) -> PersonRow | None:
        """Read as ``read`` does, when the texts stand where the plan says; ``people`` are person and contacts."""
        own = read_places(texts, (plan.local_id,), where=where, notes=notes)
        notes.local_person_id = self._local_id(where, Children(own, [], []), notes)
        facts = people[0]
        self._is_cpr(where, facts, notes)
        repeated = []
        for place in plan.repeated:
            for name, text in read_places(texts, (place,), where=where, notes=notes).items():
                repeated.append((name, where, text))
        children = Children(read_places(texts, plan.values, where=where, notes=notes), repeated, [])
        if plan.kind == "Employee":
            return self._staff(where, children, notes=notes, facts=facts)
        if plan.kind == "Extern":
            return self._outsider(where, children, notes=notes, facts=facts)
        contacts = partial(self._contacts_by, plan, people, where=where, notes=notes)
        return self._pupil(where, children, notes=notes, facts=facts, contacts=contacts)

    def _contacts_by(
        self, plan: MemberPlan, people: Sequence[Facts], *, where: Element, notes: Notes
    ) -> tuple[tuple[ContactRow, ...], bool]:
        contacts: dict[str, ContactRow] = {}
        for tie, facts in zip(plan.ties, people[1:], strict=True):
            self._check_age(where, facts, notes)
            add_contact(contacts, ContactRow(facts, *tie), where=where, notes=notes, pupil=people[0])
        return tuple(contacts.values()), True
