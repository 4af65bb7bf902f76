"""P0 of BG/NBD as a propensity: what stands in where the data are too few for the additive model.

It needs no label, only how often, since when and until when a user bought, and those are features
of the snapshot: so it re-scores live features as the additive model does, with NumPy alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from math import factorial

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.lifetime import bgnbd
from recsys.algorithms.lifetime.bgnbd import BgNbd, RepeatCounts
from recsys.churn.snapshot import PLACE
from recsys.data.interactions import Interactions
from recsys.value import lifetime
from recsys.value.lifetime import WEEK_DAYS

Floats = NDArray[np.float64]

LOOKED_AT = ("recency_days", "tenure_days", "active_days")
TINY = 1e-6
_COLUMNS = [PLACE[name] for name in LOOKED_AT]
_PLAYERS = tuple(range(len(LOOKED_AT)))


@dataclass(frozen=True, slots=True)
class SilentModel:
    """Log-odds of no purchase within the horizon, from three features of the snapshot.

    Attributes
    ----------
    pace : BgNbd
        In weeks.
    horizon_days : int
        How far ahead.
    slope, shift : float
        What calibration made of the log-odds of P0.
    usual : float64, shape (3,)
        What is ``LOOKED_AT`` of a usual user, against whom reasons are told.
    """

    pace: BgNbd
    horizon_days: int
    slope: float
    shift: float
    usual: Floats

    def logit(self, x: NDArray[np.floating]) -> Floats:
        """Return the log-odds of each row of features, float64, shape (n,); NaN where missing."""
        return self._logit(x[:, _COLUMNS].astype(np.float64))

    def spread(self, x: NDArray[np.floating]) -> Floats:
        """Return zeros, shape (n,): one model does not disagree with itself."""
        return np.zeros(len(x))

    @property
    def mean_logit(self) -> float:
        """The log-odds of the usual user."""
        return float(self._logit(self.usual[None])[0])

    def contributions(self, x: NDArray[np.floating]) -> Floats:
        """Return what each feature adds to the log-odds of the usual user, shape of `x`.

        Exact: the Shapley values of the three features (Shapley 1953), from all eight ways to
        take some of them from the user and the rest from the usual one; a row sums to its logit
        minus ``mean_logit``.
        """
        own = x[:, _COLUMNS].astype(np.float64)
        worth = {some: self._logit(self._mixed(own, some)) for some in _coalitions()}
        added = np.zeros(x.shape)
        for player, column in zip(_PLAYERS, _COLUMNS, strict=True):
            others = [some for some in worth if player not in some]
            for some in others:
                share = _share(len(some))
                more = tuple(sorted((*some, player)))
                added[:, column] += share * (worth[more] - worth[some])
        return added

    def rescaled(self, *, slope: float, shift: float) -> SilentModel:
        """Return the model whose logit is ``slope * logit + shift``; reasons stay exact."""
        return replace(self, slope=slope * self.slope, shift=slope * self.shift + shift)

    def _mixed(self, own: Floats, some: tuple[int, ...]) -> Floats:
        mixed = np.tile(self.usual, (len(own), 1))
        mixed[:, list(some)] = own[:, list(some)]
        return mixed

    def _logit(self, three: Floats) -> Floats:
        recency, tenure, days = three.T
        of = RepeatCounts(
            x=np.maximum(days - 1, 0),
            t_x=np.where(days > 1, np.maximum(tenure - recency, 0), 0) / WEEK_DAYS,
            T=tenure / WEEK_DAYS,
        )
        p = np.clip(self.pace.silent(of, self.horizon_days / WEEK_DAYS), TINY, 1 - TINY)
        logit: Floats = self.slope * np.log(p / (1 - p)) + self.shift
        return logit


def fit(
    critical: Interactions, features: NDArray[np.float32], *, at: int, horizon_days: int
) -> SilentModel | None:
    """Return the model of everything before `at`; None where users or repeaters are too few.

    Parameters
    ----------
    critical : Interactions
        Of the critical kind, strictly before `at`.
    features : float32, shape (n, n_features)
        Snapshot of users at `at`, of whom the usual one is the median.
    at : int
        Microseconds since the epoch.
    horizon_days : int
        How far ahead.
    """
    bought = lifetime.purchases(critical, at=at)
    seen = features[~np.isnan(features[:, _COLUMNS[0]])]
    if bought.too_few or not len(seen):
        return None
    usual = np.median(seen[:, _COLUMNS].astype(np.float64), axis=0)
    return SilentModel(bgnbd.fit(bought.repeats), horizon_days, 1.0, 0.0, usual)


def _coalitions() -> list[tuple[int, ...]]:
    return [some for size in range(len(_PLAYERS) + 1) for some in combinations(_PLAYERS, size)]


def _share(size: int) -> float:
    n = len(_PLAYERS)
    return factorial(size) * factorial(n - size - 1) / factorial(n)
