"""Guesses of rewards from models that have not seen the row's user."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.evaluation.policy_value import Decisions

Guess = Callable[[NDArray[Any]], NDArray[np.float64]]
FitGuess = Callable[[NDArray[Any], Decisions], Guess]


def folds(user_row: NDArray[np.int32], n_folds: int, *, seed: int) -> NDArray[np.int64]:
    """Return the fold of each row, int64, shape (n,): all rows of a user are in one."""
    users, user_number = np.unique(user_row, return_inverse=True)
    of_user = np.random.default_rng(seed).permutation(len(users)) % n_folds
    drawn: NDArray[np.int64] = of_user[user_number]
    return drawn


def cross_fitted(
    fit: FitGuess,
    x: NDArray[Any],
    logged: Decisions,
    *,
    fold: NDArray[np.int64],
    n_actions: int,
) -> NDArray[np.float64]:
    """Return q of every row and action, float64, shape (n, n_actions).

    The rows of each fold are guessed by a model fitted on all others (Chernozhukov et al. 2018,
    section 3), so that a guess never knows the reward it is held against.

    Parameters
    ----------
    fit : callable
        From ``(x, logged)`` of some rows to a function of the `x` of others.
    x : shape (n, …)
        What is known before each decision.
    logged : Decisions
        The decisions, n rows.
    fold : int64, shape (n,)
        As :func:`folds` returns.
    n_actions : int
        Columns of the result.
    """
    q = np.empty((len(logged), n_actions))
    for held in np.unique(fold):
        out = fold == held
        guess = fit(x[~out], part(logged, ~out))
        q[out] = guess(x[out])
    return q


def part(logged: Decisions, rows: NDArray[Any]) -> Decisions:
    """Return some of the decisions; `rows` is a mask or row numbers."""
    columns = (logged.user_row, logged.action, logged.pscore, logged.reward)
    return Decisions(*(column[rows] for column in columns))
