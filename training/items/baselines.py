"""The served ranker against the best simple one: over everything, and over what is new."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.als import AlsFactors
from recsys.algorithms.topk import top_k
from recsys.data.person import Person
from recsys.items.history import EventWeights
from recsys.items.slate import NO_ITEM_BEHIND, ItemQuery, Ranking, Repeats
from recsys.ladder import RungName, Step
from recsys.words import say
from training.items.hearing import Hearing, Lists
from training.items.judge import Judge


class _InPlaceOfOneToOne:
    """Stands on the ladder where rung 2 stands, so that rung 0 fills its lists too."""

    __slots__ = ()

    @property
    def name(self) -> RungName:
        """Which rung this stands in for."""
        return RungName.ONE_TO_ONE

    def declines(self, person: Person) -> Step | None:  # noqa: ARG002 - nobody is refused
        """Return None: users without history are filled from rung 0."""
        return None


@dataclass(frozen=True, slots=True)
class FactorsAlone(_InPlaceOfOneToOne):
    """The baseline to beat for items new to a user: a tuned factorisation and nothing else."""

    factors: AlsFactors
    weights: EventWeights
    at: int

    def because(self, person: Person) -> str:  # noqa: ARG002 - the same for anybody
        """Return what the baseline stands on."""
        return say("items.like_users")

    def answer(self, person: Person, query: ItemQuery) -> Ranking | None:
        """Return the items the factors prefer; None without a history."""
        history = self.weights.past(person.past, at=self.at)
        if not len(history):
            return None
        score = self.factors.score(history.item_row, history.weight)
        rows = top_k(np.where(query.allowed, score, np.float32(-np.inf)), query.limit)
        behind = np.full(len(rows), NO_ITEM_BEHIND, np.int32)
        return Ranking(rows, score[rows], behind, "factors") if len(rows) else None


def contest(hearing: Hearing, served: Lists, simple: Mapping[str, Lists]) -> dict[str, Any]:
    """Compare a ladder with the best of some simple ones, ready for JSON.

    Three readings: lists and wants of everything; both restricted to what is new to the user
    (the ladder asked with ``repeats=exclude``); and the full lists judged on new items alone,
    where every repeat in a list costs a place.
    """
    judge, new = hearing.judge, partial(hearing.lists, repeats=Repeats.EXCLUDE)
    everything = {name: hearing.lists(ladder) for name, ladder in simple.items()}
    ours = hearing.lists(served)
    fresh = judge.fresh()
    excluded = {name: new(ladder) for name, ladder in simple.items()}
    return {
        "all_items": _compared(judge, ours, everything),
        "new_items_asked_for": _compared(fresh, new(served), excluded),
        "new_items_in_full_lists": _compared(fresh, ours, everything),
    }


def _compared(
    judge: Judge, served: NDArray[np.int32], simple: Mapping[str, NDArray[np.int32]]
) -> dict[str, Any]:
    figures = {name: judge.ndcg(lists) for name, lists in simple.items()}
    means = {name: _mean(figure) for name, figure in figures.items()}
    best = max(means, key=lambda name: means[name])
    ours = judge.ndcg(served)
    gain = judge.estimate(ours - figures[best])
    relative = _mean(ours - figures[best]) / means[best] if means[best] > 0 else None
    return {
        "served": judge.estimate(ours),
        "simple": {name: judge.estimate(figure) for name, figure in figures.items()},
        "best_simple": best,
        "gain": gain,
        "relative_gain": relative,
    }


def _mean(figure: NDArray[np.float64]) -> float:
    known = figure[~np.isnan(figure)]
    return float(known.mean()) if len(known) else 0.0


@dataclass(frozen=True, slots=True)
class BoughtBefore(_InPlaceOfOneToOne):
    """The baseline to beat: what the user took before, most often and most lately first."""

    weights: EventWeights
    available: NDArray[np.bool_]
    at: int

    def because(self, person: Person) -> str:  # noqa: ARG002 - the same for anybody
        """Return what the baseline stands on."""
        return say("items.own")

    def answer(self, person: Person, query: ItemQuery) -> Ranking | None:
        """Return the user's own items; None without any."""
        n_items = len(self.available)
        history = self.weights.past(person.past, at=self.at)
        score = np.full(n_items, -np.inf, np.float32)
        score[history.item_row] = history.own
        rows = top_k(np.where(query.allowed, score, np.float32(-np.inf)), query.limit)
        return Ranking(rows, score[rows], rows, "bought_before") if len(rows) else None
