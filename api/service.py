"""What every route stands on, put together in one place: whole when made, or not made."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from api.answers.answer import Answers
from api.answers.gather import Gather, Recall
from api.answers.warm_up import warm_up
from api.model.champion import Champion
from api.model.served import Current, Serving
from api.requests.events import EventParser
from api.requests.query import QueryReader
from api.requests.write_queue import WriteQueue
from api.runtime import blas_threads, gc_freeze, logs
from api.runtime import clock as clocks
from api.runtime.clock import Clock
from api.runtime.metrics import Metrics
from api.web.keys import Keys
from recsys.channel.exploration import ExplorationSchedule
from recsys.config import Config
from recsys.data.times import SECOND
from recsys.errors import StoreUnavailable
from recsys.ladder import Question
from recsys.storage.database.open import open_store
from recsys.storage.decisions.log import DecisionLog
from recsys.storage.events.log import EventLog
from recsys.storage.files.cohorts import read_cohorts
from recsys.storage.models.store import ModelStore
from recsys.storage.users.profiles import Profiles

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

T = TypeVar("T")


class Service:
    """The parts of the API, with an open store and the champion loaded.

    Parameters
    ----------
    config : Config
        All of it.
    clock : Clock or None
        None: the one that the configuration asks for.
    logger : FilteringBoundLogger or None
        None: JSON lines.
    metrics : Metrics or None
        None: figures of its own.

    Raises
    ------
    StoreUnavailable
        The event log cannot be opened.
    """

    def __init__(
        self,
        config: Config,
        *,
        clock: Clock | None = None,
        logger: FilteringBoundLogger | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        blas_threads.limit()
        storage, serving = config.storage, config.serving
        self.config = config
        self.logger = logger or logs.logger()
        self.metrics = metrics or Metrics()
        self.clock = clock or clocks.configured(serving.clock_start)
        self.keys = Keys(serving)
        self.queries = QueryReader(config)
        self.parser = EventParser(config)
        self.log = EventLog(open_store(storage), live_events=serving.live_events)
        self._local = self.log.database.local
        self.profiles = Profiles(self.log.database)
        self.decisions = DecisionLog(self.log.database)
        self.recall = Recall(serving.recall)
        with suppress(StoreUnavailable):
            self.recall.catch_up(self.profiles)
        self.answers = self._answers()
        self.write_queue = WriteQueue(lambda events: self.log.append(events, now=self.clock()))
        self.current = Current(storage.models_dir)
        self.champion = Champion(
            ModelStore(Path(storage.models_dir)),
            self.current,
            config,
            on_swap=self._warm_up,
            logger=self.logger,
        )
        self.champion.start()
        if clock is None and serving.clock_start and self.current.version is not None:
            self._set_clock()

    @asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Serve within this: follow the champion and the store, and close it in the end."""
        self.metrics.forget_the_dead()
        if self.current.version is None:
            self.logger.warning("nothing to serve yet", why=self.current.why_not)
        gc_freeze.freeze()
        closing = asyncio.Event()
        following = asyncio.create_task(self._follow(closing))
        try:
            yield
        finally:
            await self.write_queue.close()
            # Not cancelled: a thread of its might still read what is closed below.
            closing.set()
            await following
            self.log.database.close()
            self.metrics.end()
            gc_freeze.thaw()

    def model_age_seconds(self) -> float:
        """Return the time since the end of the training data; 0 without a model."""
        if self.current.version is None:
            return 0.0
        until = self.current.serving.answering.manifest.data_until
        return (self.clock() - until) / SECOND

    async def reading(self, work: Callable[[], T]) -> T:
        """Do what reads the store: at once where that costs microseconds, else in a thread."""
        return work() if self._local else await asyncio.to_thread(work)

    def _answers(self) -> Answers:
        channels = self.config.channels
        return Answers(
            Gather(self.log, metrics=self.metrics, logger=self.logger, recall=self.recall),
            metrics=self.metrics,
            logger=self.logger,
            exploration=ExplorationSchedule(
                start=channels.epsilon_start,
                settled=channels.epsilon,
                enough=channels.epsilon_start_messages,
                seed=self.config.training.seed,
            ),
            cohorts=read_cohorts(self.config.segments.cohorts_file),
        )

    async def _follow(self, closing: asyncio.Event) -> None:
        """Look for a new champion, for who was erased or spoke of profiling, again and again."""
        while not closing.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(closing.wait(), self.config.serving.poll_seconds)
                return
            if await self.champion.look():
                gc_freeze.settle()
            with suppress(StoreUnavailable):
                await self.reading(lambda: self.recall.catch_up(self.profiles))

    def _set_clock(self) -> None:
        """Let no event of before a restart lie in the future, where the store can tell of them."""
        with suppress(StoreUnavailable):
            logged = self.log.latest_at(since=self.current.serving.watermark)
            self.clock = clocks.configured(self.config.serving.clock_start, not_before=logged)

    def _warm_up(self, serving: Serving) -> None:
        warm_up(self.answers, serving, at=self.clock())
        manifest = serving.answering.manifest
        drifted = manifest.metrics.get(Question.CHURN, {}).get("drift", {}).get("score_index")
        self.metrics.serves(serving.answering.version, churn_drift=drifted)
