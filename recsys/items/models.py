"""All fitted parts of the item question, and the ladder made of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.als import AlsFactors
from recsys.algorithms.neighbours import ItemNeighbours
from recsys.items.cold_start import Newcomers
from recsys.items.context_lift import ContextLift
from recsys.items.history import EventWeights
from recsys.items.hyper import HyperItems
from recsys.items.one_to_one import OneToOneItems, ReadyLists
from recsys.items.popular import PopularItems
from recsys.items.preference import Taste
from recsys.items.ranker import Blend, Blended, RankerParts
from recsys.items.segment import SegmentItems
from recsys.items.sequence import Order
from recsys.items.session import AtHand
from recsys.items.slate import ItemQuery, Ranking
from recsys.ladder import Ladder, Question, RungName, Verdict


@dataclass(frozen=True, slots=True)
class ItemModels:
    """Every part once; the rungs share them.

    Attributes
    ----------
    popular : PopularItems
        Rung 0.
    segment : SegmentItems
        Rung 1.
    neighbours : ItemNeighbours
        Always there, for similar items; the base of the 1:1 model unless there are `factors`.
    factors : AlsFactors or None
        Where they are the base of the 1:1 model, or a part of the blend.
    demand : float32, shape (n_items,)
        See :class:`recsys.items.preference.Taste`.
    weights : EventWeights
        What makes a history of events.
    ready : ReadyLists
        The head of every user's 1:1 ranking.
    at : int
        The instant of training (microseconds).
    min_history : int
        Distinct items a user needs for rung 2.
    on_factors : bool
        Whether the factors are the base of the 1:1 model: they won on validation data.
    blend : Blend or None
        Where it beat the 1:1 model on validation data; listens to the factors too.
    content : ItemNeighbours or None
        Items that are described alike, for items without `neighbours`: on their first day, none
        has any.
    newcomers : Newcomers or None
        New items for the last places of personal lists.
    at_hand : AtHand or None
        What comes next in a session, where it beat the 1:1 model on validation data.
    context : ContextLift or None
        What is taken on an occasion, where it beat the same ranking without it.
    order : Order or None
        What follows what in histories, a part of the blend where they have an order.
    """

    popular: PopularItems
    segment: SegmentItems
    neighbours: ItemNeighbours
    factors: AlsFactors | None
    demand: NDArray[np.float32]
    weights: EventWeights
    ready: ReadyLists
    at: int
    min_history: int
    on_factors: bool = False
    blend: Blend | None = None
    content: ItemNeighbours | None = None
    newcomers: Newcomers | None = None
    at_hand: AtHand | None = None
    context: ContextLift | None = None
    order: Order | None = None

    def ladder(self, verdicts: Mapping[RungName, Verdict]) -> Ladder[ItemQuery, Ranking]:
        """Return the four rungs, highest first, with what held-out data said about them."""
        one_to_one = self.one_to_one()
        hyper = HyperItems(one_to_one, self.at_hand, self.context)
        rungs = (hyper, one_to_one, self.segment, self.popular)
        return Ladder(Question.ITEMS, rungs, verdicts)

    def one_to_one(self) -> OneToOneItems:
        """Return rung 2."""
        taste = self.taste()
        return OneToOneItems(
            taste=taste,
            weights=self.weights,
            ready=self.ready,
            at=self.at,
            min_history=self.min_history,
            blended=self.blended(taste),
            newcomers=self.newcomers,
        )

    def taste(self) -> Taste:
        """Return the 1:1 model."""
        factors = self.factors if self.on_factors else None
        return Taste(factors or self.neighbours, self.demand)

    def blended(self, taste: Taste) -> Blended | None:
        """Return the blend that `taste` is a part of; None where there is none."""
        if self.blend is None or self.factors is None:
            return None
        return Blended(RankerParts(taste, self.neighbours, self.factors, self.order), self.blend)

    def similar(self, item_row: int, limit: int, *, allowed: NDArray[np.bool_]) -> Ranking | None:
        """Return what the users of an item also take; None when no allowed item is known.

        For an item that nobody has taken yet, what is described alike.

        Parameters
        ----------
        item_row : int
            In ``[0, n_items)``; never among the similar ones itself.
        limit : int
            Most items returned; the graph holds a bounded number.
        allowed : bool, shape (n_items,)
            What may be returned.
        """
        graph, source = self.neighbours, "neighbours"
        if self.content is not None and graph.indptr[item_row] == graph.indptr[item_row + 1]:
            graph, source = self.content, "content"
        rows, similarity = graph.of_item(item_row)
        kept = np.flatnonzero(allowed[rows])[:limit]
        if not len(kept):
            return None
        return Ranking(
            item_row=rows[kept],
            score=similarity[kept],
            because=np.full(len(kept), item_row, np.int32),
            source=source,
        )
