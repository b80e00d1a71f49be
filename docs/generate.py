"""Writes the pages that follow from the code: ``docs/map.md`` and the tables in ``docs/reference/``.

Run ``.venv/bin/python docs/generate.py`` after a change of rooms, URLs, events or sentences; a test says when.
"""

import ast
import os
import re
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

from unilogin.domain.audit.events import Event
from unilogin.kit.text import load_texts
from unilogin.urls import URLS

DOCS = Path(__file__).parent
ROOT = DOCS.parent
PACKAGE = ROOT / "src/unilogin"
NOTE = "<!-- Written by docs/generate.py. Change what it is made from, and run it again. -->\n"

QUESTIONS = (
    ("Which code serves this URL, and who may call it?", "src/unilogin/urls.py"),
    ("Which settings are there?", "src/unilogin/settings.py"),
    ("What runs by itself, and how often?", "src/unilogin/jobs.py"),
    ("How are the parts put together?", "src/unilogin/main.py"),
    ("May this account sign in now?", "src/unilogin/signin/gate.py"),
    ("Which step of the sign-in comes next?", "src/unilogin/signin/rules.py"),
    ("How do I add a sign-in method?", "docs/how-to/add-a-sign-in-method.md"),
    ("How does an app of ours sign people in?", "src/unilogin/apps/shell/door.py"),
    ("How do I add an app?", "docs/how-to/add-an-app.md"),
    ("What makes a password or a picture code good?", "src/unilogin/domain/credentials/rules.py"),
    ("What do we check on the authorization endpoint, in which order?", "src/unilogin/protocols/oidc/checks.py"),
    ("Which attributes does a service get?", "src/unilogin/domain/services/release.py"),
    ("Which redirect address is good enough?", "src/unilogin/domain/services/rules.py"),
    ("How is a username made?", "src/unilogin/domain/directory/usernames.py"),
    ("What happens when a school delivers a file?", "src/unilogin/roster/loading.py"),
    ("What stops a file that would delete half a school?", "src/unilogin/roster/rules.py"),
    ("Which rules does the roster format have?", "src/unilogin/roster/formats"),
    ("Who is who when a school changes its system?", "src/unilogin/roster/switching/rules.py"),
    ("What follows somebody whose two accounts become one?", "src/unilogin/domain/identity/moving.py"),
    ("What is kept of somebody who belongs nowhere?", "src/unilogin/roster/lifecycle.py"),
    ("What is written in the audit log?", "src/unilogin/domain/audit/events.py"),
    ("What is in the database?", "src/unilogin/migrations"),
    ("Where is the wording of this sentence?", "src/unilogin/locale"),
    ("What does a page look like, and what is it made of?", "src/unilogin/kit/web/look"),
    ("Who is in the demo?", "src/unilogin/demo/cast.py"),
)
"""What newcomers ask, and where the answer is."""

FILES = (
    ("`__init__.py`", "what the room is for, its Danish name, its tables; no code"),
    ("`model.py`", "its types: frozen dataclasses, enums, ids; nothing that reads or writes"),
    ("`rules.py` `checks.py` `release.py`", "decisions; time and chance come in as arguments"),
    ("`queries.py`", "every SELECT, returning the types of `model.py`"),
    ("`actions.py`", "every write: an open transaction and an actor go in, an audit row goes along"),
    ("`pages.py` `endpoints` `steps`", "HTTP for people and for machines: read, pass the gate, act, answer"),
    ("`access.py`", "the access rules that its lines in `urls.py` name"),
    ("`errors.py` `messages.py`", "what can be wrong; codes of what people are told"),
    ("`templates/`", "the pages"),
)
"""The files of a room, the same in every room; a room has those it needs."""


MAP = f"""\
# Where is what
{NOTE}
A **room** is one subject and has the same file names as every other room. Rooms stand on **floors**: a room uses what
stands below it, never above, never beside. `make lint` checks that, and tests see to it that a table is written only by
the room whose name it begins with.

| A newcomer asks | The answer is in |
|---|---|
{{questions}}

## The rooms, from the top floor down

{{rooms}}

## The files of a room

The same in every room; a room has those it needs.

| File | Holds |
|---|---|
{{files}}

Words: [glossary.md](glossary.md). Why it is so: [adr/](adr/). Attacks and what stops them: [threats.md](threats.md).
"""


def write_map() -> str:
    """Where is what: the floors, the rooms on them, and where the answers to a newcomer's questions are."""
    return MAP.format(
        questions="\n".join(f"| {question} | {link(ROOT / path)} |" for question, path in QUESTIONS),
        rooms="\n".join(line for floor in floors() for room in floor for line in described(room)).strip(),
        files="\n".join(f"| {names} | {holds} |" for names, holds in FILES),
    )


def floors() -> list[list[str]]:
    """The rooms by floor, top first, from the import contracts."""
    found = [[part.strip(" ()") for part in layer.split("|")] for layer in layers("floors")]
    return [
        [room for room in floor if (PACKAGE / room).exists() or (PACKAGE / f"{room}.py").exists()] for floor in found
    ]


def layers(contract: str) -> list[str]:
    """The layers of a contract in pyproject.toml, the highest first."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    found: list[str] = next(each["layers"] for each in contracts if each["id"] == contract)
    return found


def described(room: str) -> Iterator[str]:
    """A room and what is inside it, with what their docstrings say."""
    path = PACKAGE / room
    if not path.is_dir():
        path = path.with_suffix(".py")
        yield from (f"**{link(path)}** – {says(path)}", "")
        return
    yield from (f"**{link(path, room)}** – {says(path)}", "")
    inside = sorted((inner.parent for inner in path.rglob("__init__.py") if inner.parent != path), key=standing)
    if room == "kit":
        inside += sorted(file for file in path.glob("*.py") if file.stem != "__init__")
    yield from (f"- {link(inner)} – {says(inner)}" for inner in inside)
    if inside:
        yield ""


def standing(path: Path) -> tuple[int, Path]:
    """Rooms of the domain in their order, everything else by name."""
    order = [part.strip(" ()") for layer in layers("domain") for part in layer.split("|")]
    return (order.index(path.name) if path.parent.name == "domain" and path.name in order else len(order), path)


def says(path: Path) -> str:
    """What a module's docstring says first, and its tables, in one line."""
    source = (path / "__init__.py" if path.is_dir() else path).read_text("utf-8")
    documented = (ast.get_docstring(ast.parse(source)) or "").replace("``", "`")
    first = " ".join(documented.split("\n\n")[0].split())
    tables = re.search(r"Tables: ([\w,\s]+)\.", documented)
    if tables is None or tables[1] == "none":
        return first
    return f"{first} Tables: {', '.join(f'`{name.strip()}`' for name in tables[1].split(','))}."


def link(path: Path, text: str | None = None) -> str:
    """A link from ``docs/map.md`` to a file, named by its place in the package."""
    shown = text or path.relative_to(PACKAGE if path.is_relative_to(PACKAGE) else ROOT).as_posix()
    return f"[`{shown}`]({os.path.relpath(path, DOCS)})"


URLS_PAGE = f"""\
# Every URL, and who may call it
{NOTE}
From [`urls.py`](../../src/unilogin/urls.py). A method that is not listed here answers 405, an address that is not, 404.

| Method | Path | Function | Access |
|---|---|---|---|
{{urls}}

| Access | Who |
|---|---|
{{rules}}
"""


def write_urls() -> str:
    """Every URL with its access rule."""
    rules = sorted({(line.access, " ".join(line.meaning.split())) for line in URLS})
    return URLS_PAGE.format(
        urls="\n".join(f"| {line.method} | `{line.path}` | {linked(line.endpoint)} | {line.access} |" for line in URLS),
        rules="\n".join(f"| {name} | {meaning} |" for name, meaning in rules),
    )


def linked(function: str) -> str:
    """A link from ``docs/reference`` to the file of a function that is named from the package."""
    module = function.rpartition(".")[0]
    return f"[`{function}`](../../src/unilogin/{module.replace('.', '/')}.py)"


EVENTS_PAGE = f"""\
# Every event of the audit log
{NOTE}
From [`domain/audit/events.py`](../../src/unilogin/domain/audit/events.py). A row is written in the transaction of the
act itself. It says who did what about whom, when and with what outcome, and never holds a secret, a CPR number or a
name. Rows are only added: the role the server works in can neither change nor delete them.

| Event | Written by |
|---|---|
{{events}}
"""


def write_events() -> str:
    """Every event of the audit log, and the files that write it."""
    events = (f"| `{event.value}` | {', '.join(writers(event)) or '–'} |" for event in Event)
    return EVENTS_PAGE.format(events="\n".join(events))


def writers(event: Event) -> Iterator[str]:
    """Links to the files that name an event."""
    for name, named in _named_events().items():
        if event.name in named:
            yield f"[`{name}`](../../src/unilogin/{name})"


@cache
def _named_events() -> Mapping[str, frozenset[str]]:
    """File of the package → the names of events in it."""
    return {
        path.relative_to(PACKAGE).as_posix(): frozenset(re.findall(r"\bEvent\.(\w+)", path.read_text("utf-8")))
        for path in sorted(PACKAGE.rglob("*.py"))
    }


def write_messages() -> str:
    """Every sentence of the interface in both languages."""
    texts = load_texts()
    lines = ["# Every sentence people read", NOTE, "From [`locale/`](../../src/unilogin/locale): one catalogue a room."]
    room = ""
    for code in sorted(texts.codes("da")):
        if code.split(".")[0] != room:
            room = code.split(".")[0]
            lines += ["", f"## {room}", "", "| Code | Dansk | English |", "|---|---|---|"]
        lines.append(f"| `{code}` | {shown(texts.raw('da', code))} | {shown(texts.raw('en', code))} |")
    return "\n".join((*lines, ""))


def shown(sentence: str | tuple[str, ...]) -> str:
    """A sentence as a cell of a table; plural forms below each other."""
    forms = sentence if isinstance(sentence, tuple) else (sentence,)
    return "<br>".join(form.replace("|", "\\|").replace("<", "&lt;").replace("\n", "<br>") for form in forms)


PAGES: Mapping[str, Callable[[], str]] = {
    "map.md": write_map,
    "reference/urls.md": write_urls,
    "reference/events.md": write_events,
    "reference/messages.md": write_messages,
}
"""Page → what writes it."""


def main() -> int:
    """Write the pages; say which changed."""
    for name, write in PAGES.items():
        path, text = DOCS / name, write()
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            sys.stdout.write(f"docs/{name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
