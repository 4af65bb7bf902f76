"""The figures that the papers print."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.histories import Histories
from recsys.evaluation import metrics


def figures(lists: NDArray[np.int32], wanted: Histories) -> dict[str, float]:
    """Return Recall, NDCG, hit rate and MRR at k: means over the users who wanted anything.

    Recall is over all that was wanted, the ideal list of NDCG has ``min(k, wanted)`` hits, as in
    LightGCN's evaluation (He et al. 2020).

    Parameters
    ----------
    lists : int32, shape (n_users, k)
        Best first, padded with ``NOBODY``.
    wanted : Histories
        Of the same users; items may lie beyond those that can be ranked.
    """
    k = lists.shape[1]
    hit = metrics.hits(lists, wanted.item_row, wanted.indptr)
    count = np.diff(wanted.indptr)
    asked = count > 0
    per_user = {
        f"Recall@{k}": metrics.recall(hit, count),
        f"NDCG@{k}": metrics.ndcg(hit, count),
        f"HR@{k}": metrics.any_hit(hit),
        f"MRR@{k}": metrics.reciprocal_rank(hit),
    }
    return {name: float(figure[asked].mean()) for name, figure in per_user.items()}
