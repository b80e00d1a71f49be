"""The source as the house rules see it: which files there are, and how they read."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src/unilogin"


@cache
def tracked() -> tuple[Path, ...]:
    """Every file of the repository, those not committed yet among them, those that git ignores not."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout
    paths = (ROOT / name.decode() for name in listed.split(b"\0") if name)
    return tuple(sorted(path for path in paths if path.is_file()))


def python_files(*folders: str) -> Iterator[Path]:
    """The Python files under folders of the repository; all of them when none is named."""
    for path in tracked():
        if path.suffix == ".py" and (not folders or name_of(path).startswith(folders)):
            yield path


def templates() -> tuple[Path, ...]:
    """The pages, and the pieces they are made of."""
    return tuple(path for path in tracked() if path.suffix == ".html" and path.is_relative_to(PACKAGE))


def name_of(path: Path) -> str:
    """A file as one writes it, from the root of the repository."""
    return path.relative_to(ROOT).as_posix()


def room_of(path: Path) -> str:
    """The folder a file of the package lives in, counted to the room: ``domain/audit``, ``signin``, ``kit/db``."""
    parts = path.relative_to(PACKAGE).parts[:-1]
    return "/".join(parts[:2] if parts and parts[0] in ("apps", "domain", "kit", "protocols") else parts[:1])


@cache
def read(path: Path) -> str:
    return path.read_text("utf-8")


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(read(path), str(path))


def docstring_nodes(tree: ast.Module) -> set[int]:
    """The ids of the string constants that are documentation and are never executed."""
    found = set()
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        for statement in body if isinstance(body, list) else ():
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                found.add(id(statement.value))
    return found


@cache
def strings(path: Path) -> tuple[tuple[int, str], ...]:
    """Every string a Python file computes with, as (line, text); the fields of f-strings appear as ``{}``."""
    tree = parsed(path)
    skipped = docstring_nodes(tree)
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            skipped |= {id(part) for part in node.values}
            parts = (str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
            found.append((node.lineno, "".join(parts)))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            found.append((node.lineno, node.value))
    return tuple(found)
