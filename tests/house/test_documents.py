"""The documents say what is so: generated pages are current, links lead somewhere, names in them exist."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from docs.generate import DOCS, PAGES, QUESTIONS, writers
from typer.main import get_command

from tests.house.source import ROOT, name_of, read, tracked
from unilogin.cli.app import assembled
from unilogin.domain.audit.events import Event
from unilogin.settings import NAMES
from unilogin.urls import URLS

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
STATUS = re.compile(r"^Status: (?:proposed|accepted|rejected|superseded by \d{4})$", re.M)
DOCUMENTS = [path for path in tracked() if path.suffix == ".md"]
DECISIONS = sorted((DOCS / "adr").glob("*.md"))


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_current(name: str) -> None:
    path = DOCS / name
    assert path.exists(), "run .venv/bin/python docs/generate.py"
    assert read(path) == PAGES[name](), "run .venv/bin/python docs/generate.py"


def test_every_url_is_in_the_reference() -> None:
    page = read(DOCS / "reference/urls.md")
    assert not [line.path for line in URLS if f"| {line.method} | `{line.path}` |" not in page]


def test_every_setting_is_documented() -> None:
    page = read(DOCS / "reference/settings.md")
    assert not [name for name in NAMES if name not in page]


def test_documents_name_only_settings_that_exist() -> None:
    named = {
        (name_of(path), name) for path in DOCUMENTS for name in re.findall(r"\bUNILOGIN_[A-Z_]+[A-Z]\b", read(path))
    }
    assert not [(path, name) for path, name in sorted(named) if name not in NAMES]


def test_every_event_is_written_by_somebody() -> None:
    assert not [event.value for event in Event if not [*writers(event)]]


def test_what_newcomers_ask_for_is_there() -> None:
    assert not [path for _, path in QUESTIONS if not (ROOT / path).exists()]


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_links_lead_somewhere(path: Path) -> None:
    assert not [target for target in links(path) if not (path.parent / target).exists()]


def links(path: Path) -> Iterator[str]:
    """The files of this repository that a document links to."""
    for target in LINK.findall(re.sub(r"```.*?```", "", read(path), flags=re.S)):
        file = target.partition("#")[0]
        if file and ":" not in file:
            yield file


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_files_named_in_documents_exist(path: Path) -> None:
    """A path in code marks, such as ``src/unilogin/urls.py``, is a promise like a link."""
    named = re.findall(r"`((?:src|tests|docs|bench|requirements)/[\w./-]+\w)`", read(path))
    assert not [name for name in named if not (ROOT / name).exists()]


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = [int(path.name[:4]) for path in DECISIONS]
    assert numbers == list(range(1, len(DECISIONS) + 1))


@pytest.mark.parametrize("path", DECISIONS, ids=name_of)
def test_a_decision_has_a_number_a_title_and_a_status(path: Path) -> None:
    text = read(path)
    assert re.match(rf"# {int(path.name[:4])}\. \S", text)
    assert len(STATUS.findall(text)) == 1


def test_make_targets_named_in_documents_exist() -> None:
    targets = set(re.findall(r"^([a-z.]+):", read(ROOT / "Makefile"), re.M))
    named = Counter(
        (name_of(path), target)
        for path in DOCUMENTS
        for target in re.findall(r"(?:^|`)\$? ?make ([a-z.]+)", read(path), re.M)
    )
    assert not [place for place in named if place[1] not in targets]


def test_commands_named_in_documents_exist() -> None:
    wrong = [
        f"{name_of(path)}: unilogin {words}"
        for path in DOCUMENTS
        for words in re.findall(
            r"(?<![\w/-])(?<!database )(?:\.venv/bin/)?unilogin ([a-z][a-z-]+(?: [a-z][a-z-]+)?)", read(path)
        )
        if not is_command(words.split())
    ]
    assert not wrong


def is_command(words: list[str]) -> bool:
    """Whether words begin with a command, and with one of its own where it is a group of commands."""
    found: object = get_command(assembled())
    for word in words:
        commands = getattr(found, "commands", None)
        if commands is None:
            return True  # what follows is an argument
        if word not in commands:
            return False
        found = commands[word]
    return True


def test_what_is_a_command_is_read_from_the_program() -> None:
    assert is_command(["serve"])
    assert is_command(["services", "add"])
    assert not is_command(["services", "invent"])
    assert not is_command(["invent"])
