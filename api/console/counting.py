"""When figures over the whole store are counted, and where: beside what serves, or apart."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING

from api.console import apart
from api.console.store_figures import count
from api.runtime import logs
from recsys.data.times import HOUR, SECOND
from recsys.errors import StoreUnavailable
from recsys.storage.figures import kept
from recsys.storage.figures.kept import Figures

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

    from api.service import Service

MOST_EVENTS_BESIDE = 200_000
"""Of more events, figures are counted by a process of its own: it takes seconds and more."""

REST = 10
"""For so many times as long as a count took, the next one waits, where that is above an hour."""


class Counting:
    """Keeps figures no older than an hour, or what ten counts take, as long as somebody looks.

    Parameters
    ----------
    service : Service
        What is counted.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._turn = threading.Lock()
        self._closing = False
        self._process: SpawnProcess | None = None

    def close(self) -> None:
        """End what is counted, and count no more: the store is closed next."""
        self._closing = True
        if (process := self._process) is not None:
            process.terminate()
        with self._turn:
            pass

    def latest(self, *, at: int) -> Figures | None:
        """Return what was counted last, and count anew in a thread where that is too old.

        Raises
        ------
        StoreUnavailable
            The store cannot be read.
        """
        version, hour = self._service.current.version or "", at // HOUR
        found = kept.latest(self._service.log.database, version)
        if found is None or found.version != version or not found.hour <= hour < _due(found):
            self._begin(version, hour)
        return found

    def _begin(self, version: str, hour: int) -> None:
        if not self._closing and self._turn.acquire(blocking=False):
            threading.Thread(target=self._run, args=(version, hour), daemon=True).start()

    def _run(self, version: str, hour: int) -> None:
        try:
            if self._service.log.last_seq() > MOST_EVENTS_BESIDE:
                self._apart(version, hour)
            else:
                count(self._service, hour, is_over=lambda: self._closing)
        except StoreUnavailable as error:
            self._service.logger.warning("figures not counted", **logs.described(error))
        finally:
            self._turn.release()

    def _apart(self, version: str, hour: int) -> None:
        service = self._service
        task = apart.Task(service.config, version, hour, service.clock())
        process = self._process = apart.begin(task)
        if self._closing:
            process.terminate()
        process.join()
        self._process = None
        if process.exitcode and not self._closing:
            service.logger.warning("figures not counted", exit_code=process.exitcode)


def _due(found: Figures) -> int:
    """Return the hour from which on figures are too old."""
    rest = REST * float(found.body.get("took", 0)) * SECOND
    return found.hour + max(1, math.ceil(rest / HOUR))
