"""How much to trust each part: learnt from what was held out of the histories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms import listwise
from recsys.algorithms.histories import Histories
from recsys.evaluation import metrics
from recsys.evaluation.metrics import NOBODY
from training.benchmark.candidates import candidates
from training.benchmark.parts import Parts

LEARNED = 100
"""Candidates a user that are learnt from: further down there is little to tell apart."""

RIDGE = 1e-4
FOLDS = 2


@dataclass(frozen=True, slots=True)
class Lessons:
    """Candidates of users, and which of them had been held out.

    Attributes
    ----------
    item_row : int32, shape (n_users, n_candidates)
    features : float32, shape (n_users, n_candidates, n_features)
    hit : bool, shape (n_users, n_candidates)
    wanted : int64, shape (n_users,)
        How many items were held out of the user, whether or not they are candidates.
    """

    item_row: NDArray[np.int32]
    features: NDArray[np.float32]
    hit: NDArray[np.bool_]
    wanted: NDArray[np.int64]

    def of_users(self, users: NDArray[np.bool_]) -> Lessons:
        """Return the lessons of some users."""
        return Lessons(
            self.item_row[users], self.features[users], self.hit[users], self.wanted[users]
        )


def lessons(
    parts: Parts, histories: Histories, wanted: Histories, *, n: int, threads: int = 1
) -> Lessons:
    """Return `n` candidates of each user and what of them was wanted."""
    found = list(candidates(parts, histories, n, threads=threads))
    item_row = np.concatenate([block.item_row for block in found])
    return Lessons(
        item_row,
        np.concatenate([block.features for block in found]),
        metrics.hits(item_row, wanted.item_row, wanted.indptr),
        np.diff(wanted.indptr),
    )


def learn(taught: Sequence[Lessons]) -> NDArray[np.float64]:
    """Return the weights that rank what was held out first (listwise)."""
    from threadpoolctl import threadpool_limits

    import_module("scipy.optimize")  # brings a BLAS of its own; only loaded ones are limited
    there = [lesson.item_row[:, :LEARNED] != NOBODY for lesson in taught]
    counts = np.concatenate([each.sum(axis=1) for each in there])
    starts = np.cumsum(counts) - counts
    pairs = list(zip(taught, there, strict=True))
    with threadpool_limits(1, "blas"):  # a dozen weights: threads would wait for each other
        return listwise.fit(
            np.concatenate(
                [lesson.features[:, :LEARNED][each] for lesson, each in pairs], dtype=np.float64
            ),
            np.concatenate([lesson.hit[:, :LEARNED][each] for lesson, each in pairs]),
            starts[counts > 0],
            ridge=RIDGE,
        )


def cross_fitted(taught: Sequence[Lessons], k: int, *, seed: int) -> list[NDArray[np.int32]]:
    """Rank the users of each lesson by weights learnt from others, int32, shape (n_users, k)."""
    folds = [_folds(len(lesson.wanted), seed) for lesson in taught]
    ranked = [np.full((len(lesson.wanted), k), NOBODY, np.int32) for lesson in taught]
    for fold in range(FOLDS):
        pairs = list(zip(taught, folds, strict=True))
        weights = learn([lesson.of_users(own != fold) for lesson, own in pairs])
        for lists, lesson, own in zip(ranked, taught, folds, strict=True):
            asked = lesson.of_users(own == fold)
            order = ranking(asked.item_row, asked.features, weights)[:, :k]
            lists[own == fold] = np.take_along_axis(asked.item_row, order, axis=1)
    return ranked


def ranking(
    item_row: NDArray[np.int32], features: NDArray[np.float32], weights: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return the places of the candidates, best first, ties by their order, ``NOBODY`` last."""
    score = np.where(item_row == NOBODY, -np.inf, features @ weights.astype(np.float32))
    return np.argsort(-score, axis=1, kind="stable")


def _folds(n_users: int, seed: int) -> NDArray[np.int64]:
    """Return the fold of each user, int64, shape (n_users,): as many in each."""
    return np.random.default_rng(seed).permutation(n_users) % FOLDS
