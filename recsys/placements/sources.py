"""What a list is made of: for each source, who proposes so many of the allowed items."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np
from msgspec import structs

from recsys.algorithms.neighbours import ItemNeighbours
from recsys.algorithms.topk import top_k
from recsys.data.person import Person
from recsys.items import slate
from recsys.items.models import ItemModels
from recsys.items.slate import NO_ITEM_BEHIND, ItemQuery, Ranking, Slate, recommendations
from recsys.ladder import Climb, Course, OnFailure, Reason, RungName, Step
from recsys.model_version import Answering
from recsys.placements.arrange import Candidates
from recsys.placements.fields import Bools
from recsys.placements.placement import ListSource
from recsys.words import say

_RUNGS = {
    ListSource.POPULAR: frozenset({RungName.POPULAR}),
    ListSource.SEGMENT: frozenset({RungName.POPULAR, RungName.SEGMENT}),
}


Mix = Callable[[Sequence[int], Sequence[int], int], Sequence[tuple[int, int]]]
"""Makes one list of two, best first: rows of items, and whose (0 or 1) each is."""


class TwoRankers(NamedTuple):
    """Two ways of climbing, and what makes one list of theirs."""

    courses: tuple[Course | None, Course | None]
    mix: Mix


def candidates(
    source: ListSource,
    answering: Answering,
    person: Person,
    seeds: Sequence[int],
    *,
    on_failure: OnFailure,
    force: RungName | Course | TwoRankers | None = None,
) -> Candidates:
    """Return what proposes the items of a source.

    Parameters
    ----------
    source : Source
        Which.
    answering : Answering
        The models.
    person : Person
        Whom the list is for.
    seeds : sequence of int
        Rows of the items at hand: on the page, in the cart. `similar` and `together` ask for them.
    on_failure : callable
        Told of every rung that fails.
    force : RungName, Course, TwoRankers or None
        One rung only, or one way of climbing; of two, their lists become one.
    """
    if source in _PROPOSALS:
        return _proposing(source, answering, person, seeds)
    ladder, rungs = answering.items, _RUNGS.get(source)
    if rungs is not None:
        ladder = replace(ladder, rungs=[rung for rung in ladder.rungs if rung.name in rungs])

    def filled(limit: int, allowed: Bools, by: RungName | Course | None) -> Climb[Slate]:
        query = ItemQuery(limit, allowed)
        return slate.fill(ladder, person, query, on_failure=on_failure, force=by)

    def climb(limit: int, allowed: Bools) -> Climb[Slate]:
        if not isinstance(force, TwoRankers):
            return filled(limit, allowed, force)
        first, second = (filled(limit, allowed, course) for course in force.courses)
        return _merged((first, second), limit, force.mix)

    return climb


def _merged(climbs: tuple[Climb[Slate], Climb[Slate]], limit: int, mix: Mix) -> Climb[Slate]:
    """Return one climb of two; where one of them proposes nothing, the other."""
    a, b = (
        {one.item_row: one for one in climb.answer.items} if climb.answer else {}
        for climb in climbs
    )
    if not a or not b:
        return climbs[0] if a else climbs[1]
    chosen = mix(list(a), list(b), limit)
    items = tuple(
        (a, b)[whose][row]._replace(rank=rank) for rank, (row, whose) in enumerate(chosen, start=1)
    )
    return structs.replace(climbs[0], answer=Slate(items))


def _proposing(
    source: ListSource, answering: Answering, person: Person, seeds: Sequence[int]
) -> Candidates:
    about, models = _PROPOSALS[source], answering.bundle.items
    propose: Callable[[int, Bools], Ranking | None] = {
        ListSource.SIMILAR: partial(_similar, models, seeds),
        ListSource.TOGETHER: partial(_together, models.neighbours, seeds),
        ListSource.RECENT: partial(_recent, person),
    }[source]

    def climb(limit: int, allowed: Bools) -> Climb[Slate]:
        found = propose(limit, allowed)
        if found is None:
            step = Step(about.rung, Reason.NOTHING_LEFT, about.empty)
            return Climb(Slate(()), None, about.empty, (step,))
        items = tuple(recommendations(found, about.rung, limit, after=0))
        step = Step(about.rung, Reason.SERVED, about.served)
        return Climb(Slate(items), about.rung, about.served, (step,))

    return climb


class _Proposal(NamedTuple):
    """The rung of what is proposed, and the words for something and for nothing."""

    rung: RungName
    served: str
    empty: str


_PROPOSALS = {
    ListSource.SIMILAR: _Proposal(
        RungName.POPULAR,
        say("items.similar"),
        say("items.none_similar"),
    ),
    ListSource.TOGETHER: _Proposal(
        RungName.POPULAR,
        say("items.together"),
        say("items.none_together"),
    ),
    ListSource.RECENT: _Proposal(
        RungName.ONE_TO_ONE,
        say("items.recent"),
        say("items.none_recent"),
    ),
}


def _similar(
    models: ItemModels, seeds: Sequence[int], limit: int, allowed: Bools
) -> Ranking | None:
    return models.similar(seeds[0], limit, allowed=allowed) if seeds else None


def _together(
    graph: ItemNeighbours, seeds: Sequence[int], limit: int, allowed: Bools
) -> Ranking | None:
    rows = np.array(seeds, np.int32)
    weights = np.ones(len(rows), np.float32)
    score = graph.score(rows, weights)
    found = top_k(np.where(allowed & (score > 0), score, np.float32(-np.inf)), limit)
    if not len(found):
        return None
    because = rows[graph.explain(rows, weights, found).argmax(axis=0)]
    return Ranking(found, score[found], because, "neighbours")


def _recent(person: Person, limit: int, allowed: Bools) -> Ranking | None:
    rows = person.events.item_row[::-1]
    rows = rows[rows >= 0]
    _, first = np.unique(rows, return_index=True)
    latest = rows[np.sort(first)]
    found = latest[allowed[latest]][:limit]
    if not len(found):
        return None
    score = np.linspace(1.0, 0.0, len(found), endpoint=False, dtype=np.float32)
    return Ranking(found, score, np.full(len(found), NO_ITEM_BEHIND, np.int32), "recent")
