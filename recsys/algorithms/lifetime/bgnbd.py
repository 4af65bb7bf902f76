"""BG/NBD: how often users come back, and whether they still will.

Users buy at a pace of their own (Poisson, paces Gamma distributed) and quit for good after any
purchase with a probability of their own (Beta distributed). Fader, Hardie & Lee 2005, "Counting
your customers the easy way", Marketing Science 24(2).

Time is in any one unit; the parameters come in the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.errors import NothingToLearnFrom

Floats = NDArray[np.float64]

NO_DROPOUT = 0.001
STARTS = ((1.0, 1.0, 1.0, 1.0), (0.3, 0.2, 0.5, 5.0))
BOUND = 12.0
NEAR_ONE = 1e-5
QUANTILES = 64
MAX_TRIED = 50_000


@dataclass(frozen=True, slots=True)
class RepeatCounts:
    """What the model has to know of users, one entry each.

    Attributes
    ----------
    x : float64, shape (n_users,)
        Repeat purchase occasions: all but the first.
    t_x : float64, shape (n_users,)
        From the first occasion to the last; 0 where `x` is 0.
    T : float64, shape (n_users,)
        From the first occasion to now, at least `t_x`.
    """

    x: Floats
    t_x: Floats
    T: Floats

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True, slots=True)
class BgNbd:
    """The fitted model.

    Attributes
    ----------
    r, alpha : float
        Shape and rate of the Gamma distribution of paces; `alpha` is a time.
    a, b : float
        Of the Beta distribution of the probability to quit.
    log_likelihood : float
        Of the data it was fitted on.
    """

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float

    @property
    def sees_dropout(self) -> bool:
        """Whether anybody quits at all; if not, P(alive) says nothing and P0 still does."""
        return self.a / (self.a + self.b) >= NO_DROPOUT

    def alive(self, of: RepeatCounts) -> Floats:
        """Return P(alive), float64, shape (n_users,); 1 for one-time buyers by construction."""
        shape = self.r + of.x
        gone = self._odds_of_quitting(of.x)
        grown = np.log(self.alpha + of.T) - np.log(self.alpha + of.t_x)
        with np.errstate(over="ignore", divide="ignore"):
            alive: Floats = 1 / (1 + np.exp(np.log(gone) + shape * grown))
        return alive

    def silent(self, of: RepeatCounts, t: float) -> Floats:
        """Return P0, the probability of no purchase in the next `t`, float64, shape (n_users,)."""
        since = self.alpha + of.T
        some = -np.expm1((self.r + of.x) * (np.log(since) - np.log(since + t)))
        silent: Floats = 1 - self.alive(of) * some
        return silent

    def even_odds(self, of: RepeatCounts) -> Floats:
        """Return the t at which P0 falls to one half, float64, shape (n_users,); inf if never."""
        alive = self.alive(of)
        with np.errstate(divide="ignore", invalid="ignore"):
            quiet = np.log1p(-0.5 / alive) / (self.r + of.x)
            even = (self.alpha + of.T) * np.expm1(-quiet)
        odds: Floats = np.where(alive > 0.5, even, np.inf)
        return odds

    def drawn(
        self, of: RepeatCounts, t: Sequence[float], *, draws: int, rng: np.random.Generator
    ) -> Floats:
        """Return purchases within each `t` as they may come, shape (len(t), n_users, draws).

        A user who is alive buys at a pace drawn from what is known of it, until a geometric
        number of purchases: ``Y(t) = min(Poisson(pace·t), Geometric(p))``. `t` is ascending.
        """
        size = (len(of), draws)
        pace = rng.gamma((self.r + of.x)[:, None], size=size) / (self.alpha + of.T)[:, None]
        quits = np.maximum(rng.beta(self.a, (self.b + of.x)[:, None], size=size), 1e-9)
        most = rng.geometric(quits) * (rng.random(size) < self.alive(of)[:, None])
        steps = np.diff(t, prepend=0.0)
        came = np.cumsum([rng.poisson(pace * step) for step in steps], axis=0)
        drawn: Floats = np.minimum(came, most).astype(np.float64)
        return drawn

    def expected(self, of: RepeatCounts, t: float) -> Floats:
        """Return E[Y(t)], the purchases expected in the next `t`, float64, shape (n_users,).

        Equation 10 of the paper after Pfaff's transformation, 2F1(r+x, a-1; a+b+x-1; -t/(alpha+T)),
        which cannot overflow. It is undefined at ``a = 1``, where a neighbour is taken; where
        it still leaves the range that the answer must lie in, the distribution of the
        probability to quit is averaged over its quantiles instead.
        """
        from scipy.special import hyp2f1

        a = self.a if abs(self.a - 1) > NEAR_ONE else 1 + NEAR_ONE
        most = t * (self.r + of.x) / (self.alpha + of.T)
        top = a + self.b + of.x - 1
        with np.errstate(all="ignore"):
            series = hyp2f1(self.r + of.x, a - 1, top, -t / (self.alpha + of.T))
            while_alive = top / (a - 1) * (1 - series)
        bad = ~((while_alive >= 0) & (while_alive <= most * (1 + 1e-9)))
        if bad.any():
            while_alive[bad] = self._averaged(RepeatCounts(of.x[bad], of.t_x[bad], of.T[bad]), t)
        expected: Floats = self.alive(of) * while_alive
        return expected

    def _averaged(self, of: RepeatCounts, t: float) -> Floats:
        """Return E[Y(t)] of users who are alive, whatever the parameters."""
        from scipy.special import betaincinv

        middle = (np.arange(QUANTILES) + 0.5) / QUANTILES
        quits = np.maximum(betaincinv(self.a, self.b + of.x[:, None], middle), 1e-12)
        growth = np.log1p(quits * t / (self.alpha + of.T[:, None]))
        each: Floats = -np.expm1(-(self.r + of.x[:, None]) * growth) / quits
        mean: Floats = each.mean(1)
        return mean

    def _odds_of_quitting(self, x: Floats) -> Floats:
        return np.where(x > 0, self.a / (self.b + np.maximum(x, 1) - 1), 0.0)


def fit(of: RepeatCounts) -> BgNbd:
    """Return the most likely parameters.

    Time is rescaled to the longest observation, identical users are grouped, and the better of
    two starts is kept (L-BFGS-B on the logarithms of the parameters, with the exact gradient).
    Of more than ``MAX_TRIED`` distinct users, starts are tried on every so many-th only, and the
    better one goes on with all. Cost is linear in the number of distinct (x, t_x, T).

    Raises
    ------
    NothingToLearnFrom
        No user has a repeat purchase.
    """
    if not (of.x > 0).any():
        raise NothingToLearnFrom("users with a repeat purchase", found=0, needed=1)
    unit = float(of.T.max())
    groups, n = _grouped(of, unit)
    thin = slice(None, None, 1 + len(n) // MAX_TRIED)
    few = RepeatCounts(groups.x[thin], groups.t_x[thin], groups.T[thin])
    tried = [_climbed(np.log(start), few, n[thin]) for start in STARTS]
    best = min(tried, key=lambda result: float(result.fun))
    if len(few) < len(groups):
        best = _climbed(best.x, groups, n)
    r, alpha, a, b = np.exp(best.x).tolist()
    # the density of x repeats scales with the unit of time to the power of -x
    level = -float(best.fun) * len(of) - float(of.x.sum()) * float(np.log(unit))
    return BgNbd(r, alpha * unit, a, b, level)


def _climbed(start: Floats, groups: RepeatCounts, n: Floats) -> Any:
    from scipy.optimize import minimize

    return minimize(
        _loss,
        start,
        args=(groups, n),
        jac=True,
        method="L-BFGS-B",
        bounds=[(-BOUND, BOUND)] * 4,
        options={"maxiter": 500, "ftol": 1e-13, "gtol": 1e-7},
    )


def _grouped(of: RepeatCounts, unit: float) -> tuple[RepeatCounts, Floats]:
    """Return the distinct users in the new unit of time, and how many there are of each."""
    order = np.lexsort((of.T, of.t_x, of.x))
    x, t_x, age = of.x[order], of.t_x[order] / unit, of.T[order] / unit
    changes = (np.diff(x) != 0) | (np.diff(t_x) != 0) | (np.diff(age) != 0)
    opens = np.append(0, 1 + np.flatnonzero(changes))
    n = np.diff(np.append(opens, len(x))).astype(np.float64)
    return RepeatCounts(x[opens], t_x[opens], age[opens]), n


def _loss(logs: Floats, of: RepeatCounts, n: Floats) -> tuple[float, Floats]:
    """Return the mean negative log-likelihood (equation 6) and its gradient in the logarithms."""
    from scipy.special import digamma, gammaln

    r, alpha, a, b = np.exp(logs).tolist()
    # x has few distinct values, and is ascending: the Gamma functions are computed once for each
    xs, opens = np.unique(of.x, return_index=True)
    n_xs = np.add.reduceat(n, opens)
    repeats = of.x > 0
    last, now = np.log(alpha + of.t_x), np.log(alpha + of.T)
    stays = (r + of.x) * (last - now)
    base = np.where(repeats, b + np.maximum(of.x, 1) - 1, 1.0)
    quits = np.where(repeats, np.log(a / base), -np.inf)
    both = np.logaddexp(stays, quits)
    stayed = n * np.exp(stays - both)
    quit_ = n - stayed
    total, paced = n.sum(), n * (r + of.x)
    by_x = (
        gammaln(r + xs)
        - gammaln(r)
        + gammaln(a + b)
        + gammaln(b + xs)
        - gammaln(b)
        - gammaln(a + b + xs)
    )
    level = n_xs @ by_x + total * r * np.log(alpha) - paced @ last + n @ both
    quits_a = digamma(a + b) - n_xs @ digamma(a + b + xs) / total
    gaps = 1 / (alpha + of.t_x) - 1 / (alpha + of.T)
    slope = np.array(
        [
            n_xs @ digamma(r + xs) / total
            - digamma(r)
            + np.log(alpha)
            - (n @ last + stayed @ (now - last)) / total,
            r / alpha - (paced @ (1 / (alpha + of.t_x)) - (stayed * (r + of.x)) @ gaps) / total,
            quits_a + quit_.sum() / a / total,
            quits_a + n_xs @ digamma(b + xs) / total - digamma(b) - quit_ @ (1 / base) / total,
        ]
    )
    return -level / total, -slope * np.exp(logs)
