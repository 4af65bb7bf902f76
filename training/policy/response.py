"""How rewards depend on arm and features: additive tables whose shrinkage the data choose.

The reward of arm a is ``base + z·β_a`` with z the steps and levels of the features: an additive
table per arm. A priori what all arms share of a feature is N(0, σ² v_f) and what arms have of their
own N(0, σ² w_f), with a v and a w *per feature*: a feature that tells nothing about which arm for
whom loses its w, and with it its noise (automatic relevance determination: MacKay 1992, Tipping
2001, here by groups of coefficients). Variances maximise the evidence; coefficients are the
posterior mode of a Gaussian model (Bishop 2006, sections 3.3 and 7.2), also sensible for rewards of
0 and 1: what a policy needs is the *mean* reward.

What an arm adds often grows with what people do anyway. So one more column is how much people are
expected to be rewarded whatever the arm: a difference that a whole table of its own would have to
find bit by bit then takes one coefficient an arm.

All that fitting needs are sums over rows, and sums of folds add up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

CHUNK = 65_536
STEPS = 30
START_SHARED, START_OWN = 1e-2, 1e-3
LEAST, MOST = 1e-7, 1e3
ENOUGH = 1e-2


@dataclass(frozen=True, slots=True)
class ResponseSums:
    """Sums over rows, by arm: of z zᵀ, of z y, of y², and rows; y is the reward less `base`."""

    gram: NDArray[np.float64]
    cross: NDArray[np.float64]
    square: NDArray[np.float64]
    rows: NDArray[np.float64]

    def plus(self, other: ResponseSums, *, times: float = 1.0) -> ResponseSums:
        """Return the sums of both; of the rows without the other's where `times` is -1."""
        return ResponseSums(
            self.gram + times * other.gram,
            self.cross + times * other.cross,
            self.square + times * other.square,
            self.rows + times * other.rows,
        )


def sums(
    design: NDArray[np.float32],
    action: NDArray[np.integer[Any]],
    y: NDArray[np.float64],
    *,
    n_arms: int,
) -> ResponseSums:
    """Return the sums over rows, by arm."""
    width = design.shape[1]
    gram, cross = np.zeros((n_arms, width, width)), np.zeros((n_arms, width))
    square, rows = np.zeros(n_arms), np.zeros(n_arms)
    for arm in range(n_arms):
        own = np.flatnonzero(action == arm)
        square[arm], rows[arm] = y[own] @ y[own], len(own)
        for start in range(0, len(own), CHUNK):
            part = own[start : start + CHUNK]
            z = design[part].astype(np.float64)
            gram[arm] += z.T @ z
            cross[arm] += z.T @ y[part]
    return ResponseSums(gram, cross, square, rows)


def total(folds: Sequence[ResponseSums]) -> ResponseSums:
    """Return the sums over the rows of all folds."""
    whole = folds[0]
    for held in folds[1:]:
        whole = whole.plus(held)
    return whole


def fit(seen: ResponseSums, feature: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return what each column adds to the reward, by arm: float64, shape (n_arms, width).

    Parameters
    ----------
    seen : Sums
        Of the rows to learn from.
    feature : int64, shape (width,)
        The feature that each column belongs to; -1 for the column of ones, which is a row's worth
        shrunk to 0.
    """
    score = _responsiveness(seen, feature)
    with_score = np.column_stack([np.eye(len(feature)), score])
    named = np.append(feature, feature.max(initial=-1) + 1)
    mode = _mode(_seen_through(seen, with_score), named)
    coefficient: NDArray[np.float64] = mode @ with_score.T
    return coefficient


def _responsiveness(seen: ResponseSums, feature: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return what each column says of rewards under any arm, scaled to a spread of 1 over rows.

    All zeros where features say nothing.
    """
    pooled = ResponseSums(*(np.array([figure.sum(axis=0)]) for figure in _figures(seen)))
    score: NDArray[np.float64] = _mode(pooled, feature)[0]
    score[feature < 0] = 0.0
    spread = np.sqrt(max(0.0, score @ pooled.gram[0] @ score) / max(1.0, pooled.rows[0]))
    return score / spread if spread > LEAST else np.zeros_like(score)


def _figures(seen: ResponseSums) -> tuple[NDArray[np.float64], ...]:
    return seen.gram, seen.cross, seen.square, seen.rows


def _seen_through(seen: ResponseSums, columns: NDArray[np.float64]) -> ResponseSums:
    """Return the sums of ``z @ columns`` in the place of z."""
    return replace(seen, gram=columns.T @ seen.gram @ columns, cross=seen.cross @ columns)


def _mode(seen: ResponseSums, feature: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the likeliest coefficients under the variances of the highest evidence."""
    n_arms, width = seen.cross.shape
    turned = _turned(seen, feature)
    variance = np.where(np.arange(turned.n_groups) % 2 == 0, START_SHARED, START_OWN)
    for _ in range(STEPS):
        variance, before = _likelier(turned, variance), variance
        if np.abs(np.log(variance / before)).max(initial=0.0) < ENOUGH:
            break
    mode = np.linalg.solve(turned.gram + np.diag(turned.precision(variance)), turned.cross)
    coefficient: NDArray[np.float64] = turned.arms @ mode.reshape(n_arms, width)
    return coefficient


class _Turned(NamedTuple):
    """Sums in other coordinates: the mean of all arms first, then contrasts between them.

    `group` names the variance of each coefficient: 2 f of what arms share of feature f, 2 f + 1 of
    what they have of their own, -1 for the means.
    """

    arms: NDArray[np.float64]
    gram: NDArray[np.float64]
    cross: NDArray[np.float64]
    square: float
    rows: float
    group: NDArray[np.int64]
    n_groups: int

    def precision(self, variance: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the prior precision of each coefficient, in units of the residual's."""
        return np.where(self.group >= 0, 1 / np.append(variance, 1.0)[self.group], 1.0)

    def by_group(self, figure: NDArray[Any]) -> NDArray[np.float64]:
        """Return the sum of a figure a coefficient over each group."""
        own = self.group >= 0
        summed = np.bincount(self.group[own], figure[own], minlength=self.n_groups)
        return summed.astype(np.float64, copy=False)


def _turned(seen: ResponseSums, feature: NDArray[np.int64]) -> _Turned:
    n_arms, width = seen.cross.shape
    arms, _ = np.linalg.qr(np.column_stack([np.ones(n_arms), np.eye(n_arms)[:, :-1]]))
    gram = np.einsum("ap,aq,aij->piqj", arms, arms, seen.gram, optimize=True)
    own = (np.arange(n_arms) > 0)[:, None]
    group = np.where(feature >= 0, 2 * feature + own, -1)
    return _Turned(
        arms=arms,
        gram=gram.reshape(n_arms * width, n_arms * width),
        cross=(arms.T @ seen.cross).ravel(),
        square=float(seen.square.sum()),
        rows=max(1.0, float(seen.rows.sum())),
        group=group.ravel().astype(np.int64),
        n_groups=2 * int(feature.max(initial=-1) + 1),
    )


def _likelier(turned: _Turned, variance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return variances of higher evidence: half MacKay's step, which is quick, half EM's, sure."""
    covariance = np.linalg.inv(turned.gram + np.diag(turned.precision(variance)))
    mode: NDArray[np.float64] = covariance @ turned.cross
    noise = max(1e-12, (turned.square - float(mode @ turned.cross)) / turned.rows)
    size = turned.by_group(np.square(mode)) / noise
    doubt = turned.by_group(covariance.diagonal())
    count = np.maximum(1.0, turned.by_group(np.ones(len(mode))))
    quick = size / np.maximum(count - doubt / variance, 1e-3)
    likelier: NDArray[np.float64] = np.clip((quick + (size + doubt) / count) / 2, LEAST, MOST)
    return likelier
