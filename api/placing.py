"""What the routes of placements stand on, put together in one place."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from api.answers.pages import Pages, kept
from api.answers.placed import PlacementDesk
from api.messages.placements import PlacementItems
from api.model.placements import CurrentPlacements
from api.requests.write_queue import Inbox
from api.runtime import logs
from recsys.errors import StoreUnavailable
from recsys.storage.decisions.exposures import Exposure, ExposureLog, Seen
from recsys.storage.decisions.lists import ListLog, ShownList
from recsys.storage.events.event import Reception
from recsys.storage.placements.store import PlacementStore

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

    from api.answers.gather import Gather
    from api.model.experiments import CurrentExperiments
    from api.runtime.metrics import Metrics
    from recsys.config import Config
    from recsys.ladder import OnFailure

_UNKNOWN = ("unknown", "unknown")
_AT_ONCE = 500
_MOST_MAILED = 10_000
"""Lists of mailings that wait to be kept: a mail tool asks for all of a mailing at once."""

_MOST_NOTED = 1_000
"""Ids of lists for anybody that are remembered as kept already."""

_MOST_FEEDS = 256
"""Feeds that are kept as they were written."""


@dataclass(slots=True, kw_only=True)
class Placing:
    """The parts of the API that placements need."""

    current: CurrentPlacements
    desk: PlacementDesk
    pages: Pages
    lists: ListLog
    shown: Inbox[ShownList, bool]
    mailed: Inbox[ShownList, ShownList]
    exposures: Inbox[Exposure, Reception]
    metrics: Metrics
    logger: FilteringBoundLogger
    _noted: OrderedDict[str, None] = field(default_factory=OrderedDict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _feeds: dict[tuple[str, str, str], bytes] = field(default_factory=dict)
    _mailings: dict[str, asyncio.Future[ShownList]] = field(default_factory=dict)

    @classmethod
    def opened(
        cls,
        config: Config,
        gather: Gather,
        *,
        on_failure: OnFailure,
        metrics: Metrics,
        logger: FilteringBoundLogger,
        experiments: CurrentExperiments,
    ) -> Self:
        """Put the parts together over an open store."""
        database = experiments.store.database
        unavailable = frozenset(config.data.unavailable_items)
        current = CurrentPlacements(PlacementStore(database), unavailable=unavailable)
        desk = PlacementDesk(
            gather, current, on_failure=on_failure, metrics=metrics, experiments=experiments
        )
        lists = ListLog(database)

        return cls(
            current=current,
            desk=desk,
            pages=Pages(desk, current, lists, bought=config.relevant_kind),
            lists=lists,
            shown=Inbox(lists.put),
            mailed=Inbox(lists.put_once, most_waiting=_MOST_MAILED),
            exposures=Inbox(partial(_expose, ExposureLog(database), lists, metrics)),
            metrics=metrics,
            logger=logger,
        )

    def feed(self, key: tuple[str, str, str], write: Callable[[], bytes]) -> bytes:
        """Return a list for anybody as a feed, by its id, its format and where links lead.

        The id of such a list is made of what is in it, so that it is written once.
        """
        if (body := self._feeds.get(key)) is None:
            if len(self._feeds) >= _MOST_FEEDS:
                self._feeds.clear()
            body = self._feeds[key] = write()
        return body

    def note(self, answer: PlacementItems, *, at: int) -> None:
        """Keep a list soon, so that what is seen and clicked of it can be told apart.

        The answer does not wait for it; what cannot be kept is logged and counted. A list for
        anybody is kept once.
        """
        if answer.version is None:
            return
        if answer.user_id is None:
            if answer.recommendation_id in self._noted:
                return
            self._noted[answer.recommendation_id] = None
            if len(self._noted) > _MOST_NOTED:
                self._noted.popitem(last=False)
        self.note_kept(kept(answer, at=at))

    def note_kept(self, shown: ShownList) -> None:
        """Keep a list soon; see :meth:`note`."""
        self._soon(self._keep(shown))

    def note_click(self, list_id: str, item_id: str, *, at: int) -> None:
        """Log soon that an item of a list was clicked; of a list that is not kept it is not."""
        self._soon(self._click(list_id, item_id, at))

    async def of_mailing(
        self, send_key: str, made: Callable[[], Coroutine[Any, Any, ShownList]]
    ) -> ShownList:
        """Return the list of a mailing, made and kept for all who ask for it meanwhile.

        A mail tool asks several times for a recipient, at once.

        Raises
        ------
        RecsysError
            It cannot be made, or not be kept.
        """
        making = self._mailings.get(send_key)
        if making is None:
            making = self._mailings[send_key] = asyncio.ensure_future(made())
            making.add_done_callback(lambda _: self._mailings.pop(send_key))
        # Whoever leaves does not take it from the others.
        return await asyncio.shield(making)

    async def close(self) -> None:
        """Write what waits."""
        await asyncio.gather(*self._tasks)
        await self.shown.close()
        await self.mailed.close()
        await self.exposures.close()

    def _soon(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _keep(self, shown: ShownList) -> None:
        try:
            await self.shown.put([shown])
        except Exception as error:  # noqa: BLE001 - nobody waits for it: it is told here
            self._noted.pop(shown.list_id, None)
            self.metrics.store_write_failed()
            self.logger.warning("a list was shown and not kept", **logs.described(error))

    async def _click(self, list_id: str, item_id: str, at: int) -> None:
        try:
            shown = await asyncio.to_thread(self.lists.get, list_id)
            ranks = {item["item_id"]: item["rank"] for item in shown.items} if shown else {}
            if shown and item_id in ranks:
                rank = int(ranks[item_id])
                clicked = Exposure(list_id, shown.user_id, Seen.CLICK, item_id, rank, at)
                await self.exposures.put([clicked])
        except Exception as error:  # noqa: BLE001 - the reader is in the shop already
            self.metrics.store_write_failed()
            self.logger.warning("a click was not logged", **logs.described(error))


def _expose(
    log: ExposureLog, lists: ListLog, metrics: Metrics, exposures: Sequence[Exposure]
) -> list[Reception]:
    """Log exposures, and count the new ones by placement and rung."""
    receptions = log.append(exposures)
    new = [
        one
        for one, reception in zip(exposures, receptions, strict=True)
        if reception is Reception.ACCEPTED
    ]
    ids = list({one.list_id for one in new})
    known: dict[str, tuple[str, str]] = {}
    with suppress(StoreUnavailable):
        for start in range(0, len(ids), _AT_ONCE):
            known |= lists.origins(ids[start : start + _AT_ONCE])
    counted = Counter((*known.get(one.list_id, _UNKNOWN), str(one.kind)) for one in new)
    for (placement, rung, kind), count in counted.items():
        metrics.exposed(placement, rung, kind, count)
    return receptions
