"""What stands above the persons of a UNILoginImport document: root, institution, groups (docs/danish-service.md 6)."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import cast

from unilogin.kit.xml.errors import TooLargeError
from unilogin.kit.xml.records import STAND_IN
from unilogin.kit.xml.tree import Element, split_tag
from unilogin.roster.errors import DeliveryRefusedError
from unilogin.roster.formats.fields import Field, Names, Notes, one_of, read_children, shown, shown_date
from unilogin.roster.formats.tidy import tidy
from unilogin.roster.formats.unilogin_person import LEVELS
from unilogin.roster.formats.values import read_date, read_time
from unilogin.roster.messages import Found, Refused
from unilogin.roster.model import Finding, GroupRow, Header

GROUP_TYPES = frozenset(("Hovedgruppe", "Årgang", "Retning", "Hold", "SFO", "Team", "Andet"))
LONGEST_SOURCE = 100  # the format has no limit; a name has
MOST_GROUPS = 20_000  # of one school; all are held in memory, and compared with those known before

_NUMBER = re.compile(r"[0-9A-ZÆØÅ]{1,6}")
_SCHOOL_YEAR = re.compile(r"2[0-9]{3}-2[0-9]{3}")
_MOST_FINDINGS = 10_000  # of groups: sixteen megabytes of empty ones are a million
_BELIEVABLE_YEARS = range(1950, 2100)
"""Of a group's days: some systems write 1900 or 9999 for none."""
_INSTITUTION_ORDER = {"InstitutionNumber": 1, "InstitutionName": 2, "Group": 3, STAND_IN: 4}
_GROUP = {
    "GroupId": Field(1, 75),
    "GroupName": Field(2, 100, soft=True),
    "GroupType": Field(3, 40),
    "GroupLevel": Field(4, 10, soft=True),
    "Line": Field(5, 40, soft=True),
    "FromDate": Field(6, 40),
    "ToDate": Field(7, 40),
}


def read_header(place: Element, names: Names) -> Header:
    """Return where the delivery comes from; raises DeliveryRefusedError for another kind of document."""
    try:
        return _header(place.getroottree().getroot(), names)
    except DeliveryRefusedError as refusal:
        refusal.of(**_said_of(place.getroottree().getroot()))
        raise


def _said_of(root: Element) -> dict[str, str]:
    """Return institution and source of a document that has faults, as far as they can be made out."""
    children = [(split_tag(child.tag)[1], tidy(child.text or "").upper()) for child in (root[0] if len(root) else ())]
    number = next((text for name, text in children if name == "InstitutionNumber" and _NUMBER.fullmatch(text)), "")
    source = tidy(root.get("source", ""))
    return {"number": number, "source": source if len(source) <= LONGEST_SOURCE else ""}


def _header(root: Element, names: Names) -> Header:
    namespace, name = split_tag(root.tag)
    if name != "UNILoginImport":
        raise _refused(Refused.ROOT_UNKNOWN, root, root=shown(name))
    if names[root.tag] != name:
        raise _refused(Refused.NAMESPACE_UNKNOWN, root, namespace=namespace[:100])
    check_structure(root, names)
    number = tidy(root[0][0].text or "").upper()
    if _NUMBER.fullmatch(number) is None:
        raise _refused(Refused.INSTITUTION_NUMBER_WRONG, root[0][0], number=shown(number))
    source = _attribute(root, "source")
    school_year = _attribute(root, "schoolYear")
    if len(source) > LONGEST_SOURCE or _SCHOOL_YEAR.fullmatch(school_year) is None:
        wrong = "source" if len(source) > LONGEST_SOURCE else "schoolYear"
        raise _refused(Refused.ATTRIBUTE_WRONG, root, attribute=wrong)
    return Header(number, source, _source_time(root), school_year)


def _attribute(root: Element, name: str) -> str:
    text = tidy(root.get(name, ""))
    if not text:
        raise _refused(Refused.ATTRIBUTE_MISSING, root, attribute=name)
    return text


def _source_time(root: Element) -> datetime:
    try:
        return read_time(_attribute(root, "sourceDateTime"))
    except ValueError as error:
        raise _refused(Refused.ATTRIBUTE_WRONG, root, attribute="sourceDateTime") from error


def check_structure(root: Element, names: Names, *, lines: int = 0) -> None:
    """Exactly one institution, in it the number first, then name, groups and persons, and nothing else.

    ``lines`` are those of the persons, who do not stand in ``root``: what follows them stands so much further down.
    """
    if len(root) == 0 or names[root[0].tag] != "Institution":
        raise _refused(Refused.STRUCTURE, root if len(root) == 0 else root[0])
    last = 0
    for child in root[0]:
        order = _INSTITUTION_ORDER.get(names[child.tag], 0)
        if order < last or order == 0 or (order == last and order != _INSTITUTION_ORDER["Group"]):
            raise _refused(Refused.STRUCTURE, child, further=lines if last == _INSTITUTION_ORDER[STAND_IN] else 0)
        last = order
    if len(root[0]) == 0 or names[root[0][0].tag] != "InstitutionNumber":
        raise _refused(Refused.STRUCTURE, root[0])
    if len(root) > 1:
        raise _refused(Refused.STRUCTURE, root[1], further=lines)


def refused_without_persons(root: Element) -> DeliveryRefusedError:
    """Return the refusal of a document that names nobody: an empty list would make everybody leave (B-R02)."""
    return _refused(Refused.NO_PERSONS, root[0]).of(**_said_of(root))


def _refused(why: Refused, where: Element, /, *, further: int = 0, **fields: str) -> DeliveryRefusedError:
    """Return the refusal of a document for what is wrong above the persons: by line, element and path (B-R06)."""
    told = {"element": shown(_called(where)), "xpath": _path(where), **fields}
    return DeliveryRefusedError(why, line=_line(where) + further, **told)


def _called(element: Element) -> str:
    name = split_tag(element.tag)[1]
    return "InstitutionPerson" if name == STAND_IN else name


def _path(element: Element) -> str:
    """Return where an element stands as an XPath of names without prefixes, counted where several are called alike."""
    steps = []
    while True:
        around = element.getparent()
        alike = [] if around is None else [one for one in around if one.tag == element.tag]
        steps.append(shown(_called(element)) + (f"[{alike.index(element) + 1}]" if len(alike) > 1 else ""))
        if around is None:
            return "/" + "/".join(reversed(steps))
        element = around


def _line(element: Element) -> int:
    return cast("int", element.sourceline)


def read_groups(institution: Element, names: Names) -> tuple[tuple[GroupRow, ...], tuple[Finding, ...]]:
    """Return the groups in order, each once, and what is wrong with them; a refused group is left out."""
    groups: dict[str, GroupRow] = {}
    findings: list[Finding] = []
    for child in institution:
        if names[child.tag] != "Group":
            continue
        if len(groups) >= MOST_GROUPS:
            raise TooLargeError("more groups than a school may have", line=_line(child))
        notes = Notes(_line)
        group = _group(child, names, notes)
        if group and groups.setdefault(group.group_id, group) != group:
            notes.warn(child, Found.GROUP_TWICE)
        if len(findings) < _MOST_FINDINGS:
            findings += notes.findings
    return tuple(groups.values()), tuple(findings)


def _group(element: Element, names: Names, notes: Notes) -> GroupRow | None:
    values = read_children(element, _GROUP, names=names, notes=notes).values
    group_id, kind = values.get("GroupId"), values.get("GroupType")
    notes.group = group_id and shown(group_id)
    notes.findings = [replace(finding, group=notes.group) for finding in notes.findings]
    if group_id is None or kind is None:
        notes.refuse(element, Found.ELEMENT_MISSING, element="GroupId" if group_id is None else "GroupType")
        return None
    one_of(element, "GroupType", value=kind, allowed=GROUP_TYPES, notes=notes)
    level = _level(element, values, notes=notes, kind=kind)
    begins, ends = (_date(element, name, values=values, notes=notes) for name in ("FromDate", "ToDate"))
    if begins and ends and ends < begins:
        notes.warn(element, Found.DATE_WRONG, element="ToDate", value=shown_date(str(ends)))
        ends = None
    if notes.refused:
        return None
    return GroupRow(group_id, values.get("GroupName", group_id), kind, level, values.get("Line"), begins, ends)


def _level(element: Element, values: Mapping[str, str], *, notes: Notes, kind: str) -> str | None:
    level = values.get("GroupLevel")
    if kind != "Hovedgruppe":
        if level is not None:
            notes.warn(element, Found.GROUP_LEVEL_NOT_NEEDED)
        return None
    if level in LEVELS:
        return level
    notes.warn(element, Found.GROUP_LEVEL_MISSING)
    return None


def _date(element: Element, name: str, *, values: Mapping[str, str], notes: Notes) -> date | None:
    text = values.get(name)
    if text is None:
        return None
    try:
        read = read_date(text)
    except ValueError:
        notes.refuse(element, Found.DATE_WRONG, element=name, value=shown_date(text))
        return None
    if read.year in _BELIEVABLE_YEARS:
        return read
    notes.warn(element, Found.DATE_UNBELIEVABLE, element=name, value=shown_date(text))
    return None
