"""Events on their way to the disk: one writer, and whatever waits goes in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from api.runtime.clock import Clock
from recsys.errors import StoreUnavailable
from recsys.storage.events.event import Event, Reception
from recsys.storage.events.log import EventLog

Waiting = tuple[Sequence[Event], "asyncio.Future[list[Reception]]"]


class Inbox:
    """Groups what arrives while the disk is busy, so that many clients share one commit.

    Parameters
    ----------
    log : EventLog
        Writes events durably and returns a verdict for each, in a thread.
    clock : Clock
        When they are written.
    most_waiting : int
        Requests that may wait; more are turned away.
    """

    def __init__(self, log: EventLog, clock: Clock, *, most_waiting: int = 1_000) -> None:
        self._log = log
        self._clock = clock
        self._most_waiting = most_waiting
        self._waiting: list[Waiting] = []
        self._writer: asyncio.Task[None] | None = None

    async def put(self, events: Sequence[Event]) -> list[Reception]:
        """Return a verdict for each event, once they are on the disk.

        Raises
        ------
        StoreUnavailable
            Nothing was logged: the store failed, or too many requests wait for it.
        """
        if len(self._waiting) >= self._most_waiting:
            raise StoreUnavailable(f"{self._most_waiting:,} requests wait for it already")
        done: asyncio.Future[list[Reception]] = asyncio.get_running_loop().create_future()
        self._waiting.append((events, done))
        if self._writer is None:
            self._writer = asyncio.create_task(self._drain())
        return await done

    async def close(self) -> None:
        """Wait until everything handed in is written."""
        if self._writer is not None:
            await self._writer

    async def _drain(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting, []
            events = [event for own, _ in group for event in own]
            try:
                verdicts = iter(
                    await asyncio.to_thread(self._log.append, events, now=self._clock())
                )
            except Exception as error:  # noqa: BLE001 - whoever waits is told, whatever it was
                for _, done in group:
                    if not done.done():
                        done.set_exception(error)
                continue
            for own, done in group:
                theirs = [next(verdicts) for _ in own]
                if not done.done():
                    done.set_result(theirs)
        self._writer = None
