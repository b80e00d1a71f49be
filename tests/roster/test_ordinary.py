"""The quick way through ordinary records finds what the long way finds; a comment in a record sends it the long way."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.roster.documents import PUPIL, contact, document, employee, member, person, rows, student
from tests.roster.test_unilogin_import import FULL_PERSON, ILL_CONTACTS, REFUSALS, WARNINGS
from unilogin.kit.xml.errors import DocumentError
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
    both_ways_agree(PUPIL, whole[:place] + "".join(pieces) + whole[place:])


@pytest.mark.parametrize("wrapped", ['<Student xmlns="urn:x">', '<Student xmlns:unilogin="urn:x" unilogin:a="1">'])
def test_markup_that_means_something_else_is_not_taken_for_known(wrapped: str) -> None:
    pupil = member("e-1", person(), student(more=contact(person("0305801234"))))
    both_ways_agree(pupil, pupil.replace("<Student>", wrapped), pupil.replace("<Person ", '<Person xmlns="urn:x" '))
