"""The repository speaks of the project alone: no machine, no place where it was written, nothing left for later."""

import re
from pathlib import Path

import pytest

from tests.house.source import name_of, tracked

THIS_FILE = Path(__file__)
NOT_TEXT = {".png", ".jpg", ".ico", ".gz", ".zip", ".woff2"}


def spelled(*pieces: str) -> str:
    """A word in pieces, so that this file does not contain what it forbids."""
    return "".join(pieces)


LATER = "|".join((spelled("TO", "DO"), spelled("FIX", "ME"), spelled("X", "XX"), spelled("HA", "CK")))
LATER_WORD = re.compile(rf"\b(?:{LATER})\b")
FOLDERS = "|".join((spelled("wo", r"rk\b"), spelled("ro", r"ot\b"), spelled("t", r"mp/\w")))
MACHINE = re.compile(rf"(?<![\w.:}}*$-])/(?:{FOLDERS})")
REGISTRY = re.compile(
    "|".join(
        (
            spelled("py", r"pi\.", "org"),
            spelled("python", r"hosted\.", "org"),
            spelled("registry", r"\.npm", r"js\.", "org"),
            spelled("registry", r"\.yarn", r"pkg\.", "com"),
            spelled("--index", "-url"),
            spelled("--extra-index", "-url"),
        )
    ),
    re.I,
)
WORKPLACE = re.compile(
    r"\b(?:"
    + "|".join(
        (
            spelled("cla", "ude"),
            spelled("anthro", "pic"),
            spelled("open", "ai"),
            spelled("chat", "gpt"),
            spelled("co", "pilot"),
            spelled("sub", "-?agents?"),
            spelled("language ", "models?"),
            spelled("system ", "prompts?"),
            spelled("co-auth", "ored-by"),
            spelled("issue #?", r"\d+"),
            spelled("design", r"\.md"),
            spelled("style", r"\.md"),
            spelled("sh", "ared/spec"),
        )
    )
    + r")\b",
    re.I,
)


def texts() -> list[tuple[Path, str]]:
    return [(path, path.read_text("utf-8")) for path in tracked() if path.suffix not in NOT_TEXT]


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        ("something left for later", LATER_WORD),
        ("a path of one machine", MACHINE),
        ("the host of a package registry", REGISTRY),
        ("the place where it was written", WORKPLACE),
    ],
)
def test_no_file_names(what: str, pattern: re.Pattern[str]) -> None:
    found = [
        f"{name_of(path)}:{text.count(chr(10), 0, match.start()) + 1} {match[0]}"
        for path, text in texts()
        for match in pattern.finditer(text)
    ]
    assert not found, what


def test_this_file_is_read_too() -> None:
    assert THIS_FILE in {path for path, _ in texts()}


@pytest.mark.parametrize(
    ("pattern", "sample"),
    [
        (LATER_WORD, spelled("# TO", "DO: later")),
        (MACHINE, spelled("cd /wo", "rk/main")),
        (MACHINE, spelled("in /t", "mp/x")),
        (REGISTRY, spelled("https://py", "pi.org/simple")),
        (WORKPLACE, spelled("see design", ".md")),
        (WORKPLACE, spelled("for issue ", "2")),
    ],
)
def test_the_patterns_find_what_they_forbid(pattern: re.Pattern[str], sample: str) -> None:
    assert pattern.search(sample)


def test_text_is_utf_8_and_ends_with_a_line_end() -> None:
    unfinished = [name_of(path) for path, text in texts() if text and not text.endswith("\n")]
    assert not unfinished
