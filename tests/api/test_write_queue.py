"""Events that wait for the disk."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from api.requests.write_queue import WriteQueue
from recsys.errors import StoreUnavailable
from recsys.storage.events.event import Event, Verdict


async def _full_write_queue() -> None:
    write_queue = WriteQueue(lambda events: [Verdict.ACCEPTED for _ in events], most_waiting=0)
    with pytest.raises(StoreUnavailable, match="wait for it already"):
        await write_queue.put([Event("e", "u", "view", 1)])


def test_a_full_write_queue_turns_away() -> None:
    asyncio.run(_full_write_queue())


async def _grouped() -> list[int]:
    sizes: list[int] = []

    def write(events: Any) -> list[Verdict]:
        sizes.append(len(events))
        return [Verdict.ACCEPTED for _ in events]

    write_queue = WriteQueue(write)
    await asyncio.gather(*(write_queue.put([Event(f"e{n}", "u", "view", 1)]) for n in range(50)))
    await write_queue.close()
    return sizes


def test_what_waits_is_written_in_one_transaction() -> None:
    assert asyncio.run(_grouped()) == [50]
