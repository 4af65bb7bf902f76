"""What is on its way to the disk: one writer, and whatever waits goes in one transaction."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from recsys.errors import StoreUnavailable

T = TypeVar("T")
Verdict = TypeVar("Verdict")

_REMEMBERED_SECONDS = 30.0


class Inbox(Generic[T, Verdict]):
    """Groups what arrives while the disk is busy, so that many clients share one commit.

    Parameters
    ----------
    write : callable
        Writes durably and returns a verdict for each; it is called in a thread.
    most_waiting : int
        Requests that may wait; more are turned away.
    """

    def __init__(
        self, write: Callable[[Sequence[T]], list[Verdict]], *, most_waiting: int = 1_000
    ) -> None:
        self._write = write
        self._most_waiting = most_waiting
        self._waiting: list[tuple[Sequence[T], asyncio.Future[list[Verdict]]]] = []
        self._writer: asyncio.Task[None] | None = None
        self._failure, self._failed_at = "", 0.0

    def failing(self) -> str:
        """Return why the last write failed, for half a minute or until one succeeds; else empty."""
        recent = time.monotonic() - self._failed_at < _REMEMBERED_SECONDS
        return self._failure if recent else ""

    async def put(self, things: Sequence[T]) -> list[Verdict]:
        """Return a verdict for each, once they are on the disk.

        Raises
        ------
        StoreUnavailable
            Nothing was logged: the store failed, or too many requests wait for it.
        """
        if len(self._waiting) >= self._most_waiting:
            raise StoreUnavailable(f"{self._most_waiting:,} requests wait for it already")
        done: asyncio.Future[list[Verdict]] = asyncio.get_running_loop().create_future()
        self._waiting.append((things, done))
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
            things = [one for own, _ in group for one in own]
            try:
                verdicts = iter(await asyncio.to_thread(self._write, things))
            except Exception as error:  # noqa: BLE001 - whoever waits is told, whatever it was
                self._failure, self._failed_at = str(error), time.monotonic()
                for _, done in group:
                    if not done.done():
                        done.set_exception(error)
                continue
            self._failure = ""
            for own, done in group:
                theirs = [next(verdicts) for _ in own]
                if not done.done():
                    done.set_result(theirs)
        self._writer = None
