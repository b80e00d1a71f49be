"""N-77: every table says how long what is in it is kept and why, and every job that forgets is named there."""

import re

from tests.house.source import ROOT, read
from tests.house.test_tables import declarations
from unilogin.jobs import jobs
from unilogin.kit.secrets import Secrets

PAGE = ROOT / "docs/how-to/what-is-kept.md"
FORGETS = re.compile(r"\b(forget|end|let)\b")


def rows() -> list[list[str]]:
    """The cells of the page's tables: what it is, where it stands, for how long, why, which job."""
    lines = [line for line in read(PAGE).splitlines() if line.startswith("| ") and "`" in line]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def named(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_n_77_every_table_is_in_one_row_of_the_page() -> None:
    told = [table for row in rows() for table in named(row[1])]
    assert len(told) == len(set(told))
    assert set(told) == {table for _, tables in declarations() for table in tables}


def test_every_row_says_how_long_why_and_by_which_job_if_any() -> None:
    known = {job.name for job in jobs(Secrets({}))}
    for row in rows():
        what, _, how_long, why, job = row
        assert what
        assert how_long
        assert why, what
        assert set(named(job)) <= known, what


def test_every_job_that_forgets_is_named() -> None:
    told = {name for row in rows() for name in named(row[4])}
    assert {job.name for job in jobs(Secrets({})) if FORGETS.search(job.name)} <= told
