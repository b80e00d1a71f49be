"""Every dependency is wanted: it has a reason and a licence in the first decision, and is used (S-20)."""

import re
import tomllib

from tests.house.source import ROOT, read

DECISION = ROOT / "docs/adr/0001-stack-and-dependencies.md"
ROW = re.compile(r"^\| `([\w.-]+)` \| ([^|]+) \| ([^|]+) \|$", re.M)


def dependencies() -> set[str]:
    project = tomllib.loads(read(ROOT / "pyproject.toml"))
    listed = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    for extra in project["project"]["optional-dependencies"].values():
        listed += extra
    return {re.split(r"[^\w.-]", requirement)[0].lower() for requirement in listed}


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
