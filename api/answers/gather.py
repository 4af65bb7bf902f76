"""From a user id to all that a rung may look at, with the store up or down."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from api.model.served import Serving
from api.requests.query import Query
from api.runtime import logs
from recsys.data.person import ERASED, Person, Remembered
from recsys.data.times import SECOND
from recsys.errors import StoreUnavailable
from recsys.storage.privacy import erasure
from recsys.storage.users.consents import NOTHING_SAID, Consents, Standing
from recsys.storage.users.live_state import LiveState

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

Key = tuple[str, bool]

Line = tuple[str, str, int, int]

ANYBODY = Remembered(profiling=False, readable=False)

MOST_SAID = 200_000


class Gather:
    """Gathers users, from the store or from what is in mind of them.

    Parameters
    ----------
    live_state : LiveState
        Remembers what happened since training.
    recall : Recall
        Keeps users in mind for when the store cannot be read.
    metrics, logger
        Told of every answer without the store.
    """

    def __init__(
        self,
        live_state: LiveState,
        recall: Recall,
        *,
        metrics: Metrics,
        logger: FilteringBoundLogger,
    ) -> None:
        self._live_state = live_state
        self._recall = recall
        self._metrics = metrics
        self._logger = logger

    def person(
        self, serving: Serving, user_id: str, query: Query, *, at: int, marketing: bool = True
    ) -> tuple[Person, list[str]]:
        """Gather a user, and note what the reader of the answer should know.

        Without the event store nobody's consent is known: then everybody is anybody. Only the
        channel question needs what `marketing` reads: messages, and consents to channels.
        """
        notes = [FORCED] if query.force_rung else []
        since = serving.watermark
        try:
            remembered = self._live_state.of(user_id, since=since, at=at, marketing=marketing)
        except StoreUnavailable as error:
            self._metrics.store_read_failed()
            self._logger.warning("answering without the event store", **logs.described(error))
            remembered, told_at = self._recall.recall(user_id, since=since, marketing=marketing)
            notes.append(_without_store(remembered, told_at, at=at))
        else:
            self._recall.keep(user_id, remembered, since=since, at=at, marketing=marketing)
        return serving.answering.person(user_id, remembered, at=at, context=query.context), notes


@dataclass(frozen=True, slots=True)
class _Kept:
    remembered: Remembered
    since: int
    at: int


class Recall:
    """The users asked for last, as the store told them, and who said what about profiling.

    Parameters
    ----------
    most : int
        Users, events, messages and reactions that are kept together; the longest unasked go
        first.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._held = 0
        self._kept: OrderedDict[Key, _Kept] = OrderedDict()
        self._turn = threading.Lock()
        self._said: dict[str, Standing] = {}
        self._last_seq: int | None = None
        self._erased: set[str] = set()
        self._last_erasure = 0

    @property
    def is_informed(self) -> bool:
        """Whether it is known who spoke of profiling, so that answers can do without the store."""
        return self._last_seq is not None

    def __len__(self) -> int:
        return self._held

    def keep(
        self, user_id: str, remembered: Remembered, *, since: int, at: int, marketing: bool
    ) -> None:
        """Keep in mind what the store told of a user beyond the watermark `since`, at `at`."""
        kept = _Kept(remembered, since, at)
        with self._turn:
            before = self._kept.pop((user_id, marketing), None)
            self._kept[user_id, marketing] = kept
            self._held += _weight(kept) - (_weight(before) if before else 0)
            while self._held > self._most:
                self._held -= _weight(self._kept.popitem(last=False)[1])

    def recall(self, user_id: str, *, since: int, marketing: bool) -> tuple[Remembered, int | None]:
        """Return the best that is in mind of a user, and when it was told; None: only consent.

        Events of before another watermark are left out: the model may have seen them. Whoever is
        not in mind has neither events nor channels, and is profiled only if the ledger allows it.
        """
        if user_id in self._erased:
            return ERASED, None
        with self._turn:
            kept = self._kept.get((user_id, marketing)) or self._kept.get((user_id, True))
        if kept is not None:
            found = kept.remembered
            if kept.since != since:
                found = replace(found, live=())
            said = self._said.get(user_id)
            return (found if said is None else replace(found, profiling=said.granted)), kept.at
        if self._last_seq is None:
            return ANYBODY, None
        said = self._said.get(user_id)
        return Remembered(profiling=None if said is None else said.granted), None

    def catch_up(self, consents: Consents) -> None:
        """Learn who was erased or spoke of profiling since the last time.

        Raises
        ------
        StoreUnavailable
            The store cannot be read.
        """
        self.forget_erased(partial(erasure.erased_after, consents.database))
        self.follow(consents.profiling_after)

    def follow(self, lines_after: Callable[[int], Iterable[Line]]) -> None:
        """Learn what was said about profiling since the last time.

        Parameters
        ----------
        lines_after : callable
            Returns (user, state, at, seq) of the lines of the ledger after a ``seq``.

        Raises
        ------
        StoreUnavailable
            The ledger cannot be read; nothing was learnt.
        """
        last = self._last_seq or 0
        for user_id, state, at, seq in lines_after(last):
            last = max(last, seq)
            self._said[user_id] = self._said.get(user_id, NOTHING_SAID).after(state, at)
        # With more words than are kept, silence means nothing any more.
        self._last_seq = None if len(self._said) > MOST_SAID else last
        if self._last_seq is None:
            self._said.clear()

    def forget_erased(self, erased_after: Callable[[int], Iterable[tuple[str, int]]]) -> None:
        """Forget who was erased since the last time, for good.

        Parameters
        ----------
        erased_after : callable
            Returns (user, seq) of the erasures after a ``seq``.

        Raises
        ------
        StoreUnavailable
            The erasures cannot be read; nobody was forgotten.
        """
        for user_id, seq in erased_after(self._last_erasure):
            self._erased.add(user_id)
            self._last_erasure = max(self._last_erasure, seq)
            with self._turn:
                for marketing in (True, False):
                    if kept := self._kept.pop((user_id, marketing), None):
                        self._held -= _weight(kept)


def _without_store(remembered: Remembered, told_at: int | None, *, at: int) -> str:
    if told_at is not None:
        return RECALLED.format(seconds=max(0, at - told_at) // SECOND)
    return FORGOTTEN if remembered.readable else BLIND


def _weight(kept: _Kept) -> int:
    found = kept.remembered
    messages = sum(map(len, found.messages.values()))
    return 1 + len(found.live) + messages + len(found.reactions)
