"""Counting in the background: figures over the whole store, once a version and an hour."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from api.console.pages import experiments, growth
from api.runtime import logs
from recsys.data.times import DAY, HOUR
from recsys.errors import StoreUnavailable
from recsys.storage.figures import kept, totals
from recsys.storage.figures.kept import Figures

if TYPE_CHECKING:
    from api.service import Service


class Counting:
    """Keeps figures no older than an hour, as long as somebody looks.

    Parameters
    ----------
    service : Service
        What is counted.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._turn = threading.Lock()
        self._closing = False

    def close(self) -> None:
        """Wait until nothing is counted any more, and count no more: the store is closed next."""
        self._closing = True
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
        if found is None or (found.version, found.hour) != (version, hour):
            self._begin(version, hour)
        return found

    def count(self, version: str, hour: int) -> None:
        """Count and keep; what goes wrong is logged, and tried again when somebody looks."""
        database, late_days = self._service.log.database, self._service.config.data.late_days
        try:
            body: dict[str, Any] = {}
            for name, figures in totals.each(database, late=int(late_days * DAY)):
                body[name] = figures
                if self._closing:
                    return
            if self._service.current.version:
                body["growth"] = growth.counted(self._service)
            body["experiments"] = experiments.counted(self._service)
            kept.keep(database, Figures(version, hour, body))
        except StoreUnavailable as error:
            self._service.logger.warning("figures not counted", **logs.described(error))

    def _begin(self, version: str, hour: int) -> None:
        if not self._closing and self._turn.acquire(blocking=False):
            threading.Thread(target=self._run, args=(version, hour), daemon=True).start()

    def _run(self, version: str, hour: int) -> None:
        try:
            self.count(version, hour)
        finally:
            self._turn.release()
