"""Logs as JSON lines: request ids and facts, never a user's id or a message that may hold one."""

from __future__ import annotations

import sys
import traceback
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
        "where": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }
