"""Rankers judged under every reading of what was held out, and the one that none speaks against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from recsys.algorithms.repeat_rate import Habits
from recsys.algorithms.topk import top_k
from recsys.evaluation import metrics
from recsys.items.ranker import Blended
from training.items.held_out import Reading, readings
from training.items.ranker_examples import Shown, said

Figures = Mapping[str, Mapping[str, float]]
"""Mean NDCG by reading, then by ranker."""


@dataclass(frozen=True, slots=True)
class Tomorrow:
    """Something that was held out, and how it is read.

    Attributes
    ----------
    seen : Shown
        The users asked, with parts that know nothing of what was held out.
    readings : mapping of str to Reading
        By what the reports call them.
    """

    seen: Shown
    readings: Mapping[str, Reading]

    @classmethod
    def of(cls, name: str, seen: Shown, *, repeats: bool, seed: int) -> Tomorrow:
        """Read what was held out as it is, as new items only, drawn to the popular and the rare."""
        taken = seen.before.item_row[seen.before.item_row >= 0]
        popular = np.bincount(taken, minlength=len(seen.before.items))
        found = readings(seen.wanted, _old(seen), popular, repeats=repeats, seed=seed)
        return cls(seen, {f"{name}{which}": reading for which, reading in found.items()})

    def ndcg(self, rankers: Mapping[str, Blended]) -> dict[str, dict[str, NDArray[np.float64]]]:
        """Return the NDCG of each user by reading, then by ranker; NaN where nothing is wanted."""
        seen = self.seen
        shape = (len(self.readings), len(rankers), len(seen.wanted), seen.k)
        lists = np.full(shape, metrics.NOBODY, np.int32)
        with threadpool_limits(1, "blas"):
            asked = said(seen.fitted, seen.before, seen.wanted.user_row)
            for place, (had, pair) in enumerate(asked):
                barred = [self._barred(each, place, had) for each in self.readings.values()]
                for column, ranker in enumerate(rankers.values()):
                    score = ranker.weighed(pair, had)
                    for row, rows in enumerate(barred):
                        left = score.copy()
                        left[rows] = -np.inf
                        best = top_k(left, seen.k)
                        lists[row, column, place, : len(best)] = best
        return {
            name: {
                ranker: self._figure(reading, each)
                for ranker, each in zip(rankers, own, strict=True)
            }
            for (name, reading), own in zip(self.readings.items(), lists, strict=True)
        }

    def _barred(self, reading: Reading, place: int, had: Habits) -> NDArray[np.int32]:
        wanted = self.seen.wanted
        own = slice(wanted.indptr[place], wanted.indptr[place + 1])
        dropped = wanted.item_row[own][~reading.wanted[own]]
        return np.concatenate([dropped, had.item_row]) if reading.only_new else dropped

    def _figure(self, reading: Reading, lists: NDArray[np.int32]) -> NDArray[np.float64]:
        wanted = self.seen.wanted.where(reading.wanted)
        return metrics.ndcg(metrics.hits(lists, wanted.item_row, wanted.indptr), wanted.counts)


def _old(seen: Shown) -> NDArray[np.bool_]:
    """Return which held-out items the users had before, bool, shape (n_pairs,)."""
    width = len(seen.before.items)
    users = np.searchsorted(seen.wanted.user_row, seen.before.user_row)
    users = np.minimum(users, len(seen.wanted) - 1)
    there = (seen.wanted.user_row[users] == seen.before.user_row) & (
        seen.before.kind == seen.fitted.kind
    )
    known = users[there].astype(np.int64) * width + seen.before.item_row[there]
    asked = np.repeat(np.arange(len(seen.wanted)), seen.wanted.counts) * width
    return np.isin(asked + seen.wanted.item_row, known)


def means(figures: Mapping[str, Mapping[str, NDArray[np.float64]]]) -> Figures:
    """Return the means over the users that have a figure, 0 without any."""
    return {
        reading: {name: _mean(each) for name, each in rankers.items()}
        for reading, rankers in figures.items()
    }


def _mean(figure: NDArray[np.float64]) -> float:
    known = figure[~np.isnan(figure)]
    return float(known.mean()) if len(known) else 0.0


def robust(figures: Figures, simple: Sequence[str], learnt: Sequence[str]) -> str:
    """Return the learnt ranker that is best on average of those that no reading speaks against.

    Under each reading it must be at least as good as the best of the simple ones there. Where none
    is, the simple one serves whose largest relative loss against the best of them is smallest.
    """
    floor = {reading: max(by[name] for name in simple) for reading, by in figures.items()}

    def gains(name: str) -> list[float]:
        return [
            by[name] / floor[reading] - 1 if floor[reading] > 0 else float(by[name] > 0)
            for reading, by in figures.items()
        ]

    sound = [name for name in learnt if min(gains(name)) >= 0 and max(gains(name)) > 0]
    if sound:
        return max(sound, key=lambda name: sum(gains(name)))
    return max(simple, key=lambda name: (min(gains(name)), sum(gains(name))))
