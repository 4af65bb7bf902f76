"""What acting on churn scores earns.

The expected maximum profit of a retention campaign: users above a threshold get an offer, a
share g of the churners among them stays for it, and the threshold is the best one for that g.
Nobody knows g, so it is averaged over a Beta distribution. Verbraken, Verbeke & Baesens 2013, "A
novel profit maximizing metric for measuring classification performance of customer churn
prediction models", IEEE TKDE 25(5); the values of the parameters are theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import comb

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WORTH = 200.0
OFFER = 10.0
CONTACT = 1.0
STAYS = (6, 14)


def expected_maximum_profit(
    happened: NDArray[np.bool_], p: Floats, weight: Floats | None = None
) -> float:
    """Return the EMPC in money per user; higher is better, 0 says that no campaign pays.

    For a given g the profit of addressing all above t is ``[g(CLV-d) - f]·π1·F1(t) - (d+f)·
    π0·F0(t)``, with CLV ``WORTH``, d ``OFFER``, f ``CONTACT``, and g ~ Beta(``STAYS``). It is
    linear in g, so the best threshold moves along the convex hull of the ROC curve, and the
    average over g is a sum over its corners, without approximation.

    Parameters
    ----------
    happened : bool, shape (n,)
        Who churned.
    p : float64, shape (n,)
        Any score that ranks churners high.
    weight : float64, shape (n,), optional
        How often each row counts.
    """
    yes, no = _hull(*_reached(happened, p, weight))
    worth = WORTH - OFFER
    with np.errstate(divide="ignore", invalid="ignore"):
        turns = ((OFFER + CONTACT) * np.diff(no) / np.diff(yes) + CONTACT) / worth
    edges = np.clip(np.concatenate([[0.0], turns, [1.0]]), 0, 1)
    a, b = STAYS
    mass = np.diff(_beta_cdf(edges, a, b))
    stays = a / (a + b) * np.diff(_beta_cdf(edges, a + 1, b))
    profit = yes * (worth * stays - CONTACT * mass) - (OFFER + CONTACT) * no * mass
    return float(profit.sum())


def profit_curve(
    lift: Sequence[tuple[float, float]], rate: float
) -> tuple[tuple[float, float], ...]:
    """Return (share of users addressed, money per user) of a campaign, riskiest users first.

    With the share of addressed churners who stay at its mean, and the worth and costs above.

    Parameters
    ----------
    lift : sequence of (share addressed, share of all churners among them)
        See :func:`recsys.evaluation.classification.lift_curve`.
    rate : float
        Share of users who churn.
    """
    stays = STAYS[0] / (STAYS[0] + STAYS[1])
    won, lost = stays * (WORTH - OFFER) - CONTACT, OFFER + CONTACT
    return tuple(
        (share, won * rate * caught - lost * (share - rate * caught)) for share, caught in lift
    )


def _reached(
    happened: NDArray[np.bool_], p: Floats, weight: Floats | None
) -> tuple[Floats, Floats]:
    """Return the share of all users that churned, and that did not, above each threshold."""
    order = np.argsort(-p, kind="stable")
    counts = np.ones(len(p)) if weight is None else weight[order]
    last = np.append(np.diff(p[order]) != 0, True)
    churned = np.cumsum(counts * happened[order])[last] / counts.sum()
    every = np.cumsum(counts)[last] / counts.sum()
    # a point twice would hide itself from the hull
    new = np.diff(every, prepend=0.0) > 0
    return np.append(0.0, churned[new]), np.append(0.0, (every - churned)[new])


def _hull(yes: Floats, no: Floats) -> tuple[Floats, Floats]:
    """Return the corners of the upper hull; points below a chord are dropped until none is."""
    while len(yes) > 2:
        before, after = np.diff(yes)[:-1] * np.diff(no)[1:], np.diff(yes)[1:] * np.diff(no)[:-1]
        corner = np.concatenate([[True], before > after + 1e-18, [True]])
        if corner.all():
            break
        yes, no = yes[corner], no[corner]
    return yes, no


def _beta_cdf(x: Floats, a: int, b: int) -> Floats:
    """Return P(Beta(a, b) < x) for whole a and b, as a binomial tail."""
    n = a + b - 1
    tail: Floats = np.zeros(len(x))
    for k in range(a, n + 1):
        tail += comb(n, k) * x**k * (1 - x) ** (n - k)
    return tail
