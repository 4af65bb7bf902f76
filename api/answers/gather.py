"""From a user id to all that a rung may look at, with the store up or down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from api.answers.memory import Known, UserMemory
from api.model.served import Serving
from api.requests.query import Query
from api.runtime import logs
from recsys.data.person import Person, Remembered
from recsys.data.times import SECOND
from recsys.errors import StoreUnavailable

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

    from api.runtime.metrics import Metrics

FORCED = "force_rung is for experiments: this answer is not what the ladder would have served"
BLIND = (
    "the event store is unavailable: consents and recent events are not known, "
    "so nobody is profiled and no channel may be used"
)
RECALLED = (
    "the event store is unavailable: what this user did and allowed is as it was {seconds} s ago"
)
FORGOTTEN = (
    "the event store is unavailable: recent events are not known, and no channel may be used"
)


class Gather:
    """Gathers users, from the store or from what is in mind of them.

    Parameters
    ----------
    memory : Memory
        What is in mind of users.
    metrics, logger
        Told of every answer without the store.
    """

    def __init__(
        self, memory: UserMemory, *, metrics: Metrics, logger: FilteringBoundLogger
    ) -> None:
        self.memory = memory
        self._metrics = metrics
        self._logger = logger

    def known(self, user_id: str, *, since: int, at: int, again: bool = False) -> tuple[Known, str]:
        """Return what is known of a user, and what the reader of the answer should know of that.

        `again`: for a request that asked before, by another model version.
        Without the event store nobody's consent is known: then everybody is anybody.
        """
        try:
            return self.memory.of(user_id, since=since, at=at, again=again), ""
        except StoreUnavailable as error:
            self._metrics.store_read_failed()
            self._logger.warning("answering without the event store", **logs.described(error))
            remembered, told_at = self.memory.recall(user_id, since=since)
            return Known(remembered, since, at), _without_store(remembered, told_at, at=at)

    def person(
        self, serving: Serving, user_id: str, query: Query, *, at: int, again: bool = False
    ) -> tuple[Person, list[str]]:
        """Gather a user, and note what the reader of the answer should know."""
        known, note = self.known(user_id, since=serving.watermark, at=at, again=again)
        person = known.person(serving.answering, user_id, at=at, context=query.context)
        return person, notes(query, note)

    def people(
        self, serving: Serving, user_ids: Sequence[str], query: Query, *, at: int
    ) -> list[tuple[Person, list[str]]]:
        """Gather many users as :meth:`person` does, for less than one by one."""
        try:
            found = self.memory.of_all(user_ids, since=serving.watermark, at=at)
        except StoreUnavailable:
            return [self.person(serving, user_id, query, at=at) for user_id in user_ids]
        person = serving.answering.person
        return [
            (person(user_id, remembered, at=at, context=query.context), notes(query))
            for user_id, remembered in zip(user_ids, found, strict=True)
        ]


def notes(query: Query, *more: str) -> list[str]:
    """Return what the reader of an answer should know."""
    return [note for note in (FORCED if query.force_rung else "", *more) if note]


def _without_store(remembered: Remembered, told_at: int | None, *, at: int) -> str:
    if told_at is not None:
        return RECALLED.format(seconds=max(0, at - told_at) // SECOND)
    return FORGOTTEN if remembered.readable else BLIND
