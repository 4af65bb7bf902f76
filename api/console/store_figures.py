"""Figures over the whole store, for a model version and an hour."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from api.console.pages import experiments, growth
from recsys.data.times import DAY
from recsys.storage.figures import kept, totals
from recsys.storage.figures.kept import Figures


def count(service: Any, hour: int, *, is_over: Callable[[], bool]) -> None:
    """Count and keep, unless it is over before.

    Parameters
    ----------
    service : Service
        Or what has its store, its model version, its configuration, reader and clock.
    hour : int
        Under which the figures are kept.
    is_over : callable
        Asked now and then: what returns True ends it.

    Raises
    ------
    StoreUnavailable
        Nothing was kept: it is tried again when somebody looks.
    """
    database, version = service.log.database, service.current.version or ""
    began = time.monotonic()
    body: dict[str, Any] = {}
    for name, figures in totals.each(database, late=int(service.config.data.late_days * DAY)):
        body[name] = figures
        if is_over():
            return
    if version:
        body["growth"] = growth.counted(service)
    body["experiments"] = experiments.counted(service)
    body["took"] = time.monotonic() - began
    kept.keep(database, Figures(version, hour, body))
