"""Places for items that nobody has taken yet: fitted, and given only where they do not lose."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.neighbours import ItemNeighbours
from recsys.data.interactions import Interactions
from recsys.evaluation import metrics
from recsys.items.cold_start import Newcomers
from recsys.items.models import ItemModels
from training.items.hearing import Hearing, Lists

MOST_LOST = 0.01
"""Of the NDCG, by the lower bound of the difference that the places make."""
MOST_COST = 0.02
"""The same if none of the new items were taken: a catalogue made from events holds no others than
those that are taken later, which flatters the places."""


def fit(
    interactions: Interactions,
    content: ItemNeighbours | None,
    available: NDArray[np.bool_],
    *,
    places: int,
) -> Newcomers | None:
    """Return the new items with places of their own; None for no places, or no such item.

    Parameters
    ----------
    interactions : Interactions
        Items with an event of any kind are not new.
    content : ItemNeighbours or None
        What is described alike, for the new items at least.
    available : bool, shape (n_items,)
        What may be recommended.
    places : int
        See :class:`recsys.items.cold_start.Newcomers`.
    """
    if content is None or not places:
        return None
    found = Newcomers.of(content, _new(interactions, available), places=places)
    return found if len(found.graph.data) else None


def judged(
    hearing: Hearing, served: Lists, models: ItemModels, interactions: Interactions
) -> dict[str, Any]:
    """Compare the served lists, of some models, with and without places for new items.

    Returns
    -------
    dict
        Ready for JSON. ``places``: how many may serve, 0 where they lose or nothing could be
        measured. ``gain``: the paired difference in NDCG; ``if_none_taken``: the same without a
        hit among new items.
    """
    judge, items = hearing.judge, hearing.judge.config.items
    nothing = {"places": 0, "gain": None, "if_none_taken": None}
    found = fit(interactions, models.content, judge.available, places=items.new_item_places)
    if found is None or not found.room(items.at_k):
        return nothing
    after = hearing.lists(replace(models, newcomers=found).ladder(served.verdicts))
    without = hearing.ndcg(served)
    new = _new(interactions, judge.available)
    untaken = np.where((after != metrics.NOBODY) & new[after], metrics.NOBODY, after)
    gain = judge.estimate(judge.ndcg(after) - without)
    worst = judge.estimate(judge.ndcg(untaken) - without)
    if gain is None or worst is None:
        return nothing
    mean = float(np.nanmean(without))
    if not mean > 0:
        return nothing  # whoever hits nothing can lose nothing
    kept = gain.low >= -MOST_LOST * mean and worst.low >= -MOST_COST * mean
    places = items.new_item_places if kept else 0
    return {"places": places, "gain": gain, "if_none_taken": worst}


def _new(interactions: Interactions, available: NDArray[np.bool_]) -> NDArray[np.bool_]:
    seen = np.zeros(len(available), bool)
    seen[interactions.item_row[interactions.item_row >= 0]] = True
    new: NDArray[np.bool_] = available & ~seen
    return new
