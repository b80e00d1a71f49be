"""Fault points are named, few and dead: nothing of ours brings them to life."""

import ast
from pathlib import Path

from tests.house.source import PACKAGE, name_of, parsed, python_files
from unilogin.kit import faults

FAULTS = PACKAGE / "kit/faults.py"


def passed() -> list[str]:
    """Every point that the source passes, as often as it stands there."""
    found = []
    for path in python_files("src/"):
        for node in ast.walk(parsed(path)):
            match node:
                case ast.Call(func=ast.Name(id="fault_point"), args=[ast.Constant(value=str(name))]):
                    found.append(name)
    return found


def names_install(path: Path) -> bool:
    """Whether a file could install a hook: it names the function, or takes the module to reach it."""
    for node in ast.walk(parsed(path)):
        match node:
            case ast.ImportFrom(module="unilogin.kit.faults", names=names):
                if {alias.name for alias in names} - {"fault_point"}:
                    return True
            case ast.ImportFrom(module="unilogin.kit", names=names):
                if "faults" in {alias.name for alias in names}:
                    return True
            case ast.Import(names=names):
                if "unilogin.kit.faults" in {alias.name for alias in names}:
                    return True
            case ast.Constant(value=str(text)):
                if "kit.faults" in text:
                    return True
    return False


def test_nothing_that_serves_installs_a_hook() -> None:
    """No setting, no environment variable, no command: a served point is one look at an empty global."""
    assert not [name_of(path) for path in python_files("src/", "bench/") if path != FAULTS and names_install(path)]


def test_the_hook_is_set_by_install_alone() -> None:
    setters = [node.name for node in ast.walk(parsed(FAULTS)) if isinstance(node, ast.FunctionDef)]
    assert setters == ["install"]
    assert faults._hook is None


def test_every_point_that_is_passed_is_listed_and_the_other_way_round() -> None:
    assert set(passed()) == set(faults.POINTS)


def test_the_guard_bites(tmp_path: Path) -> None:
    for line in (
        "from unilogin.kit.faults import fault_point, install",
        "from unilogin.kit import faults",
        "import unilogin.kit.faults",
        "import importlib\nimportlib.import_module('unilogin.kit.faults').install(print)",
    ):
        path = tmp_path / f"{abs(hash(line))}.py"
        path.write_text(line)
        assert names_install(path), line
