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

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

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

PAIRS = range(len(PAIR))

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
    tree_share : float
        Below 1, what was had before keeps the order of the mean of two logarithms of ranks: by
        trees, which weighs this much, and by weights, the rest.
    """

    new_item: NDArray[np.float32]
    own_item: NDArray[np.float32]
    new_weight: NDArray[np.float32]
    own_weight: NDArray[np.float32]
    kind: int
    item: NDArray[np.float32]
    trees: Trees | None = None
    lift: float = 0.0
    tree_share: float = 1.0

    def of_own(self, pair: NDArray[np.float32], had: Habits) -> NDArray[np.float32]:
        """Return the scores of the items a user had before, float32, shape (len(had),)."""
        said, rows = own(pair, had), had.item_row
        if self.trees is None:
            return self._weighed(rows, said)
        by_trees = self.trees.score(np.concatenate([self.item[:, rows], said]))
        if self.tree_share == 1:
            return by_trees + np.float32(self.lift)
        weighed, share = self._weighed(rows, said), self.tree_share
        ranks = share * _log_rank(by_trees) + (1 - share) * _log_rank(weighed)
        return np.asarray(self.lift - ranks, np.float32)

    def _weighed(self, rows: NDArray[np.int32], said: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(self.own_item[rows] + self.own_weight @ said, np.float32)


@dataclass(frozen=True)
class RankerParts:
    """The parts that the blend listens to, as fitted; no order where it says nothing."""

    taste: Taste
    neighbours: ItemNeighbours
    factors: AlsFactors
    order: Order | None = None

    @cached_property
    def on_offer(self) -> NDArray[np.float32]:
        """1 for items that can be had, 0 for others, float32, shape (n_items,)."""
        return (self.taste.demand > 0).astype(np.float32)

    @cached_property
    def gone(self) -> NDArray[np.intp]:
        """The rows of the others."""
        return np.flatnonzero(self.taste.demand == 0)

    def heard(self, history: History, factor_score: NDArray[np.float32] | None = None) -> Heard:
        """Return what the parts say of each item to a history.

        Parameters
        ----------
        history : History
            What the user took.
        factor_score : float32, shape (n_items,), or None
            What the factors say of it, where that is worked out for many users at once.
        """
        if factor_score is None:
            factor_score = self.factors.score(history.item_row, history.weight)
        return Heard(self, history, factor_score)

    def pair(self, history: History) -> NDArray[np.float32]:
        """Return all that the parts say of each item, float32, shape (len(NEW), n_items)."""
        return self.heard(history).rows(range(len(NEW)))

    def pair_all(self, histories: Sequence[History]) -> Iterator[NDArray[np.float32]]:
        """Yield what :meth:`pair` returns for each of many users, up to rounding."""
        ends = np.cumsum([0, *map(len, histories)], dtype=np.int64)
        every = Histories(
            indptr=ends,
            item_row=np.concatenate([each.item_row for each in histories]),
            weight=np.concatenate([each.weight for each in histories]),
            n_items=self.neighbours.n_items,
        )
        for history, factor_score in zip(histories, self.factors.score_all(every), strict=True):
            yield self.heard(history, factor_score).rows(range(len(NEW)))


class Heard:
    """What the parts say of each item to one history.

    Parameters
    ----------
    parts : RankerParts
        Who says it.
    history : History
        To what.
    factor_score : float32, shape (n_items,)
        What the factors say.
    """

    def __init__(
        self, parts: RankerParts, history: History, factor_score: NDArray[np.float32]
    ) -> None:
        self.history = history
        self.walk = parts.neighbours.walk(history.item_row, history.weight)
        self._parts = parts
        self._demand = parts.taste.demand
        self._factor = factor_score

    def rows(self, numbers: Sequence[int]) -> NDArray[np.float32]:
        """Return what is said under some numbers of ``NEW``, float32, shape (n, n_items)."""
        said = np.empty((len(numbers), len(self._demand)), np.float32)
        for row, number in zip(said, numbers, strict=True):
            _SAYS[number](self, row)
        return said

    def near(self, row: NDArray[np.float32]) -> None:
        """Write the logarithm of what the neighbours say."""
        _log(self._near, 1e-3, row)

    def factor(self, row: NDArray[np.float32]) -> None:
        """Write the logarithm of what the factors say."""
        _log(self._positive, 1e-2, row)

    def of_best(self, row: NDArray[np.float32]) -> None:
        """Write what the factors say, of the most they say of any."""
        np.divide(self._positive, max(float(self._positive.max(initial=0)), 1e-9), out=row)

    def taste(self, row: NDArray[np.float32]) -> None:
        """Write the logarithm of what the 1:1 model says."""
        on_factors = self._parts.taste.base is self._parts.factors
        row[:] = self._positive if on_factors else self._near
        row[self.history.item_row] += self.history.own
        row *= self._demand
        _log(row, 1e-3, row)

    def squared(self, row: NDArray[np.float32]) -> None:
        """Write the logarithm of the squares that the neighbours add up to."""
        _log(self.walk.squares(), 1e-6, row)

    def near_standard(self, row: NDArray[np.float32]) -> None:
        """Write what the neighbours say in demand, standardised over what is new."""
        self._standardise(np.multiply(self._near, self._demand, out=row))

    def factor_standard(self, row: NDArray[np.float32]) -> None:
        """Write what the factors say in demand, standardised over what is new."""
        self._standardise(np.multiply(self._factor, self._demand, out=row))

    def order_standard(self, row: NDArray[np.float32], *, place: int) -> None:
        """Write what the order says, standardised over what is new; 0 without any order."""
        row[:] = self._order[place]
        if self._parts.order is not None:
            self._standardise(row)

    def order(self, row: NDArray[np.float32], *, place: int) -> None:
        """Write the logarithm of what the order says, of the most; 0 without any order."""
        row[:] = self._order[place]
        if self._parts.order is not None:
            row /= max(float(row.max()), 1e-9)
            _log(row, 1e-3, row)

    @cached_property
    def _near(self) -> NDArray[np.float32]:
        return self.walk.score()

    @cached_property
    def _positive(self) -> NDArray[np.float32]:
        return np.maximum(self._factor, 0)

    @cached_property
    def _order(self) -> NDArray[np.float32]:
        order = self._parts.order
        if order is None:
            return np.zeros((2, len(self._demand)), np.float32)
        return order.said(self.history.latest)

    @cached_property
    def _new(self) -> NDArray[np.float32]:
        new = self._parts.on_offer.copy()
        new[self.history.item_row] = 0
        return new

    def _standardise(self, score: NDArray[np.float32]) -> None:
        """Bring a score to mean 0 and spread 1 over what is new, in place."""
        count = float(self._new.sum())
        if count:
            score -= np.float32(self._new @ score / count)
            variance = float(self._new @ (score * score)) / count
            score *= np.float32(1 / (math.sqrt(variance) or 1.0))


def _log(score: NDArray[np.float32], floor: float, row: NDArray[np.float32]) -> None:
    np.add(score, np.float32(floor), out=row)
    np.log(row, out=row)


_SAYS: tuple[Callable[[Heard, NDArray[np.float32]], None], ...] = (
    Heard.near, Heard.factor, Heard.of_best, Heard.taste,
    Heard.near_standard, Heard.factor_standard,
    partial(Heard.order_standard, place=0), partial(Heard.order_standard, place=1),
    Heard.squared, partial(Heard.order, place=0), partial(Heard.order, place=1),
)  # fmt: skip
"""What writes each of ``NEW``."""


def _log_rank(score: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the logarithm of one and the rank of each score, the highest first; 0 is the best."""
    rank = np.empty(len(score))
    rank[np.argsort(-score, kind="stable")] = np.arange(len(score))
    return np.log1p(rank)


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


@dataclass(frozen=True)
class Blended:
    """The blend with its parts: ranks for a history and habits."""

    parts: RankerParts
    blend: Blend

    @cached_property
    def _asked(self) -> tuple[list[int], NDArray[np.float32]]:
        return self._weighing(set())

    @cached_property
    def _asked_with_own(self) -> tuple[list[int], NDArray[np.float32]]:
        return self._weighing(set(PAIRS))

    def _weighing(self, more: set[int]) -> tuple[list[int], NDArray[np.float32]]:
        """Return the numbers of ``NEW`` that weigh anything, and `more`, with what they weigh."""
        weight = self.blend.new_weight
        # All that is said of the items had before comes first.
        numbers = sorted({*more, *np.flatnonzero(weight).tolist()})
        return numbers, weight[[n for n in numbers if n < len(weight)]]

    def score(self, history: History, had: Habits) -> NDArray[np.float32]:
        """Score all items, float32, shape (n_items,); -inf for what is not available."""
        return self.heard_score(self.parts.heard(history), had)

    def heard_score(self, heard: Heard, had: Habits) -> NDArray[np.float32]:
        """Return the same of what was heard; what weighs nothing is not asked for."""
        numbers, weight = self._asked_with_own if len(had) else self._asked
        return self._weighed(heard.rows(numbers), weight, had)

    def weighed(self, pair: NDArray[np.float32], had: Habits) -> NDArray[np.float32]:
        """Return the scores of all items by all that the parts say of them; as :meth:`score`."""
        return self._weighed(pair, self.blend.new_weight, had)

    def _weighed(
        self, said: NDArray[np.float32], weight: NDArray[np.float32], had: Habits
    ) -> NDArray[np.float32]:
        score = weight @ said[: len(weight)]
        score += self.blend.new_item
        if len(had):
            score[had.item_row] = self.blend.of_own(said, had)
        score[self.parts.gone] = -np.inf
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
        heard = self.parts.heard(history)
        score = self.wanted(heard, had, allowed)
        items = top_k(score, limit)
        return items, score[items], self.carriers(heard, items)

    def wanted(
        self, heard: Heard, had: Habits, allowed: NDArray[np.bool_] | None
    ) -> NDArray[np.float32]:
        """Return the scores of what may be recommended, ``-inf`` for all else."""
        score = self.heard_score(heard, had)
        if allowed is not None:
            score[~allowed] = -np.inf
        return score

    def carriers(self, heard: Heard, items: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the history item that adds most to each score, int32; ``NO_CARRIER`` for none."""
        if not len(items):
            return np.empty(0, np.int32)
        taste, history = self.parts.taste, heard.history
        walk = heard.walk if taste.base is self.parts.neighbours else None
        carried = taste.explain(history, items, walk)
        strongest = carried.argmax(axis=0)
        speaks = carried[strongest, np.arange(len(items))] > 0
        return np.where(speaks, history.item_row[strongest], NO_CARRIER).astype(np.int32)
