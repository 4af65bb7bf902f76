"""Logs as JSON lines: request ids and facts, never a user's id or a message that may hold one."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

_FRAMES = 8


def logger() -> FilteringBoundLogger:
    """Return a logger that writes JSON lines to standard error."""
    made: FilteringBoundLogger = structlog.wrap_logger(
        structlog.WriteLogger(sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger("info"),
        context_class=dict,
    )
    return made


def worries() -> FilteringBoundLogger:
    """Return a logger for commands: warnings and errors on standard error, for people to read."""
    made: FilteringBoundLogger = structlog.wrap_logger(
        structlog.WriteLogger(sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0),
        ],
        wrapper_class=structlog.make_filtering_bound_logger("warning"),
        context_class=dict,
    )
    return made


def described(error: BaseException) -> dict[str, Any]:
    """Return the class of an error and where it was raised, without its message."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    return {
        "error": type(error).__name__,
        "where": [f"{_placed(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames],
    }


class JsonLine(logging.Formatter):
    """Writes what libraries log as a line like all others: without what an error may tell."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as one JSON object."""
        error = record.exc_info[1] if record.exc_info else None
        at = datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z")
        told = {"event": record.getMessage().strip(), "level": record.levelname.lower()}
        more = {} if error is None else described(error)
        return json.dumps({**told, "logger": record.name, "timestamp": at, **more})


FOR_LIBRARIES: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": JsonLine}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
}
"""How the loggers of libraries are set up in a process that serves."""


def tell(text: str) -> None:
    """Tell whoever started a server: a line for people at a terminal, else one of the log."""
    if sys.stderr.isatty():
        sys.stderr.write(f"{text}\n")
    else:
        logger().info(text)


def _placed(path: str) -> str:
    return "/".join(Path(path).parts[-2:])
