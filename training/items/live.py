"""What events since training are worth to the 1:1 model."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.topk import top_k
from recsys.evaluation import metrics
from recsys.items.taste import Taste
from training.clearly import clearly_above
from training.items.choice import ItemChoice, event_weights
from training.items.trials import Ground, user_ndcg

LIVE = (0.5, 1.0, 3.0)
LIVE_OWN = (0.0, 0.3, 1.0)
"""In units of the own weight of past events."""


def with_live(choice: ItemChoice, taste: Taste, ground: Ground) -> ItemChoice:
    """Choose what live events are worth, on users who came back after a first active day.

    Such users are few, so live events weigh as past ones unless another worth is clearly better.
    """
    if not len(ground.wanted_later):
        return choice
    tried = [
        replace(choice, live=live, live_own=own * choice.own)
        for live, own in product(LIVE, LIVE_OWN)
    ]
    figures = [_live_ndcg(each, taste, ground) for each in tried]
    best = int(np.argmax([figure.mean() for figure in figures]))
    clear = clearly_above(figures[best], _live_ndcg(choice, taste, ground), ground.config.training)
    return tried[best] if clear else choice


def _live_ndcg(choice: ItemChoice, taste: Taste, ground: Ground) -> NDArray[np.float64]:
    held, wanted = ground.held, ground.wanted_later
    weights = event_weights(choice, held.before.kinds, ground.config)
    k = ground.config.items.at_k
    lists = np.full((len(wanted), k), metrics.NOBODY, np.int32)
    for place, user in enumerate(wanted.user_row):
        live = held.live.of_user(user)
        history = weights.history(
            held.before.of_user(user), live, at=int(held.asked_at[user]), n_items=len(taste.demand)
        )
        score = taste.score(history)
        best = top_k(np.where(score > 0, score, np.float32(-np.inf)), k)
        lists[place, : len(best)] = best
    return user_ndcg(lists, wanted)
