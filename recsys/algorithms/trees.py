"""Boosted trees, kept as arrays: what is worth more than it adds up to.

Gradient boosting of the logistic loss (Friedman 2001) over histograms (Ke et al. 2017), fitted by
scikit-learn and read out, so that serving needs neither scikit-learn nor a pickle. A tree that
stops early is filled up to a complete one: all its lower leaves say the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.threads import one_thread


@dataclass(frozen=True, slots=True)
class TreeSettings:
    """What is tuned.

    Attributes
    ----------
    trees, depth : int
        How many, and how many questions each asks.
    rate : float
        Share of each tree's correction that is taken.
    smallest : int
        Rows a leaf needs.
    ridge : float
        Penalty on the squared values of the leaves.
    """

    trees: int = 100
    depth: int = 4
    rate: float = 0.09
    smallest: int = 100
    ridge: float = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class Trees:
    """Complete binary trees; the children of node ``n`` are ``2n + 1`` and ``2n + 2``.

    Attributes
    ----------
    feature : int16, shape (n_trees, 2 ** depth - 1)
        What each node asks about.
    threshold : float64, shape (n_trees, 2 ** depth - 1)
        Up to here one goes left.
    value : float32, shape (n_trees, 2 ** depth)
        What each leaf adds, in log odds.
    start : float
        Log odds before any tree.
    """

    feature: NDArray[np.int16]
    threshold: NDArray[np.float64]
    value: NDArray[np.float32]
    start: float

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Trees)
            and self.start == other.start
            and np.array_equal(self.feature, other.feature)
            and np.array_equal(self.threshold, other.threshold)
            and np.array_equal(self.value, other.value)
        )

    __hash__ = None  # type: ignore[assignment]

    def score(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the log odds of each column, float32, shape (m,).

        Parameters
        ----------
        x : float32, shape (n_features, m)
            No NaN.
        """
        n_trees, n_nodes = self.feature.shape
        tree, column = np.arange(n_trees)[:, None], np.arange(x.shape[1])
        node = np.zeros((n_trees, x.shape[1]), np.intp)
        for _ in range((n_nodes + 1).bit_length() - 1):
            right = x[self.feature[tree, node], column] > self.threshold[tree, node]
            node = 2 * node + 1 + right
        leaves = self.value[tree, node - n_nodes]
        # In double precision the sum is exact: a row alone and among others gets the same bits.
        return np.asarray(self.start + leaves.sum(axis=0, dtype=np.float64), np.float32)


def fit(
    x: NDArray[np.float64], chosen: NDArray[np.bool_], settings: TreeSettings, *, seed: int
) -> Trees:
    """Fit the trees to what was chosen.

    One thread and a seed: the same rows give the same bits.

    Parameters
    ----------
    x : float64, shape (n, n_features)
        No NaN.
    chosen : bool, shape (n,)
        All of one kind: no tree has anything to say.
    settings : TreeSettings
        How many, how deep, how cautious.
    seed : int
        Of what scikit-learn draws.
    """
    if chosen.all() or not chosen.any():
        share = (chosen.sum() + 0.5) / (len(chosen) + 1.0)
        return _of([], settings.depth, float(np.log(share / (1 - share))))
    from sklearn.ensemble import HistGradientBoostingClassifier

    with one_thread():
        model = HistGradientBoostingClassifier(
            max_iter=settings.trees,
            max_depth=settings.depth,
            max_leaf_nodes=None,
            learning_rate=settings.rate,
            min_samples_leaf=settings.smallest,
            l2_regularization=settings.ridge,
            early_stopping=False,
            random_state=seed,
        ).fit(x, chosen)
    # scikit-learn shows the trees of this model nowhere else; a test holds the copy against it.
    nodes = [rounds[0].nodes for rounds in model._predictors]  # noqa: SLF001
    return _of(nodes, settings.depth, float(model._baseline_prediction.ravel()[0]))  # noqa: SLF001


def _of(nodes: list[Any], depth: int, start: float) -> Trees:
    trees = Trees(
        feature=np.zeros((len(nodes), 2**depth - 1), np.int16),
        threshold=np.full((len(nodes), 2**depth - 1), np.inf),
        value=np.zeros((len(nodes), 2**depth), np.float32),
        start=start,
    )
    for row, tree in enumerate(nodes):
        _copy(trees, row, tree, source=0, target=0)
    return trees


def _copy(trees: Trees, row: int, tree: Any, *, source: int, target: int) -> None:
    """Copy a node and all below it; below a leaf, the leaf itself."""
    node, n_nodes = tree[source], trees.feature.shape[1]
    if target >= n_nodes:
        trees.value[row, target - n_nodes] = node["value"]
        return
    left, right = (source, source) if node["is_leaf"] else (int(node["left"]), int(node["right"]))
    if not node["is_leaf"]:
        trees.feature[row, target] = node["feature_idx"]
        trees.threshold[row, target] = node["num_threshold"]
    _copy(trees, row, tree, source=left, target=2 * target + 1)
    _copy(trees, row, tree, source=right, target=2 * target + 2)
