"""Four estimates of what a policy, that may draw lots, would have earned on another's log."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from recsys.evaluation.estimate import Estimate, NotMeasured
from recsys.evaluation.overlap import (
    clustered_error,
    effective_size,
    few_rows,
    thin_overlap,
)
from recsys.evaluation.policy_value import Decisions


@dataclass(frozen=True, slots=True)
class Laid:
    """A policy laid over a log, one row a decision; float64 arrays of shape (n,).

    Attributes
    ----------
    weight : float64
        w = π_target / pscore of the logged action.
    reward : float64
        What came of it.
    guess : float64
        q of the logged action, from a model that has not seen the row's user.
    direct : float64
        What that model says the policy earns: Σ_a π_target(a) q(a).
    pscore : float64
        As logged.
    user_row : int32
        Whose decision it was: rows of one user are one observation.
    """

    weight: NDArray[np.float64]
    reward: NDArray[np.float64]
    guess: NDArray[np.float64]
    direct: NDArray[np.float64]
    pscore: NDArray[np.float64]
    user_row: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.weight)


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure, its standard error clustered by user, and the users behind it."""

    value: float
    error: float
    n: int

    def estimate(self, *, confidence: float = 0.95) -> Estimate:
        """Return the figure with its normal interval."""
        half = NormalDist().inv_cdf((1 + confidence) / 2) * self.error
        return Estimate(self.value, self.value - half, self.value + half, self.n)


@dataclass(frozen=True, slots=True)
class PolicyValue:
    """What a policy earns a decision, or earns more than another, by four estimates.

    Attributes
    ----------
    ips, snips, dr, sndr : Measured
        Inverse propensity, self-normalised, doubly robust, self-normalised doubly robust.
    effective : float
        Effective sample size; of two policies the smaller.
    mean_weight : float
        1 but for chance; of two policies the one farther from it.
    """

    ips: Measured
    snips: Measured
    dr: Measured
    sndr: Measured
    effective: float
    mean_weight: float


def lay(target: NDArray[np.float64], logged: Decisions, *, q: NDArray[np.float64]) -> Laid:
    """Lay a policy over a log.

    Parameters
    ----------
    target : float64, shape (n, n_actions)
        Probability of each action by the policy to be judged.
    logged : Decisions
        Every action a column of `target`; not ``NOTHING``.
    q : float64, shape (n, n_actions)
        Expected reward of each action, by a model that has not seen the row's user; zeros turn
        the doubly robust estimates into IPS and SNIPS.
    """
    rows = np.arange(len(logged))
    return Laid(
        weight=target[rows, logged.action] / logged.pscore,
        reward=logged.reward,
        guess=q[rows, logged.action],
        direct=(target * q).sum(axis=1),
        pscore=logged.pscore,
        user_row=logged.user_row,
    )


def unmeasurable(policy: Laid) -> NotMeasured | None:
    """Return why a policy cannot be judged on this log; None when it can.

    Asked for are 1,000 rows, a pscore in each, two users, an effective sample of max(200, 5 %) and
    weights that average 1 within three standard errors.
    """
    if (refused := few_rows(policy.pscore)) is not None:
        return refused
    if (policy.user_row == policy.user_row[0]).all():
        return NotMeasured("the decisions are about fewer than two users")
    return thin_overlap(policy.weight, policy.user_row)


def value_of(policy: Laid) -> PolicyValue | NotMeasured:
    """Return what a policy earns a decision.

    Notes
    -----
    With means over rows: IPS = mean(w r) (Horvitz & Thompson 1952); SNIPS = Σwr / Σw (Swaminathan
    & Joachims 2015); DR = mean(direct + w (r - q)) (Dudík, Langford & Li 2011); SNDR = mean(direct)
    + Σw(r - q) / Σw (Robins, Sued, Lei-Gomez & Rotnitzky 2007). Errors are those of the influence
    functions, clustered by user; for SNIPS and one row a user that is √Σw²(r - SNIPS)² / Σw.
    """
    return unmeasurable(policy) or _value(policy)


def lift_of(policy: Laid, other: Laid) -> PolicyValue | NotMeasured:
    """Return by how much a policy earns more than another on the same log, paired by row."""
    refused = unmeasurable(policy) or unmeasurable(other)
    if refused is not None:
        return refused
    ours, theirs = _influences(policy), _influences(other)
    ips, snips, dr, sndr = (
        _measured(mine[0] - its[0], mine[1] - its[1], policy.user_row)
        for mine, its in zip(ours, theirs, strict=True)
    )
    means = (float(laid.weight.mean()) for laid in (policy, other))
    return PolicyValue(
        ips,
        snips,
        dr,
        sndr,
        effective=min(effective_size(policy.weight), effective_size(other.weight)),
        mean_weight=max(means, key=lambda mean: abs(mean - 1)),
    )


def _value(policy: Laid) -> PolicyValue:
    ips, snips, dr, sndr = (_measured(*figure, policy.user_row) for figure in _influences(policy))
    effective, mean_weight = effective_size(policy.weight), float(policy.weight.mean())
    return PolicyValue(ips, snips, dr, sndr, effective, mean_weight)


Influence = tuple[float, NDArray[np.float64]]


def _influences(policy: Laid) -> tuple[Influence, Influence, Influence, Influence]:
    """Return each estimate with the influence of every row on it: IPS, SNIPS, DR, SNDR."""
    w, r, direct = policy.weight, policy.reward, policy.direct
    surprise, mean_weight = r - policy.guess, w.mean()
    snips, excess = (w @ r) / w.sum(), (w @ surprise) / w.sum()
    robust = direct + w * surprise
    return (
        (float((w * r).mean()), w * r),
        (float(snips), w * (r - snips) / mean_weight),
        (float(robust.mean()), robust),
        (float(direct.mean() + excess), direct + w * (surprise - excess) / mean_weight),
    )


def _measured(
    value: float, influence: NDArray[np.float64], user_row: NDArray[np.int32]
) -> Measured:
    return Measured(value, clustered_error(influence, user_row), len(np.unique(user_row)))
