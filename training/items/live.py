"""What events since training are worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.topk import top_k
from recsys.config import Config
from recsys.evaluation import metrics
from recsys.evaluation.split import Relevant
from recsys.items.preference import Taste
from training.items.choice import ItemChoice, event_weights
from training.items.trials import drawn, user_ndcg
from training.items.windows import Window
from training.measurement import clearly_above

LIVE = (0.5, 1.0, 3.0)

LIVE_OWN = (0.0, 0.3, 1.0)
"""In units of the own weight of past events."""


def with_live(choice: ItemChoice, taste: Taste, held: Window, config: Config) -> ItemChoice:
    """Choose what live events are worth, on users who came back after a first active day.

    Such users are few, so live events weigh as past ones unless another worth is clearly better.
    """
    wanted = drawn(held.wanted_later, held.before, config.training.seed)
    if not len(wanted):
        return choice
    others = [
        replace(choice, live=live, live_own=own * choice.own)
        for live, own in product(LIVE, LIVE_OWN)
    ]
    tried = [choice, *others]
    figures = _ndcg(tried, taste, held, wanted, config)
    best = int(np.argmax([figure.mean() for figure in figures]))
    return tried[best] if clearly_above(figures[best], figures[0], config.training) else choice


def _ndcg(
    tried: Sequence[ItemChoice], taste: Taste, held: Window, wanted: Relevant, config: Config
) -> list[NDArray[np.float64]]:
    """Return the NDCG of each user by each choice; they differ in what live events weigh only."""
    every = [event_weights(choice, held.before.kinds, config) for choice in tried]
    k = config.items.at_k
    lists = np.full((len(tried), len(wanted), k), metrics.NOBODY, np.int32)
    for place, user in enumerate(wanted.user_row):
        events = held.before.of_user(user), held.live.of_user(user)
        bases: dict[float, NDArray[np.float32]] = {}
        for row, weights in enumerate(every):
            history = weights.history(*events, at=int(held.asked_at[user]))
            if weights.live not in bases:
                bases[weights.live] = taste.base.score(history.item_row, history.weight)
            score = taste.tilted(bases[weights.live].copy(), history)
            best = top_k(np.where(score > 0, score, np.float32(-np.inf)), k)
            lists[row, place, : len(best)] = best
    return [user_ndcg(each, wanted) for each in lists]
