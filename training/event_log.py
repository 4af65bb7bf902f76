"""The event log of commands; apart, so that an import loads no library that fits models."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from recsys.config import Config
from recsys.storage.database.open import open_store
from recsys.storage.events.log import EventLog


@contextmanager
def open_log(config: Config) -> Iterator[EventLog]:
    """Open the event log that is configured; it is closed at the end of the block.

    Raises
    ------
    StoreUnavailable
        It cannot be opened.
    """
    database = open_store(config.storage)
    try:
        yield EventLog(database)
    finally:
        database.close()
