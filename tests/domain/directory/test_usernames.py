"""Usernames: four letters of the name and four digits, for a million people, never an offence."""

import random
import re
import secrets
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unilogin.domain.directory.usernames import candidate, denied_stems, new_uniid, stems


@pytest.mark.parametrize(
    ("first", "family", "expected"),
    [
        ("Anna", "Larsen", ("anna", "annl", "anla")),
        ("Åse Marie", "Prøve", ("aase", "aasp", "aapr")),
        ("Søren", "Ågård", ("soer", "soea", "soaa")),
        ("Ærø", "Ø", ("aero", "aeoe")),
        ("José", "Núñez", ("jose", "josn", "jonu")),
        ("Bo", "Hansen", ("boha",)),
        ("Bo", "Ek", ("boek",)),
        ("Anne-Marie", "D'Angelo", ("anne", "annd", "anda")),
        ("Zoë", "Öberg", ("zoeo", "zooe")),
        ("Li", "Xu", ("lixu",)),
        ("A", "B", ()),
        ("李", "王", ()),
        ("", "", ()),
        ("A\u030ase", "X", ("aase", "aasx")),
        ("Fisser", "Lund", ("fisl", "filu")),
        ("Łukasz", "Đorđević", ("luka", "lukd", "ludo")),
    ],
)
def test_letters_come_from_the_name_in_order(first: str, family: str, expected: tuple[str, ...]) -> None:
    assert stems(first, family) == tuple(dict.fromkeys(expected))


@given(first=st.text(max_size=99), family=st.text(max_size=99), attempt=st.integers(0, 20))
def test_every_name_gets_four_letters_and_four_digits(first: str, family: str, attempt: int) -> None:
    name = candidate(first, family, attempt=attempt, draw=secrets.randbelow)
    assert re.fullmatch(r"[a-z]{4}[0-9]{4}", name)
    assert name[:4] not in denied_stems()


def test_a_crowded_name_falls_back_step_by_step() -> None:
    def draw(below: int) -> int:
        return 7 % below

    tried = [candidate("Anna", "Larsen", attempt=attempt, draw=draw) for attempt in range(8)]
    assert tried == ["anna0007"] * 2 + ["annl0007"] * 2 + ["anla0007"] * 2 + ["kkkk0007"] * 2


def test_a_hundred_thousand_namesakes_and_a_million_people_fit() -> None:
    """The same rounds as in the database: who loses a draw draws again."""
    source = random.Random(7)
    families = ["".join(source.choices(string.ascii_lowercase, k=5)) for _ in range(300)]
    waiting = [("Anna", families[number % 300]) for number in range(30_000)]
    taken: set[str] = set()
    for attempt in range(20):
        losers = []
        for first, family in waiting:
            name = candidate(first, family, attempt=attempt, draw=source.randrange)
            if name in taken:
                losers.append((first, family))
            taken.add(name)
        waiting = losers
    assert not waiting
    assert len(taken) == 30_000


EVERYDAY = """
  Helle Bastian Kræn Anna Mads Emma Ida Freja Alma Oscar William Karl Lars Søren Mette Kirsten Hanne Dorthe Gitte Tina
  Sebastian Viggo Fatima Mohammed Aisha Yusuf Omar Sinne Kristian Kristoffer Christina Titus Peter Pernille Selva Signe
  Sigurd Nadja Dagmar Gunnar Hasse Hortense Maren Morten Tobias Thor Storm Steven Svend Anja
"""


@pytest.mark.parametrize("name", EVERYDAY.split())
def test_everyday_names_keep_their_letters(name: str) -> None:
    folded = name.lower().replace("æ", "ae").replace("ø", "oe")
    assert stems(name, "Nielsen")[0] == (folded + "nielsen")[:4]


def test_uniids_are_ten_small_hexadecimal_characters() -> None:
    drawn = {new_uniid(secrets.randbelow) for _ in range(1000)}
    assert len(drawn) == 1000
    assert all(re.fullmatch(r"[0-9a-f]{10}", uniid) for uniid in drawn)
    assert new_uniid(lambda _: 0) == "0000000000"
