"""Rankers judged under every reading of what was held out, and the one that none speaks against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.repeat_rate import Habits
from recsys.algorithms.threads import one_thread
from recsys.algorithms.topk import top_k
from recsys.evaluation import metrics
from recsys.items.ranker import Blended
from training.items.held_out import HeldOutReading, readings
from training.items.ranker_examples import ShownUsers, said

LEAST = 0.01
"""Share of an NDCG that is not worth telling from chance."""

PerUser = Mapping[str, Mapping[str, NDArray[np.float64]]]
"""NDCG of each user by reading, then by ranker."""
Figures = Mapping[str, Mapping[str, float]]
"""Their means."""


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

    seen: ShownUsers
    readings: Mapping[str, HeldOutReading]

    @classmethod
    def of(cls, name: str, seen: ShownUsers, *, repeats: bool, seed: int) -> Tomorrow:
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
        with one_thread("blas"):
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

    def _barred(self, reading: HeldOutReading, place: int, had: Habits) -> NDArray[np.int32]:
        wanted = self.seen.wanted
        own = slice(wanted.indptr[place], wanted.indptr[place + 1])
        dropped = wanted.item_row[own][~reading.wanted[own]]
        return np.concatenate([dropped, had.item_row]) if reading.only_new else dropped

    def _figure(self, reading: HeldOutReading, lists: NDArray[np.int32]) -> NDArray[np.float64]:
        wanted = self.seen.wanted.where(reading.wanted)
        return metrics.ndcg(metrics.hits(lists, wanted.item_row, wanted.indptr), wanted.counts)


def _old(seen: ShownUsers) -> NDArray[np.bool_]:
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


def means(figures: PerUser) -> Figures:
    """Return the means over the users that have a figure, 0 without any."""
    return {
        reading: {name: _mean(each) for name, each in rankers.items()}
        for reading, rankers in figures.items()
    }


def _mean(figure: NDArray[np.float64]) -> float:
    known = figure[~np.isnan(figure)]
    return float(known.mean()) if len(known) else 0.0


def robust(ndcg: PerUser, part: str, sums: Sequence[str], learnt: Sequence[str]) -> str:
    """Return the ranker that is best on average and that no reading speaks against.

    A learnt ranker is measured against the best part alone and against the best of the plain sums.
    A reading speaks against it where it has more than ``LEAST`` less than either: it is not chosen
    then, however good it is under the others.

    Parameters
    ----------
    ndcg : mapping of str to mapping of str to float64, shape (n_users,)
        By reading, then by ranker; NaN where nothing is wanted.
    part : str
        The best part alone.
    sums, learnt : sequence of str
        The other rankers; there may be none that are learnt.
    """
    figures = means(ndcg)

    def average(name: str) -> float:
        best = {reading: max(by.values()) for reading, by in figures.items()}
        return sum(by[name] / best[reading] for reading, by in figures.items() if best[reading])

    rivals = (part, max(sums, key=average))
    simple = max(rivals, key=average)
    sound = [
        name
        for name in learnt
        if average(name) > average(simple)
        and not any(
            by[name] < (1 - LEAST) * by[rival] for by in figures.values() for rival in rivals
        )
    ]
    return max(sound, key=average, default=simple)
