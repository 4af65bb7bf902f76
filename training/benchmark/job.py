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
from training.benchmark import model
from training.benchmark.model import Settings
from training.benchmark.outcome import Steps
from training.benchmark.search import Found, Trial, asked_users, search

THREADS = min(2, os.cpu_count() or 1)
"""At most as many as the published figures of this project are measured with."""


@dataclass(frozen=True, slots=True)
class Job:
    """One run of a protocol.

    Attributes
    ----------
    k : int
        Length of the lists.
    seed : int
        Of the split, the decomposition and the factors.
    steps : Steps
        Told what is going on.
    seconds : dict of str to float
        Wall time of each phase so far.
    """

    k: int
    seed: int
    steps: Steps
    seconds: dict[str, float] = field(default_factory=dict)

    def search(self, parts: Iterable[tuple[Histories, Histories]]) -> Found:
        """Choose the settings that find what is wanted with the histories before it.

        Parameters
        ----------
        parts : iterable of (past, wanted)
            Several where one alone would leave much to chance.
        """
        with self._phase("search"):
            return search([self._trial(past, wanted) for past, wanted in parts], self.steps)

    def _trial(self, past: Histories, wanted: Histories) -> Trial:
        users = asked_users(wanted, seed=self.seed)
        return Trial(
            histories=past,
            asked=past.of_users(users),
            wanted=wanted.of_users(users),
            k=self.k,
            seed=self.seed,
            threads=THREADS,
        )

    def rank(self, histories: Histories, settings: Settings, *, of: str) -> NDArray[np.int32]:
        """Fit on the histories and rank for all of them."""
        with self._phase(f"fit on {of}"):
            fitted = model.fit(histories, settings, seed=self.seed, threads=THREADS)
        with self._phase(f"rank for {len(histories):,} users"):
            return fitted.rank(histories, self.k, threads=THREADS)

    @contextmanager
    def _phase(self, name: str) -> Iterator[None]:
        self.steps.begin(name)
        start = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - start
