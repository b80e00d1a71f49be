"""Every URL stands in one list with its access rule, and is made nowhere else."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.house.source import PACKAGE, name_of, parsed, python_files
from unilogin.kit.web.routing import Url
from unilogin.urls import URLS

MAY_MAKE_ROUTES = (PACKAGE / "kit/web/routing.py", PACKAGE / "demo/relying_party", PACKAGE / "demo/mitid")
"""The one list becomes routes here; the learning service and the simulator are strangers with pages of their own."""


@pytest.mark.parametrize("line", URLS, ids=lambda line: f"{line.method} {line.path}")
def test_a_url_has_an_access_rule_that_says_who_may_call(line: Url[object]) -> None:
    assert line.access
    assert re.fullmatch(r"[A-Z].*\.", line.meaning, re.S), "the rule says in a sentence who may call"
    assert line.method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
    assert line.path.startswith("/")


def test_no_url_is_listed_twice() -> None:
    listed = Counter((line.method, re.sub(r"\{\w+(:\w+)?\}", "{}", line.path)) for line in URLS)
    assert not [line for line, times in listed.items() if times > 1]


def test_one_name_of_a_rule_means_one_rule() -> None:
    rules = {(line.access, line.meaning) for line in URLS}
    assert len(rules) == len({name for name, _ in rules})


def test_nobody_writes_by_following_a_link() -> None:
    """GET changes nothing: handlers that take something are named so, and are listed with POST (N-62)."""
    assert not [
        line for line in URLS if line.method == "GET" and re.search(r"\.(take|give|end|make|set)_", line.endpoint)
    ]


def test_routes_are_made_from_the_list_alone() -> None:
    elsewhere = [
        f"{name_of(path)}:{line}"
        for path in python_files("src/")
        if not any(path.is_relative_to(allowed) for allowed in MAY_MAKE_ROUTES)
        for line in routes_made(parsed(path))
    ]
    assert not elsewhere


def routes_made(tree: ast.Module) -> list[int]:
    """The lines where a file gives addresses to functions by itself."""
    found = []
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="Route" | "Mount" | "WebSocketRoute" | "Host")):
                found.append(node.lineno)
            case ast.Call(func=ast.Attribute(attr="add_route" | "mount" | "add_websocket_route")):
                found.append(node.lineno)
    return found


def test_functions_of_pages_are_all_listed() -> None:
    """A page that nobody can reach is a page that nobody looks after."""
    listed = {line.endpoint for line in URLS}
    unreachable = [
        f"{name_of(path)}: {name}"
        for path in python_files("src/unilogin/apps", "src/unilogin/signin", "src/unilogin/protocols")
        if path.name in {"pages.py", "endpoints.py"} or path.parent.name in {"endpoints", "steps"}
        for name in handlers(path)
        if f"{name_of(path).removeprefix('src/unilogin/').removesuffix('.py').replace('/', '.')}.{name}" not in listed
    ]
    assert not unreachable


def handlers(path: Path) -> list[str]:
    """The public functions of a file that take (house, request, admitted)."""
    return [
        node.name
        for node in parsed(path).body
        if isinstance(node, ast.AsyncFunctionDef)
        and not node.name.startswith("_")
        and [argument.arg for argument in node.args.args[:2]] == ["house", "request"]
        and len(node.args.args) == 3
        and not node.args.kwonlyargs
    ]
