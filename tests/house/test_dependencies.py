"""Every dependency is wanted: it has a reason and a licence in the first decision, and is used (S-20)."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions

from tests.house.source import ROOT, parsed, python_files, read

DECISION = ROOT / "docs/adr/0001-stack-and-dependencies.md"
ROW = re.compile(r"^\| `([\w.-]+)` \| ([^|]+) \| ([^|]+) \|$", re.M)


def dependencies() -> set[str]:
    project = tomllib.loads(read(ROOT / "pyproject.toml"))
    listed = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    for extra in project["project"]["optional-dependencies"].values():
        listed += extra
    return {name_in(requirement) for requirement in listed}


def name_in(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement)[0].lower()


def test_every_dependency_has_a_reason_and_a_licence() -> None:
    explained = {name: (reason.strip(), licence.strip()) for name, reason, licence in ROW.findall(read(DECISION))}
    assert dependencies() <= set(explained)
    assert not [name for name, words in explained.items() if not all(words)]


def test_no_dependency_is_explained_that_is_gone() -> None:
    assert {name for name, _, _ in ROW.findall(read(DECISION))} <= dependencies() | {"uv"}


def test_every_pinned_dependency_has_a_hash_and_no_address() -> None:
    for path in sorted((ROOT / "requirements").glob("*.txt")):
        text = read(path)
        assert "://" not in text
        pinned = re.findall(r"^[\w.\[\]-]+==\S+(?:[^\n]*\\\n(?:\s+--hash=sha256:[0-9a-f]{64}[^\n]*\n)*)?", text, re.M)
        assert pinned
        assert not [line.split("==")[0] for line in pinned if "--hash=sha256:" not in line], path.name


def test_what_the_source_imports_is_declared_and_what_is_declared_is_imported() -> None:
    """What only comes along with something else may be gone with its next release."""
    imported = {
        distribution.lower().replace("_", "-")
        for module in imports()
        for distribution in packages_distributions().get(module, ())
    }
    project = tomllib.loads(read(ROOT / "pyproject.toml"))["project"]
    needed = {name_in(requirement) for requirement in project["dependencies"]}
    further = {name_in(item) for extra in ("embedded", "demo") for item in project["optional-dependencies"][extra]}
    assert imported - needed - further == set()
    assert needed - imported == set()


def imports() -> set[str]:
    """The top names of everything imported in the source that is not ours and not Python's."""
    found = set()
    for path in python_files("src/"):
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.split(".")[0])
    return found - sys.stdlib_module_names - {"unilogin"}
