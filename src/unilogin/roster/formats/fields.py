"""Reading the children of one element by a table: order, number, length; what breaks a rule becomes a finding."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from unilogin.kit.xml.tree import Element, split_tag
from unilogin.roster.formats.tidy import is_twice_encoded, tidy
from unilogin.roster.messages import Found
from unilogin.roster.model import Finding, Severity

_SHOWN = 40  # characters of a wrong value in a finding

MOST_OF_ONE = 100
"""Findings that are kept of one person or group: whoever has more has the same one often, and a file of them must not
fill the memory before the findings of a delivery are counted."""


class Field(NamedTuple):
    """What the format says of one element: its place in the order, its length, and what a breach costs.

    ``soft`` values are left out with a warning when they are wrong, the others refuse the row. ``nested`` elements hold
    elements and ``many`` may come more than once: both are handed back to be read by their own rules.
    """

    place: int
    longest: int = 0
    soft: bool = False
    many: bool = False
    nested: bool = False


class Names(dict[str, str]):
    """Tag → local name for the namespaces we know; anything else keeps its whole tag, which no table has."""

    def __init__(self, namespaces: Iterable[str]) -> None:
        super().__init__()
        self.namespaces = frozenset(namespaces)

    def __missing__(self, tag: str) -> str:
        namespace, name = split_tag(tag)
        known = name if namespace in self.namespaces else tag
        if len(self) < 500:  # a file of invented names must not fill the memory
            self[tag] = known
        return known


class Notes:
    """Collects what is wrong with one person or group; a contact person has notes of its own among the pupil's."""

    def __init__(self, line_of: Callable[[Element], int], contact: int | None = None) -> None:
        self._line_of = line_of
        self._contact = contact
        self.local_person_id: str | None = None
        self.group: str | None = None
        self.findings: list[Finding] = []
        self.refused = False

    def refuse(self, where: Element, code: Found, /, **fields: str | int) -> None:
        """Note what keeps the person, or this contact person, from being loaded."""
        first, self.refused = not self.refused, True
        severity = Severity.REFUSED if self._contact is None else Severity.WARNING
        self._note(where, code, severity=severity, fields=fields, always=first)

    def warn(self, where: Element, code: Found, /, **fields: str | int) -> None:
        """Note what should be mended and keeps nobody from being loaded."""
        self._note(where, code, severity=Severity.WARNING, fields=fields)

    def forget_local_id(self) -> None:
        """Let no finding name the local id, neither those so far nor those to come."""
        self.local_person_id = None
        self.findings = [replace(finding, local_person_id=None) for finding in self.findings]

    def of_contact(self, number: int) -> "Notes":
        """Return notes for one contact person, whose refusal does not refuse the pupil."""
        notes = Notes(self._line_of, number)
        notes.local_person_id = self.local_person_id
        notes.findings = self.findings
        return notes

    def _note(
        self,
        where: Element,
        code: Found,
        *,
        severity: Severity,
        fields: Mapping[str, str | int],
        always: bool = False,
    ) -> None:
        if len(self.findings) >= MOST_OF_ONE and not always:
            return
        line = self._line_of(where)
        about = (self.local_person_id, self._contact, self.group)
        self.findings.append(Finding(line, code.value, severity, fields, *about))


def shown(value: str) -> str:
    """Return a wrong value as a finding may show it: short, and never a number that could be a CPR number (K-13)."""
    if sum(letter.isdigit() for letter in value) >= 6:
        return "…"
    return value if len(value) <= _SHOWN else value[:_SHOWN] + "…"


def shown_date(text: str) -> str:
    """Return a wrong date as a finding may show it; longer numbers in its place are not shown."""
    return text if len(text) <= 20 and sum(letter.isdigit() for letter in text) <= 8 else "…"


class Children(NamedTuple):
    """The children of an element: single values by name; repeated ones with their text; nested ones to be read on."""

    values: dict[str, str]
    repeated: list[tuple[str, Element, str]]
    nested: list[tuple[str, Element]]


def read_children(element: Element, table: Mapping[str, Field], *, names: Names, notes: Notes) -> Children:
    """Read the children of an element by a table.

    An empty element counts as absent: systems write ``<EmailAddress/>`` for people without one.
    """
    values: dict[str, str] = {}
    repeated: list[tuple[str, Element, str]] = []
    nested: list[tuple[str, Element]] = []
    last = 0
    for child in element:  # thirty times a record, so the usual case stays in this loop
        name = names[child.tag]
        field = table.get(name)
        if field is None:
            notes.warn(child, Found.ELEMENT_UNKNOWN, element=shown(split_tag(name)[1]))
            continue
        place, longest, _, many, is_nested = field
        if place < last:
            notes.warn(child, Found.ELEMENT_ORDER, element=name)
        last = place
        if is_nested:
            nested.append((name, child))
            continue
        raw = child.text
        text = " ".join(raw.split()) if raw and raw.isascii() else ""
        if not text or len(text) > longest or len(child):
            text = read_text(child, name, field=field, notes=notes)
        if many:
            repeated.append((name, child, text))
        elif name in values:
            notes.refuse(child, Found.ELEMENT_TWICE, element=name)
        elif text:
            values[name] = text
    return Children(values, [one for one in repeated if one[2]], nested)


Place = tuple[int, str, int]
"""Where a value stands among the texts of known markup, its name, and how long it may be."""


def places_of(values: Mapping[str, str], table: Mapping[str, Field]) -> tuple[Place, ...]:
    """Return the places of single values whose texts are the numbers of their places."""
    return tuple((int(place), name, table[name].longest) for name, place in values.items())


def read_places(texts: Sequence[str], places: Iterable[Place], *, where: Element, notes: Notes) -> dict[str, str]:
    """Return the single values at these places, as ``read_children`` does for ordinary texts; notes the others."""
    values: dict[str, str] = {}
    for place, name, longest in places:  # a dozen times a person, so the usual case stays in this loop
        raw = texts[place]
        if raw.isascii():
            text = " ".join(raw.split())
            size = len(text)
        else:
            text = tidy(raw)
            size = len(text.encode())
            if is_twice_encoded(raw):
                notes.warn(where, Found.TWICE_ENCODED, element=name)
        if size > longest:
            notes.refuse(where, Found.TOO_LONG, element=name, longest=longest)
        if text:
            values[name] = text
    return values


def child_named(element: Element, name: str, names: Names) -> Element:
    """Return the child a finding is about, for its line; the element itself when it has no such child."""
    return next((child for child in element if names[child.tag] == name), element)


def read_text(element: Element, name: str, *, field: Field, notes: Notes) -> str:
    """Return the tidy text of a simple element; empty when there is none or it was left out with a warning."""
    if len(element):
        notes.refuse(element, Found.ELEMENT_UNKNOWN, element=name)
        return ""
    raw = element.text
    if raw is None:
        return ""
    text = tidy(raw)
    # The rules count UTF-8 bytes, the schema characters: bytes are never fewer, so they decide.
    if len(text) > field.longest or (not text.isascii() and len(text.encode()) > field.longest):
        (notes.warn if field.soft else notes.refuse)(element, Found.TOO_LONG, element=name, longest=field.longest)
        return "" if field.soft else text  # too long is not missing, too
    if not raw.isascii() and is_twice_encoded(raw):
        notes.warn(element, Found.TWICE_ENCODED, element=name)
    return text


def one_of(element: Element, name: str, *, value: str | None, allowed: frozenset[str], notes: Notes) -> str | None:
    """Return a value of a closed list; None and a refusal when it is missing or another word."""
    if value is None:
        notes.refuse(element, Found.ELEMENT_MISSING, element=name)
    elif value not in allowed:
        notes.refuse(element, Found.VALUE_UNKNOWN, element=name, value=shown(value), allowed=in_order(allowed))
    else:
        return value
    return None


def in_order(words: Iterable[str]) -> str:
    """Return the words of a closed list for people: numbers in their order, then the others."""
    return ", ".join(sorted(words, key=lambda word: (not word.isdigit(), int(word) if word.isdigit() else 0, word)))


_FLAGS = {"true": True, "1": True, "false": False, "0": False}
_FOREIGN = ("{http://www.w3.org/2001/XMLSchema-instance}", "{http://www.w3.org/XML/1998/namespace}")


def read_attributes(element: Element, known: frozenset[str], *, names: Names, notes: Notes) -> dict[str, str]:
    """Return the attributes by local name; others than the known ones are noted, but those of XML and its schemas."""
    attributes: dict[str, str] = {}
    for tag, text in element.items():
        name = str(tag)
        if name not in known and (name := names[name]) not in known:
            if not name.startswith(_FOREIGN):
                notes.warn(element, Found.ATTRIBUTE_UNKNOWN, attribute=shown(split_tag(name)[1]))
            continue
        attributes[name] = str(text).strip()
    return attributes


def read_flag(element: Element, name: str, *, attributes: Mapping[str, str], notes: Notes) -> bool | None:
    """Return an xs:boolean attribute that must be there; None and a refusal when it is not or says something else."""
    text = attributes.get(name)
    flag = _FLAGS.get(text or "")
    if text is None:
        notes.refuse(element, Found.ATTRIBUTE_MISSING, attribute=name)
    elif flag is None:
        notes.refuse(element, Found.VALUE_UNKNOWN, element=name, value=shown(text), allowed="true, false")
    return flag
