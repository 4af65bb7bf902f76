"""What one user likes: the 1:1 model, whichever algorithm it stands on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.als import AlsFactors
from recsys.algorithms.neighbours import ItemNeighbours, Walk
from recsys.algorithms.topk import top_k
from recsys.items.history import History

NO_CARRIER = -1


@dataclass(frozen=True, slots=True)
class Taste:
    """A collaborative model that knows of repeats and of what is in demand.

    ``score_i = (base_i(history) + own_i) · demand_i``: what similar users take, plus what this
    user took before, both tilted towards what is taken now. Where supplies are bought again, a
    model without the second part loses to counting; where seasons change, one without the third.

    Attributes
    ----------
    base : AlsFactors or ItemNeighbours
        Scores items from a history.
    demand : float32, shape (n_items,)
        0 for items that could not be had at training, positive for all others.
    """

    base: AlsFactors | ItemNeighbours
    demand: NDArray[np.float32]

    def score(self, history: History) -> NDArray[np.float32]:
        """Score all items, float32, shape (n_items,); 0 says nothing for the item."""
        return self.tilted(self.base.score(history.item_row, history.weight), history)

    def tilted(self, score: NDArray[np.float32], history: History) -> NDArray[np.float32]:
        """Return the base's scores of a history, with its repeats and the demand, in place."""
        score[history.item_row] += history.own
        score *= self.demand
        return score

    def explain(
        self, history: History, items: NDArray[np.int32], walk: Walk | None = None
    ) -> NDArray[np.float32]:
        """Return what each history item adds to each score, float32, shape (m, len(items)).

        `walk` are the edges from the history, where the base is their graph and they are at hand.
        """
        if walk is not None:
            carried = walk.explain(items)
        else:
            carried = self.base.explain(history.item_row, history.weight, items)
        carried += np.where(history.item_row[:, None] == items, history.own[:, None], 0)
        carried *= self.demand[items]
        return carried

    def rank(
        self, history: History, allowed: NDArray[np.bool_] | None, limit: int
    ) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.int32]]:
        """Return the best items for a history, their scores and what carries them most.

        Parameters
        ----------
        history : History
            May be empty: nothing is recommended then.
        allowed : bool, shape (n_items,), or None
            None allows everything.
        limit : int
            Most items returned.

        Returns
        -------
        items : int32, shape (k,)
            Best first, ties by the lower row; only scores above 0.
        score : float32, shape (k,)
        because : int32, shape (k,)
            Row of the history item that adds most to the score.
        """
        score = self.wanted(history, allowed)
        items = top_k(score, limit)
        return items, score[items], self.carriers(history, items)

    def wanted(self, history: History, allowed: NDArray[np.bool_] | None) -> NDArray[np.float32]:
        """Return the scores of what may be recommended, ``-inf`` for all else."""
        score = self.score(history)
        wanted = score > 0 if allowed is None else (score > 0) & allowed
        return np.where(wanted, score, np.float32(-np.inf))

    def carriers(self, history: History, items: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the history item that adds most to each item's score, int32."""
        if not len(items):
            return np.empty(0, np.int32)
        carriers: NDArray[np.int32] = history.item_row[self.explain(history, items).argmax(axis=0)]
        return carriers


def demand(
    takers: NDArray[np.float64], available: NDArray[np.bool_], *, exponent: float
) -> NDArray[np.float32]:
    """Return ``(1 + takers) ** exponent``, 0 for what is not available.

    Parameters
    ----------
    takers : float64, shape (n_items,)
        Users' worth of recent history with each item.
    available : bool, shape (n_items,)
        What may be recommended.
    exponent : float
        0 ignores demand.
    """
    return np.where(available, (1 + takers) ** exponent, 0).astype(np.float32)
