"""N-113: what a document may write for yes and no where it says that somebody is protected, and where."""

import pytest

from tests.roster.documents import PUPIL, contact, document, member, person, rows, student
from unilogin.kit.text import load_texts
from unilogin.roster.messages import what_is_wrong

YES = ("true", "1", "TRUE", " True ", "ja", "JA", "J", "yes", "Y", "t r u e", "\u00a0ja\u200b", "sand")
NO = ("false", "0", "False", "FALSE ", "nej", "Nej", "N", "no", "falsk")


@pytest.mark.parametrize(("word", "hidden"), [*((word, True) for word in YES), *((word, False) for word in NO)])
def test_n_113_a_yes_is_a_yes_however_it_is_written(word: str, *, hidden: bool) -> None:
    who = person(protected=word, alias=("Maja", "Holm") if hidden else None)
    told = rows(document(*(member(f"e-{n}", who, student()) for n in range(4))))  # the quick ways, too
    assert [(row.row and row.row.facts.protected, row.findings) for row in told] == [(hidden, ())] * 4


ODD_PLACES = [
    ('<Person Protected="true"', "attribute_unknown"),
    ('<Person PROTECTED="ja" protected="false"', "attribute_unknown"),
    ('<Person xmlns:d="https://unilogin.dk/data" d:protected="true" protected="false"', None),
    ('<Person xmlns:d="https://unilogin.dk/data" protected="true" d:protected="false"', None),
    ('<Person xmlns:x="urn:x" x:protected="1"', "attribute_unknown"),
    ('<Person protected="false"><Protected>ja</Protected', "element_unknown"),
    ("<Person><protected>true</protected", "element_unknown"),
]


@pytest.mark.parametrize(("odd", "code"), ODD_PLACES)
def test_n_113_a_yes_in_another_place_or_spelling_hides(odd: str, code: str | None) -> None:
    written = PUPIL.replace('<Person protected="false"', odd, 1)
    if "<" in odd[1:]:
        written = written.replace(' verificationLevel="0"', "")
    (row,) = rows(document(written))
    assert row.row is not None
    assert row.row.facts.protected
    assert [finding.code for finding in row.findings] == ([code] if code else [])


def test_n_113_what_cannot_be_read_is_told_with_line_field_and_value() -> None:
    texts = load_texts()
    ill = member("e-1", person(protected="måske"), student(more=contact(person("6305802235", protected="vist"))))
    (row,) = rows(document(ill))
    unclear, of_contact, no_alias = row.findings
    assert what_is_wrong(texts, "da", unclear) == (
        "Feltet navne- og adressebeskyttelse siger »måske«, og det kan ikke læses som ja eller nej."
        " Personen er skjult for en sikkerheds skyld."
    )
    assert unclear.line == row.line + 2
    assert (of_contact.contact, of_contact.fields["value"], no_alias.code) == (1, "vist", "alias_missing")
    assert [one.keys for one in row.protect] == [("6305802235",)], "the pupil is loaded, and hidden by that"
