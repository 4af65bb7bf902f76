"""Counting in a process of its own, so that what serves keeps its interpreter to itself.

What this process was begun for is imported when it runs: metrics of several workers would else
count it as one of them.
"""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

    from recsys.config import Config

NICENESS = 10
"""Where processors are busy, answers go first, and counting still gets on."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be counted.

    Attributes
    ----------
    config : Config
        Names the store and the models.
    version : str
        The model version that serves; empty: none does.
    hour : int
        Hours since the epoch, by the clock of who reads the figures.
    at : int
        Up to when, microseconds since the epoch.
    """

    config: Config
    version: str
    hour: int
    at: int


def begin(task: Task) -> SpawnProcess:
    """Begin to count; the process ends with 0 where the figures were kept."""
    process = get_context("spawn").Process(target=_count, args=(task,), daemon=True)
    process.start()
    return process


@dataclass(frozen=True, slots=True)
class _Counted:
    """The parts of a service that are needed to count."""

    config: Config
    clock: Any
    log: Any
    reader: Any
    current: Any
    logger: Any


def _count(task: Task) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    from api.console.store_figures import count
    from api.runtime import logs
    from recsys.errors import StoreUnavailable

    service = _service(task)
    try:
        count(service, task.hour, is_over=lambda: False)
    except StoreUnavailable as error:
        service.logger.warning("figures not counted", **logs.described(error))
        raise SystemExit(1) from None
    finally:
        service.log.database.close()


def _service(task: Task) -> _Counted:
    from api.model.champion import Champion
    from api.model.served import Current
    from api.requests.query import QueryReader
    from api.runtime import logs
    from recsys.storage.database.open import open_store
    from recsys.storage.events.log import EventLog
    from recsys.storage.models.store import ModelStore

    config, logger = task.config, logs.logger()
    current = Current(config.storage.models_dir)
    if task.version:
        models = ModelStore.of(config.storage)
        # What serves was checked by the process that serves it.
        champion = Champion(
            models, current, config, belongs=lambda _: "", on_swap=lambda _: None, logger=logger
        )
        current.swap(champion.load(task.version))
    log = EventLog(open_store(config.storage))
    return _Counted(config, lambda: task.at, log, QueryReader(config), current, logger)
