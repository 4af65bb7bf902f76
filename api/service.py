"""What every route stands on, put together in one place."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from api.answers import render
from api.answers.answer import Desk
from api.answers.gather import Recall
from api.model.champion import Champion
from api.model.served import Current, Serving
from api.requests import identities
from api.requests.events import EventParser
from api.requests.identities import OF_ERASED, Aliased, Identified
from api.requests.query import Reader
from api.requests.write_queue import Inbox
from api.runtime import blas_threads, gc_freeze, logs
from api.runtime import clock as clocks
from api.runtime.clock import Clock
from api.runtime.metrics import Metrics
from api.web.keys import Keys
from recsys.channel.exploration import ExplorationSchedule
from recsys.config import Config
from recsys.data.ids import IdMap
from recsys.data.times import SECOND
from recsys.errors import BadEvent, CannotAnswer, StoreUnavailable
from recsys.ladder import Question, Reason, RungName
from recsys.storage.access import keys
from recsys.storage.database.open import open_store
from recsys.storage.decisions.log import DecisionLog
from recsys.storage.events.event import Event, Reception
from recsys.storage.events.log import EventLog
from recsys.storage.files.cohorts import read_cohorts
from recsys.storage.models import belonging
from recsys.storage.models.store import ModelStore
from recsys.storage.privacy import erasure
from recsys.storage.users import aliases, merges
from recsys.storage.users.aliases import NOBODY
from recsys.storage.users.consents import Consents
from recsys.storage.users.live_state import LiveState
from recsys.storage.users.profiles import Profiles

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

T = TypeVar("T")


class Service:
    """The parts of the API. Made closed; :meth:`open` and :meth:`close` belong to the server.

    Parameters
    ----------
    config : Config
        All of it.
    clock : Clock or None
        None: the one that the configuration asks for.
    logger : FilteringBoundLogger or None
        None: JSON lines.
    """

    log: EventLog
    profiles: Profiles
    consents: Consents
    decisions: DecisionLog
    desk: Desk
    inbox: Inbox
    clock: Clock
    recall: Recall
    _closing: asyncio.Event

    def __init__(
        self,
        config: Config,
        *,
        clock: Clock | None = None,
        logger: FilteringBoundLogger | None = None,
    ) -> None:
        self.config = config
        self.reader = Reader(config)
        self.speller = EventParser(config)
        self.keys = Keys(config.serving)
        self.metrics = Metrics()
        self.logger = logger or logs.logger()
        self.store = ModelStore(Path(config.storage.models_dir))
        self.current = Current(config.storage.models_dir)
        self.clock = clock or clocks.configured(config.serving.clock_start)
        self._shifted = clock is None and config.serving.clock_start != ""
        self._champion = Champion(
            self.store,
            self.current,
            config,
            belongs=lambda manifest: belonging.why_not(self.log.database, manifest),
            on_swap=self._prepare,
            logger=self.logger,
        )
        self._following: asyncio.Task[None] | None = None

    def load(self) -> None:
        """Open the event log, load the champion and warm up.

        Raises
        ------
        StoreUnavailable
            The event log cannot be opened.
        """
        blas_threads.limit()
        storage, serving = self.config.storage, self.config.serving
        channels = self.config.channels
        self.log = EventLog(open_store(storage))
        self.profiles = Profiles(self.log.database)
        self.consents = Consents(self.log.database)
        self.decisions = DecisionLog(self.log.database)
        self.recall = Recall(serving.recall)
        with suppress(StoreUnavailable):
            self.recollect()
        self.desk = Desk(
            LiveState(self.log.database, live_events=serving.live_events),
            recall=self.recall,
            metrics=self.metrics,
            logger=self.logger,
            curiosity=ExplorationSchedule(
                start=channels.epsilon_start,
                settled=channels.epsilon,
                enough=channels.epsilon_start_messages,
                seed=self.config.training.seed,
            ),
            cohorts=read_cohorts(self.config.segments.cohorts_file),
        )
        self.inbox = Inbox(self._write)
        self._champion.start()
        if self._shifted and self.current.version is not None:
            self._set_clock()

    async def open(self) -> None:
        """Load everything, and follow the champion from now on.

        Raises
        ------
        StoreUnavailable
            The event log cannot be opened.
        """
        self.load()
        self.metrics.forget_the_dead()
        if self.current.version is None:
            self.logger.warning("nothing to serve yet", why=self.why_not_serving())
        gc_freeze.freeze()
        self._closing = asyncio.Event()
        self._following = asyncio.create_task(self._follow())

    async def close(self) -> None:
        """Write what waits, stop following, close the event log."""
        await self.inbox.close()
        if self._following is not None:
            # Not cancelled: a thread of its might still read what is closed below.
            self._closing.set()
            await self._following
        self.log.database.close()
        self.metrics.end()
        gc_freeze.thaw()

    def why_not_serving(self) -> str:
        """Return why there is no model version that serves."""
        missing = f"no champion in {self.config.storage.models_dir}: run `recsys train` first"
        return self.current.refused or missing

    def model_age_seconds(self) -> float:
        """Return the time since the end of the training data; 0 without a model."""
        if self.current.version is None:
            return 0.0
        until = self.current.serving.answering.manifest.data_until
        return (self.clock() - until) / SECOND

    async def reading(self, work: Callable[[], T]) -> T:
        """Do what reads the store: at once where that costs microseconds, else in a thread."""
        return work() if self.profiles.database.local else await asyncio.to_thread(work)

    def people(
        self, user_ids: IdMap | Sequence[str], *, as_named: bool = False
    ) -> IdMap | Sequence[str]:
        """Return the users that a list may have, each once: not the erased, nor former ids.

        `as_named` keeps the ids of those who were named, whoever they became.

        Raises
        ------
        StoreUnavailable
            Who was erased or became whom is not known.
        """
        became = aliases.everybody(self.log.database)
        if not became:
            return user_ids
        if as_named:
            return [user for user in user_ids if became.get(user) != NOBODY]
        owners = (became.get(user, user) for user in user_ids)
        return [user for user in dict.fromkeys(owners) if user != NOBODY]

    def identify(
        self, said: Sequence[Identified | Aliased], *, admin: bool = False
    ) -> list[BadEvent | None]:
        """Keep what is said of users, and return for each what was not done; runs in a thread.

        Nothing is kept about who was erased. Who signs in takes the history of the device along;
        an id that is somebody's is given to another only by an `admin` or with a proof, and
        refusing that costs the one call only.

        Raises
        ------
        StoreUnavailable
            What comes later in `said` was not kept.
        """
        ids = {i for who in said for i in (who.user_id, who.previous_id)}
        known = aliases.became(self.log.database, ids)
        refused = [OF_ERASED if identities.of_erased(who, known) else None for who in said]
        kept = zip(said, refused, strict=True)
        people = [who for who, why in kept if why is None and isinstance(who, Identified)]
        self.profiles.put_users(
            ((who.user_id, who.traits, who.timezone) for who in people),
            anonymous={who.user_id for who in people if who.anonymous},
        )
        return [
            why or self._joined(who, admin=admin) for who, why in zip(said, refused, strict=True)
        ]

    def _joined(self, who: Identified | Aliased, *, admin: bool) -> BadEvent | None:
        """Make two ids one person, and return why they are not; None too where only one is said."""
        if not who.previous_id:
            return None
        secret = self.config.serving.user_hash_secret
        outcome = merges.merge(
            self.log.database,
            who.previous_id,
            who.user_id,
            at=self.clock(),
            authority=merges.Authority(
                allowed=merges.anybody if admin else partial(identities.proves, who, secret),
                trained=self._trained,
            ),
        )
        return identities.not_joined(who, outcome)

    def _trained(self, user_id: str) -> bool:
        if self.current.version is None:
            return False
        return self.current.serving.answering.bundle.interactions.users.row(user_id) is not None

    def recollect(self) -> None:
        """Bring what is kept in mind up to date with who was erased or spoke of profiling.

        Raises
        ------
        StoreUnavailable
            The store cannot be read.
        """
        self.recall.forget_erased(partial(erasure.erased_after, self.log.database))
        self.recall.follow(self.consents.profiling_after)
        self.keys.follow(partial(keys.every, self.log.database))
        if self.keys.used:
            used, self.keys.used = self.keys.used, {}
            keys.used(self.log.database, used)

    async def _follow(self) -> None:
        """Look for a new champion, for who was erased or spoke of profiling, again and again."""
        while not self._closing.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), self.config.serving.poll_seconds)
                return
            if await self._champion.look():
                gc_freeze.settle()
            with suppress(StoreUnavailable):
                await self.reading(self.recollect)

    def _set_clock(self) -> None:
        """Let no event of before a restart lie in the future, where the store can tell of them."""
        with suppress(StoreUnavailable):
            logged = self.log.latest_at(since=self.current.serving.watermark)
            self.clock = clocks.configured(self.config.serving.clock_start, not_before=logged)

    def _write(self, events: Sequence[Event]) -> list[Reception]:
        return self.log.append(events, now=self.clock())

    def _prepare(self, serving: Serving) -> None:
        """Answer for a stranger and for a known user, so that the first request is warm.

        Raises
        ------
        CannotAnswer
            The lowest rung fails, which has to serve anybody.
        """
        users = serving.answering.bundle.interactions.users
        for user_id in ("", *(users[row] for row in range(min(1, len(users))))):
            asked = self.reader.query(b"")
            answer = self.desk.everything(serving, user_id, asked, at=self.clock())
            render.dump(answer)
            for climb in (answer, answer["channel"], answer["churn"]):
                for step in climb["trail"]:
                    if step["rung"] == RungName.POPULAR and step["reason"] == Reason.FAILED:
                        raise CannotAnswer(serving.answering.version)
        measured = serving.answering.manifest.metrics.get(Question.CHURN, {})
        drifted = measured.get("drift", {}).get("score_index")
        self.metrics.serves(serving.answering.version, churn_drift=drifted)
