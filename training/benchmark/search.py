"""The choice of settings on held-out items: one change after the other, within a budget."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.als import AlsSettings
from recsys.algorithms.histories import Histories
from training.benchmark import measuring, ranker
from training.benchmark.model import CANDIDATES
from training.benchmark.parts import PartSettings, Workshop
from training.benchmark.ranker import Lessons
from training.benchmark.request import Budget
from training.progress import Steps

USERS = 8_000
"""Most users of a validation part that settings are judged on and the ranker learns from."""


def _each(change: Callable[[AlsSettings], AlsSettings]) -> Callable[[PartSettings], PartSettings]:
    return lambda settings: replace(settings, factors=tuple(map(change, settings.factors)))


CHANGES: Sequence[tuple[str, Callable[[PartSettings], PartSettings]]] = (
    ("fewer item graphs", lambda now: replace(now, exponents=now.exponents[:2])),
    ("more regularization", _each(lambda als: replace(als, regularization=als.regularization * 3))),
    ("less confidence", _each(lambda als: replace(als, alpha=als.alpha / 4))),
    ("item exponent .5", lambda now: replace(now, item_exponent=0.5)),
    ("fewer edges", lambda now: replace(now, edges=now.edges // 3)),
    ("more edges", lambda now: replace(now, edges=now.edges * 3)),
    ("fewer components", lambda now: replace(now, components=now.components // 4)),
    ("less regularization", _each(lambda als: replace(als, regularization=als.regularization / 3))),
    ("more confidence", _each(lambda als: replace(als, alpha=als.alpha * 2))),
)
"""What is tried, in this order; what is better stays."""


@dataclass(frozen=True, slots=True)
class Found:
    """The best settings met.

    Attributes
    ----------
    settings : PartSettings
        The winner.
    weights : float64, shape (n_features,)
        How much the ranker trusts each part, learnt from all that was held out.
    figures : dict of str to float
        Means over the validation parts, each user ranked by weights learnt from others; the
        settings were chosen on the same users, which flatters a little.
    users : int
        How many users were judged.
    tried : int
        Settings tried.
    """

    settings: PartSettings
    weights: NDArray[np.float64]
    figures: dict[str, float]
    users: int
    tried: int

    def __str__(self) -> str:
        return f"{self.settings} ({self.tried} tried)"


@dataclass(frozen=True, slots=True)
class Ground:
    """One validation part.

    Attributes
    ----------
    workshop : Workshop
        Fits to the histories of all users, without what is held out.
    asked : Histories
        Of the users judged.
    wanted : Histories
        What was held out of them.
    """

    workshop: Workshop
    asked: Histories
    wanted: Histories

    @classmethod
    def of(cls, past: Histories, wanted: Histories, *, seed: int, threads: int) -> Ground:
        """Choose the users to judge on."""
        users = asked_users(wanted, seed=seed)
        return cls(Workshop(past, seed, threads), past.of_users(users), wanted.of_users(users))

    def lessons(self, settings: PartSettings, k: int) -> Lessons:
        """Fit the settings and return what can be learnt from the users asked."""
        parts = self.workshop.fit(settings)
        n, threads = max(CANDIDATES, k), self.workshop.threads
        return ranker.lessons(parts, self.asked, self.wanted, n=n, threads=threads)


def search(
    grounds: Sequence[Ground],
    start: PartSettings,
    steps: Steps,
    *,
    k: int,
    seed: int,
    budget: Budget,
) -> Found:
    """Try the changes one after the other and keep what raises NDCG@k; within the budget."""
    clock, goal = time.perf_counter(), f"NDCG@{k}"
    best = start
    taught = [ground.lessons(best, k) for ground in grounds]
    figures, tried = _judged(grounds, taught, k, seed=seed), 1
    for name, change in CHANGES[: budget.trials - 1]:
        if time.perf_counter() - clock > budget.seconds:
            break
        for ground in grounds:
            ground.workshop.settle(best)
        steps.detail(f"{tried} tried, NDCG {figures[goal]:.4f}; {name}")
        other = [ground.lessons(change(best), k) for ground in grounds]
        reached, tried = _judged(grounds, other, k, seed=seed), tried + 1
        if reached[goal] > figures[goal]:
            best, taught, figures = change(best), other, reached
    return Found(
        settings=best,
        weights=ranker.learn(taught),
        figures=figures,
        users=len(grounds[0].asked),
        tried=tried,
    )


def asked_users(wanted: Histories, *, seed: int) -> NDArray[np.int32]:
    """Return at most ``USERS`` users of whom something is held out, ascending."""
    found = np.flatnonzero(np.diff(wanted.indptr)).astype(np.int32)
    picked = np.random.default_rng(seed).permutation(found)[:USERS]
    return np.sort(picked)


def _judged(
    grounds: Sequence[Ground], taught: Sequence[Lessons], k: int, *, seed: int
) -> dict[str, float]:
    """Return the figures on what was held out, each user ranked by weights learnt from others."""
    each = [
        measuring.figures(lists, ground.wanted)
        for ground, lists in zip(grounds, ranker.cross_fitted(taught, k, seed=seed), strict=True)
    ]
    return {name: float(np.mean([figures[name] for figures in each])) for name in each[0]}
