"""The quick way through ordinary records: markup that was seen before, with other texts in it.

Most records of a delivery differ in their texts alone. So a record is cut at its tags; markup seen for the first time
is parsed and read by the very rules of ``unilogin_person``, with the number of its place as the text of every element,
and what comes out is a plan: which text is which value. Whatever a rule would say a word about, in the markup or in a
text, is not ordinary, and is read the long way from its beginning.

A record that is read by plans is not parsed, and yet is proven to be well-formed: its tags in a row were, and a text
without ``<``, ``&``, ``]]>`` and forbidden characters cannot break what stands between two tags.
"""

import re
from collections.abc import Callable, Hashable
from typing import NoReturn, TypeVar

from unilogin.kit.xml.errors import DocumentError
from unilogin.kit.xml.records import RawRecord, RecordReader
from unilogin.kit.xml.tree import Element
from unilogin.roster.formats.fields import Notes
from unilogin.roster.formats.shapes import Shapes, store_for
from unilogin.roster.formats.unilogin_facts import FactsPlan
from unilogin.roster.formats.unilogin_planned import MemberPlan, PlannedReader
from unilogin.roster.messages import Found
from unilogin.roster.model import Facts, PersonRow

_TAG = re.compile("<([^<>]*)>")
_PERSON, _END, _HOLE = "<Person", "</Person>", "<Person/>"
_AFTER_NAME = frozenset(" >\t\r\n")
_FORBIDDEN = bytes([*range(9), 11, 12, *range(14, 32)])
_NEVER = (b"&", b"]", b"\xef")  # references, the end of CDATA, U+FFFE and U+FFFF: one byte of each is found fastest
_MOST_KEPT = 2000

Value = TypeVar("Value")


class UnusualError(Exception):
    """A record must be read the long way. Never leaves this module."""


class _NoNotes(Notes):
    """Stands where notes are taken, and stops at the first."""

    def refuse(self, where: Element, code: Found, /, **fields: str | int) -> NoReturn:
        raise UnusualError

    def warn(self, where: Element, code: Found, /, **fields: str | int) -> NoReturn:
        raise UnusualError

    def forget_local_id(self) -> NoReturn:
        raise UnusualError


class OrdinaryReader:
    """Reads the records of one document whose markup holds no surprise; of all others it says so."""

    def __init__(self, reader: RecordReader, persons: PlannedReader) -> None:
        self._reader = reader
        self._persons = persons
        self._plans: dict[tuple[str, ...], FactsPlan | MemberPlan | None] = {}
        self._shapes = Shapes(
            store_for(reader.surroundings, persons.namespaces), today=persons.today, groups=persons.groups
        )
        self._people: dict[str, Facts] = {}  # a guardian comes once for each child, in the same words
        self._notes = _NoNotes(lambda _: 0)
        self._nowhere = reader.parse([RawRecord(1, b"<nowhere/>")])[0].element

    def read(self, raw: RawRecord) -> PersonRow | None:
        """Return the person, or None when the record is to be read the long way."""
        try:
            if not _is_plain(raw.content):
                return None
            text = raw.content.decode()
            *pieces, rest = text.split(_END)
            people: list[Facts] = []
            outside = []
            for piece in pieces:
                start = piece.find(_PERSON)
                if start < 0 or piece[start + len(_PERSON) : start + len(_PERSON) + 1] not in _AFTER_NAME:
                    return None
                outside.append(piece[:start])
                people.append(self._person(piece[start:], again=bool(people)))
            return self._member(_HOLE.join([*outside, rest]), people)
        except (UnicodeDecodeError, UnusualError):
            return None

    def _person(self, piece: str, *, again: bool) -> Facts:
        """Read a Person; ``again`` says that they may come again in the same words, as contact persons do."""
        if again and (known := self._people.get(piece)) is not None:
            return known
        if shaped := self._shapes.person(piece):
            return _keep(self._people, piece, shaped) if again else shaped
        parts = _cut(piece)
        tags = (*parts[::2], _END[1:-1])
        plan = self._plan(tags, self._plan_person)
        if not isinstance(plan, FactsPlan):
            raise UnusualError
        self._shapes.learn_person(tags, plan)
        facts = self._persons.facts.read_by(plan, parts[1::2], where=self._nowhere, notes=self._notes)
        if facts is None:
            raise UnusualError
        return _keep(self._people, piece, facts) if again else facts

    def _member(self, outside: str, people: list[Facts]) -> PersonRow | None:
        if shaped := self._shapes.member(outside, people):
            return shaped
        parts = _cut(outside)
        tags = tuple(parts[::2])
        plan = self._plan(tags, self._plan_member)
        if not isinstance(plan, MemberPlan) or len(people) != 1 + len(plan.ties):
            return None
        self._shapes.learn_member(tags, plan)
        return self._persons.read_by(plan, parts[1::2], people=people, where=self._nowhere, notes=self._notes)

    # Making plans ---------------------------------------------------------------------------------------------------

    def _plan(
        self, tags: tuple[str, ...], make: Callable[[Element], FactsPlan | MemberPlan]
    ) -> FactsPlan | MemberPlan | None:
        """Return the plan of markup; None for markup that is no ordinary one."""
        try:
            return self._plans[tags]
        except KeyError:
            pass
        plan = None
        try:
            plan = make(self._template(tags))
        except (DocumentError, UnusualError, IndexError, KeyError):
            plan = None
        return _keep(self._plans, tags, plan)

    def _template(self, tags: tuple[str, ...]) -> Element:
        """Parse the markup alone, each element that holds no others with its place as text."""
        written = []
        for place, (tag, following) in enumerate(zip(tags, (*tags[1:], ""), strict=True)):
            if tag.startswith(("!", "?")) or "xmlns" in tag:  # the same tags would mean something else elsewhere
                raise UnusualError
            leaf = not tag.startswith("/") and not tag.endswith("/") and following.startswith("/")
            written.append(f"<{tag}>{place}" if leaf else f"<{tag}>")
        return self._reader.parse([RawRecord(1, "".join(written).encode())])[0].element

    def _plan_person(self, element: Element) -> FactsPlan:
        if self._persons.name_of(element) != "Person":
            raise UnusualError
        return self._persons.facts.plan(element, self._notes)

    def _plan_member(self, element: Element) -> MemberPlan:
        if self._persons.name_of(element) != "InstitutionPerson":
            raise UnusualError
        return self._persons.plan(element, self._notes)


def _cut(text: str) -> list[str]:
    """Return each tag and the text behind it, in turn."""
    before, *parts = _TAG.split(text)
    if before or text.count("<") * 2 != len(parts):  # one that begins no tag is for the parser to refuse
        raise UnusualError
    return parts


def _is_plain(content: bytes) -> bool:
    """Tell whether nothing in a record needs a parser to be understood or refused."""
    reference, section, noncharacter = _NEVER
    if reference in content or section in content or noncharacter in content:
        return False
    return len(content.translate(None, _FORBIDDEN)) == len(content)


Key = TypeVar("Key", bound=Hashable)


def _keep(kept: dict[Key, Value], key: Key, value: Value) -> Value:
    """Remember, but never so much that a large file would fill the memory."""
    if len(kept) >= _MOST_KEPT:
        kept.clear()
    kept[key] = value
    return value
