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
from collections.abc import Mapping, MutableMapping
from contextvars import ContextVar
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Final, cast
from uuid import UUID

if "rich" not in sys.modules:
    # structlog imports it for colourful tracebacks, which are never printed here: 5 MB a worker, 0.1 s a command.
    sys.modules["rich"] = None  # type: ignore[assignment]  # what Python takes as "there is none"
import structlog
from structlog.typing import FilteringBoundLogger

if not sys.modules["rich"]:
    del sys.modules["rich"]

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

Fields = MutableMapping[str, Any]


def set_up_logs(*, level: str = "info", readable: bool = False) -> None:
    """Send the logs of this process to standard error: JSON for machines, or lines for a person at a terminal."""
    structlog.configure(
        processors=[*_PROCESSORS, _console() if readable else _as_json],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    _take_over_libraries()


def log(room: str) -> FilteringBoundLogger:
    """Return the logger of a room. An event is a fixed word; what differs goes into fields."""
    return cast(FilteringBoundLogger, structlog.get_logger(room=room))


def _with_request(logger: object, method: str, fields: Fields) -> Fields:
    if request_id := request_of_log.get(None):
        fields.setdefault("request_id", request_id)
    return fields


def _with_exception(logger: object, method: str, fields: Fields) -> Fields:
    """Put an exception's type and place where its traceback and message would go."""
    given = fields.pop("exc_info", None)
    if given is True:
        given = sys.exc_info()
    error = given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        fields["raised"] = described(error)
    return fields


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


def _without_private(logger: object, method: str, fields: Fields) -> Fields:
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


def _as_json(logger: object, method: str, fields: Fields) -> str:
    # ASCII only: also U+2028, U+009B and their like are line breaks or terminal codes to somebody.
    return json.dumps(fields, default=str).replace("\x7f", "\\u007f")


def _for_terminal(logger: object, method: str, fields: Fields) -> Fields:
    """Escape what steers a terminal; Danish letters stay."""
    return {name: _printable(value) for name, value in fields.items()}


def _printable(value: object) -> object:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)


def _console() -> structlog.typing.Processor:
    console = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    return lambda logger, method, fields: console(logger, method, _for_terminal(logger, method, fields))


_PROCESSORS: Final[tuple[structlog.typing.Processor, ...]] = (
    _with_request,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    _with_exception,
    _without_private,
)


class _Bridge(logging.Handler):
    """Writes what libraries log as lines of ours: the first line of the message, which is the one without values."""

    def emit(self, record: logging.LogRecord) -> None:
        logger = log(record.name)
        event = record.getMessage().partition("\n")[0]
        logger.log(record.levelno, event, exc_info=record.exc_info)


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
