"""The quickest way through a record: markup seen before as one regular expression, with tidy values between its tags.

A shape is made of a plan (``unilogin_facts``, ``unilogin_planned``) and takes only what needs no tidying and no word:
letters of Latin that take two bytes at most, single spaces, known words, values within their lengths. Whatever it does
not take is read by the plan, to the same end.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import NamedTuple, TypeVar

from unilogin.domain.directory.cpr import CprError, birth_date, read_cpr
from unilogin.domain.directory.model import ActorGroup
from unilogin.roster.formats.unilogin_facts import OLDEST_YEARS, FactsPlan, years_before
from unilogin.roster.formats.unilogin_person import (
    DETAILS,
    EMPLOYEE_ROLES,
    EXTERN_ROLES,
    LEVELS,
    STUDENT_ROLES,
    YOUNGEST_CONTACT_YEARS,
)
from unilogin.roster.formats.unilogin_planned import MemberPlan
from unilogin.roster.model import ContactRow, Facts, GroupRow, PersonRow

_BLANK = r"[ \t\r\n]*+"
_LETTER_ASCII = r"[!-%'-;=?-\\^-~]"
_LETTER = r"[!-%'-;=?-\\^-~À-ÁÄ-ÖØ-öø-ſ]"  # at most two bytes of UTF-8 each, and no beginning of a wrong encoding
_WORDS = rf"{_LETTER}++(?: {_LETTER}++)*+"
_NUMBER = r"\+?+[0-9](?: ?[0-9]){5,12}+"
_LOCAL = r"[!#-%'*+\-/-9=?A-Z^-~]++"
_LABEL = "[0-9A-Za-z]++(?:-++[0-9A-Za-z]++)*+"
_EXACT = {
    "EmailAddress": rf"(?=[^<]{{1,75}}<){_LOCAL}(?:\.{_LOCAL})*+@(?:{_LABEL}\.)++[A-Za-z]{{2,}}+",  # as ``is_email``
    "CivilRegistrationNumber": "[0-9]{10}",
    "BirthDate": "[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "Gender": "[MK]",
    "PostalCode": "[0-9]{1,4}",
    "CountryCode": "[A-Z]{2}",
    "MunicipalityCode": "[0-9]{1,4}",
    "HomePhoneNumber": _NUMBER,
    "WorkPhoneNumber": _NUMBER,
    "MobilePhoneNumber": _NUMBER,
}
_ROLES = {"Student": STUDENT_ROLES, "Employee": EMPLOYEE_ROLES, "Extern": EXTERN_ROLES}
_ACTOR_GROUPS = {"Student": ActorGroup.ELEV, "Employee": ActorGroup.MEDARBEJDER, "Extern": ActorGroup.EKSTERN}
_TOLD = ("FirstName", "FamilyName", "CivilRegistrationNumber", "BirthDate", "Gender", "EmailAddress")
_NEEDED = _TOLD[:3]
_LONGEST_PHONE = 50
_MOST_A_SIZE = 12
_MOST_SHAPES = 200
_MOST_TAGS = 250
_MOST_SEEN = 1000  # a file of invented markup must not fill the memory
_SIGHTS = 2  # of the same markup before it is worth a shape
_new = tuple.__new__  # half of what the call of a NamedTuple costs

Tags = tuple[str, ...]
Shape = TypeVar("Shape")


class FactsShape(NamedTuple):
    """Markup of a Person, and which group of its expression is which value; -1 for one that it does not have."""

    expression: "re.Pattern[str]"
    told: tuple[int, ...]  # as ``_TOLD``
    reach: tuple[tuple[str, int], ...]
    hidden: Mapping[str, bool]  # of each phone, whether it is kept to ourselves


class MemberShape(NamedTuple):
    """Markup of an InstitutionPerson without its Persons, and which group of its expression is which value."""

    expression: "re.Pattern[str]"
    actor_group: ActorGroup
    local_id: int
    roles: tuple[int, ...]
    level: int
    main: int
    detail: tuple[tuple[str, int], ...]
    groups: tuple[int, ...]
    ties: tuple[tuple[str, bool, int], ...]


class Store:
    """Shapes that were made, by their number of tags: the files of one system share them, one after the other.

    One after the other is tried, so each is kept once, and what fits moves towards the front.
    """

    def __init__(self) -> None:
        self.people: dict[int, list[FactsShape]] = {}
        self.members: dict[int, list[MemberShape]] = {}
        self._count = 0

    def add_person(self, size: int, shape: FactsShape) -> None:
        """Keep a shape, and of each number of tags a few."""
        if shape not in self.people.get(size, []):
            self._make_room()
            self.people[size] = [shape, *self.people.get(size, [])][:_MOST_A_SIZE]

    def add_member(self, size: int, shape: MemberShape) -> None:
        """Keep a shape, as above."""
        if shape not in self.members.get(size, []):
            self._make_room()
            self.members[size] = [shape, *self.members.get(size, [])][:_MOST_A_SIZE]

    def _make_room(self) -> None:
        self._count += 1
        if self._count > _MOST_SHAPES:  # somebody's markup is invented: begin anew
            self.people, self.members, self._count = {}, {}, 1


@lru_cache(maxsize=8)
def store_for(surroundings: bytes, namespaces: frozenset[str]) -> Store:
    """Return the shapes of markup that means the same: in the same surroundings, with the same names known."""
    return Store()


class Shapes:
    """Reads what has a shape among the records of one document; of all else it says so."""

    def __init__(self, store: Store, *, today: date, groups: Mapping[str, GroupRow]) -> None:
        self._store = store
        self._groups = groups
        self._latest = today
        self._earliest = years_before(today, OLDEST_YEARS)
        self._old_enough = years_before(today, YOUNGEST_CONTACT_YEARS)
        self._seen: dict[Tags, int] = {}

    def person(self, piece: str) -> Facts | None:
        """Return the facts of a Person without its end tag, or None when it has to be read in another way."""
        size = piece.count("<")
        shapes = self._store.people.get(size, [])
        for place, shape in enumerate(shapes):
            if found := shape.expression.fullmatch(piece):
                if place:
                    self._store.people[size] = _forward(shapes, place)
                return self._facts_of(shape, found.groups())
        return None

    def member(self, outside: str, people: Sequence[Facts]) -> PersonRow | None:
        """Return the person of a record whose own Person and contact persons are read, or None as above."""
        size = outside.count("<")
        shapes = self._store.members.get(size, [])
        for place, shape in enumerate(shapes):
            if found := shape.expression.fullmatch(outside):
                if place:
                    self._store.members[size] = _forward(shapes, place)
                return self._row_of(shape, found.groups(), people)
        return None

    def learn_person(self, tags: Tags, plan: FactsPlan) -> None:
        """Make a shape of the markup of a Person, with its end tag, when it comes often enough."""
        if self._is_worth_it(tags) and (shape := shape_of_person(tags, plan)):
            self._store.add_person(len(tags) - 1, shape)

    def learn_member(self, tags: Tags, plan: MemberPlan) -> None:
        """Make a shape of the markup of a record, when it comes often enough."""
        if self._is_worth_it(tags) and (shape := shape_of_member(tags, plan)):
            self._store.add_member(len(tags), shape)

    def _is_worth_it(self, tags: Tags) -> bool:
        if len(self._seen) >= _MOST_SEEN:
            self._seen.clear()
        if len(tags) > _MOST_TAGS:
            return False
        sights = self._seen[tags] = self._seen.get(tags, 0) + 1
        return sights == _SIGHTS

    def _facts_of(self, shape: FactsShape, values: Sequence[str]) -> Facts | None:
        first, family, number, birth, gender, email = shape.told
        try:
            cpr = read_cpr(values[number])
            told = birth_date(cpr)
            born = told if birth < 0 else date.fromisoformat(values[birth])
        except (CprError, ValueError):
            return None
        if born and not (self._earliest <= born <= self._latest and (told is None or told == born)):
            return None
        reach: dict[str, str | bool] = {name: values[place] for name, place in shape.reach}
        reach.update(shape.hidden)
        gender_told = None if gender < 0 else values[gender]
        email_told = None if email < 0 else values[email]
        facts = (values[first], values[family], cpr, False, None, None, born, gender_told, email_told, reach, "")
        return _new(Facts, facts)

    def _row_of(self, shape: MemberShape, values: Sequence[str], people: Sequence[Facts]) -> PersonRow | None:
        own, *others = people
        local_id, ties = values[shape.local_id], shape.ties
        roles = tuple([values[place] for place in shape.roles])
        main = None
        if shape.main >= 0:
            main = values[shape.main]
            group = self._groups.get(main)
            if group is None or group.type != "Hovedgruppe":
                return None
        if len(others) != len(ties) or len({*roles}) < len(roles) or local_id.replace("-", "") == own.cpr:
            return None
        if others:
            born = [one.birth_date for one in others if one.birth_date]
            if len({one.cpr for one in people}) < len(people) or (born and max(born) > self._old_enough):
                return None
        level = None if shape.level < 0 else values[shape.level]
        detail = {name: values[place] for name, place in shape.detail}
        groups = tuple(dict.fromkeys([values[place] for place in shape.groups if values[place] != main]))
        contacts = tuple([_new(ContactRow, (facts, *tie)) for facts, tie in zip(others, ties, strict=True)])
        row = (local_id, own, shape.actor_group, roles, level, detail, main, groups, contacts, True)
        return _new(PersonRow, row)


# Making shapes --------------------------------------------------------------------------------------------------------


def shape_of_person(tags: Tags, plan: FactsPlan) -> FactsShape | None:
    """Return the shape of a Person, its end tag the last; None for people of whom there is more to say."""
    texts = {place: (name, _pattern(name, longest)) for place, name, longest in (*plan.fields, *plan.address)}
    texts |= {place: (name, _pattern(name, _LONGEST_PHONE)) for name, place, _ in plan.phones}
    names = [name for name, _ in texts.values()]
    if plan.protected or not {*_NEEDED} <= {*names} or {"AliasFirstName", "AliasFamilyName"} & {*names}:
        return None
    groups = {texts[place][0]: group for group, place in enumerate(sorted(texts))}
    return FactsShape(
        _expression(tags[:-1], {place: pattern for place, (_, pattern) in texts.items()}),
        tuple(groups.get(name, -1) for name in _TOLD),
        tuple((name, group) for name, group in groups.items() if name not in _TOLD),
        {f"{name}Protected": hidden for name, _, hidden in plan.phones},
    )


def shape_of_member(tags: Tags, plan: MemberPlan) -> MemberShape | None:
    """Return the shape of a record without its Persons; None for one that a rule has a word to say about."""
    texts = {place: (name, longest) for place, name, longest in (plan.local_id, *plan.values, *plan.repeated)}
    group_of = {place: group for group, place in enumerate(sorted(texts))}
    single = {name: group_of[place] for place, name, _ in plan.values}
    repeated = [(name, group_of[place]) for place, name, _ in plan.repeated]
    roles = [group for name, group in repeated if name == "Role"]
    roles += [single["Role"]] if "Role" in single else []
    is_pupil = plan.kind == "Student"
    if not roles or (is_pupil and not {"Level", "MainGroupId"} <= {*single}):
        return None
    words = {"Role": _one_of(_ROLES[plan.kind]), "Level": _one_of(LEVELS), "LocalPersonId": _LETTER_ASCII + "{1,18}"}
    return MemberShape(
        _expression(
            tags, {place: words.get(name) or _pattern(name, longest) for place, (name, longest) in texts.items()}
        ),
        _ACTOR_GROUPS[plan.kind],
        group_of[plan.local_id[0]],
        tuple(roles),
        single["Level"] if is_pupil else -1,
        single["MainGroupId"] if is_pupil else -1,
        tuple((name, single[name]) for name in DETAILS if name in single),
        tuple(group for name, group in repeated if name == "GroupId"),
        plan.ties,
    )


def _forward(shapes: Sequence[Shape], place: int) -> list[Shape]:
    """Return shapes with one of them a place further to the front; whoever goes through the others is not disturbed."""
    return [*shapes[: place - 1], shapes[place], shapes[place - 1], *shapes[place + 1 :]]


def _expression(tags: Tags, patterns: Mapping[int, str]) -> "re.Pattern[str]":
    """Return the expression of tags with a group for each text that has a pattern, and nothing between the others."""
    texts = (f"({patterns[place]})" if place in patterns else _BLANK for place in range(len(tags)))
    return re.compile("".join([re.escape(f"<{tag}>") + text for tag, text in zip(tags, texts, strict=True)]))


def _pattern(name: str, longest: int) -> str:
    """Return what a value may be; a text is no longer than its bytes, whatever the letters are."""
    return _EXACT.get(name) or f"(?=[^<]{{1,{longest // 2}}}<){_WORDS}"


def _one_of(words: Iterable[str]) -> str:
    return "|".join(sorted(words, reverse=True))
