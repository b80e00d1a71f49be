"""What is decided depends on what is passed in, and on the one clock that the database keeps."""

import ast
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.house.source import name_of, parsed, python_files, strings

EXPIRES = ("src/unilogin/domain", "src/unilogin/signin", "src/unilogin/roster", "src/unilogin/protocols")
PURE = {"checks.py", "model.py", "release.py", "rules.py"}
CLOCKS = {
    "datetime": {"now", "today", "utcnow"},
    "date": {"today"},
    "time": {"time", "time_ns", "localtime", "gmtime"},
}
OTHER_CLOCKS = re.compile(
    r"\b(?:now\(\)|current_(?:timestamp|date|time)\b|(?:clock|statement|transaction)_timestamp|localtimestamp)", re.I
)
ORDERS_ONLY = {"src/unilogin/roster/staging.py time.time_ns"}
"""The time inside an id orders an index and decides nothing."""
CHANCES = {"uuid": {"uuid1", "uuid4"}, "os": {"urandom"}}


def asked_in(tree: ast.Module, wanted: dict[str, set[str]]) -> list[tuple[int, str]]:
    """Where these functions are named, as ``module.function`` or imported by name: (line, name)."""
    found = []
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=owner) | ast.Attribute(attr=owner), attr=name):
                if name in wanted.get(owner, ()):
                    found.append((node.lineno, f"{owner}.{name}"))
            case ast.ImportFrom(module=str(module), names=names):
                found += [(node.lineno, alias.name) for alias in names if alias.name in wanted.get(module, ())]
    return found


def asked(paths: Iterable[Path], wanted: dict[str, set[str]]) -> list[str]:
    return [f"{name_of(path)}:{line} {name}" for path in paths for line, name in asked_in(parsed(path), wanted)]


def test_expiry_is_not_decided_by_the_clock_of_a_node() -> None:
    """Time comes from ``kit_now()`` in the statement that decides, or is passed in (D4)."""
    places = asked(python_files(*EXPIRES), CLOCKS)
    assert not [place for place in places if re.sub(r":\d+", "", place) not in ORDERS_ONLY]


def test_sql_asks_the_one_clock_that_tests_can_move() -> None:
    elsewhere = [
        f"{name_of(path)}:{line}"
        for path in python_files(*EXPIRES)
        for line, text in strings(path)
        if OTHER_CLOCKS.search(text)
    ]
    assert not elsewhere


def test_decisions_and_models_ask_neither_clock_nor_chance() -> None:
    pure = [path for path in python_files("src/") if path.name in PURE]
    assert pure
    assert not asked(pure, CLOCKS | CHANCES)


def test_statements_name_their_columns() -> None:
    stars = re.compile(r"\bselect\s+(?:distinct\s+)?(?:\w+\.)?\*(?!\s+from\s+unnest)|\breturning\s+(?:\w+\.)?\*", re.I)
    assert not [f"{name_of(p)}:{line}" for p in python_files("src/") for line, text in strings(p) if stars.search(text)]


@pytest.mark.parametrize(
    ("source", "caught"),
    [
        ("from datetime import datetime\nx = datetime.now()", True),
        ("import datetime\nx = datetime.datetime.utcnow()", True),
        ("import time\nx = time.time()", True),
        ("from time import time\nx = time()", True),
        ("from datetime import date\nx = date.today()", True),
        ("import time\nx = time.monotonic()", False),
        ("from datetime import timedelta\nx = timedelta(1)", False),
    ],
)
def test_the_scan_sees_every_clock(source: str, *, caught: bool) -> None:
    assert bool(asked_in(ast.parse(source), CLOCKS)) is caught
