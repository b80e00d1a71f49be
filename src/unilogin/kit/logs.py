"""Structured logs: one line of ASCII JSON for everything that happens, in UTC, with nothing in it that names a child.

- One event, one line: whatever a stranger sends, line breaks, terminal codes and quotes in it stay escaped (B-L20).
- No values: an exception is logged by its type and where it happened, never with its message, because messages of
  libraries quote what they refuse ("Key (username)=(…) already exists").
- What should not have been handed in is taken out all the same: by the name of the field, and whatever looks like a CPR
  number (K-13). That is the second net; the first is not to log such things.
- Libraries that use Python's own logging come through here too.
"""

import json
import logging
import re
import sys
import traceback
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Final, TextIO
from uuid import UUID

request_of_log: ContextVar[str] = ContextVar("request_of_log")
"""The id of the request that is being answered: set by the frame, written on every line meanwhile."""

PRIVATE: Final = frozenset(
    {
        *("access_token", "authorization", "client_secret", "code_verifier", "cookie", "id_token", "refresh_token"),
        *("password", "pictures", "secret", "session_token", "token"),
        *("cpr", "name", "uniid", "username"),
        *("body", "dsn", "form", "headers", "query", "url"),
    }
)
"""Fields that are never written, whoever hands them in."""

_REMOVED = "[removed]"
_LONGEST = 500
_DEEPEST = 12
# Day (or day + 60) and month have to be possible: a telephone number or a time in seconds is rarely taken for one.
_CPR = re.compile(
    r"(?<![0-9A-Za-z])(?:[0-2]\d|3[01]|[67]\d|8\d|9[01])(?:0\d|1[0-2])\d\d[- ]?(?:\d{4}|ZZZ\d)(?![0-9A-Za-z])"
)
_PACKAGES = re.compile(r".*/(?:site-packages|src)/")


@dataclass(slots=True)
class _Output:
    """Where the lines of this process go, from which level on, and for whom."""

    stream: TextIO | None = None
    level: int = logging.INFO
    readable: bool = False


_output = _Output()


def set_up_logs(*, level: str = "info", readable: bool = False) -> None:
    """Send the logs of this process to standard error: JSON for machines, or lines for a person at a terminal."""
    _output.stream, _output.readable = sys.stderr, readable
    _output.level = logging.getLevelNamesMapping()[level.upper()]
    _take_over_libraries()


class Log:
    """The logger of a room. An event is a fixed word; what differs goes into fields."""

    __slots__ = ("_room",)

    def __init__(self, room: str) -> None:
        self._room = room

    def debug(self, event: str, **fields: object) -> None:
        self.log(logging.DEBUG, event, **fields)

    def info(self, event: str, **fields: object) -> None:
        self.log(logging.INFO, event, **fields)

    def warning(self, event: str, **fields: object) -> None:
        self.log(logging.WARNING, event, **fields)

    def error(self, event: str, **fields: object) -> None:
        self.log(logging.ERROR, event, **fields)

    def exception(self, event: str, **fields: object) -> None:
        """Log an error from its ``except``, with type and place of the exception."""
        self.log(logging.ERROR, event, sys.exception(), **fields)

    def log(self, level: int, event: str, error: BaseException | None = None, /, **fields: object) -> None:
        if level < _output.level:
            return
        if request_id := request_of_log.get(None):
            fields.setdefault("request_id", request_id)
        if error is not None:
            fields["raised"] = described(error)
        at = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        first = {"timestamp": at, "level": logging.getLevelName(level).lower(), "room": self._room, "event": event}
        told = _without_private({**first, **fields, **first})
        stream = _output.stream or sys.stderr
        stream.write((_for_terminal(told) if _output.readable else _as_json(told)) + "\n")
        stream.flush()


def log(room: str) -> Log:
    """Return the logger of a room."""
    return Log(room)


def described(error: BaseException) -> dict[str, object]:
    """Return what may be known of an exception: its type, where it was raised, which rule of the database it broke."""
    frames = traceback.extract_tb(error.__traceback__)[-_DEEPEST:]
    told: dict[str, object] = {
        "type": f"{type(error).__module__}.{type(error).__qualname__}",
        "at": [f"{_PACKAGES.sub('', frame.filename)}:{frame.lineno} {frame.name}" for frame in frames],
    }
    for attribute in ("code", "sqlstate", "constraint_name", "table_name"):
        if isinstance(value := getattr(error, attribute, None), str):
            told[attribute] = value
    if isinstance(error, BaseExceptionGroup):
        told["of"] = [described(one) for one in error.exceptions[:3]]
    if cause := error.__cause__ or (None if error.__suppress_context__ else error.__context__):
        told["from"] = f"{type(cause).__module__}.{type(cause).__qualname__}"
    return told


def _without_private(fields: Mapping[str, object]) -> dict[str, object]:
    return {name: _REMOVED if name.lower() in PRIVATE else _harmless(value) for name, value in fields.items()}


def _harmless(value: object) -> object:
    """Return a value without what looks like a CPR number, not longer than is useful."""
    if isinstance(value, Mapping):
        return {str(name): _REMOVED if str(name).lower() in PRIVATE else _harmless(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_harmless(one) for one in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    if not isinstance(value, str | UUID | datetime | IPv4Address | IPv6Address):
        return type(value).__name__  # what its text would show nobody knows
    text = str(value)
    text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return _CPR.sub(_REMOVED, text)


def _as_json(fields: Mapping[str, object]) -> str:
    # ASCII only: also U+2028, U+009B and their like are line breaks or terminal codes to somebody.
    return json.dumps(fields, default=str).replace("\x7f", "\\u007f")


def _for_terminal(fields: dict[str, object]) -> str:
    """Return a line for people. What steers a terminal is escaped; Danish letters stay."""
    at, level, event = (_printable(fields.pop(name)) for name in ("timestamp", "level", "event"))
    return f"{at} {level:<8} {event}" + "".join(f" {name}={_printable(value)}" for name, value in fields.items())


def _printable(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)


class _Bridge(logging.Handler):
    """Writes what libraries log as lines of ours: the first line of the message, which is the one without values."""

    def emit(self, record: logging.LogRecord) -> None:
        event = record.getMessage().partition("\n")[0]
        log(record.name).log(record.levelno, event, record.exc_info[1] if record.exc_info else None)


def _take_over_libraries() -> None:
    logging.captureWarnings(capture=True)
    root = logging.getLogger()
    root.handlers = [_Bridge()]
    root.setLevel(logging.WARNING)
    for name in ("_granian", "granian.access"):  # they come with handlers of their own
        library = logging.getLogger(name)
        library.handlers = []
        library.propagate = True
    logging.getLogger("granian.access").disabled = True  # it would write addresses with journeys and codes in them


def server_log_config() -> Mapping[str, Any]:
    """Return granian's logging configuration: its lines through ours, in every process it makes."""
    bridge = {"()": f"{__name__}._Bridge"}
    loggers = {"_granian": {"handlers": [], "level": "INFO", "propagate": True}}
    return {
        "handlers": {"unilogin": bridge},
        "root": {"handlers": ["unilogin"], "level": "WARNING"},
        "loggers": loggers,
    }
