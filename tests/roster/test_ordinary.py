"""The quick way through ordinary records finds what the long way finds; a comment in a record sends it the long way."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.roster.documents import PUPIL, contact, document, employee, member, person, rows, student
from tests.roster.test_unilogin_import import FULL_PERSON, ILL_CONTACTS, REFUSALS, WARNINGS
from unilogin.kit.xml.errors import DocumentError
from unilogin.roster.formats.shapes import Shapes
from unilogin.roster.generating.generator import write_roster
from unilogin.roster.generating.schools import school_of
from unilogin.roster.model import ReadRow

ILL = [one for _, one in REFUSALS + WARNINGS]


def found(text: str, *, the_long_way: bool = False) -> list[ReadRow] | type[DocumentError]:
    """Return what was read, but the hash, or how the whole document was refused."""
    if the_long_way:
        text = text.replace("<InstitutionPerson>", "<InstitutionPerson><!-- not ordinary -->")
    try:
        return [row._replace(raw_hash=b"") for row in rows(text)]
    except DocumentError as error:
        return type(error)


def both_ways_agree(*members: str) -> None:
    text = document(*members)
    assert found(text) == found(text, the_long_way=True)


@pytest.mark.parametrize("ill", ILL)
def test_what_is_ill_is_found_the_quick_way_too(ill: str) -> None:
    both_ways_agree(PUPIL, ill, PUPIL)


@pytest.mark.parametrize("ill", [one for _, one in ILL_CONTACTS])
def test_ill_contact_persons_are_found_the_quick_way_too(ill: str) -> None:
    both_ways_agree(member("e-1", person(), student(more=ill)), PUPIL)


def test_a_whole_school_reads_the_same_both_ways(tmp_path: Path) -> None:
    path = tmp_path / "school.xml"
    write_roster(path, school_of(1, lines=1), seed=7)
    text = path.read_text()
    assert found(text) == found(text, the_long_way=True)


ODD = (
    "<",
    ">",
    "&",
    "&amp;",
    "&#x41;",
    "]]>",
    "<![CDATA[x]]>",
    "<!-- -->",
    "<?pi?>",
    "<Person>",
    "</Person>",
    "<Person/>",
)
MORE_ODD = (
    "xmlns='urn:x'",
    "</FirstName><FirstName>",
    "<Gender/>",
    "\x01",
    "\ufffe",
    "\u00a0",
    "ø",
    "SÃ¸ren",
    "\r\n",
    "  ",
    "a",
)


@settings(max_examples=400, deadline=None)
@given(place=st.integers(0, 4000), pieces=st.lists(st.sampled_from(ODD + MORE_ODD), min_size=1, max_size=3))
def test_whatever_stands_anywhere_is_read_the_same_both_ways(place: int, pieces: list[str]) -> None:
    family = member("e-2", person(), student(more=contact(FULL_PERSON) + contact(person("0305801234"))))
    whole = family + member("e-3", person("0305801234"), employee("Lærer", "Leder"))
    place = len("<InstitutionPerson>") + place % (len(whole) - 2 * len("<InstitutionPerson>"))
    both_ways_agree(PUPIL, whole, whole, whole[:place] + "".join(pieces) + whole[place:])


TIDY = (
    FULL_PERSON.replace('"true"', '"false"', 1)
    .replace("\u00a0 ", " ")
    .replace("610580-", "610580")
    .replace("<AliasFirstName>Maja</AliasFirstName><AliasFamilyName>Holm</AliasFamilyName>", "")
)
TIDY_PUPIL = member("e-2", TIDY, student(groups=["kor"], more=contact(TIDY.replace("6105802234", "0105801234"))))
TIDY_PUPIL = TIDY_PUPIL.replace("<Level>", "<StudentNumber>77</StudentNumber><Level>")
VALUES = (
    *("Bo", "Søren", "Anne  Marie", " Ib", "é" * 60, "x" * 100, "SÃ¸ren", "a>b", "M", "Elev", "2b", "kor", "DK"),
    *("Wałęsa", "Đoković", "č" * 60, "Z\u030can", "\u1ea3nh", "ŉ Ŀl", "Ã˜rsted"),
    *("31129912345", "3113991234", "6105802234", "610580-2234", "2024-02-30", "2031-01-01", "+45 1", "a@b.dk", "@"),
    *(
        "a.b@c-d.e.dk",
        ".a@b.dk",
        "a..b@c.dk",
        "a@b-.dk",
        "a@b",
        "a@b.d",
        "a@b.dk1",
        "å@b.dk",
        "a@b.dk-x",
        "x" * 149 + "@b.dk",
    ),
)


@settings(max_examples=150, deadline=None)
@given(value=st.sampled_from(VALUES), place=st.integers(0, 60))
def test_whatever_value_stands_in_known_markup_is_read_the_same_both_ways(value: str, place: int) -> None:
    texts = re.split("(>[^<]+<)", TIDY_PUPIL)
    place = 1 + place % (len(texts) // 2) * 2
    texts[place] = f">{value}<"
    both_ways_agree(TIDY_PUPIL, TIDY_PUPIL, TIDY_PUPIL, "".join(texts))


def test_markup_that_comes_often_has_a_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    text = document(*[TIDY_PUPIL] * 4)
    found(text)
    taken: list[object] = []

    def watch(name: str, read: Callable[..., object]) -> None:
        def watched(*told: object) -> object:
            taken.append(read(*told))
            return taken[-1]

        monkeypatch.setattr(Shapes, name, watched)

    watch("person", Shapes.person)
    watch("member", Shapes.member)
    found(text)
    assert len(taken) == 4 + 1 + 4  # whom the records are about, their contact person once, and the records
    assert None not in taken


@pytest.mark.parametrize("wrapped", ['<Student xmlns="urn:x">', '<Student xmlns:unilogin="urn:x" unilogin:a="1">'])
def test_markup_that_means_something_else_is_not_taken_for_known(wrapped: str) -> None:
    pupil = member("e-1", person(), student(more=contact(person("0305801234"))))
    both_ways_agree(pupil, pupil.replace("<Student>", wrapped), pupil.replace("<Person ", '<Person xmlns="urn:x" '))
