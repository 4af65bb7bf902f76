"""What models say of rows that they have not seen, and how much of it is there."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from recsys.evaluation.estimate import Estimate
from recsys.evaluation.overlap import clustered_error
from training.policy import response
from training.policy.encoding import Encoding
from training.policy.log import Log

N_FOLDS = 5


@dataclass(frozen=True, slots=True)
class CrossFitted:
    """What models say of rows that they have not seen, in units of the reward.

    Attributes
    ----------
    guess : float64, shape (n, n_arms)
        Expected reward of every arm.
    robust : float64, shape (n, n_arms)
        ``guess + 1[arm was used] (reward - guess) / pscore``: unbiased for every row and arm.
    fold : int64, shape (n,)
        The fold that each row was held out with.
    user_row : int32, shape (n,)
        Whose row it is.
    """

    guess: NDArray[np.float64]
    robust: NDArray[np.float64]
    fold: NDArray[np.int64]
    user_row: NDArray[np.int32]

    def personal(self) -> NDArray[np.float64]:
        """Return guesses less their mean over the arms and over the fold, shape (n, n_arms).

        Models of different folds differ by what is in the other folds: without taking that out,
        guesses would run against what they are held against.
        """
        return self._centred(self.guess)

    def slope(self, rows: NDArray[np.bool_] | None = None) -> Estimate | None:
        """Return how much of the guessed differences between people is there, with its interval.

        The slope of the unbiased differences on the guessed ones: 1 where guesses are as large as
        they should be, 0 where people do not differ that way (Chernozhukov, Demirer, Duflo &
        Fernández-Val 2018, "best linear predictor", here over all arms at once). Errors are
        clustered by user. None where the guesses do not differ.
        """
        kept = np.ones(len(self.fold), bool) if rows is None else rows
        x, y = self.personal()[kept], self._centred(self.robust)[kept]
        size = float((x * x).sum(axis=1).mean()) if len(x) else 0.0
        if size <= 0:
            return None
        slope = float((x * y).sum(axis=1).mean()) / size
        influence = (x * (y - slope * x)).sum(axis=1) / size
        half = NormalDist().inv_cdf(0.975) * clustered_error(influence, self.user_row[kept])
        return Estimate(slope, slope - half, slope + half, len(x))

    def _centred(self, figure: NDArray[np.float64]) -> NDArray[np.float64]:
        own: NDArray[np.float64] = figure - figure.mean(axis=1, keepdims=True)
        for number in np.unique(self.fold):
            held = self.fold == number
            own[held] -= own[held].mean(axis=0)
        return own


def folds_of(user_row: NDArray[np.int32], *, seed: int) -> NDArray[np.int64]:
    """Return the fold of each row, int64, shape (n,): all rows of a user are in one."""
    users, user_number = np.unique(user_row, return_inverse=True)
    of_user = np.random.default_rng(seed).permutation(len(users)) % N_FOLDS
    drawn: NDArray[np.int64] = of_user[user_number]
    return drawn


def fold_sums(
    design: NDArray[np.float32], log: Log, fold: NDArray[np.int64]
) -> tuple[list[response.ResponseSums], float]:
    """Return the sums of every fold, and the mean reward they are taken about."""
    base = float(log.logged.reward.mean())
    y = log.logged.reward - base
    return [
        response.sums(design[own], log.logged.action[own], y[own], n_arms=len(log.arms))
        for own in (fold == number for number in range(N_FOLDS))
    ], base


def cross_fitted(
    encoded: Encoding,
    design: NDArray[np.float32],
    log: Log,
    *,
    fold: NDArray[np.int64],
    seen: tuple[list[response.ResponseSums], float],
) -> CrossFitted:
    """Return guesses for every fold by a model of all others; `seen` as :func:`fold_sums` says."""
    by_fold, base = seen
    whole = response.total(by_fold)
    guess = np.empty((len(fold), len(log.arms)))
    for number, held in enumerate(by_fold):
        coefficient = response.fit(whole.plus(held, times=-1), encoded.feature_of_column)
        own = fold == number
        guess[own] = base + design[own] @ coefficient.T
    robust, rows, logged = guess.copy(), np.arange(len(fold)), log.logged
    surprise = logged.reward - guess[rows, logged.action]
    robust[rows, logged.action] += surprise / logged.pscore
    return CrossFitted(guess, robust, fold, logged.user_row)
