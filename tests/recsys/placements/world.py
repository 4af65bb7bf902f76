"""A catalogue of forty items whose fields follow from the row, and rungs that propose them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from recsys.data.catalogue import Catalogue
from recsys.data.ids import IdMap
from recsys.items.slate import Recommendation, Slate
from recsys.ladder import Climb, Reason, RungName, Step
from recsys.placements.arrange import Arranged, Candidates, arrange
from recsys.placements.fields import Bools, ItemFields
from recsys.placements.placement import read
from recsys.placements.rules import Rules

N_ITEMS = 40
CATEGORIES = ("tea", "pots", "cups", "")
COLOURS = ("red", "blue", "red|blue")
SOLD_OUT = 39
ITEMS = IdMap.of(f"i{row:02}" for row in range(N_ITEMS))


def fields() -> ItemFields:
    rows = range(N_ITEMS)
    available = np.ones(N_ITEMS, bool)
    available[SOLD_OUT] = False
    catalogue = Catalogue(
        title=tuple(f"Item {row}" for row in rows),
        category=tuple(CATEGORIES[row % 4] for row in rows),
        url=("",) * N_ITEMS,
        image_url=("",) * N_ITEMS,
        price=np.array([np.nan if row % 10 == 9 else row for row in rows], np.float32),
        available=available,
    )
    attributes = {
        "colour": [COLOURS[row % 3] for row in rows],
        "stars": [str(row % 5) for row in rows],
    }
    return ItemFields.of(ITEMS, catalogue, attributes)


FIELDS = fields()


def proposing(
    order: Sequence[int], *, scores: Sequence[float] | None = None, below: Sequence[int] = ()
) -> Candidates:
    """Return a source that proposes `order`, then `below` from a lower rung."""
    scores = scores if scores is not None else [float(len(order) - n) for n in range(len(order))]

    def gather(limit: int, allowed: Bools) -> Climb[Slate]:
        ranked = [
            (row, score, RungName.ONE_TO_ONE) for row, score in zip(order, scores, strict=True)
        ]
        ranked += [(row, 0.5 / (n + 1), RungName.SEGMENT) for n, row in enumerate(below)]
        kept = [one for one in ranked if allowed[one[0]]][:limit]
        items = tuple(
            Recommendation(row, rank, score, rung, "test", (), "")
            for rank, (row, score, rung) in enumerate(kept, start=1)
        )
        if not items:
            step = Step(RungName.ONE_TO_ONE, Reason.NOTHING_LEFT, "nothing")
            return Climb(Slate(()), None, "nothing", (step,))
        step = Step(RungName.ONE_TO_ONE, Reason.SERVED, "test")
        return Climb(Slate(items), RungName.ONE_TO_ONE, "test", (step,))

    return gather


EVERYTHING = proposing(range(N_ITEMS))


def arranged(
    said: dict[str, Any],
    limit: int = 10,
    *,
    gather: Candidates = EVERYTHING,
    allowed: Bools | None = None,
    had: Bools | None = None,
) -> Arranged:
    """Return what a placement, said as JSON, makes of candidates."""
    rules = Rules.of(read(said), FIELDS)
    passing = rules.allowed if allowed is None else rules.allowed & allowed
    return arrange(rules, limit, passing, gather=gather, popular=EVERYTHING, had=had)


def rows(found: Arranged) -> list[int]:
    return [placed.item.item_row for placed in found.items]
