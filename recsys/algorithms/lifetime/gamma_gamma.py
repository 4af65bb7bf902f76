"""Gamma-Gamma: what a user's next purchases are worth, from what few were worth.

The value of a purchase varies around a mean of the user's own, means vary between users, and
neither depends on how often a user buys. Fader & Hardie 2013, "The Gamma-Gamma model of monetary
value" (note 025).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.errors import NothingToLearnFrom

Floats = NDArray[np.float64]

MAX_CORRELATION = 0.3
START = (5.0, 4.0, 1.0)
BOUND = 12.0


@dataclass(frozen=True, slots=True)
class GammaGamma:
    """The fitted model.

    Attributes
    ----------
    p : float
        Shape of the values of one user's purchases.
    q, v : float
        Shape and scale of how users differ; `v` is money.
    correlation : float
        Of the number of purchases and their mean value; the model takes it for 0.
    """

    p: float
    q: float
    v: float
    correlation: float

    @property
    def holds(self) -> bool:
        """Whether there is a mean (q > 1) and frequency does not tell value (|r| < .3)."""
        return self.q > 1 and abs(self.correlation) < MAX_CORRELATION

    @property
    def population_mean(self) -> float:
        """The mean value of a purchase over users; infinite unless q > 1."""
        return self.p * self.v / (self.q - 1) if self.q > 1 else float("inf")

    def expected(self, x: Floats, mean: Floats) -> Floats:
        """Return E[M], the mean value of a user's purchases, float64, shape (n_users,).

        Parameters
        ----------
        x : float64, shape (n_users,)
            Purchases that were seen; 0 gives the population's mean.
        mean : float64, shape (n_users,)
            Their mean value; not looked at where `x` is 0.
        """
        spent = np.where(x > 0, x * np.where(x > 0, mean, 0.0), 0.0)
        expected: Floats = self.p * (self.v + spent) / (self.p * x + self.q - 1)
        return expected

    def drawn(self, x: Floats, mean: Floats, n: Floats, *, rng: np.random.Generator) -> Floats:
        """Return what `n` purchases may be worth, shape (…, n_users, draws), like `n`."""
        spent = np.where(x > 0, x * np.where(x > 0, mean, 0.0), 0.0)[:, None]
        shape = self.q + self.p * x[:, None]
        scale = rng.gamma(shape, size=n.shape[-2:]) / (self.v + spent)
        worth: Floats = rng.gamma(self.p * n) / scale
        return worth


def fit(x: Floats, mean: Floats) -> GammaGamma:
    """Return the most likely parameters.

    L-BFGS-B on the logarithms of the parameters with the exact gradient; money is rescaled to its
    mean.

    Parameters
    ----------
    x : float64, shape (n_users,)
        Purchases seen of each user; users without any, or worth nothing, are left out.
    mean : float64, shape (n_users,)
        Their mean value.

    Raises
    ------
    NothingToLearnFrom
        Fewer than two users are left.
    """
    from scipy.optimize import minimize

    some = (x > 0) & (mean > 0) & np.isfinite(mean)
    if some.sum() < 2:
        raise NothingToLearnFrom("users with purchases of value", found=int(some.sum()), needed=2)
    x, mean = x[some], mean[some]
    unit = float(mean.mean())
    best = minimize(
        _loss,
        np.log(START),
        args=(x, x * mean / unit),
        jac=True,
        method="L-BFGS-B",
        bounds=[(-BOUND, BOUND)] * 3,
        options={"maxiter": 500, "ftol": 1e-13, "gtol": 1e-7},
    )
    p, q, v = np.exp(best.x).tolist()
    spread = float(np.std(x) * np.std(mean))
    together = float(np.mean((x - x.mean()) * (mean - mean.mean())))
    return GammaGamma(p, q, v * unit, together / spread if spread > 0 else 0.0)


def _loss(logs: Floats, x: Floats, spent: Floats) -> tuple[float, Floats]:
    """Return the mean negative log-likelihood (equation 1a), up to a constant, and its gradient.

    The gradient is in the logarithms of the parameters.
    """
    from scipy.special import digamma, gammaln

    p, q, v = np.exp(logs).tolist()
    xs, n = np.unique(x, return_counts=True)
    n_all = len(x)
    share, log_total = np.log(spent), np.log(v + spent)
    by_x = gammaln(p * xs + q) - gammaln(p * xs)
    both = digamma(p * xs + q)
    level = n @ by_x / n_all - gammaln(q) + q * np.log(v)
    level += (p * (x @ (share - log_total)) - q * log_total.sum()) / n_all
    slope = np.array(
        [
            ((n * xs) @ (both - digamma(p * xs)) + x @ (share - log_total)) / n_all,
            n @ both / n_all - digamma(q) + np.log(v) - log_total.mean(),
            q / v - float(np.mean((p * x + q) / (v + spent))),
        ]
    )
    return -float(level), -slope * np.array([p, q, v])
