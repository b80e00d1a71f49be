"""B-L20: whatever gets into a log call comes out as one line of ASCII JSON, without what must not be in a log."""

import ast
import asyncio
import io
import json
import logging
import sys
from collections.abc import Iterator
from uuid import UUID

import asyncpg
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from tests.builders.running import run
from tests.house.source import name_of, parsed, python_files
from unilogin.kit.logs import PRIVATE, log, request_of_log, set_up_logs

NASTY = [
    "\r\nlevel=critical all is lost",
    '", "level": "info", "event": "signed in',
    "\x1b[2J\x1b[31mred\x1b]0;title\x07",
    "\x9b31m and \x85 and \u2028 and \u2029",
    "\u202egnp.exe",
    "{}[]\\\\\"'\x00\x7f",
    "\udcff\ud800",
]


class Lines:
    """What the process has logged."""

    def __init__(self, stream: io.StringIO) -> None:
        self._stream = stream

    def take(self) -> list[str]:
        """Return the lines since last time."""
        text = self._stream.getvalue()
        self._stream.seek(0)
        self._stream.truncate()
        assert text.endswith("\n") or not text
        return text.splitlines()  # which also splits at the line breaks that only some programs know

    def only(self) -> dict[str, object]:
        """Return the one event that was logged."""
        (line,) = self.take()
        assert line.isascii()
        assert line.isprintable()
        event = json.loads(line)
        assert isinstance(event, dict)
        return event


@pytest.fixture(params=["json", "readable"])
def lines(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    yield from _captured(monkeypatch, readable=request.param == "readable")


@pytest.fixture
def json_lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    yield from _captured(monkeypatch, readable=False)


def _captured(monkeypatch: pytest.MonkeyPatch, *, readable: bool) -> Iterator[Lines]:
    stream, root = io.StringIO(), logging.getLogger()
    handlers, level = root.handlers, root.level
    monkeypatch.setattr(sys, "stderr", stream)
    set_up_logs(readable=readable)
    yield Lines(stream)
    structlog.reset_defaults()
    root.handlers = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)


@pytest.mark.parametrize("text", NASTY)
def test_b_l20_one_event_is_one_line_that_steers_no_terminal(lines: Lines, text: str) -> None:
    log("tests").warning("something", field=text, mapping={"key": text}, many=[text])
    (line,) = lines.take()
    assert line.isprintable()


@pytest.mark.parametrize("text", NASTY)
def test_b_l20_an_exception_is_one_line_without_its_message(lines: Lines, text: str) -> None:
    try:
        raise ValueError(text + "canary")
    except ValueError:
        log("tests").exception("fault")
    (line,) = lines.take()
    assert line.isprintable()
    assert "ValueError" in line
    assert "test_log_lines.py" in line
    assert "canary" not in line


@pytest.mark.parametrize("text", NASTY)
def test_b_l20_what_a_library_logs_comes_out_the_same_way(json_lines: Lines, text: str) -> None:
    logging.getLogger("asyncio").error(
        "Task exception was never retrieved\nfuture: <Task exception=%r>", text + "canary"
    )
    event = json_lines.only()
    assert event["room"] == "asyncio"
    assert "canary" not in str(event)


def test_the_fields_come_through_unharmed(json_lines: Lines) -> None:
    identity = UUID(int=7)
    log("tests").info("event", text='Æble "rød"', number=7, truth=True, nothing=None, identity=identity, some=[1, "x"])
    event = json_lines.only()
    assert event.pop("timestamp")
    assert event == {
        "room": "tests",
        "event": "event",
        "level": "info",
        "text": 'Æble "rød"',
        "number": 7,
        "truth": True,
        "nothing": None,
        "identity": str(identity),
        "some": [1, "x"],
    }


@given(
    st.dictionaries(st.text(min_size=1), st.recursive(st.text() | st.integers() | st.binary(), st.lists), max_size=4)
)
def test_b_l20_no_field_can_break_the_line(fields: dict[str, object]) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        for lines in _captured(monkeypatch, readable=False):
            log("tests").warning("event", fields=fields)
            assert lines.only()["event"] == "event"


def test_every_line_of_a_request_bears_its_id(json_lines: Lines) -> None:
    async def answer() -> None:
        request_of_log.set("abc")
        log("tests").info("inside")

    async def scene() -> None:
        await asyncio.create_task(answer())
        log("tests").info("outside")

    run(scene())
    inside, outside = (json.loads(line) for line in json_lines.take())
    assert inside["request_id"] == "abc"
    assert "request_id" not in outside


@pytest.mark.parametrize("field", sorted(PRIVATE))
def test_k_13_a_private_field_is_never_written(json_lines: Lines, field: str) -> None:
    log("tests").warning("event", **{field: "canary"}, inside={field.upper(): "canary"})
    assert "canary" not in json.dumps(json_lines.only())


@pytest.mark.parametrize("cpr", ["0101701234", "010170-1234", "610170 1234", "310299ZZZ9", "311299-ZZZ9", "9112991234"])
def test_k_13_what_looks_like_a_cpr_number_is_taken_out(json_lines: Lines, cpr: str) -> None:
    log("tests").warning(f"no person {cpr}", reason=f"({cpr})", some=[cpr])
    assert cpr not in json.dumps(json_lines.only())


def test_ids_and_times_are_not_taken_for_cpr_numbers(json_lines: Lines) -> None:
    kept = ["0190c000-0000-7000-8000-010170123400", "2026-08-17T08:00:00.010170Z", "a0101701234", "9913701234"]
    log("tests").warning("event", kept=kept)
    assert json_lines.only()["kept"] == kept


def test_k_13_a_refusal_of_the_database_names_the_rule_and_not_the_values(json_lines: Lines, database: str) -> None:
    """asyncpg puts "Key (username)=(…) already exists" into the message."""

    async def scene() -> None:
        connection = await asyncpg.connect(database)
        try:
            for _ in range(2):
                await connection.execute("insert into directory_username (username) values ('cana1234')")
        except asyncpg.PostgresError:
            log("tests").exception("fault")
        await connection.close()

    run(scene())
    event = json_lines.only()
    assert "cana1234" not in json.dumps(event)
    raised = event["raised"]
    assert isinstance(raised, dict)
    assert (raised["sqlstate"], raised["constraint_name"]) == ("23505", "directory_username_pkey")


def test_objects_are_named_by_their_type(json_lines: Lines) -> None:
    """What their text would show nobody knows."""
    log("tests").warning("event", error=ValueError("canary"), raw=b"canary", thing=io.StringIO("canary"))
    event = json_lines.only()
    assert (event["error"], event["raw"], event["thing"]) == ("ValueError", "bytes", "StringIO")


def test_long_texts_are_cut(json_lines: Lines) -> None:
    log("tests").warning("event", text="x" * 100_000)
    assert len(json.dumps(json_lines.only())) < 1000


LOGGING = {"debug", "info", "warning", "error", "exception", "critical"}


def test_b_l20_events_are_fixed_words_and_fields_are_never_private() -> None:
    """A sentence put together while running would carry values past the fields."""
    wrong = []
    for path in python_files("src/"):
        for node in ast.walk(parsed(path)):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LOGGING):
                continue
            if "log" not in ast.unparse(node.func.value).lower():
                continue
            fixed = node.args and is_fixed(node.args[0])
            private = {keyword.arg for keyword in node.keywords} & PRIVATE
            if not fixed or private:
                wrong.append(f"{name_of(path)}:{node.lineno}")
    assert not wrong


def is_fixed(event: ast.expr) -> bool:
    return isinstance(event, ast.Constant) or (
        isinstance(event, ast.IfExp) and is_fixed(event.body) and is_fixed(event.orelse)
    )


def test_nothing_but_the_command_line_prints() -> None:
    printing = [
        f"{name_of(path)}:{node.lineno}"
        for path in python_files("src/")
        if not name_of(path).startswith(("src/unilogin/cli/", "src/unilogin/demo/"))
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"print", "sys.stdout.write", "sys.stderr.write"}
    ]
    assert not printing
