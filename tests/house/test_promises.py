"""Ids of attacks and faults: what is promised has a test that bears its name, and what is cited is explained.

The ids stand in ``docs/threats.md``; ``promised_ids.txt`` lists those whose tests must never get lost. A test keeps a
promise by its name: ``test_v_40_another_browser_cannot_go_on_with_a_journey``. So does a row of a table of cases:
``Row("B-O27", "no body", …)``.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.house.source import ROOT, name_of, parsed, python_files, read, tracked

PROMISED = Path(__file__).with_name("promised_ids.txt")
ID = re.compile(r"\b(?:[FIKNPRSTVW]-\d{1,3}|B-[A-Z]\d{2}|R[TW]-\d{1,2}|D(?:1[0-2]|[1-9]))\b")
IN_A_NAME = re.compile(r"_((?:[fiknpstvw]_\d{1,3})|(?:b_[a-z]\d{2})|(?:r[tw]_\d{1,2})|(?:d(?:1[0-2]|[1-9])))(?=_)")
CITING = {".py", ".sql", ".html", ".js", ".css"}


def promised() -> list[str]:
    return [line for line in read(PROMISED).splitlines() if line and not line.startswith("#")]


@cache
def kept() -> dict[str, list[str]]:
    """Each id with the tests that bear its name."""
    found: dict[str, list[str]] = {}
    for path in python_files("tests/"):
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                for name in ids_in(node.name):
                    found.setdefault(name, []).append(f"{name_of(path)}::{node.name}")
            elif isinstance(node, ast.Call) and (row := id_of_row(node)):
                found.setdefault(row, []).append(f"{name_of(path)}:{node.lineno}")
    return found


def id_of_row(call: ast.Call) -> str | None:
    """The id that a row of a table begins with."""
    if isinstance(call.func, ast.Name) and call.func.id in {"row", "Row", "uri"} and call.args:
        first = call.args[0]
        if isinstance(first, ast.Constant) and isinstance(first.value, str) and ID.fullmatch(first.value):
            return first.value
    return None


def ids_in(test: str) -> list[str]:
    return [found.upper().replace("_", "-") for found in IN_A_NAME.findall(test)]


def test_ids_are_read_from_names() -> None:
    assert ids_in("test_b_l17_b_o25_the_language_of_a_page") == ["B-L17", "B-O25"]
    assert ids_in("test_rt_05_d4_k_06_something") == ["RT-05", "D4", "K-06"]
    assert ids_in("test_a_page_weighs_less_than_60_kb") == []


def test_every_promised_id_has_a_test_of_its_name() -> None:
    assert not [name for name in promised() if name not in kept()]


def test_every_test_that_bears_an_id_is_a_promise() -> None:
    assert not {name: tests for name, tests in kept().items() if name not in promised()}


def test_promises_are_ids_each_given_once_and_in_order() -> None:
    assert all(ID.fullmatch(name) for name in promised())
    assert promised() == sorted(set(promised()))


def test_every_id_in_the_source_is_explained() -> None:
    """Who reads ``# V-45`` in the code finds in one place what that is."""
    explained = set(re.findall(rf"^\| ({ID.pattern}) \|", read(ROOT / "docs/threats.md"), re.M))
    assert not sorted({(name, place) for name, place in cited() if name not in explained})


def cited() -> Iterator[tuple[str, str]]:
    for path in tracked():
        if path.suffix in CITING and name_of(path).startswith(("src/", "tests/", "bench/")) and path != Path(__file__):
            for name in ID.findall(read(path)):
                yield name, name_of(path)
