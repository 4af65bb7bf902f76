"""Looks at users for what is told of them: everybody now and then, whoever does something soon.

One worker at a time looks; half of its time is for those who wait for answers.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Protocol

from api.model.served import Serving
from api.runtime import background
from api.runtime.clock import system
from recsys.data.times import HOUR, SECOND
from recsys.errors import StoreUnavailable
from recsys.storage.models.errors import NoChampion
from recsys.storage.webhooks import progress
from recsys.storage.webhooks.endpoints import Endpoint, WebhookKind
from recsys.storage.webhooks.progress import Progress

if TYPE_CHECKING:
    from api.service import Service

LEASE = 30 * SECOND
_CHUNK = 200
_MOST_ACTIVE = 1_000


class Crossings(Protocol):
    """What is looked for."""

    @property
    def name(self) -> str:
        """Under which it is noted how far the watch is."""

    @property
    def kinds(self) -> frozenset[WebhookKind]:
        """What is told."""

    def crossed(self, serving: Serving, users: Sequence[str], to: Sequence[Endpoint]) -> int:
        """Note how users stand, tell what changed, and return of how many that was."""


@dataclass(slots=True)
class Watcher:
    """Looks, in one worker at a time.

    Attributes
    ----------
    service : Service
        Answers.
    watched : Crossings
        What is looked for.
    """

    service: Service
    watched: Crossings
    closing: bool = False

    async def follow(self, closing: asyncio.Event, seconds: float) -> None:
        """Look again and again."""
        await background.repeated(
            self.work, closes=self.close, closing=closing, seconds=seconds,
            on_failure=(StoreUnavailable, NoChampion),
        )  # fmt: skip

    def close(self) -> None:
        """Look at nobody more."""
        self.closing = True

    def work(self) -> int:
        """Look at who is due, and return of how many something is told; runs in a thread.

        Raises
        ------
        StoreUnavailable, NoChampion
            Not now.
        """
        service = self.service
        to = [
            one
            for one in service.webhooks.every()
            if not self.watched.kinds.isdisjoint(one.kinds) and not one.off
        ]
        database, name, now = service.log.database, self.watched.name, system()
        was = progress.read(database, name)
        if not to or was.until > now:
            return 0
        serving = service.current.serving
        mine = replace(was, until=now + LEASE)
        if not progress.turn(database, was, mine, name):
            return 0
        every = int(service.config.serving.churn_watch_hours * HOUR)
        if was.version != serving.answering.version or now - was.at >= every:
            return self._whole(serving, to, mine)
        users, seq = progress.active(database, was.seq, _MOST_ACTIVE)
        count = self.watched.crossed(serving, users, to)
        progress.turn(database, mine, replace(mine, seq=seq, until=0), name)
        return count

    def _whole(self, serving: Serving, to: Sequence[Endpoint], mine: Progress) -> int:
        """Look at everybody."""
        service, count, began = self.service, 0, system()
        seq = service.log.last_seq()
        known = service.identities.people(serving.answering.bundle.interactions.users)
        for users in _chunks(known):
            started = time.perf_counter()
            count += self.watched.crossed(serving, users, to)
            on = replace(mine, until=system() + LEASE)
            if self.closing or not progress.turn(service.log.database, mine, on, self.watched.name):
                return count
            mine = on
            time.sleep(time.perf_counter() - started)
        done = Progress(serving.answering.version, began, seq, 0)
        progress.turn(service.log.database, mine, done, self.watched.name)
        return count


def _chunks(users: Iterable[str]) -> Iterator[list[str]]:
    every = iter(users)
    while chunk := list(islice(every, _CHUNK)):
        yield chunk
