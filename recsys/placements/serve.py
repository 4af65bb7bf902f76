"""A placement for one person: what passes is found once, then the rules act."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from recsys.data.person import Person
from recsys.data.times import DAY
from recsys.items import slate
from recsys.items.filters import Rests
from recsys.items.slate import Recommendation, Repeats
from recsys.ladder import Course, OnFailure, RungName
from recsys.model_version import Answering
from recsys.placements.arrange import Arranged, Candidates, arrange
from recsys.placements.explore import Draw, explored
from recsys.placements.fields import Bools
from recsys.placements.placement import ListSource
from recsys.placements.rules import Rules
from recsys.placements.sources import TwoRankers, candidates

MIX = "mix"


@dataclass(frozen=True, slots=True)
class PlacedList:
    """What a placement shows to one person.

    Attributes
    ----------
    arranged : Arranged
        The list.
    bought_percent : float or None
        Share of the items that the person bought before, in percent; None of an empty list.
    draw : Draw or None
        Which places were drawn, among what; None: none were.
    """

    arranged: Arranged
    bought_percent: float | None
    draw: Draw | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """What a request says beyond the person.

    Attributes
    ----------
    limit : int
        Most items wanted.
    excluded : tuple of str
        Items that are not to be shown: on the page already, in the cart.
    seeds : tuple of str
        Items at hand, which `similar` and `together` start from; not shown themselves.
    force : RungName, Course, TwoRankers or None
        One rung only, or how one climbs, or two ways whose lists become one.
    lot : int or None
        Seed of the draw, where the placement explores; None: it does not for this list.
    """

    limit: int
    excluded: tuple[str, ...] = ()
    seeds: tuple[str, ...] = ()
    force: RungName | Course | TwoRankers | None = None
    lot: int | None = None


def show(
    rules: Rules, answering: Answering, person: Person, moment: Moment, *, on_failure: OnFailure
) -> PlacedList:
    """Return the list of a placement for a person at a moment.

    Items that the model does not know are neither shown nor started from.
    """
    placement = rules.placement
    mixes = placement.repeats == MIX
    query = answering.query(
        moment.limit, repeats=Repeats.ALLOW if mixes else Repeats(placement.repeats)
    )
    allowed = rules.allowed.copy()
    seeds = _rows(answering, moment.seeds)
    allowed[[*_rows(answering, moment.excluded), *seeds]] = False
    query = replace(query, allowed=allowed, rest=_rests(query, placement.bought_days))
    had = slate.had(person, query)

    def source(name: ListSource) -> Candidates:
        return candidates(name, answering, person, seeds, on_failure=on_failure, force=moment.force)

    welcome, gather = slate.welcome(person, query), source(placement.source)
    arranged = arrange(
        rules,
        moment.limit,
        welcome,
        gather=gather,
        popular=source(ListSource.POPULAR),
        had=had if mixes else None,
    )
    draw = None
    if placement.explore and moment.lot is not None and may_explore(person, moment.force):
        tail = partial(_tail, gather, welcome)
        arranged, draw = explored(arranged, placement.explore, tail, moment.lot)
    bought = [bool(had[placed.item.item_row]) for placed in arranged.items]
    return PlacedList(arranged, round(100 * sum(bought) / len(bought), 1) if bought else None, draw)


def may_explore(person: Person, force: RungName | Course | TwoRankers | None) -> bool:
    """Return whether places may be drawn: not for anybody, the held out, or what is forced."""
    if isinstance(force, (RungName, TwoRankers)):
        return False
    return person.profiling and not (force is not None and force.held_out)


def _tail(
    gather: Candidates, allowed: Bools, wanted: int, shown: set[int]
) -> Sequence[Recommendation]:
    left = allowed.copy()
    left[list(shown)] = False
    found = gather(wanted, left)
    return found.answer.items if found.answer else ()


def _rows(answering: Answering, item_ids: Sequence[str]) -> list[int]:
    rows = map(answering.bundle.interactions.items.row, dict.fromkeys(item_ids))
    return [row for row in rows if row is not None]


def _rests(query: slate.ItemQuery, bought_days: float) -> Rests | None:
    """Return how long items rest where what was bought rests for some days at least."""
    if query.rest is None or query.kind is None or not bought_days:
        return query.rest
    by_kind = query.rest.by_kind.copy()
    by_kind[query.kind] = max(by_kind[query.kind], int(bought_days * DAY))
    return Rests(by_kind, int(np.max(by_kind)))
