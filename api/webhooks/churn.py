"""Who crosses a band of churn: everybody is looked at now and then, whoever does something soon.

Only of who allows profiling, and where the answer is about the person: a rate of everybody that
moves says nothing of anybody. A band is noted in the transaction that keeps what is told of it, so
a crossing is told once, whatever stops in between. Seen for the first time, nobody has crossed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from api.messages.users import Churn
from api.model.served import Serving
from api.runtime import background
from api.runtime.clock import system
from api.webhooks import telling
from recsys.data.times import HOUR, SECOND
from recsys.errors import NoChampion, StoreUnavailable
from recsys.ladder import RungName
from recsys.storage.webhooks import bands, messages
from recsys.storage.webhooks.bands import BandWatch
from recsys.storage.webhooks.endpoints import Endpoint, WebhookKind

if TYPE_CHECKING:
    from api.service import Service

PERSONAL = frozenset({RungName.ONE_TO_ONE, RungName.HYPER})
LEASE = 30 * SECOND
_CHUNK = 200
_MOST_ACTIVE = 1_000
_MOST_REASONS = 3


@dataclass(slots=True)
class ChurnWatch:
    """Looks, in one worker at a time.

    Attributes
    ----------
    service : Service
        Answers.
    """

    service: Service
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
        """Look at who is due, and return how many crossed a band; runs in a thread.

        Raises
        ------
        StoreUnavailable, NoChampion
            Not now.
        """
        service = self.service
        to = [
            one
            for one in service.webhooks.every()
            if WebhookKind.CHURN in one.kinds and not one.off
        ]
        database, was, now = service.log.database, bands.read(service.log.database), system()
        if not to or was.until > now:
            return 0
        serving = service.current.serving
        mine = replace(was, until=now + LEASE)
        if not bands.turn(database, was, mine):
            return 0
        every = int(service.config.serving.churn_watch_hours * HOUR)
        if was.version != serving.answering.version or now - was.at >= every:
            return self._whole(serving, to, mine)
        users, seq = bands.active(database, was.seq, _MOST_ACTIVE)
        count = self._crossed(serving, users, to)
        bands.turn(database, mine, replace(mine, seq=seq, until=0))
        return count

    def _whole(self, serving: Serving, to: Sequence[Endpoint], mine: BandWatch) -> int:
        """Look at everybody; half of the time is for those who wait for answers."""
        service, count, began = self.service, 0, system()
        seq = service.log.last_seq()
        known = service.identities.people(serving.answering.bundle.interactions.users)
        for users in _chunks(known):
            started = time.perf_counter()
            count += self._crossed(serving, users, to)
            on = replace(mine, until=system() + LEASE)
            if self.closing or not bands.turn(service.log.database, mine, on):
                return count
            mine = on
            time.sleep(time.perf_counter() - started)
        done = BandWatch(serving.answering.version, began, seq, 0)
        bands.turn(service.log.database, mine, done)
        return count

    def _crossed(self, serving: Serving, users: Sequence[str], to: Sequence[Endpoint]) -> int:
        """Keep in which band users are, and what is told of those who were in another."""
        service, at = self.service, self.service.clock()
        found, strangers = self._looked_at(serving, users, at)
        was = bands.of(service.log.database, users)
        gone = [user for user in strangers if user in was]
        now = {user: str(churn.band) for user, churn in found.items()}
        changed = {user: band for user, band in now.items() if was.get(user) != band}
        if not changed and not gone:
            return 0
        version = serving.answering.version
        with service.log.database.writing() as writing:
            bands.forget(writing, gone)
            kept = bands.put(writing, changed, at=at)
            crossed = sorted(kept & was.keys())
            for user in crossed:
                told = _told(user, was[user], found[user], version)
                message_id = telling.new_id(at)
                messages.put(writing, [
                    telling.message(one, WebhookKind.CHURN, told, at=system(),
                                    message_id=message_id, user_id=user)
                    for one in to
                ])  # fmt: skip
        return len(crossed)

    def _looked_at(
        self, serving: Serving, users: Sequence[str], at: int
    ) -> tuple[Mapping[str, Churn], list[str]]:
        """Return the churn of users of whom something personal is said, and who the others are."""
        desk, query = self.service.desk, self.service.reader.query(b"")
        found, strangers = {}, []
        for user in users:
            person, notes = desk.person(serving, user, query, at=at)
            if notes:
                raise StoreUnavailable("what users did cannot be read now")
            churn = desk.risk(serving, person, query) if person.profiling else None
            if churn is not None and churn.band is not None and churn.rung in PERSONAL:
                found[user] = churn
            else:
                strangers.append(user)
        return found, strangers


def _told(user_id: str, before: str, churn: Churn, version: str) -> dict[str, Any]:
    return {
        "user_id": user_id,
        "from": before,
        "to": str(churn.band),
        **{name: getattr(churn, name) for name in ("p", "low", "high", "score", "horizon_days")},
        "rung": str(churn.rung),
        "reasons": [reason.words for reason in churn.reasons[:_MOST_REASONS]],
        "model_version": version,
    }


def _chunks(users: Iterable[str]) -> Iterator[list[str]]:
    every = iter(users)
    while chunk := list(islice(every, _CHUNK)):
        yield chunk
