"""What acting on churn scores earns.

The expected maximum profit of a retention campaign: users above a threshold get an offer, a
share g of the churners among them stays for it, and the threshold is the best one for that g.
Nobody knows g, so it is averaged over a Beta distribution. Verbraken, Verbeke & Baesens 2013, "A
novel profit maximizing metric for measuring classification performance of customer churn
prediction models", IEEE TKDE 25(5); the values of the parameters are theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WORTH = 200.0
OFFER = 10.0
CONTACT = 1.0
STAYS = (6, 14)


def expected_profits(
    happened: NDArray[np.bool_], p: Floats
) -> Callable[[NDArray[np.number]], Floats]:
    """Return what gives the EMPC for each row of weights, shape (m, n): float64, shape (m,).

    The EMPC is in money per user; higher is better, 0 says that no campaign pays. For a given g
    the profit of addressing all above t is ``[g(CLV-d) - f]·π1·F1(t) - (d+f)·π0·F0(t)``, with CLV
    ``WORTH``, d ``OFFER``, f ``CONTACT``, and g ~ Beta(``STAYS``). It is linear in g, so the best
    threshold moves along the convex hull of the ROC curve, and the average over g is a sum over
    its corners, without approximation.

    Parameters
    ----------
    happened : bool, shape (n,)
        Who churned.
    p : float64, shape (n,)
        Any score that ranks churners high.
    """
    order = np.argsort(-p, kind="stable")
    last = np.append(np.diff(p[order]) != 0, True)
    churned = happened[order]

    def profits(weight: NDArray[np.number]) -> Floats:
        return np.array([_profit(row[order], churned, last) for row in weight])

    return profits


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


def _profit(
    counts: NDArray[np.number], churned: NDArray[np.bool_], last: NDArray[np.bool_]
) -> float:
    """Return the EMPC of rows in order of their scores; `last` marks the ends of ties."""
    yes, no = _hull(*_reached(counts, churned, last))
    worth = WORTH - OFFER
    with np.errstate(divide="ignore", invalid="ignore"):
        turns = ((OFFER + CONTACT) * np.diff(no) / np.diff(yes) + CONTACT) / worth
    edges = np.clip(np.concatenate([[0.0], turns, [1.0]]), 0, 1)
    a, b = STAYS
    mass = np.diff(_beta_cdf(edges, a, b))
    stays = a / (a + b) * np.diff(_beta_cdf(edges, a + 1, b))
    profit = yes * (worth * stays - CONTACT * mass) - (OFFER + CONTACT) * no * mass
    return float(profit.sum())


def _reached(
    counts: NDArray[np.number], churned: NDArray[np.bool_], last: NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    """Return the share of all users that churned, and that did not, above each threshold."""
    total = np.cumsum(counts, dtype=np.float64)
    gone, every = np.cumsum(counts * churned, dtype=np.float64)[last], total[last]
    # a point twice would hide itself from the hull
    new = np.diff(every, prepend=0.0) > 0
    gone, every = gone[new] / total[-1], every[new] / total[-1]
    return np.append(0.0, gone), np.append(0.0, every - gone)


def _hull(yes: Floats, no: Floats) -> tuple[Floats, Floats]:
    """Return the corners of the upper hull: rates that never rise, of pooled neighbours.

    The convex hull of a ROC curve is what isotonic regression makes of it (Fawcett & Niculescu-
    Mizil 2007).
    """
    from scipy.optimize import isotonic_regression

    rows = np.diff(yes + no)
    pooled = isotonic_regression(np.diff(yes) / rows, weights=rows, increasing=False)
    return yes[pooled.blocks], no[pooled.blocks]


def _beta_cdf(x: Floats, a: int, b: int) -> Floats:
    """Return P(Beta(a, b) < x)."""
    from scipy.special import betainc

    return np.asarray(betainc(a, b, x), np.float64)
