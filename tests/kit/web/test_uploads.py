"""A form with one file: whole or in crumbs it is the same, and what is no such form is refused."""

import io
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unilogin.kit.web.errors import FormRefusedError
from unilogin.kit.web.forms import Fields
from unilogin.kit.web.uploads import Upload

FILE = b"a\r\n--b\r\n-\r\n--xy\r\n\r\n\x00\xff"
FORM = (
    b'--xyz\r\nContent-Disposition: form-data; name="csrf"\r\n\r\nt\xc3\xb8k\r\n'
    b'--xyz\r\nContent-Disposition: form-data; name="file"; filename="a\\"b.xml"\r\nContent-Type: text/xml\r\n\r\n'
    + FILE
    + b'\r\n--xyz\r\nContent-Disposition: form-data; name="old"\r\n\r\nDet Gamle\r\n--xyz--\r\n'
)


def read(form: bytes, *, cuts: tuple[int, ...] = ()) -> tuple[Upload, bytes, list[Fields]]:
    file, seen = io.BytesIO(), list[Fields]()
    upload = Upload(b"xyz", file, admit=lambda fields: seen.append(dict(fields)))
    ends = [0, *sorted(cuts), len(form)]
    for start, end in pairwise(ends):
        upload.feed(form[start:end])
    return upload, file.getvalue(), seen


@given(st.lists(st.integers(0, len(FORM)), max_size=30))
def test_a_form_is_the_same_however_it_comes(cuts: list[int]) -> None:
    upload, file, seen = read(FORM, cuts=tuple(cuts))
    assert upload.is_whole
    assert file == FILE
    assert upload.size == len(FILE)
    assert upload.fields == {"csrf": ["tøk"], "old": ["Det Gamle"]}
    assert seen == [{"csrf": ["tøk"]}], "the token is looked at before a byte of the file is kept"


PART = b'--xyz\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'


@pytest.mark.parametrize(
    "form",
    [
        PART % (b"a", b'; filename="x"', b"1") * 2 + b"--xyz--",
        PART % (b"a" * 65, b"", b"1") + b"--xyz--",
        PART % (b"a b", b"", b"1") + b"--xyz--",
        PART % (b"a", b"", b"\xff") + b"--xyz--",
        PART % (b"a", b"", b"\x00") + b"--xyz--",
        PART % (b"a", b"", b"1" * 5000) + b"--xyz--",
        PART % (b"a", b"", b"1") * 33 + b"--xyz--",
        b"--xyz\r\nContent-Type: text/plain\r\n\r\n1\r\n--xyz--",
        b"--xyz\r\n" + b"x" * 5000,
        b'--xyzContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--xyz--',
    ],
)
def test_what_is_no_such_form_is_refused(form: bytes) -> None:
    with pytest.raises(FormRefusedError):
        read(form)


@pytest.mark.parametrize("end", [0, 1, 40, len(FORM) // 2, len(FORM) - 5])
def test_a_form_that_breaks_off_is_not_whole(end: int) -> None:
    assert not read(FORM[:end])[0].is_whole
