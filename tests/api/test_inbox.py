"""Events that wait for the disk."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from api.requests.write_queue import Inbox
from recsys.errors import StoreUnavailable
from recsys.storage.events.event import Event, Reception


class Log:
    """A log that takes everything, and remembers how much at once."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def append(self, events: Sequence[Event]) -> list[Reception]:
        self.sizes.append(len(events))
        return [Reception.ACCEPTED for _ in events]


async def _full_inbox() -> None:
    inbox = Inbox(Log().append, most_waiting=0)
    with pytest.raises(StoreUnavailable, match="wait for it already"):
        await inbox.put([Event("e", "u", "view", 1)])


def test_a_full_inbox_turns_away() -> None:
    asyncio.run(_full_inbox())


async def _grouped() -> list[int]:
    log = Log()
    inbox = Inbox(log.append)
    await asyncio.gather(*(inbox.put([Event(f"e{n}", "u", "view", 1)]) for n in range(50)))
    await inbox.close()
    return log.sizes


def test_what_waits_is_written_in_one_transaction() -> None:
    assert asyncio.run(_grouped()) == [50]
