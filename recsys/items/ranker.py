"""One ranker over what the parts say: neighbours, factors, repeats, popularity.

Linear in the logarithms of the parts' scores and in the standardised scores, with one set of
weights for items that are new to the user and one for those the user had before, learned together
(:mod:`recsys.algorithms.listwise`) on what was held out of the data that the parts were fitted on,
or the plain sum of the standardised scores where that is as good. Where boosted trees
(:mod:`recsys.algorithms.trees`) rank what was had before better, they do: how regularly, how often
and how lately something was taken says more than it adds up to. What depends on the item only is
added up once at training, so that all items are scored, no candidates chosen, and masks stay exact.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.als import AlsFactors
from recsys.algorithms.histories import Histories
from recsys.algorithms.neighbours import ItemNeighbours
from recsys.algorithms.repeat_rate import HALF_LIVES, Habits, habits
from recsys.algorithms.topk import top_k
from recsys.algorithms.trees import Trees
from recsys.data.interactions import UserEvents
from recsys.data.times import DAY
from recsys.items.history import History
from recsys.items.preference import NO_CARRIER, Taste
from recsys.items.sequence import Order

PAIR = ("neighbours", "factors", "factors, of the best", "taste")
"""What the parts say of a user and any item, as logarithms but for the third."""

STANDARD = (
    "neighbours in demand, standardised",
    "factors in demand, standardised",
    "next, standardised",
    "next in histories alike, standardised",
)
"""The same of items new to the user, with mean 0 and spread 1 over them: what a plain sum adds up.

A weight of these holds wherever the scores of a user lie, which is what makes it robust."""

NEW = (*PAIR, *STANDARD, "neighbours, squared", "next", "next in histories alike")
"""What is said of an item that is new to the user."""

OWN = (
    *PAIR,
    *(f"times, half-life {days:g} days" for days in HALF_LIVES),
    "times",
    "days since",
    "days since, of the mean gap",
    "had before",
)
"""What is said of an item that the user had before."""


@dataclass(frozen=True, slots=True)
class Blend:
    """The learned weights, with all that depends on the item only already added up.

    Attributes
    ----------
    new_item, own_item : float32, shape (n_items,)
        Score of each item before the user speaks, were it new to them or had before.
    new_weight : float32, shape (at most len(NEW),)
        Of the first of ``NEW``: versions from before a part was added have fewer.
    own_weight : float32, shape (len(OWN),)
    kind : int
        The kind of event that makes an item one the user had before.
    item : float32, shape (N_ITEM, n_items)
        What is said of each item whoever asks, for the trees; no columns without trees.
    trees : Trees or None
        Where they score what was had before, on `item` and then ``OWN``, instead of weights.
    lift : float
        Added to what the trees say, so that it compares with the score of new items.
    """

    new_item: NDArray[np.float32]
    own_item: NDArray[np.float32]
    new_weight: NDArray[np.float32]
    own_weight: NDArray[np.float32]
    kind: int
    item: NDArray[np.float32]
    trees: Trees | None = None
    lift: float = 0.0

    def of_own(self, pair: NDArray[np.float32], had: Habits) -> NDArray[np.float32]:
        """Return the scores of the items a user had before, float32, shape (len(had),)."""
        said, rows = own(pair, had), had.item_row
        if self.trees is None:
            return np.asarray(self.own_item[rows] + self.own_weight @ said, np.float32)
        both = np.concatenate([self.item[:, rows], said])
        return self.trees.score(both) + np.float32(self.lift)


@dataclass(frozen=True, slots=True)
class RankerParts:
    """The parts that the blend listens to, as fitted; no order where it says nothing."""

    taste: Taste
    neighbours: ItemNeighbours
    factors: AlsFactors
    order: Order | None = None

    def pair(
        self, history: History, factor_score: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Return what the parts say of each item, float32, shape (len(NEW), n_items).

        Parameters
        ----------
        history : History
            What the user took.
        factor_score : float32, shape (n_items,), or None
            What the factors say of it, where that is worked out for many users at once.
        """
        said = np.empty((len(NEW), self.neighbours.n_items), np.float32)
        near, factor, of_best, taste = said[: len(PAIR)]
        standard, (squared, *following) = said[len(PAIR) : -3], said[-3:]
        near[:], squared[:] = self.neighbours.score_and_squares(history.item_row, history.weight)
        if factor_score is None:
            factor_score = self.factors.score(history.item_row, history.weight)
        new = self.taste.demand > 0
        new[history.item_row] = False
        for row, score in zip(standard[:2], (near, factor_score), strict=True):
            _standardise(np.multiply(score, self.taste.demand, out=row), new)
        self._follow(history, new, standard[2:], following)
        np.maximum(factor_score, 0, out=factor)
        taste[:] = factor if self.taste.base is self.factors else near
        taste[history.item_row] += history.own
        taste *= self.taste.demand
        np.divide(factor, max(float(factor.max(initial=0)), 1e-9), out=of_best)
        for row, floor in ((near, 1e-3), (factor, 1e-2), (taste, 1e-3), (squared, 1e-6)):
            row += np.float32(floor)
            np.log(row, out=row)
        return said

    def _follow(
        self,
        history: History,
        new: NDArray[np.bool_],
        standard: NDArray[np.float32],
        logs: list[NDArray[np.float32]],
    ) -> None:
        """Write what the order says of each item, standardised and as logarithms; 0 without any."""
        if self.order is None:
            standard[:] = 0
            for log in logs:
                log[:] = 0
            return
        standard[:] = self.order.said(history.latest)
        for row, log in zip(standard, logs, strict=True):
            np.log(row / max(float(row.max()), 1e-9) + np.float32(1e-3), out=log)
            _standardise(row, new)

    def pair_all(self, histories: Sequence[History]) -> Iterator[NDArray[np.float32]]:
        """Yield what :meth:`pair` returns for each of many users, up to rounding."""
        ends = np.cumsum([0, *map(len, histories)], dtype=np.int64)
        every = Histories(
            indptr=ends,
            item_row=np.concatenate([each.item_row for each in histories]),
            weight=np.concatenate([each.weight for each in histories]),
            n_items=self.neighbours.n_items,
        )
        return map(self.pair, histories, self.factors.score_all(every))


def _standardise(score: NDArray[np.float32], among: NDArray[np.bool_]) -> None:
    """Bring a score to mean 0 and spread 1 over some items, in place."""
    if not among.any():
        return
    some = score[among]
    score -= some.mean()
    score /= some.std() or np.float32(1)


def own(pair: NDArray[np.float32], had: Habits) -> NDArray[np.float32]:
    """Return what is said of the items a user had, float32, shape (len(OWN), len(had))."""
    ratio = had.since_days / np.maximum(had.gap_days, 1.0)
    regular = np.log(np.clip(np.where(np.isnan(ratio), 1.0, ratio), 0.02, 50.0))
    return np.concatenate(
        [
            pair[: len(PAIR), had.item_row],
            np.log(had.recent.T + 1e-2),
            np.log1p(had.times)[None],
            np.log1p(had.since_days)[None],
            regular[None],
            np.ones((1, len(had))),
        ]
    ).astype(np.float32)


def habits_of(events: UserEvents, kind: int, *, at: int) -> Habits:
    """Return a user's habits as of `at`: known items with events of one kind."""
    taken = (events.kind == kind) & (events.item_row >= 0)
    return habits(events.item_row[taken], (at - events.at[taken]) / DAY)


@dataclass(frozen=True, slots=True)
class Blended:
    """The blend with its parts: ranks for a history and habits."""

    parts: RankerParts
    blend: Blend

    def score(self, history: History, had: Habits) -> NDArray[np.float32]:
        """Score all items, float32, shape (n_items,); -inf for what is not available."""
        return self.weighed(self.parts.pair(history), had)

    def weighed(self, pair: NDArray[np.float32], had: Habits) -> NDArray[np.float32]:
        """Return the scores of all items by what the parts say of them; as :meth:`score`."""
        blend = self.blend
        score = blend.new_item + blend.new_weight @ pair[: len(blend.new_weight)]
        score[had.item_row] = blend.of_own(pair, had)
        score[self.parts.taste.demand == 0] = -np.inf
        return np.asarray(score, np.float32)

    def rank(
        self, history: History, had: Habits, allowed: NDArray[np.bool_] | None, limit: int
    ) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.int32]]:
        """Return the best items, their scores and what carries them most.

        As :meth:`recsys.items.preference.Taste.rank`, but any available item may be ranked, and an
        item that nothing in the history speaks for has nothing behind it.
        """
        if not len(history):
            none = np.empty(0, np.int32)
            return none, np.empty(0, np.float32), none
        score = self.wanted(history, had, allowed)
        items = top_k(score, limit)
        return items, score[items], self.carriers(history, items)

    def wanted(
        self, history: History, had: Habits, allowed: NDArray[np.bool_] | None
    ) -> NDArray[np.float32]:
        """Return the scores of what may be recommended, ``-inf`` for all else."""
        score = self.score(history, had)
        if allowed is not None:
            score[~allowed] = -np.inf
        return score

    def carriers(self, history: History, items: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the history item that adds most to each score, int32; ``NO_CARRIER`` for none."""
        if not len(items):
            return np.empty(0, np.int32)
        carried = self.parts.taste.explain(history, items)
        strongest = carried.argmax(axis=0)
        speaks = carried[strongest, np.arange(len(items))] > 0
        return np.where(speaks, history.item_row[strongest], NO_CARRIER).astype(np.int32)
