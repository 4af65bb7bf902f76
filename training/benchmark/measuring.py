"""The figures that the papers print."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recsys.evaluation import metrics
from recsys.evaluation.split import Relevant


def figures(lists: NDArray[np.int32], wanted: Relevant) -> dict[str, float]:
    """Return Recall, NDCG, hit rate and MRR at k: means over the users who wanted anything.

    Recall is over all that was wanted, the ideal list of NDCG has ``min(k, wanted)`` hits, as in
    LightGCN's evaluation (He et al. 2020).

    Parameters
    ----------
    lists : int32, shape (n_users, k)
        Of all users by row; best first, padded with ``NOBODY``.
    wanted : Relevant
        Items may lie beyond those that can be ranked.
    """
    k = lists.shape[1]
    hit = metrics.hits(lists[wanted.user_row], wanted.item_row, wanted.indptr)
    per_user = {
        f"Recall@{k}": metrics.recall(hit, wanted.counts),
        f"NDCG@{k}": metrics.ndcg(hit, wanted.counts),
        f"HR@{k}": metrics.any_hit(hit),
        f"MRR@{k}": metrics.reciprocal_rank(hit),
    }
    return {name: float(figure.mean()) for name, figure in per_user.items()}
