"""What every route stands on, put together in one place."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

from api.answers.answer import Desk
from api.answers.audience import rule_of
from api.answers.gather import Gather
from api.answers.memory import UserMemory
from api.answers.warm_up import warm_up
from api.model.champion import Champion
from api.model.experiments import CurrentExperiments
from api.model.served import Current, Serving
from api.placing import Placing
from api.requests.events import EventParser
from api.requests.hooks import Hooks
from api.requests.identities import Identities
from api.requests.query import QueryReader
from api.requests.refusals import Refusals
from api.requests.write_queue import Inbox
from api.runtime import blas_threads, gc_freeze
from api.runtime import clock as clocks
from api.runtime.clock import Clock
from api.runtime.metrics import Metrics
from api.web.keys import Keys
from recsys.channel.exploration import ExplorationSchedule
from recsys.config import Config
from recsys.data.person import Person
from recsys.data.times import SECOND
from recsys.errors import BadRule, StoreUnavailable, UnknownSegment
from recsys.ladder import Question
from recsys.storage.access import keys as access
from recsys.storage.database.open import open_store
from recsys.storage.decisions.log import DecisionLog
from recsys.storage.events import names
from recsys.storage.events.currency import OneCurrency
from recsys.storage.events.event import Event, Reception
from recsys.storage.events.log import EventLog
from recsys.storage.experiments import holdout
from recsys.storage.experiments.participants import ParticipantLog
from recsys.storage.experiments.store import ExperimentStore
from recsys.storage.exports.log import ExportLog
from recsys.storage.files.cohorts import read_cohorts
from recsys.storage.models import belonging
from recsys.storage.models.store import ModelStore
from recsys.storage.privacy import vault
from recsys.storage.users.consents import Consents
from recsys.storage.users.live_state import LiveState
from recsys.storage.users.profiles import Profiles
from recsys.storage.webhooks.endpoints import Endpoints

if TYPE_CHECKING:
    from starlette.responses import Response
    from structlog.typing import FilteringBoundLogger

T = TypeVar("T")


class Console(Protocol):
    """The console, once somebody looked at it."""

    async def answer(self, call: Any, address: str) -> Response:
        """Answer a call; `address` is who sends it."""

    def close(self) -> None:
        """Wait for what runs in the background."""


@dataclass(slots=True, kw_only=True)
class Service:
    """The parts of the API, whole as soon as it is made: the store open, the champion loaded."""

    config: Config
    clock: Clock
    metrics: Metrics
    logger: FilteringBoundLogger
    keys: Keys
    reader: QueryReader
    parser: EventParser
    log: EventLog
    consents: Consents
    decisions: DecisionLog
    memory: UserMemory
    desk: Desk
    inbox: Inbox[Event, Reception]
    placing: Placing
    experiments: CurrentExperiments
    current: Current
    identities: Identities
    champion: Champion
    is_local: bool
    hooks: Hooks
    exports: ExportLog
    webhooks: Endpoints
    refusals: Refusals = field(default_factory=Refusals)
    console: Console | None = None

    @classmethod
    def opened(
        cls, config: Config, *, clock: Clock | None = None, keys: Keys | None = None,
        metrics: Metrics, logger: FilteringBoundLogger,
    ) -> Self:  # fmt: skip
        """Open the event log, load the champion and warm up.

        Parameters
        ----------
        config : Config
            All of it.
        clock : Clock or None
            None: the one that the configuration asks for.
        keys : Keys or None
            Who may ask; learns of the keys in the store. None: nobody asks.
        metrics : Metrics
            Told of what is answered and taken.
        logger : FilteringBoundLogger
            Told of what fails.

        Raises
        ------
        StoreUnavailable
            The event log cannot be opened.
        """
        blas_threads.limit()
        reader, log = QueryReader(config), EventLog(open_store(config.storage))
        memory, experiments, desk, placing = _desks(config, log, metrics=metrics, logger=logger)
        now = clock or clocks.configured(config.serving.clock_start)

        def prepare(serving: Serving) -> None:
            placing.current.prepare(serving)
            warm_up(serving, desk, reader, at=now())
            metrics.serves(serving.answering.version, churn_drift=_drift(serving))

        current = Current(config.storage.models_dir)
        champion = Champion(
            ModelStore.of(config.storage), current, config,
            belongs=partial(belonging.why_not, log.database), on_swap=prepare, logger=logger,
        )  # fmt: skip
        champion.start()
        experiments.load = champion.load
        if clock is None and current.version is not None:
            now = _not_before_the_log(now, config, log, since=current.serving.watermark)
        profiles, secret = Profiles.of(log.database, config), config.serving.user_hash_secret
        identities = Identities(log.database, profiles, current, now, secret)
        own_currency = OneCurrency(log.database).beside
        service = cls(
            config=config,
            clock=now,
            metrics=metrics,
            logger=logger,
            keys=keys or Keys(config.serving),
            reader=reader,
            parser=EventParser(config, own_currency),
            log=log,
            consents=Consents(log.database),
            decisions=DecisionLog(log.database),
            memory=memory,
            desk=desk,
            inbox=Inbox(partial(_append, log, now)),
            placing=placing,
            experiments=experiments,
            current=current,
            identities=identities,
            hooks=Hooks(config, log, identities, now, logger, own_currency),
            exports=ExportLog(log.database),
            webhooks=Endpoints(log.database, vault.of(config.storage.encryption_keys)),
            champion=champion,
            is_local=log.database.local,
        )
        with suppress(StoreUnavailable):
            service.catch_up()
        return service

    async def reading(self, work: Callable[[], T]) -> T:
        """Do what reads the store: at once where that costs microseconds, else in a thread."""
        return work() if self.is_local else await asyncio.to_thread(work)

    def catch_up(self) -> None:
        """Learn who was erased or spoke of profiling, and which keys hold, since the last time.

        Raises
        ------
        StoreUnavailable
            The store cannot be read.
        """
        self.memory.catch_up(self.consents)
        self.experiments.catch_up()
        self.keys.follow(partial(access.every, self.log.database))
        self.learn_names()
        if used := self.keys.used():
            access.used(self.log.database, used)

    def learn_names(self) -> None:
        """Learn what events are called besides what the configuration says.

        Raises
        ------
        StoreUnavailable
            The store cannot be read.
        """
        self.parser.learn(names.every(self.log.database))

    async def follow(self, closing: asyncio.Event) -> None:
        """Look for a new champion, for who was erased or spoke of profiling, again and again."""
        while not closing.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(closing.wait(), self.config.serving.poll_seconds)
                return
            if await self.champion.look():
                self.memory.forget_answers()
                gc_freeze.settle()
            with suppress(StoreUnavailable):
                await self.reading(self.catch_up)
            with suppress(StoreUnavailable):
                await self._settle()
            with suppress(StoreUnavailable):
                await asyncio.to_thread(self.placing.current.catch_up, self.current.served)

    async def _settle(self) -> None:
        """Take rungs out that lost online."""
        if not self.experiments.running:
            return
        lost = await asyncio.to_thread(self.experiments.settle, at=self.clock())
        for rung, why in lost.items():
            self.logger.warning("a rung lost online and is taken out", rung=rung, why=why)
        if lost:
            await self.reading(self.experiments.catch_up)

    async def close(self) -> None:
        """Write what waits, and close the event log."""
        await self.inbox.close()
        await self.hooks.close()
        await self.placing.close()
        with suppress(StoreUnavailable):
            self.experiments.flush()
        if self.console is not None:
            await asyncio.to_thread(self.console.close)
        self.log.database.close()


def _desks(
    config: Config, log: EventLog, *, metrics: Metrics, logger: FilteringBoundLogger
) -> tuple[UserMemory, CurrentExperiments, Desk, Placing]:
    """Return what answers from whatever version it is handed, and what it reads and notes."""
    live_state = LiveState(log.database, live_events=config.serving.live_events)
    live_for = int(config.serving.live_seconds * SECOND)
    memory = UserMemory(live_state, log.database, config.serving.recall, live_for=live_for)
    gather = Gather(memory, metrics=metrics, logger=logger)
    experiments = CurrentExperiments(
        ExperimentStore(log.database),
        ParticipantLog(log.database),
        holdout=holdout.configured(config),
    )
    desk = Desk(
        gather,
        metrics=metrics,
        logger=logger,
        exploration=_exploration(config),
        experiments=experiments,
        cohorts=read_cohorts(config.segments.cohorts_file),
    )
    placing = Placing.opened(
        config, gather,
        on_failure=desk.on_failure(Question.ITEMS), metrics=metrics, logger=logger,
        experiments=experiments,
    )  # fmt: skip
    experiments.is_in = partial(_is_in, desk)
    with suppress(StoreUnavailable):
        placing.current.catch_up(None)
    return memory, experiments, desk, placing


def _not_before_the_log(clock: Clock, config: Config, log: EventLog, *, since: int) -> Clock:
    """Return a clock by which no event of before a restart lies in the future, where one is set."""
    start = config.serving.clock_start
    with suppress(StoreUnavailable):
        return clocks.configured(start, not_before=log.latest_at(since=since)) if start else clock
    return clock


def _drift(serving: Serving) -> float | None:
    measured = serving.answering.manifest.metrics.get(Question.CHURN, {})
    found: float | None = measured.get("drift", {}).get("score_index")
    return found


def _append(log: EventLog, clock: Clock, events: Sequence[Event]) -> list[Reception]:
    return log.append(events, now=clock())


def _is_in(desk: Desk, name: str, serving: Serving, person: Person) -> bool:
    try:
        rule = rule_of(name, serving.answering, desk.cohorts)
    except (UnknownSegment, BadRule):
        return False
    return bool(desk.audience(serving, [person], at=person.at).decide(rule).inside[0])


def _exploration(config: Config) -> ExplorationSchedule:
    return ExplorationSchedule(
        start=config.channels.epsilon_start,
        settled=config.channels.epsilon,
        enough=config.channels.epsilon_start_messages,
        seed=config.training.seed,
    )
