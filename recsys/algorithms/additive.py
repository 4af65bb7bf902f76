"""Additive logistic models: one table per feature, exact reasons.

A gradient-boosted model whose every tree looks at one feature (Lou, Caruana & Gehrke 2012,
"Intelligible models for classification and regression") is a sum of step functions, so it is
exported without loss to a table per feature: ``logit = intercept + Σ f_j(x_j)``. Serving needs
NumPy only, and a reason is ``f_j(x_j)`` minus its mean: no approximation, no SHAP.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.threads import one_thread


@dataclass(frozen=True, slots=True)
class AdditiveModel:
    """A fitted sum of step functions; the mean of several of them, with their spread.

    Attributes
    ----------
    intercept : float
        The logit before any feature speaks.
    thresholds : float64, shape (n_features, n_thresholds)
        Ascending in each row, padded with infinity. The bin of ``x`` is the number of thresholds
        strictly below it.
    values : float64, shape (n_features, n_thresholds + 2)
        Logit added in each bin; the last column is for a missing value (NaN).
    mean : float64, shape (n_features,)
        Mean added logit over the training rows.
    deviations : float32, shape (n_members, n_features, n_thresholds + 2)
        What each member of the ensemble adds beyond `values`; its intercept's deviation is
        spread evenly over the features.
    """

    intercept: float
    thresholds: NDArray[np.float64]
    values: NDArray[np.float64]
    mean: NDArray[np.float64]
    deviations: NDArray[np.float32]

    def bins(self, x: NDArray[np.floating[Any]]) -> NDArray[np.int64]:
        """Return the bin of each value, int64, shape (n, n_features)."""
        missing = self.values.shape[1] - 1
        if len(x) == 1:
            placed: NDArray[np.int64] = (self.thresholds < x[0][:, None]).sum(1)[None]
        else:
            columns = zip(self.thresholds, x.T, strict=True)
            placed = np.stack([np.searchsorted(t, c) for t, c in columns], axis=1)
        placed[np.isnan(x)] = missing
        return placed

    def contributions(self, x: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Return ``f_j(x_j) - mean_j``, float64, shape (n, n_features).

        A row sums to its logit minus the mean logit of the training rows.
        """
        added: NDArray[np.float64] = self._added(x) - self.mean
        return added

    def logit(self, x: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Return the logit of each row of `x`, shape (n, n_features), as float64, shape (n,)."""
        total: NDArray[np.float64] = self._added(x).sum(1)
        return total + self.intercept

    @property
    def mean_logit(self) -> float:
        """The mean logit over the training rows."""
        return float(self.intercept + self.mean.sum())

    def spread(self, x: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Return the standard deviation of the members' logits, float64, shape (n,).

        Zero with fewer than two members.
        """
        if len(self.deviations) < 2:
            return np.zeros(len(x))
        bins, features = self.bins(x), np.arange(len(self.values))
        off = [member[features, bins].sum(1, dtype=np.float64) for member in self.deviations]
        spread: NDArray[np.float64] = np.std(off, axis=0, ddof=1)
        return spread

    def _added(self, x: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        added: NDArray[np.float64] = self.values[np.arange(len(self.values)), self.bins(x)]
        return added

    def rescaled(self, *, slope: float, shift: float) -> AdditiveModel:
        """Return the model whose logit is ``slope * logit + shift``; reasons stay exact."""
        return replace(
            self,
            intercept=slope * self.intercept + shift,
            values=slope * self.values,
            mean=slope * self.mean,
            deviations=(slope * self.deviations).astype(np.float32),
        )


@dataclass(frozen=True, slots=True)
class AdditiveSettings:
    """How boosting is done.

    Attributes
    ----------
    learning_rate : float
        Share of each tree that is added.
    n_trees : int
        Trees a member.
    max_leaves : int
        Leaves a tree; 2 gives stumps.
    min_leaf : int
        Rows a leaf needs.
    l2 : float
        Ridge penalty on leaves.
    max_bins : int
        Distinct steps a feature may have before boosting.
    feature_share : float
        Share of the features that a split may choose from.
    n_members : int
        Models fitted on bootstrap samples of users and averaged; 1 fits the rows as they are.
    """

    learning_rate: float = 0.08
    n_trees: int = 100
    max_leaves: int = 3
    min_leaf: int = 40
    l2: float = 10.0
    max_bins: int = 63
    feature_share: float = 0.3
    n_members: int = 8


def fit(
    x: NDArray[np.floating[Any]],
    y: NDArray[np.bool_],
    *,
    user_row: NDArray[np.integer[Any]],
    settings: AdditiveSettings,
    seed: int,
    monotone: Sequence[int] | None = None,
) -> AdditiveModel:
    """Fit an additive model to rows of users.

    Members see bootstrap samples of *users*, so that several rows of one user stay together
    (bagging, Breiman 1996, over clusters).

    Parameters
    ----------
    x : floating, shape (n, n_features)
        NaN is missing and gets its own step. A column without any value has no say.
    y : bool, shape (n,)
        Must hold both values.
    user_row : integer, shape (n,)
        Whose row it is.
    monotone : sequence of int, length n_features, optional
        1 for features that may only raise the logit, -1 only lower it, 0 either.
    settings : AdditiveSettings
        How boosting is done.
    seed : int
        Same rows, settings and seed: same model.
    """
    empty = np.isnan(x).all(0)
    used = np.flatnonzero(~empty if not empty.all() else empty)
    limits = None if monotone is None else [monotone[feature] for feature in used.tolist()]
    seen = x[:, used]
    members = boosted(seen, y, user_row, settings, seed=seed, monotone=limits)
    return _widened(export(members, seen), used, x.shape[1])


def boosted(
    x: NDArray[np.floating[Any]],
    y: NDArray[np.bool_],
    user_row: NDArray[np.integer[Any]],
    settings: AdditiveSettings,
    *,
    seed: int,
    monotone: Sequence[int] | None,
) -> list[Any]:
    """Return the fitted scikit-learn models, one a member."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    rng = np.random.default_rng(seed)
    _, owner = np.unique(user_row, return_inverse=True)
    n_users = int(owner.max()) + 1
    members = []
    for _ in range(settings.n_members):
        drawn = np.bincount(rng.integers(n_users, size=n_users), minlength=n_users)[owner]
        # rows are repeated, not weighted: scikit-learn bins weighted rows three times slower
        rows = np.repeat(np.arange(len(y)), drawn if settings.n_members > 1 else 1)
        model = HistGradientBoostingClassifier(
            learning_rate=settings.learning_rate,
            max_iter=settings.n_trees,
            max_leaf_nodes=settings.max_leaves,
            min_samples_leaf=settings.min_leaf,
            l2_regularization=settings.l2,
            max_bins=settings.max_bins,
            max_features=settings.feature_share,
            interaction_cst="no_interactions",
            monotonic_cst=monotone,
            early_stopping=False,
            random_state=int(rng.integers(2**31)),
        )
        with one_thread():
            members.append(model.fit(_binnable(x[rows]), y[rows]))
    return members


def _binnable(x: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    # scikit-learn refuses to bin a column without a value; a constant one is never split
    x[:, np.isnan(x).all(0)] = 0.0
    return x


def export(members: Sequence[Any], x: NDArray[np.floating[Any]]) -> AdditiveModel:
    """Return the mean of fitted scikit-learn models as tables, exactly.

    Parameters
    ----------
    members : sequence of HistGradientBoostingClassifier
        Fitted with ``interaction_cst="no_interactions"``.
    x : floating, shape (n, n_features)
        The training rows, for the means.
    """
    thresholds = _thresholds(members, x.shape[1])
    tables = np.zeros((len(members), x.shape[1], thresholds.shape[1] + 2))
    intercepts = np.zeros(len(members))
    for number, member in enumerate(members):
        table = tables[number]
        intercepts[number] = np.ravel(member._baseline_prediction)[0]  # noqa: SLF001
        for nodes in _trees(member):
            if nodes[0]["is_leaf"]:
                intercepts[number] += nodes[0]["value"]
                continue
            feature = nodes[0]["feature_idx"]
            edges = thresholds[feature]
            _pour(nodes, 0, table[feature], edges, (0, table.shape[1] - 1), missing=True)
    values, intercept = tables.mean(0), float(intercepts.mean())
    off = tables - values + (intercepts - intercept)[:, None, None] / x.shape[1]
    model = AdditiveModel(
        intercept, thresholds, values, np.zeros(x.shape[1]), off.astype(np.float32)
    )
    return replace(model, mean=model.contributions(x).mean(0))


def _widened(model: AdditiveModel, used: NDArray[np.int64], n_features: int) -> AdditiveModel:
    """Return the model with tables of zeros for the features that were left out."""

    def wide(table: NDArray[Any], axis: int, blank: float) -> NDArray[Any]:
        shape = (*table.shape[:axis], n_features, *table.shape[axis + 1 :])
        full = np.full(shape, blank, table.dtype)
        full[(slice(None),) * axis + (used,)] = table
        return full

    return AdditiveModel(
        intercept=model.intercept,
        thresholds=wide(model.thresholds, 0, np.inf),
        values=wide(model.values, 0, 0.0),
        mean=wide(model.mean, 0, 0.0),
        deviations=wide(model.deviations, 1, 0.0),
    )


def _trees(member: Any) -> list[NDArray[np.void]]:
    # scikit-learn has no public way to read the trees; a test compares with its predictions
    return [predictor.nodes for (predictor,) in member._predictors]  # noqa: SLF001


def _thresholds(members: Sequence[Any], n_features: int) -> NDArray[np.float64]:
    splits = [tree[tree["is_leaf"] == 0] for member in members for tree in _trees(member)]
    nodes = np.concatenate(splits)
    per_feature = [
        np.unique(nodes["num_threshold"][nodes["feature_idx"] == feature])
        for feature in range(n_features)
    ]
    padded = np.full((n_features, max(map(len, per_feature))), np.inf)
    for row, thresholds in zip(padded, per_feature, strict=True):
        row[: len(thresholds)] = thresholds
    return padded


def _pour(
    nodes: NDArray[np.void],
    node: int,
    table: NDArray[np.float64],
    edges: NDArray[np.float64],
    bins: tuple[int, int],
    *,
    missing: bool,
) -> None:
    """Add the leaves below a node to the bins (and the missing bin) that reach them."""
    at = nodes[node]
    start, stop = bins
    if at["is_leaf"]:
        table[start:stop] += at["value"]
        table[-1] += at["value"] if missing else 0.0
        return
    split = int(np.searchsorted(edges, at["num_threshold"])) + 1
    goes_left = bool(at["missing_go_to_left"])
    left, right = (start, min(split, stop)), (max(split, start), stop)
    _pour(nodes, int(at["left"]), table, edges, left, missing=missing and goes_left)
    _pour(nodes, int(at["right"]), table, edges, right, missing=missing and not goes_left)
