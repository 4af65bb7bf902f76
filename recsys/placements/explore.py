"""Places drawn among candidates, so that the log tells what other rankers would have earned.

Some places of a list are drawn: what stood there and the next candidates, the *tail*, change
places by lot. Each of those items stands at each drawn place with the same probability, 1 over
their number, which is logged; all other places are as they would be, for certain. So a place's
clicks, weighted by 1 over the probability of its item, are without bias those of any ranker that
puts other items of the draw there (the position-based estimate of Li, Abbasi-Yadkori, Kveton,
Muthukrishnan, Vinay & Wen 2018, "Offline evaluation of ranking policies with click models").
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import ceil

import numpy as np

from recsys.items.slate import Recommendation
from recsys.placements.arrange import Arranged, Placed, is_turn
from recsys.placements.placement import Exploration

EXPLORED = "explore"
_SURE = ("pins[", "promote", "fill:")


@dataclass(frozen=True, slots=True)
class Draw:
    """What was drawn in one list.

    Attributes
    ----------
    places : tuple of int
        From 0, ascending.
    among : tuple of int
        Rows of the items in the draw, as the ranker has them: first those of the places.
    """

    places: tuple[int, ...]
    among: tuple[int, ...]

    @property
    def pscore(self) -> float:
        """Probability of each item of the draw to stand at each drawn place."""
        return 1 / len(self.among)

    def pscores(self, length: int) -> list[float]:
        """Return for each place of the list how probable its item was there."""
        return [self.pscore if place in self.places else 1.0 for place in range(length)]


def seed_of(seed: int, user_id: str, placement_id: str, at: int) -> int:
    """Return the lot of one list: uniform over users, placements and instants."""
    key = f"{seed}:{len(user_id)}:{user_id}:{len(placement_id)}:{placement_id}:{at}"
    return int.from_bytes(hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()[:16])


def explored(
    arranged: Arranged,
    wish: Exploration,
    tail: Callable[[int, set[int]], Sequence[Recommendation]],
    seed: int,
) -> tuple[Arranged, Draw | None]:
    """Return a list with some of its places drawn, and the draw; None where there is no tail.

    Pinned, promoted and filled items keep their places.

    Parameters
    ----------
    arranged : Arranged
        The list as it would be.
    wish : Exploration
        How many places, among how many more candidates.
    tail : callable
        Returns so many candidates, best first, that are none of some rows.
    seed : int
        Another seed, other items.
    """
    places = drawn_places(arranged.items, wish.percent)
    if not places:
        return arranged, None
    more = tail(wish.tail, {placed.item.item_row for placed in arranged.items})
    if not more:
        return arranged, None
    pool = [arranged.items[place] for place in places] + [Placed(item, ()) for item in more]
    order = np.random.default_rng(seed).permutation(len(pool)).tolist()
    draw = Draw(places, tuple(placed.item.item_row for placed in pool))
    return replace(arranged, items=put(arranged.items, places, pool, order)), draw


def drawn_places(items: Sequence[Placed], percent: int) -> tuple[int, ...]:
    """Return so many percent of the places that are nobody's own, rounded up, spread evenly."""
    free = [
        place
        for place, placed in enumerate(items)
        if not any(rule.startswith(_SURE) for rule in placed.rules)
    ]
    count = ceil(len(free) * percent / 100)
    return tuple(place for turn, place in enumerate(free) if is_turn(turn, count, len(free)))


def put(
    items: Sequence[Placed], places: Sequence[int], pool: Sequence[Placed], order: Sequence[int]
) -> tuple[Placed, ...]:
    """Return items with the first of a pool, in this order, at some places."""
    made = list(items)
    for place, number in zip(places, order, strict=False):
        item, rules = pool[number]
        made[place] = Placed(item._replace(rank=place + 1), (*rules, EXPLORED))
    return tuple(made)
