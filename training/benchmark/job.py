"""What the list protocols share: choose, fit and rank as `recsys train` does."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.threads import one_thread
from recsys.algorithms.topk import top_k
from recsys.config import Config
from recsys.data.interactions import Interactions
from recsys.evaluation.metrics import NOBODY
from training.benchmark.request import Request
from training.benchmark.world import KIND, BenchmarkWorld
from training.items.choice import ItemChoice
from training.items.personal import HeldOutParts, choose_personal, part_settings
from training.items.ranker_examples import Fitted, fit_parts, said
from training.items.weights import blended, taste_alone
from training.progress import Steps

MOST_USERS = 4_000
"""Users that judge, and that weights are learnt from, where there is little to learn of each."""


@dataclass(frozen=True, slots=True)
class ProtocolRun:
    """One run of a protocol, with the ranker that serves as rung 2.

    Attributes
    ----------
    asked : Request
    world : World
        The train file.
    steps : Steps
        Told what is going on.
    seconds : dict of str to float
        Wall time of each phase so far.
    """

    asked: Request
    world: BenchmarkWorld
    steps: Steps
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def config(self) -> Config:
        """The defaults, but for the length of the lists, the seed, and users of one item."""
        config = Config()
        items = {"at_k": self.asked.k, "min_history": 1, "relevant_kind": KIND}
        return config.model_copy(
            update={
                "items": config.items.model_copy(update=items),
                "training": config.training.model_copy(update={"seed": self.asked.seed}),
            }
        )

    def choose(self, parts: HeldOutParts) -> ItemChoice:
        """Choose parts and ranker by what was held out."""
        with self._phase("choose"):
            found = choose_personal(
                parts, self.world.everything, self.config, progress=self.steps.detail
            )
        return found.choice

    def validated(self, choice: ItemChoice) -> dict[str, float]:
        """Return the NDCG of what was chosen where it was chosen."""
        figures = next(iter(choice.tomorrows.values()), None)
        return {f"NDCG@{self.asked.k}": figures[choice.ranker]} if figures else {}

    def rank(self, events: Interactions, choice: ItemChoice, *, of: str) -> NDArray[np.int32]:
        """Fit on some events and rank for all users, int32, shape (n_users, k).

        Best first, nothing of the history, padded with ``NOBODY``; the most popular for a user
        without a history.
        """
        with self._phase(f"fit on {of}"):
            fitted = self.fitted(events, choice)
        with self._phase(f"rank for {len(events.users):,} users"):
            return self._ranked(fitted, events, choice)

    def fitted(self, events: Interactions, choice: ItemChoice) -> Fitted:
        """Fit the parts of a choice on some events, as of the end of all."""
        settings = part_settings(choice, events.kinds, self.config)
        at = self.world.events.end
        return fit_parts(events, self.world.everything, settings, self.config, at=at)

    def _ranked(
        self, fitted: Fitted, events: Interactions, choice: ItemChoice
    ) -> NDArray[np.int32]:
        ranker = blended(fitted, choice.blend.learned if choice.blend else taste_alone())
        popular = np.bincount(events.item_row, minlength=len(events.items)).astype(np.float32)
        lists = np.full((len(events.users), self.asked.k), NOBODY, np.int32)
        users = np.arange(len(events.users), dtype=np.int32)
        with one_thread("blas"):
            for user, (had, pair) in enumerate(said(fitted, events, users)):
                score = ranker.weighed(pair, had) if len(had) else popular.copy()
                score[had.item_row] = -np.inf
                best = top_k(score, self.asked.k)
                lists[user, : len(best)] = best
        return lists

    @contextmanager
    def _phase(self, name: str) -> Iterator[None]:
        self.steps.begin(name)
        start = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - start
