"""A placement for one person: what passes is found once, then the rules act."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from recsys.data.person import Person
from recsys.data.times import DAY
from recsys.items import slate
from recsys.items.filters import Rests
from recsys.items.slate import Repeats
from recsys.ladder import Course, OnFailure, RungName
from recsys.model_version import Answering
from recsys.placements.arrange import Arranged, Candidates, arrange
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
    """

    arranged: Arranged
    bought_percent: float | None


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
    """

    limit: int
    excluded: tuple[str, ...] = ()
    seeds: tuple[str, ...] = ()
    force: RungName | Course | TwoRankers | None = None


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

    arranged = arrange(
        rules,
        moment.limit,
        slate.welcome(person, query),
        gather=source(placement.source),
        popular=source(ListSource.POPULAR),
        had=had if mixes else None,
    )
    bought = [bool(had[placed.item.item_row]) for placed in arranged.items]
    return PlacedList(arranged, round(100 * sum(bought) / len(bought), 1) if bought else None)


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
