"""What a policy would have earned, from a log of another policy's randomised choices.

Here for policies that choose one action for certain, every user counting alike, with the doubly
robust estimate; :mod:`recsys.evaluation.estimators` has all four estimates, for policies that draw
lots, every decision counting alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.evaluation.estimate import Estimate, NotMeasured, bootstrap_mean
from recsys.evaluation.overlap import few_rows, thin_overlap

NOTHING = -1


@dataclass(frozen=True, slots=True)
class Decisions:
    """Logged decisions, one row each.

    Attributes
    ----------
    user_row : int32, shape (n,)
        Whom the decision was about.
    action : int8, shape (n,)
        What was done.
    pscore : float64, shape (n,)
        Probability with which the logging policy did it; NaN where not logged.
    reward : float64, shape (n,)
        What came of it. Doing ``NOTHING`` earns 0 by definition.
    """

    user_row: NDArray[np.int32]
    action: NDArray[np.int8]
    pscore: NDArray[np.float64]
    reward: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.action)

    def where(self, keep: NDArray[np.bool_]) -> Decisions:
        """Return some of them."""
        return Decisions(
            self.user_row[keep], self.action[keep], self.pscore[keep], self.reward[keep]
        )


@dataclass(frozen=True, slots=True)
class Sampling:
    """How intervals are drawn: seed, bootstrap samples of users, coverage."""

    seed: int
    resamples: int = 2_000
    confidence: float = 0.95


def refusal(chosen: NDArray[np.int8], logged: Decisions) -> NotMeasured | None:
    """Return why the value of a policy cannot be measured on this log; None when it can.

    `chosen`, int8, shape (n,), is what the policy would do in each row, ``NOTHING`` included. Asked
    for are a pscore in every row, 1,000 rows, an effective sample of max(200, 5 %) among rows in
    which the policy acts, and weights whose mean is 1 within three standard errors: otherwise the
    logged probabilities are not those that were used.
    """
    if (refused := few_rows(logged.pscore)) is not None:
        return refused
    weight = weights(chosen, logged)[chosen != NOTHING]
    return thin_overlap(weight) if len(weight) else None


def weights(chosen: NDArray[np.int8], logged: Decisions) -> NDArray[np.float64]:
    """Return 1 / pscore where the log did what the policy would do, else 0, shape (n,)."""
    return np.where(chosen == logged.action, 1 / logged.pscore, 0.0)


def row_values(
    chosen: NDArray[np.int8], logged: Decisions, *, guess: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return an unbiased estimate of what the policy earns in each row, float64, shape (n,).

    ``guess[chosen] + w (reward - guess[action])`` with w = 1 / pscore where both agree: the doubly
    robust estimate (Dudík, Langford & Li 2011, equation 2) with a guess per action. Make the
    `guess`, shape (n_actions,), of earlier data; zeros give plain inverse propensity (IPS).
    """
    guesses = np.append(guess, 0.0)
    surprise = logged.reward - guesses[logged.action]
    values: NDArray[np.float64] = guesses[chosen] + weights(chosen, logged) * surprise
    return values


def by_user(
    values: NDArray[np.float64], user_row: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Return the users, ascending, and the mean of each user's rows."""
    users, user_number = np.unique(user_row, return_inverse=True)
    return users, np.bincount(user_number, values) / np.bincount(user_number)


def policy_value(
    chosen: NDArray[np.int8],
    logged: Decisions,
    *,
    guess: NDArray[np.float64],
    sampling: Sampling,
) -> Estimate | NotMeasured:
    """Return reward per decision, averaged within and then over users, by bootstrap of users."""
    if (refused := refusal(chosen, logged)) is not None:
        return refused
    return _estimate(row_values(chosen, logged, guess=guess), logged, sampling)


def policy_lift(
    chosen: NDArray[np.int8],
    other: NDArray[np.int8],
    logged: Decisions,
    *,
    guess: NDArray[np.float64],
    sampling: Sampling,
) -> Estimate | NotMeasured:
    """Return by how much `chosen` earns more than the `other` policy, paired by row and user."""
    for policy in (chosen, other):
        if (refused := refusal(policy, logged)) is not None:
            return refused
    ours, theirs = (row_values(policy, logged, guess=guess) for policy in (chosen, other))
    return _estimate(ours - theirs, logged, sampling)


def _estimate(
    values: NDArray[np.float64], logged: Decisions, sampling: Sampling
) -> Estimate | NotMeasured:
    _, per_user = by_user(values, logged.user_row)
    estimate = bootstrap_mean(
        per_user,
        seed=sampling.seed,
        resamples=sampling.resamples,
        confidence=sampling.confidence,
    )
    return estimate or NotMeasured("the decisions are about fewer than two users")
