"""The measure that looks for names told by the clock finds what there is, and nothing where there is nothing (N-09)."""

import random
from collections.abc import Callable

import pytest
from bench.timing import Kind, Sample, compared, mann_whitney


@pytest.mark.parametrize(
    ("one", "other", "p"),
    [
        ([1, 2, 3, 4, 5], [6, 7, 8, 9, 10], 0.01219),
        ([1, 2, 3], [1, 2, 3], 1.0),
        ([5, 5, 5, 5], [5, 5, 5, 5], 1.0),
        # From the R manual, wilcox.test(exact = FALSE): the permeability constants of Hollander & Wolfe.
        (
            [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46],
            [1.15, 0.88, 0.90, 0.74, 1.21],
            0.2447,
        ),
    ],
)
def test_the_ranks_are_weighed_as_in_the_books(one: list[float], other: list[float], p: float) -> None:
    assert mann_whitney(one, other) == pytest.approx(p, abs=0.0005)
    assert mann_whitney(other, one) == pytest.approx(p, abs=0.0005)


def samples(slower: Callable[[Kind], float]) -> list[Sample]:
    chance = random.Random(7)
    return [
        Sample(kind, number, "", tuple(0.25 + chance.expovariate(300) + slower(kind) for _ in range(3)))
        for number in range(600)
        for kind in Kind
    ]


def test_n_09_a_millisecond_more_for_a_known_name_is_found() -> None:
    rows = compared(samples(lambda kind: 0.001 if kind is Kind.KNOWN else 0.0))
    assert {row.what.split(": ")[1] for row in rows if not row.kept} == {"known against unknown"}
    assert all(0.5 < row.difference < 1.5 for row in rows if not row.kept)


def test_n_09_where_all_take_the_same_nothing_is_found() -> None:
    assert all(row.kept for row in compared(samples(lambda kind: 0.0)))
