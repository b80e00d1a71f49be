"""Documents of many records: the healthy ones are cut right, the hostile and the broken ones refused whole."""

import hashlib
import io
import resource
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unilogin.kit.xml.errors import (
    CutOffError,
    DoctypeError,
    DocumentError,
    EmptyDocumentError,
    MalformedError,
    NotUtf8Error,
    TooLargeError,
)
from unilogin.kit.xml.records import RawRecord, RecordLimits, RecordReader

HEAD = b'<?xml version="1.0" encoding="UTF-8"?>\n<list xmlns="urn:x" xmlns:p="urn:p">\n<title>t</title>\n'
RECORDS = (
    b"<item><a>1</a>\n</item>",
    b'<item b="&lt;/item>">\xc3\x85se</item >',
    b"<item><![CDATA[</item>]]></item>",
    b"<!-- </item> <item> -->\n<item><!-- a --><a/></item>",
    b"<item><itemised>x</itemised></item\n>",
    b"<item xmlns:q='urn:q'><q:a>&lt;&#198;</q:a></item>",
)
TAIL = b"\n</list>\n"
DOCUMENT = HEAD + b"\n ".join(RECORDS) + TAIL


class Dripping(io.RawIOBase):
    """Gives a few bytes at a time, whatever is asked for."""

    def __init__(self, data: bytes, step: int) -> None:
        self._file = io.BytesIO(data)
        self._step = step

    def read(self, size: int = -1, /) -> bytes:
        return self._file.read(self._step)


def read(data: bytes, *, step: int = 1 << 20, limits: RecordLimits | None = None) -> list[tuple[int, RawRecord]]:
    """Everything a careful caller does: head, records, each parsed, finish."""
    reader = RecordReader(Dripping(data, step), record="item", limits=limits)
    reader.head()
    raws = list(reader.records())
    found = [parsed.line_of(parsed.element) for parsed in reader.parse(raws)] if raws else []
    reader.finish()
    return list(zip(found, raws, strict=True))


@pytest.mark.parametrize("step", [1, 2, 7, 64, 1 << 20])
def test_records_are_found_however_the_bytes_arrive(step: int) -> None:
    assert [raw.content for _, raw in read(DOCUMENT, step=step)] == list(RECORDS)


def test_every_record_knows_its_line() -> None:
    lines = [line for line, _ in read(DOCUMENT)]
    assert lines == [4, 6, 7, 9, 10, 12]
    assert DOCUMENT.split(b"\n")[lines[4] - 1].strip().startswith(b"<item><itemised>")


def test_a_prefix_on_the_record_is_understood() -> None:
    data = b'<p:list xmlns:p="urn:p"><p:item>1</p:item><p:item>2</p:item></p:list>'
    assert [raw.content for _, raw in read(data)] == [b"<p:item>1</p:item>", b"<p:item>2</p:item>"]


def test_a_byte_order_mark_of_utf8_does_no_harm() -> None:
    assert len(read(b"\xef\xbb\xbf" + DOCUMENT)) == len(RECORDS)


def test_text_around_a_comment_stays_one_text() -> None:
    """Otherwise half a name would be read (the attack of CVE-2017-11427)."""
    reader = RecordReader(io.BytesIO(b"<list><item>An<!-- x -->na</item></list>"), record="item")
    reader.head()
    (parsed,) = reader.parse(list(reader.records()))
    assert parsed.element.text == "Anna"


@given(cut=st.integers(0, len(DOCUMENT.rstrip()) - 1))
def test_a_document_cut_anywhere_is_refused(cut: int) -> None:
    with pytest.raises(DocumentError):
        read(DOCUMENT[:cut])


@given(at=st.integers(0, len(DOCUMENT) - 1), byte=st.integers(0, 255))
def test_one_changed_byte_is_read_as_xml_or_refused_but_never_crashes(at: int, byte: int) -> None:
    try:
        found = read(DOCUMENT[:at] + bytes([byte]) + DOCUMENT[at + 1 :])
    except DocumentError:
        return
    assert len(found) >= 1 or b"<item" not in DOCUMENT[:at]


BOMB = b'<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa">' + b"".join(
    b'<!ENTITY %c "%s">' % (98 + n, (b"&%c;" % (97 + n)) * 10) for n in range(8)
)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", EmptyDocumentError),
        (b"\xef\xbb\xbf", EmptyDocumentError),
        (b" \n\t ", EmptyDocumentError),
        (b"<!DOCTYPE list><list><item/></list>", DoctypeError),
        (BOMB + b"]><list><item>&i;</item></list>", DoctypeError),
        (b'<!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/passwd">]><list><item>&x;</item></list>', DoctypeError),
        (b'<!DOCTYPE l SYSTEM "http://127.0.0.1:9/x.dtd"><list><item></item></list>', DoctypeError),
        (b"<list><item></item><!DOCTYPE list><item></item></list>", DoctypeError),
        (b"<list><item></item></list><!DOCTYPE list>", DoctypeError),
        (b"<list><item>&x;</item></list>", MalformedError),
        (b"<list><item>&#0;</item></list>", MalformedError),
        (b"<list><item>\0</item></list>", MalformedError),
        (b"<list><a>" + b"x" * 64 + b"\0</a><item></item></list>", MalformedError),
        (b"<list><item>\x1b[31m</item></list>", MalformedError),
        (b"<list><item></item><item></list>", MalformedError),
        (b"<list><item></item></list><list></list>", MalformedError),
        (b"<list><item></item>text<item></item></list>", MalformedError),
        (b"<list><item></item><other/><item></item></list>", MalformedError),
        (b"<list><item><item></item></item></list>", MalformedError),
        (b"<list><item/><item></item></list>", MalformedError),
        (b"<list><item><?x </item>?></item></list>", MalformedError),
        (b"<list><item></item><?x </item>?><item></item></list>", MalformedError),
        (b"<list><p:item></p:item></list>", MalformedError),
        (b"<list><item a='1' a='2'></item></list>", MalformedError),
        (b"<item></item>", MalformedError),
        (b"<?x <item></item>", MalformedError),
        (b"<list><item></item></lost>", MalformedError),
        (b"<list><item></item>", CutOffError),
        ("<list><item>Søren</item></list>".encode("utf-16"), NotUtf8Error),
        ("<list><item>Søren</item></list>".encode("utf-16-le"), NotUtf8Error),
        ("<list><item>Søren</item></list>".encode("utf-16-be"), NotUtf8Error),
        ("<list><item>Søren</item></list>".encode("utf-32"), NotUtf8Error),
        ("<list><item>Søren</item></list>".encode("latin-1"), NotUtf8Error),
        ("<list>ø<item></item></list>".encode("latin-1"), NotUtf8Error),
        ("<list><item></item>ø</list>".encode("latin-1"), NotUtf8Error),
        ("<list><item>Søren</item></list>".encode("cp500"), NotUtf8Error),
        ("<list><item>\ud800</item></list>".encode("utf-8", "surrogatepass"), NotUtf8Error),
        (b'<?xml version="1.0" encoding="ISO-8859-1"?><list><item></item></list>', NotUtf8Error),
        (b"<?xml version='1.0' encoding = 'utf-7'?><list><item></item></list>", NotUtf8Error),
        (b"<list>" + b"<d>" * 20 + b"</d>" * 20 + b"<item></item></list>", TooLargeError),
        (b"<list>" + b"<d>" * 100_000, MalformedError),
        (b"<list " + b" ".join(b'a%d=""' % n for n in range(1000)) + b"><item></item></list>", TooLargeError),
        (b"<list " + b" ".join(b'xmlns:a%d="u"' % n for n in range(100)) + b"><item></item></list>", TooLargeError),
        (b"<list><item>" + b"x" * 300_000 + b"</item></list>", TooLargeError),
        (b"<list><item>" + b"<d>" * 50_000 + b"</d>" * 50_000 + b"</item></list>", TooLargeError),
        (b"<list><item>" + b"<d>" * 2_000 + b"</d>" * 2_000 + b"</item></list>", MalformedError),
        (b"<list><item>" + b"<a/>" * 9_000 + b"</item></list>", TooLargeError),
        (b"<list><item>" + b"<!---->" * 9_000 + b"</item></list>", TooLargeError),
        (b"<list><item " + b" ".join(b'a%d=""' % n for n in range(9_000)) + b"></item></list>", TooLargeError),
        (b"<list><item></item>" + b"<x/>" * 100_000 + b"</list>", TooLargeError),
        (b"<list>" + b"<x/>" * 5_000_000, TooLargeError),
        (b"<list><!-- " + b"x" * 17_000_000, TooLargeError),
        (b"<list><item><!-- " + b"x" * 300_000, TooLargeError),
    ],
)
def test_b_s01_b_s02_b_s04_b_s05_hostile_and_broken_documents_are_refused(
    data: bytes, error: type[DocumentError]
) -> None:
    with pytest.raises(error):
        read(data, step=1 << 18)


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (HEAD + b"<item>\n\n</item>\n<item>\n<a>\n</item>" + TAIL, 9),
        (HEAD + b"<item>\n\n</item>\n<item>\n\xf8</item>" + TAIL, 8),
        (HEAD + b"<item>\n\n</item>\n</lost>", 7),
        (HEAD + b"<item>\n\n</item>\n", 7),
        (HEAD + b"<item>\n\n</item>\n<!DOCTYPE list>", 7),
        (HEAD + b"<wrong>\n", 5),
        (b"<list>\n\n\xf8<item></item></list>", 3),
    ],
)
def test_the_line_of_the_fault_is_told(data: bytes, line: int) -> None:
    with pytest.raises(DocumentError) as caught:
        read(data)
    assert caught.value.line == line


def test_b_s03_nothing_outside_the_document_is_read() -> None:
    """External schemas, stylesheets and inclusions are words, not addresses (B-S03)."""
    data = (
        b'<?xml-stylesheet href="file:///nonexistent"?><list xmlns:xi="http://www.w3.org/2001/XInclude"'
        b' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="urn:x file:///etc/passwd">'
        b'<item><xi:include href="/etc/passwd" parse="text"/></item></list>'
    )
    reader = RecordReader(io.BytesIO(data), record="item")
    reader.head()
    (parsed,) = reader.parse(list(reader.records()))
    assert list(parsed.element.itertext()) == []
    reader.finish()


class Endless:
    """A document of the given number of records, made while it is read."""

    def __init__(self, records: int) -> None:
        self._pieces = self._make(records)

    @staticmethod
    def _make(records: int) -> Iterator[bytes]:
        yield HEAD
        block = (b"<item><name>" + b"x" * 1000 + b"</name></item>\n") * 100
        for _ in range(records // 100):
            yield block
        yield TAIL

    def read(self, size: int, /) -> bytes:
        return next(self._pieces, b"")


def test_memory_does_not_grow_with_the_document() -> None:
    def run(records: int) -> int:
        reader = RecordReader(Endless(records), record="item")
        reader.head()
        hashes = hashlib.sha256()
        count = 0
        for raw in reader.records():
            hashes.update(raw.content)
            if count % 50 == 0:
                reader.parse([raw])
            count += 1
        reader.finish()
        assert count == records
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    before = run(2_000)
    assert run(100_000) - before < 8 * 1024  # kilobytes; the document has a hundred thousand of them
