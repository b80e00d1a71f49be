"""What stands above the persons of a UNILoginImport document: root, institution, groups (docs/danish-service.md 6)."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import cast

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

_NUMBER = re.compile(r"[0-9A-ZÆØÅ]{1,6}")
_SCHOOL_YEAR = re.compile(r"2[0-9]{3}-2[0-9]{3}")
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
    root = place.getroottree().getroot()
    namespace, name = split_tag(root.tag)
    if name != "UNILoginImport":
        raise DeliveryRefusedError(Refused.ROOT_UNKNOWN, line=_line(root), root=shown(name))
    if names[root.tag] != name:
        raise DeliveryRefusedError(Refused.NAMESPACE_UNKNOWN, line=_line(root), namespace=namespace[:100])
    check_structure(root, names)
    number = tidy(root[0][0].text or "").upper()
    if _NUMBER.fullmatch(number) is None:
        raise DeliveryRefusedError(Refused.INSTITUTION_NUMBER_WRONG, line=_line(root[0][0]), number=shown(number))
    source = _attribute(root, "source")
    school_year = _attribute(root, "schoolYear")
    if len(source) > LONGEST_SOURCE or _SCHOOL_YEAR.fullmatch(school_year) is None:
        wrong = "source" if len(source) > LONGEST_SOURCE else "schoolYear"
        raise DeliveryRefusedError(Refused.ATTRIBUTE_WRONG, line=_line(root), attribute=wrong)
    return Header(number, source, _source_time(root), school_year)


def _attribute(root: Element, name: str) -> str:
    text = tidy(root.get(name, ""))
    if not text:
        raise DeliveryRefusedError(Refused.ATTRIBUTE_MISSING, line=_line(root), attribute=name)
    return text


def _source_time(root: Element) -> datetime:
    try:
        return read_time(_attribute(root, "sourceDateTime"))
    except ValueError as error:
        raise DeliveryRefusedError(Refused.ATTRIBUTE_WRONG, line=_line(root), attribute="sourceDateTime") from error


def check_structure(root: Element, names: Names) -> None:
    """Exactly one institution, in it the number first, then name, groups and persons, and nothing else."""
    for place, child in enumerate(root):
        if place > 0 or names[child.tag] != "Institution":
            raise _misplaced(child)
    if len(root) == 0:
        raise _misplaced(root)
    last = 0
    for child in root[0]:
        order = _INSTITUTION_ORDER.get(names[child.tag], 0)
        if order < last or order == 0 or (order == last and order != _INSTITUTION_ORDER["Group"]):
            raise _misplaced(child)
        last = order
    if len(root[0]) == 0 or names[root[0][0].tag] != "InstitutionNumber":
        raise _misplaced(root[0])


def _misplaced(element: Element) -> DeliveryRefusedError:
    return DeliveryRefusedError(Refused.STRUCTURE, line=_line(element), element=shown(split_tag(element.tag)[1]))


def _line(element: Element) -> int:
    return cast("int", element.sourceline)


def read_groups(institution: Element, names: Names) -> tuple[tuple[GroupRow, ...], tuple[Finding, ...]]:
    """Return the groups in order, each once, and what is wrong with them; a refused group is left out."""
    groups: dict[str, GroupRow] = {}
    findings: list[Finding] = []
    for child in institution:
        if names[child.tag] != "Group":
            continue
        notes = Notes(_line)
        group = _group(child, names, notes)
        if group and groups.setdefault(group.group_id, group) != group:
            notes.warn(child, Found.GROUP_TWICE)
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
