"""Permission is a type that only its gate makes, and a secret is set only with leave (style: V-39)."""

import ast
from collections.abc import Iterator

import pytest

from tests.house.source import PACKAGE, name_of, parsed, python_files

ROOM = PACKAGE / "domain/access"
SETTERS = {
    "src/unilogin/domain/credentials/actions.py",  # where it is
    "src/unilogin/recovery/actions.py",  # with leave
    "src/unilogin/demo/load.py",  # the demo's people, before anybody has come
}
"""Who may name ``set_password``."""


def permissions() -> set[str]:
    """The types that the gates make."""
    classes = [node.name for node in parsed(ROOM / "model.py").body if isinstance(node, ast.ClassDef)]
    return {name for name in classes if "In" in name}


def made_elsewhere(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in permissions():
                yield name


def test_a_permission_is_made_by_its_gate_alone() -> None:
    assert permissions() >= {"PupilInReach", "ChildInCustody"}
    makers = [
        f"{name_of(path)} makes a {name}"
        for path in python_files("src/")
        if path.parent != ROOM
        for name in made_elsewhere(parsed(path))
    ]
    assert not makers


def test_a_secret_is_set_only_where_it_may_be() -> None:
    setters = {
        name_of(path)
        for path in python_files("src/")
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Name | ast.Attribute | ast.alias | ast.FunctionDef | ast.AsyncFunctionDef)
        and "set_password" in (getattr(node, "id", ""), getattr(node, "attr", ""), getattr(node, "name", ""))
    }
    assert setters <= SETTERS


@pytest.mark.parametrize("line", ["gates.ChildInCustody(1)", "x = PupilInReach(account_id, opener, None)"])
def test_the_scan_sees_who_makes_one(line: str) -> None:
    assert list(made_elsewhere(ast.parse(line)))
