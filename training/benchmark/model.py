"""What is benchmarked: candidates of an item graph, ranked by what all parts say of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.histories import Histories
from recsys.evaluation.metrics import NOBODY
from training.benchmark.candidates import candidates
from training.benchmark.parts import Parts
from training.benchmark.ranker import ranking

CANDIDATES = 200
"""A user; more where the lists are longer."""


@dataclass(frozen=True, slots=True)
class Model:
    """The parts and how much each is trusted.

    Attributes
    ----------
    parts : Parts
    weights : float64, shape (n_features,)
    """

    parts: Parts
    weights: NDArray[np.float64]

    def rank(self, histories: Histories, k: int, *, threads: int = 1) -> NDArray[np.int32]:
        """Return each user's k best items outside the history, int32, shape (n_users, k).

        Best first, padded with ``NOBODY``; the most popular for a user without a history.
        """
        lists = np.full((len(histories), k), NOBODY, np.int32)
        stranger = np.diff(histories.indptr) == 0
        start = 0
        for block in candidates(self.parts, histories, max(k, CANDIDATES), threads=threads):
            end = start + len(block.item_row)
            order = ranking(block.item_row, block.features, self.weights)
            order[stranger[start:end]] = np.arange(order.shape[1])
            lists[start:end] = np.take_along_axis(block.item_row, order[:, :k], axis=1)
            start = end
        return lists
