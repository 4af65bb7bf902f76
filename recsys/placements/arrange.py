"""From candidates to the list that a placement shows.

The order in which rules act is the law:

1. hard: the filter, in stock, not excluded, not bought lately. Nothing below adds what fails it.
2. boosts multiply scores; they add and remove nothing.
3. caps: from the best on, whatever would exceed one is passed over; the order is kept.
4. pins at their rank, promoted items at places spread evenly. Both stand above the caps.
5. a short list takes what the caps passed over, then what is popular. Never what fails 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from typing import NamedTuple, TypeVar

import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from recsys.items.slate import Recommendation, Slate
from recsys.ladder import Climb, RungName
from recsys.placements.fields import Bools
from recsys.placements.placement import MOST_ITEMS
from recsys.placements.rules import Caps, Rules

Listed = TypeVar("Listed")
Candidates = Callable[[int, Bools], Climb[Slate]]
"""Returns so many of the allowed items (bool, shape (n_items,)), best first."""

DEEPER = 3
"""How many times longer than the list the candidates are, where rules change their order."""

PINNED = "pin"
FILLED_CAPS, FILLED_POPULAR = "caps", "popular"
_ODD = 0.05


class Placed(NamedTuple):
    """One item of a list, and the rules that touched it, as they stand in the placement."""

    item: Recommendation
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Arranged:
    """A list in its order.

    Attributes
    ----------
    items : tuple of Placed
        At most as many as asked for, none twice.
    climb : Climb
        Where the candidates came from.
    filled_by : tuple of str
        What a short list was filled by: ``caps``, ``popular``.
    """

    items: tuple[Placed, ...]
    climb: Climb[Slate]
    filled_by: tuple[str, ...]


def arrange(
    rules: Rules,
    limit: int,
    allowed: Bools,
    *,
    gather: Candidates,
    popular: Candidates,
    had: Bools | None = None,
) -> Arranged:
    """Return the list of a placement.

    Parameters
    ----------
    rules : Rules
        The placement.
    limit : int
        Most items wanted.
    allowed : bool, shape (n_items,)
        What passes step 1, for this person and this request.
    gather, popular : callable
        The candidates of the placement, and those that fill.
    had : bool, shape (n_items,), or None
        What the person bought before, where the placement mixes it with what is new.
    """
    pool, climb = _pool(rules, limit, allowed, gather, had)
    pinned = _pinned(rules, limit, allowed, pool)
    above = {item.item_row for item in pinned.values()}
    promoted = _promoted(rules, limit, allowed, pool, gather, above)
    above.update(item.item_row for item in promoted)
    wanted = limit - len(above)
    left = [item for item in pool if item.item_row not in above] if above else pool
    kept, over = capped(left, rules.caps, wanted)
    filled: dict[int, str] = {}
    if rules.placement.fill and len(kept) < wanted:
        filled.update((item.item_row, FILLED_CAPS) for item in over[: wanted - len(kept)])
        kept += over[: wanted - len(kept)]
    if rules.placement.fill and len(kept) < wanted:
        taken = above.union(item.item_row for item in kept)
        climb, more = _popular(popular, wanted - len(kept), _but(allowed, taken), climb)
        filled.update((item.item_row, FILLED_POPULAR) for item in more)
        kept += more
    ordered = laid_out(kept, pinned, promoted, limit)
    tags = _Tags(rules, filled, {item.item_row for item in promoted}, had)
    items = tuple(
        Placed(Recommendation(item[0], rank, *item[2:]), tags.of(item.item_row))
        for rank, item in enumerate(ordered, start=1)
    )
    return Arranged(items, climb, tuple(dict.fromkeys(filled.values())))


def boosted(items: Sequence[Recommendation], rules: Rules) -> list[Recommendation]:
    """Return items by score times boosts, best first; ties keep their order.

    Scores of different rungs do not compare: what one rung proposed stays before what the rungs
    below it did. Where a rung's scores are not all positive they are moved up first, so that a
    factor above 1 is always for an item. The items keep the score of their rung.
    """
    if rules.factor is None or not items:
        return list(items)
    if items[0].rung == items[-1].rung:
        return _by_score(items, rules.factor)
    rungs = groupby(items, key=lambda item: item.rung)
    return [item for _, block in rungs for item in _by_score(list(block), rules.factor)]


def capped(
    items: Sequence[Recommendation], caps: Caps, wanted: int
) -> tuple[list[Recommendation], list[Recommendation]]:
    """Return the first `wanted` items within all caps, and those that were passed over."""
    if not caps:
        return list(items[:wanted]), []
    rows = [item.item_row for item in items]
    used: list[tuple[list[int], dict[int, int], int]] = [
        (codes[rows].tolist(), {}, most) for codes, most in caps
    ]
    kept: list[Recommendation] = []
    over = []
    for place, item in enumerate(items):
        if len(kept) == wanted:
            break
        for values, count, most in used:
            # Values below 0 are none.
            if values[place] >= 0 and count.get(values[place], 0) >= most:
                over.append(item)
                break
        else:
            kept.append(item)
            for values, count, _ in used:
                count[values[place]] = count.get(values[place], 0) + 1
    return kept, over


def laid_out(
    items: Sequence[Recommendation],
    pinned: dict[int, Recommendation],
    promoted: Sequence[Recommendation],
    limit: int,
) -> list[Recommendation]:
    """Return items around what has a place of its own; a pin beyond the end is the last."""
    length = min(limit, len(items) + len(pinned) + len(promoted))
    slots: list[Recommendation | None] = [None] * length
    for rank in sorted(pinned):
        slots[_free(slots, rank - 1)] = pinned[rank]
    turns = (place for place in range(length) if is_turn(place, len(promoted), length))
    for item, place in zip(promoted, turns, strict=False):
        slots[_free(slots, place)] = item
    rest = iter(items)
    return [next(rest) if slot is None else slot for slot in slots]


def is_turn(place: int, count: int, of: int) -> bool:
    """Return whether a place (from 0) belongs to what has `count` of `of` places, spread evenly."""
    before, after = ((2 * n * count + of) // (2 * of) for n in (place, place + 1))
    return after > before


def mixed(first: Sequence[Listed], second: Sequence[Listed], percent: int) -> list[Listed]:
    """Return two lists as one, the first with a share of the places; each in its order."""
    left, right = list(reversed(first)), list(reversed(second))
    return [
        (left if (left and is_turn(place, percent, 100)) or not right else right).pop()
        for place in range(len(first) + len(second))
    ]


def _pool(
    rules: Rules, limit: int, allowed: Bools, gather: Candidates, had: Bools | None
) -> tuple[list[Recommendation], Climb[Slate]]:
    reorders = rules.factor is not None or bool(rules.caps)
    depth = max(limit, min(limit * DEEPER, MOST_ITEMS)) if reorders else limit
    if had is None:
        climb = gather(depth, allowed)
        return boosted(_items(climb), rules), climb
    percent, bought = rules.placement.bought_percent, allowed & had
    again = gather(depth, bought) if percent and bought.any() else _NOTHING
    before = _items(again)
    places = min(len(before), depth * percent // 100)
    new = gather(max(1, depth - places), allowed & ~had)
    pool = mixed(boosted(before, rules), boosted(_items(new), rules), percent)
    return pool, new if _items(new) else again


def _pinned(
    rules: Rules, limit: int, allowed: Bools, pool: Iterable[Recommendation]
) -> dict[int, Recommendation]:
    if not rules.pins:
        return {}
    known = {item.item_row: item for item in pool}
    return {
        rank: known.get(row) or Recommendation(row, rank, 0.0, RungName.POPULAR, PINNED, (), "")
        for rank, row in rules.pins
        if rank <= limit and row >= 0 and allowed[row]
    }


def _promoted(
    rules: Rules,
    limit: int,
    allowed: Bools,
    pool: Iterable[Recommendation],
    gather: Candidates,
    pinned: set[int],
) -> list[Recommendation]:
    """Return the best of what is promoted, as many as its share of the places that are left."""
    if rules.promoted is None or rules.placement.promote is None:
        return []
    count = min(math.ceil(limit * rules.placement.promote.percent / 100), limit - len(pinned))
    found = [i for i in pool if rules.promoted[i.item_row] and i.item_row not in pinned][:count]
    if len(found) < count:
        taken = pinned.union(item.item_row for item in found)
        wanted = _but(allowed & rules.promoted, taken)
        found += _items(gather(count - len(found), wanted))
    return found


def _popular(
    popular: Candidates, wanted: int, allowed: Bools, climb: Climb[Slate]
) -> tuple[Climb[Slate], list[Recommendation]]:
    more = popular(wanted, allowed)
    if climb.answer is None or not climb.answer.items:
        asked = {step.rung for step in climb.trail}
        below = tuple(step for step in more.trail if step.rung not in asked)
        climb = structs.replace(more, trail=(*climb.trail, *below))
    return climb, _items(more)


class _Tags:
    def __init__(
        self, rules: Rules, filled: dict[int, str], promoted: set[int], had: Bools | None
    ) -> None:
        self._rules, self._filled, self._promoted, self._had = rules, filled, promoted, had
        self._pins = {row: f"pins[{number}]" for number, (_, row) in enumerate(rules.pins)}

    def of(self, row: int) -> tuple[str, ...]:
        boosts = self._rules.boosted
        found = [f"boosts[{number}]" for number, items in enumerate(boosts) if items[row]]
        if row in self._pins:
            found.append(self._pins[row])
        if row in self._promoted:
            found.append("promote")
        if self._had is not None and self._had[row]:
            found.append("repeats")
        if row in self._filled:
            found.append(f"fill:{self._filled[row]}")
        return tuple(found)


_NOTHING: Climb[Slate] = Climb(Slate(()), None, "", ())


def _items(climb: Climb[Slate]) -> list[Recommendation]:
    return list(climb.answer.items) if climb.answer is not None else []


def _but(allowed: Bools, rows: Iterable[int]) -> Bools:
    left = allowed.copy()
    left[list(rows)] = False
    return left


def _by_score(block: Sequence[Recommendation], factor: NDArray[np.float64]) -> list[Recommendation]:
    score = np.array([item.score for item in block])
    if (lowest := score.min()) <= 0:
        score += (score.max() - lowest) * _ODD - lowest or 1.0
    order = np.argsort(-score * factor[[item.item_row for item in block]], kind="stable")
    return [block[place] for place in order.tolist()]


def _free(slots: Sequence[object], place: int) -> int:
    """Return the free place nearest to one, later ones first."""
    later = (p for p in range(place, len(slots)) if slots[p] is None)
    earlier = (p for p in range(min(place, len(slots)) - 1, -1, -1) if slots[p] is None)
    return next(chain(later, earlier))
