"""What the list protocols share: search, fit, rank, each with its time."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.histories import Histories
from training.benchmark import parts
from training.benchmark.model import Model
from training.benchmark.parts import PartSettings
from training.benchmark.request import Request
from training.benchmark.search import Found, Ground, search
from training.progress import Steps

THREADS = min(2, os.cpu_count() or 1)
"""At most as many as the published figures of this project are measured with."""


@dataclass(frozen=True, slots=True)
class Job:
    """One run of a protocol.

    Attributes
    ----------
    asked : Request
    steps : Steps
        Told what is going on.
    seconds : dict of str to float
        Wall time of each phase so far.
    """

    asked: Request
    steps: Steps
    seconds: dict[str, float] = field(default_factory=dict)

    def search(self, held_out: Iterable[tuple[Histories, Histories]]) -> Found:
        """Choose the settings that find what is wanted with the histories before it.

        Parameters
        ----------
        held_out : iterable of (past, wanted)
            Several where one alone would leave much to chance.
        """
        with self._phase("search"):
            grounds = [
                Ground.of(past, wanted, seed=self.asked.seed, threads=THREADS)
                for past, wanted in held_out
            ]
            start = PartSettings.of_size(len(grounds[0].workshop.histories.item_row))
            return search(
                grounds,
                start,
                self.steps,
                k=self.asked.k,
                seed=self.asked.seed,
                budget=self.asked.budget,
            )

    def rank(self, histories: Histories, found: Found, *, of: str) -> NDArray[np.int32]:
        """Fit on the histories and rank for all of them."""
        with self._phase(f"fit on {of}"):
            fitted = parts.fit(histories, found.settings, seed=self.asked.seed, threads=THREADS)
        with self._phase(f"rank for {len(histories):,} users"):
            return Model(fitted, found.weights).rank(histories, self.asked.k, threads=THREADS)

    @contextmanager
    def _phase(self, name: str) -> Iterator[None]:
        self.steps.begin(name)
        start = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - start
