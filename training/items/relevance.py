"""What a good list leads to, where the configuration leaves it to the data."""

from __future__ import annotations

import numpy as np

from recsys.config import Config
from recsys.data.interactions import Interactions

FEWEST_ROWS = 20
"""Fewer rows of a kind, on an item each, judge nothing."""


def with_relevant_kind(config: Config, interactions: Interactions) -> Config:
    """Return the configuration with ``items.relevant_kind`` said.

    Where it is empty it becomes the strongest kind (by weight, above 0) of which there are
    ``FEWEST_ROWS`` rows on items: purchases where there are any to speak of, views where there
    are only views. Where no kind has enough, the critical kind of churn stays.
    """
    if config.items.relevant_kind:
        return config
    on_items = interactions.kind[interactions.item_row >= 0]
    rows = np.bincount(on_items, minlength=len(interactions.kinds))
    enough = [
        kind
        for kind, n in zip(interactions.kinds, rows.tolist(), strict=True)
        if n >= FEWEST_ROWS and config.kinds[kind].weight > 0
    ]
    usual = config.churn.critical_kind
    if usual in enough or not enough:
        strongest = usual
    else:
        strongest = max(enough, key=lambda kind: config.kinds[kind].weight)
    items = config.items.model_copy(update={"relevant_kind": strongest})
    return config.model_copy(update={"items": items})
