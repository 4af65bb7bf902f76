"""Which engine a run works on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from recsys.config import Training
from recsys.engines.engine import Engine, Memory
from recsys.engines.processes import Processes

MANY_EVENTS = 100_000
"""Interactions from which starting processes costs less than they save."""


@contextmanager
def opened(settings: Training, *, n_events: int) -> Iterator[Engine]:
    """Open the engine that is configured, or that suits so many interactions.

    What comes of a run is the same on any.
    """
    workers = settings.processes or os.cpu_count() or 1
    many = workers > 1 and n_events >= MANY_EVENTS
    if settings.engine == "spark":
        # Loaded only by those who use it: an extra, and a JVM.
        from recsys.engines.spark import Spark

        with Spark(settings.spark) as spark:
            yield spark
        return
    if settings.engine == "memory" or not (settings.engine or many):
        yield Memory()
        return
    with Processes(workers) as engine:
        yield engine
