"""A large document of many equal records, read in a memory that does not grow with it.

The document is cut into head, records and tail by looking for the record's end tag, which in well-formed XML can only
stand outside comments and CDATA sections (those are stepped over). Records are handed out as bytes, so that the caller
can recognise one it has seen before by its hash and need not parse it: that is six times faster than parsing.

The cut can be trusted because it is proven afterwards: head and tail must parse as one document with an empty element
where the records stood, every parsed record must be exactly one whole element, and a record that was recognised is byte
for byte one that was parsed before in the same surroundings. Well-formed pieces in a row make a well-formed whole.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import NamedTuple, cast

from lxml import etree

from unilogin.kit.xml.errors import (
    CutOffError,
    DoctypeError,
    DocumentError,
    EmptyDocumentError,
    MalformedError,
    NotUtf8Error,
    TooLargeError,
)
from unilogin.kit.xml.packed import ByteSource
from unilogin.kit.xml.parser import feed_parser, first_line, whole_parser
from unilogin.kit.xml.tree import Element

_CHUNK = 256 * 1024
_BLANK = b" \t\r\n"
_BOM = b"\xef\xbb\xbf"
_DECLARATION = re.compile(rb"<\?xml[^>]*\?>")
_DECLARED = re.compile(rb"""encoding\s*=\s*["']\s*([^"'\s]*)""")
STAND_IN = "the-records-stand-here"  # in no namespace, so that it is nobody's element
_LONGEST_SPECIAL = 9  # "<![CDATA[" and "<!DOCTYPE": enough to tell what a "<!" begins


@dataclass(frozen=True, slots=True)
class RecordLimits:
    """Bytes before the records and of one record (or of what follows the last); depth and attributes outside them.

    ``marks`` are tags, comments and the like, or attributes, of one record: a hundred times what anybody is told in.
    """

    head: int = 16 * 1024 * 1024
    record: int = 256 * 1024
    marks: int = 8 * 1024
    depth: int = 16
    attributes: int = 32


class RawRecord(NamedTuple):
    """One record as bytes, from its first to its last tag, and the line it starts in."""

    line: int
    content: bytes


class ParsedRecord(NamedTuple):
    """One record as an element, and how many lines before its own first one the document has."""

    raw: RawRecord
    element: Element
    shift: int

    def line_of(self, element: Element) -> int:
        """Return the line of the document in which an element of this record stands."""
        return cast("int", element.sourceline) + self.shift


class RecordReader:
    """Reads one document: ``head``, then ``records`` to their end, then ``finish``; ``parse`` in between as needed.

    Every method raises a kind of DocumentError for a document that is refused whole. A reader and all elements
    it hands out stay in one thread from beginning to end: names live in a table of the thread that parsed them, and a
    parser fed by two threads frees what it does not own.
    """

    def __init__(self, source: ByteSource, *, record: str, limits: RecordLimits | None = None) -> None:
        self._source = source
        self._limits = limits or RecordLimits()
        self._open = re.compile(rb"<(?:([^\s<>/:!?]+):)?" + record.encode() + rb"(?=[\s/>])")
        self._close = b"</" + record.encode()
        self._skeleton = feed_parser(STAND_IN)
        self._data = b""
        self._at = 0  # where the next record starts in the data
        self._line = 1  # the line of that place
        self._head_lines = 0
        self._record_lines = 0
        self._surroundings = b"<records>"
        self._root: Element | None = None
        self.has_records = False

    def head(self) -> Element:
        """Read up to the first record; return the element the records stand in (the root, when there are none)."""
        start = self._find_first_record()
        head = self._data[:start]
        _check_encoding(head)
        self._at = start
        self._line = self._head_lines = 1 + head.count(b"\n")
        try:
            self._skeleton.feed(head.removeprefix(_BOM))
            place = self._mark_the_place() if self.has_records else None
        except etree.XMLSyntaxError as error:
            raise MalformedError(error.msg or "not well-formed", line=first_line(error)) from error
        if place is None:
            place = self._root = self._close_skeleton(self._line)
        _check_shape(place.getroottree().getroot(), self._limits)
        if len(place.nsmap) > self._limits.attributes:  # read again with every few records
            raise TooLargeError("more namespaces than allowed", line=self._line)
        self._surroundings = _start_tag(place)
        return place

    @property
    def surroundings(self) -> bytes:
        """The namespaces in force where the records stand: part of what makes two records the same."""
        return self._surroundings

    @property
    def record_lines(self) -> int:
        """How many lines the records took so far: what follows them stands so much further down than it seems."""
        return self._record_lines

    def records(self) -> Iterator[RawRecord]:
        """Hand out the records in order. Nothing in them has been checked but where they end."""
        while self.has_records:
            end = self._record_end()
            if end is None:
                return
            if end - self._at > self._limits.record:
                raise TooLargeError(f"a record of more than {self._limits.record} bytes", line=self._line)
            content = self._data[self._at : end]
            if len(content) > self._limits.marks and _most_marks(content) > self._limits.marks:
                raise TooLargeError("a record of more elements or attributes than allowed", line=self._line)
            bare = content.lstrip(_BLANK)
            yield RawRecord(self._line + content.count(b"\n", 0, len(content) - len(bare)), bare)
            lines = content.count(b"\n")
            self._line += lines
            self._record_lines += lines
            self._at = end

    def parse(self, raws: Sequence[RawRecord]) -> list[ParsedRecord]:
        """Parse a few dozen records in one go; each must be exactly one whole element."""
        body = b"".join([raw.content for raw in raws])
        try:
            body.decode()
            root = etree.fromstring(b"".join((self._surroundings, body, b"</records>")), whole_parser())
        except (UnicodeDecodeError, etree.XMLSyntaxError) as error:
            raise self._fault(raws, error) from error
        # A processing instruction could hide an end tag, and then bytes and elements would not go together.
        if len(root) != len(raws) or b"<?" in body or (root.text and not root.text.isspace()):
            raise self._fault(raws, None)
        parsed = []
        line = 1
        for raw, element in zip(raws, root, strict=True):
            if element.tail and not element.tail.isspace():
                raise MalformedError("text between the records", line=raw.line)
            parsed.append(ParsedRecord(raw, element, raw.line - line))
            line += raw.content.count(b"\n")
        return parsed

    def finish(self) -> Element:
        """Read what follows the last record and prove that the document is whole; return its root."""
        if self._root is not None:
            return self._root
        tail = self._data[self._at :]
        try:
            tail.decode()
            self._skeleton.feed(tail)
        except UnicodeDecodeError as error:
            raise NotUtf8Error("not UTF-8", line=self._line + tail.count(b"\n", 0, error.start)) from error
        except etree.XMLSyntaxError as error:
            raise MalformedError(error.msg or "not well-formed", line=self._real_line(error)) from error
        self._root = self._close_skeleton(self._line + tail.count(b"\n"))
        _check_shape(self._root, self._limits)
        return self._root

    def _mark_the_place(self) -> Element:
        """Put an empty element where the records stand; return the element around it."""
        self._skeleton.feed(f'<{STAND_IN} xmlns=""/>'.encode())
        for _, element in self._skeleton.read_events():
            around = element.getparent() if isinstance(element, etree._Element) else None
            if around is not None:
                return around
        raise MalformedError("a record where none can stand", line=self._line)

    def _close_skeleton(self, line: int) -> Element:
        try:
            return self._skeleton.close()
        except etree.XMLSyntaxError as error:  # nothing was wrong but that it stops here
            raise CutOffError("the document stops before its end", line=line) from error

    # Finding the cuts ---------------------------------------------------------------------------------------------

    def _more(self) -> bool:
        """Read on; drop what has been handed out. Tell whether anything came."""
        chunk = self._source.read(_CHUNK)
        self._data = self._data[self._at :] + chunk
        self._at = 0
        return bool(chunk)

    def _find_first_record(self) -> int:
        """Return where the first record's start tag stands; the end of the document when it has no records."""
        searched = 0
        found: re.Match[bytes] | None = None
        looked = -1  # to where nothing was found: looked for once, and not after each comment
        while True:
            if found is None or found.start() < searched:
                found = self._open.search(self._data, searched) if looked < len(self._data) else None
                looked = len(self._data) if found is None else -1
            limit = found.start() if found else len(self._data)
            special = self._data.find(b"<!", searched, limit)
            if special < 0 and found:
                prefix = found.group(1)
                self._close = self._close if prefix is None else b"</" + prefix + b":" + self._close[2:]
                self.has_records = True
                return found.start()
            past = None if special < 0 else self._past_special(special)
            if past is not None:
                searched = past
                continue
            if len(self._data) > self._limits.head:
                raise TooLargeError("no record within the part before the records")
            if special < 0:  # an unfinished tag may stand at the very end of what is here
                searched = max(searched, self._data.rfind(b"<", searched))
            if not self._more():
                return self._nothing_found()

    def _nothing_found(self) -> int:
        if not self._data.removeprefix(_BOM).strip(_BLANK):
            raise EmptyDocumentError("nothing but white space")
        return len(self._data)

    def _record_end(self) -> int | None:
        """Return the place behind the record's end tag, or None when only the tail is left."""
        searched = self._at
        close = -1  # the next end tag, or the end of the data: looked for once, and not after each comment
        while True:
            if close < searched:
                found = self._data.find(self._close, searched)
                close = found if found >= 0 else len(self._data)
            special = self._data.find(b"<!", searched, close)
            if special >= 0:
                past = self._past_special(special)
                if past is not None:
                    searched = past
                    continue
            elif close < len(self._data):
                end = self._data.find(b">", close)
                if end >= 0 and not self._data[close + len(self._close) : end].strip(_BLANK):
                    return end + 1
                if end >= 0:  # a longer name that begins like ours
                    searched = end
                    continue
            if len(self._data) - self._at > self._limits.record:
                raise TooLargeError(f"a record of more than {self._limits.record} bytes", line=self._line)
            unfinished = special if special >= 0 else close
            searched = min(unfinished, max(searched, len(self._data) - len(self._close)))
            before = self._at
            if not self._more():
                return None
            searched -= before
            close = -1

    def _past_special(self, start: int) -> int | None:
        """Return the place behind the comment or CDATA section at ``start``; None when it is not all here yet."""
        data = self._data
        for opening, closing in ((b"<!--", b"-->"), (b"<![CDATA[", b"]]>")):
            if data.startswith(opening, start):
                end = data.find(closing, start + len(opening))
                return None if end < 0 else end + len(closing)
        if len(data) - start < _LONGEST_SPECIAL:
            return None
        # Nothing else may begin with "<!" but a document type, and that is never welcome (B-S01).
        line = self._line + data.count(b"\n", self._at, start)
        raise DoctypeError("a document type declaration", line=line)

    # Saying where it is wrong -------------------------------------------------------------------------------------

    def _fault(self, raws: Sequence[RawRecord], cause: Exception | None) -> DocumentError:
        """Find the record that does not parse by itself and say where."""
        for raw in raws:
            try:
                raw.content.decode()
                alone = etree.fromstring(self._surroundings + raw.content + b"</records>", whole_parser())
                if len(alone) != 1 or b"<?" in raw.content:
                    return MalformedError("not exactly one record", line=raw.line)
            except UnicodeDecodeError as error:
                return NotUtf8Error("not UTF-8", line=raw.line + raw.content.count(b"\n", 0, error.start))
            except etree.XMLSyntaxError as error:
                return MalformedError(error.msg or "not well-formed", line=raw.line + first_line(error) - 1)
        return MalformedError(str(cause or "records that do not stand side by side"), line=raws[0].line)

    def _real_line(self, error: etree.XMLSyntaxError) -> int:
        line = first_line(error)
        return line if line <= self._head_lines else line + self._record_lines


def _most_marks(content: bytes) -> int:
    """Return how many elements or attributes there are at most: 256 KB of ``<a/>`` take many megabytes when parsed."""
    return max(content.count(b"<"), content.count(b"="))


def _check_encoding(head: bytes) -> None:
    """Only UTF-8, declared or not; a byte order mark of UTF-8 does no harm."""
    text = head.removeprefix(_BOM)
    if b"\0" in text[:64] or text[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise NotUtf8Error("UTF-16 or UTF-32", line=1)
    declaration = _DECLARATION.match(text)
    declared = _DECLARED.search(declaration.group()) if declaration else None
    if declared and declared.group(1).upper() not in (b"UTF-8", b"UTF8"):
        raise NotUtf8Error("another encoding than UTF-8 is declared", line=1)
    try:
        text.decode()
    except UnicodeDecodeError as error:
        raise NotUtf8Error("not UTF-8", line=1 + text.count(b"\n", 0, error.start)) from error


def _check_shape(root: Element, limits: RecordLimits) -> None:
    """Bound depth and attributes of the part outside the records (B-S04); a record is bounded by its size."""
    depth = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > limits.depth:
            raise TooLargeError("elements within elements, deeper than allowed", line=element.sourceline)
        if len(element.attrib) > limits.attributes:
            raise TooLargeError("more attributes than allowed", line=element.sourceline)


def _start_tag(place: Element) -> bytes:
    """A start tag with the namespaces that are in force where the records stand."""
    bindings = sorted(((prefix or "", uri) for prefix, uri in place.nsmap.items()), key=lambda pair: pair[0])
    declared = "".join(f' xmlns{":" if prefix else ""}{prefix}="{escape(uri)}"' for prefix, uri in bindings)
    return f"<records{declared}>".encode()
