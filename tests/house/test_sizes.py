"""Small is readable: the hard limits on files, functions and parameters. What one aims for is about half of them."""

import ast
from pathlib import Path

from tests.house.source import ROOT, name_of, parsed, python_files, read, room_of, tracked

LONGEST_FILE = 500
LONGEST_FUNCTION = 50
MOST_POSITIONAL = 4
VAGUE_NAMES = {"base", "common", "core", "helper", "helpers", "lib", "manager", "misc", "shared", "util", "utils"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(path: Path) -> list[Function]:
    return [node for node in ast.walk(parsed(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def test_no_file_is_longer_than_500_lines() -> None:
    for path in tracked():
        if path.suffix in {".py", ".sql", ".html", ".js"}:
            assert read(path).count("\n") <= LONGEST_FILE, name_of(path)


def test_no_function_is_longer_than_50_lines() -> None:
    too_long = [
        f"{name_of(path)}:{function.lineno} {function.name}"
        for path in python_files()
        for function in functions(path)
        if (function.end_lineno or 0) - function.lineno + 1 > LONGEST_FUNCTION
    ]
    assert not too_long


def test_functions_take_few_things_by_position() -> None:
    """From the third on a call should say what is what. Commands are called by their options and may have many."""
    too_many = [
        f"{name_of(path)}:{function.lineno} {function.name}"
        for path in python_files("src/")
        if room_of(path) != "cli"
        for function in functions(path)
        if len([a for a in function.args.posonlyargs + function.args.args if a.arg not in {"self", "cls"}])
        > MOST_POSITIONAL
    ]
    assert not too_many


def test_files_are_named_after_their_subject() -> None:
    vague = [name_of(path) for path in python_files() if {*path.relative_to(ROOT).with_suffix("").parts} & VAGUE_NAMES]
    assert not vague


def test_every_module_says_what_it_is_for() -> None:
    """Only folders of tests may be silent: their name says it."""
    silent = [
        name_of(path)
        for path in python_files()
        if ast.get_docstring(parsed(path)) is None
        and not (path.name == "__init__.py" and name_of(path).startswith(("tests/", "bench/")))
    ]
    assert not silent
