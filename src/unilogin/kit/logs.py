"""Structured logs: one JSON object a line, in UTC, with nothing in it that identifies a child (K-13, B-L20)."""

import logging
import sys
from typing import cast

import msgspec
import structlog
from structlog.typing import FilteringBoundLogger

_encoder = msgspec.json.Encoder(enc_hook=str)


def set_up_logs(*, level: str = "info", readable: bool = False) -> None:
    """Send logs to standard error: JSON for machines, or lines for a person at a terminal.

    JSON encoding is also what stops log injection: a line break in a value stays inside its string.
    """
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
        if readable
        else structlog.processors.JSONRenderer(serializer=lambda event, **_: _encoder.encode(event).decode())
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )


def log(room: str) -> FilteringBoundLogger:
    """Return the logger of a room."""
    return cast(FilteringBoundLogger, structlog.get_logger(room=room))
