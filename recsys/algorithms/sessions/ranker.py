"""One learned ranker over the candidates for the next click of a session.

A conditional logit (McFadden 1974; the top-one likelihood of ListNet, Cao et al. 2007)::

    P(next = j | session) = exp(w · f(j)) / Σ_{candidates i} exp(w · f(i))

The features come from sources fitted on sessions *before* the ones the weights are learned from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.sessions.features import N_FEATURES, SessionParts, decayed
from recsys.algorithms.sessions.log import Sessions
from recsys.errors import NothingToLearnFrom

Loss = Callable[[NDArray[np.float64]], tuple[float, NDArray[np.float64]]]


@dataclass(frozen=True, slots=True)
class SessionBlend:
    """Sources and the weights of what they say.

    Attributes
    ----------
    parts : SessionParts
        May be fitted on later sessions than the weights were learned with.
    weights : float32, shape (N_FEATURES,)
        In units of the features.
    """

    parts: SessionParts
    weights: NDArray[np.float32]

    @property
    def n_items(self) -> int:
        """How many items can be scored."""
        return self.parts.n_items

    def score(self, rows: NDArray[np.int32]) -> NDArray[np.float32]:
        """Score all items as the next of a session.

        Parameters
        ----------
        rows : int32, shape (m,)
            Items of the session, the latest last, repeats included.

        Returns
        -------
        float32, shape (n_items,)
            Probability that the item is next, given that a candidate is; 0 for other items, zeros
            for an empty session.
        """
        score = np.zeros(self.n_items, np.float32)
        if len(rows):
            items, chance = self.candidates(rows)
            score[items] = chance
        return score

    def candidates(self, rows: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the candidates for the next click and the chance of each.

        Parameters
        ----------
        rows : int32, shape (m,)
            As for :meth:`score`; at least one.

        Returns
        -------
        items : int64, shape (n,)
            Ascending.
        chance : float32, shape (n,)
            Adds up to 1.
        """
        items, features = self.parts.features(rows)
        logit = features @ self.weights
        chance = np.exp(logit - logit.max())
        return items, chance / chance.sum()

    def score_all(self, sessions: Sessions) -> NDArray[np.float32]:
        """Score all items for many sessions, float32, shape (n_sessions, n_items)."""
        scores = np.zeros((len(sessions), self.n_items), np.float32)
        for row, session in enumerate(sessions):
            scores[row] = self.score(session)
        return scores

    def explain(self, rows: NDArray[np.int32], items: NDArray[np.int32]) -> NDArray[np.float32]:
        """Return the share of each click in what brought each of `items`.

        Through the neighbours and the transitions, each of which is additive, in equal parts. (The
        blend itself is not additive over the clicks.)

        Returns
        -------
        float32, shape (m, len(items))
            Adds up to the item's score over the session; zeros where neither source knows the item.
        """
        carried = self.parts.neighbours.explain(rows, items)
        latest, weights = decayed(rows)
        along = np.zeros_like(carried)
        along[len(rows) - len(latest) :] = self.parts.next_items.explain(latest, weights, items)
        both = _shares(carried) + _shares(along)
        return _shares(both) * self.score(rows)[items]


def learn(
    parts: SessionParts,
    sessions: Sessions,
    following: NDArray[np.int32],
    *,
    ridge: float = 1e-4,
    iterations: int = 150,
) -> SessionBlend:
    """Learn the weights from sessions that the parts have not seen.

    Parameters
    ----------
    parts : SessionParts
        Fitted on earlier sessions.
    sessions : Sessions
        Beginnings of later sessions, none empty.
    following : int32, shape (n_sessions,)
        The item that came next.
    ridge : float
        Penalty on the squares of the weights of standardised features.
    iterations : int
        At most so many steps of L-BFGS.

    Raises
    ------
    NothingToLearnFrom
        If no next item is among the candidates of its session.
    """
    from scipy.optimize import minimize

    x, chosen, sizes = _choices(parts, sessions, following)
    if not len(sizes):
        raise NothingToLearnFrom("sessions whose next item is a candidate", found=0, needed=1)
    spread = x.std(axis=0)
    spread[spread < 1e-6] = 1.0
    x /= spread
    loss = _loss(x, chosen, sizes, ridge=ridge)
    solution = minimize(
        loss, np.zeros(N_FEATURES), jac=True, method="L-BFGS-B", options={"maxiter": iterations}
    )
    return SessionBlend(parts, (solution.x / spread).astype(np.float32))


def _choices(
    parts: SessionParts, sessions: Sessions, following: NDArray[np.int32]
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]:
    """Return candidates' features, the place of the right one and the candidates a session."""
    features, chosen, sizes = [np.empty((0, N_FEATURES), np.float32)], [], []
    total = 0
    for rows, right in zip(sessions, following, strict=True):
        items, x = parts.features(rows)
        row = int(np.searchsorted(items, right))
        if row < len(items) and items[row] == right:
            features.append(x)
            chosen.append(total + row)
            sizes.append(len(items))
            total += len(items)
    return np.concatenate(features), np.array(chosen, np.int64), np.array(sizes, np.int64)


def _loss(
    x: NDArray[np.float32], chosen: NDArray[np.int64], sizes: NDArray[np.int64], *, ridge: float
) -> Loss:
    """Return the mean negative log-likelihood and its slope, as a function of the weights."""
    starts = np.cumsum(sizes) - sizes
    right = x[chosen].mean(axis=0, dtype=np.float64)

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        logit = x @ weights.astype(np.float32)
        peak = np.maximum.reduceat(logit, starts)
        chance = np.exp(logit - np.repeat(peak, sizes))
        total = np.add.reduceat(chance, starts)
        chance /= np.repeat(total, sizes)
        value = (np.log(total) + peak - logit[chosen]).mean(dtype=np.float64)
        slope = (chance @ x) / len(sizes) - right
        return float(value + ridge * weights @ weights), slope + 2 * ridge * weights

    return loss


def _shares(carried: NDArray[np.float32]) -> NDArray[np.float32]:
    total = carried.sum(axis=0)
    return np.asarray(carried / np.where(total > 0, total, 1.0), dtype=np.float32)
