"""From the rankings of rungs to the ordered answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import count, repeat
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from recsys.climbs import Force, first_rungs, served
from recsys.data.person import Person
from recsys.items.filters import DEEPER, CategoryCap, Rests
from recsys.ladder import Climb, Course, Ladder, OnFailure, Reason, Rung, RungName, Step
from recsys.words import once, say

NO_ITEM_BEHIND = -1
_NO_ITEMS = np.empty(0, np.int32)


class Repeats(StrEnum):
    """What becomes of items that the user had before."""

    ALLOW = "allow"
    EXCLUDE = "exclude"
    ONLY = "only"


@dataclass(frozen=True, slots=True)
class ItemQuery:
    """What is asked for.

    Attributes
    ----------
    limit : int
        Most items wanted.
    allowed : bool, shape (n_items,)
        Items that may be recommended; a mask, not a preference: it is exact.
    repeats : Repeats
        Whether items that the user had before are welcome, barred, or all that is wanted. As
        exact as the mask, on every rung; someone without history has had nothing.
    kind : int or None
        The kind of event after which a user has had an item; None counts every kind.
    rest : Rests or None
        For how long an item is not welcome after what the user did with it.
    cap : CategoryCap or None
        At most so many items of one category; such lists have no places for new items.
    """

    limit: int
    allowed: NDArray[np.bool_]
    repeats: Repeats = Repeats.ALLOW
    kind: int | None = None
    rest: Rests | None = None
    cap: CategoryCap | None = None


@dataclass(frozen=True, slots=True)
class Ranking:
    """What one rung proposes, best first. Never empty.

    Attributes
    ----------
    item_row : int32, shape (k,)
        Distinct, all allowed.
    score : float32, shape (k,)
        Comparable within one ranking only.
    because : int32, shape (k,)
        Item of the user's history that adds most to the score; ``NO_ITEM_BEHIND`` for none.
    source : str
        Which algorithm proposes.
    note : str
        Reason for each item. May be empty.
    users : int32, shape (k,), or None
        Users behind each item in the last `days`, where that is its reason; without any, it has
        none.
    newcomers : Ranking or None
        Items that nobody has taken yet, for the last places of the list: none of `item_row`, no
        more than there are places for.
    notes : tuple of str, length k
        Reason for each item where they differ; empty: that of `note` for all.
    """

    item_row: NDArray[np.int32]
    score: NDArray[np.float32]
    because: NDArray[np.int32]
    source: str
    note: str = ""
    users: NDArray[np.int32] | None = None
    newcomers: Ranking | None = None
    notes: tuple[str, ...] = ()
    days: int = 0

    def __len__(self) -> int:
        return len(self.item_row)

    def of(self, places: NDArray[np.int64]) -> Ranking:
        """Return some places of the ranking, without newcomers."""
        return replace(
            self,
            item_row=self.item_row[places],
            score=self.score[places],
            because=self.because[places],
            users=None if self.users is None else self.users[places],
            newcomers=None,
            notes=tuple(self.notes[place] for place in places.tolist()) if self.notes else (),
        )


class Recommendation(NamedTuple):
    """One item of a slate. A tuple: a request makes many, and a frozen dataclass costs four.

    Attributes
    ----------
    item_row : int
        Row of the item.
    rank : int
        Its place in the slate, from 1.
    score : float
        Comparable within one rung of one slate only.
    rung : RungName
        The rung that proposed it.
    source : str
        The algorithm that proposed it.
    because : tuple of int
        Items of the user's history that carry the score, strongest first; may be empty.
    note : str
        The reason in words where `because` does not tell; may be empty.
    """

    item_row: int
    rank: int
    score: float
    rung: RungName
    source: str
    because: tuple[int, ...]
    note: str


class Slate(Struct, frozen=True):
    """The ordered answer; shorter than asked for when no rung has more, then maybe empty."""

    items: tuple[Recommendation, ...]


def fill(
    ladder: Ladder[ItemQuery, Ranking],
    person: Person,
    query: ItemQuery,
    *,
    on_failure: OnFailure,
    force: RungName | Course | None = None,
) -> Climb[Slate]:
    """Answer with the highest rung that applies, and fill a short slate from the rungs below.

    No item twice, none that the query does not allow. New items that the first rung holds ready
    get the last places. The rung and the reason are those of the
    first rung that proposed anything. With nothing to recommend, the slate is empty and the rung
    is None; the answer is None only when every rung that was asked failed.
    """
    # A copy, because the ladder hands the same query to every rung and what is chosen is barred.
    cap = query.cap
    left = ItemQuery(query.limit * (DEEPER if cap else 1), welcome(person, query))
    chosen: list[Recommendation] = []
    trail: list[Step] = []
    first: Step | None = None
    new: Ranking | None = None
    limit = query.limit
    for rung, proposed in ladder.answers(person, left, trail, on_failure=on_failure, force=force):
        left.allowed[proposed.item_row] = False
        ranking = proposed
        if cap is not None:
            ranking = proposed.of(cap.kept(proposed.item_row, [item.item_row for item in chosen]))
        if first is None and ranking.newcomers is not None:
            new = ranking.newcomers
            limit -= len(new)
            left.allowed[new.item_row] = False
        first = first or trail[-1]
        room = limit - len(chosen)
        chosen.extend(recommendations(ranking, rung.name, room, after=len(chosen)))
        if len(chosen) >= limit:
            break
    if first is None:
        return _nothing(tuple(trail))
    if new is not None:
        chosen.extend(recommendations(new, first.rung, len(new), after=len(chosen)))
    return Climb(Slate(tuple(chosen)), first.rung, first.detail, tuple(trail))


@runtime_checkable
class Heads(Protocol):
    """A rung with lists at hand, of which many people get the head for less than one by one."""

    def heads(
        self, people: Sequence[Person], query: ItemQuery, resting: Sequence[NDArray[np.int32]]
    ) -> Sequence[Ranking | None]:
        """Return, as ``answer`` does, ``limit`` allowed items of each, none of those that rest.

        None of whoever needs more than what is at hand.
        """


def fill_all(
    ladder: Ladder[ItemQuery, Ranking],
    people: Sequence[Person],
    query: ItemQuery,
    *,
    on_failure: OnFailure,
    forces: Sequence[Force],
) -> list[Climb[Slate]]:
    """Return what :func:`fill` does of each, with what forces each, for less than one by one."""
    found: dict[int, Climb[Slate]] = {}
    if query.cap is None and query.repeats is Repeats.ALLOW:
        trails, taken = first_rungs(ladder, people, forces)
        for number, places in taken.items():
            rung = ladder.rungs[number]
            some = [people[place] for place in places]
            for place, ranking in zip(places, _heads(rung, some, query), strict=True):
                if ranking is not None:
                    slate = Slate(tuple(recommendations(ranking, rung.name, query.limit, after=0)))
                    because = ladder.tried(
                        rung.because(people[place]), rung.name, people[place], forces[place]
                    )
                    found[place] = served(rung.name, slate, trails[place], because=because)
    return [
        found.get(place) or fill(ladder, person, query, on_failure=on_failure, force=forces[place])
        for place, person in enumerate(people)
    ]


def _heads(
    rung: Rung[ItemQuery, Ranking], people: Sequence[Person], query: ItemQuery
) -> Sequence[Ranking | None]:
    """Return the lists of whoever gets one of what a rung has at hand; None for the others."""
    if not isinstance(rung, Heads):
        return [None] * len(people)
    try:
        return rung.heads(people, query, [_resting(person, query) for person in people])
    except Exception:  # noqa: BLE001 - told of when each is asked about alone
        return [None] * len(people)


def _resting(person: Person, query: ItemQuery) -> NDArray[np.int32]:
    """Return the items that are not welcome after what a person did with them."""
    if query.rest is None:
        return _NO_ITEMS
    each = [
        query.rest.items(e, at=person.at) for e in (person.past, person.live, person.given_back)
    ]
    some = [rows for rows in each if len(rows)]
    return np.concatenate(some) if some else _NO_ITEMS


def welcome(person: Person, query: ItemQuery) -> NDArray[np.bool_]:
    """Return which items may be recommended to this person, in a mask of its own."""
    allowed = query.allowed.copy()
    allowed[_resting(person, query)] = False
    if query.repeats is Repeats.ALLOW:
        return allowed
    before = had(person, query)
    allowed &= before if query.repeats is Repeats.ONLY else ~before
    return allowed


def had(person: Person, query: ItemQuery) -> NDArray[np.bool_]:
    """Return which items this person had before, by events of the kind that the query names."""
    before = np.zeros(len(query.allowed), bool)
    for events in (person.past, person.live):
        counts = events.item_row >= 0
        if query.kind is not None:
            counts &= events.kind == query.kind
        before[events.item_row[counts]] = True
    return before


def recommendations(
    ranking: Ranking, rung: RungName, room: int, *, after: int
) -> Iterable[Recommendation]:
    """Return the first `room` items of a ranking, ranked on from `after`."""
    rows = zip(
        ranking.item_row[:room].tolist(),
        count(after + 1),
        ranking.score.tolist(),
        repeat(rung),
        repeat(ranking.source),
        [(row,) if row >= 0 else () for row in ranking.because.tolist()],
        _notes(ranking),
        strict=False,
    )
    return map(Recommendation._make, rows)


def _notes(ranking: Ranking) -> Iterable[str]:
    if ranking.notes:
        return ranking.notes
    if ranking.users is None:
        return repeat(ranking.note)
    return [_bought(n, ranking.days) for n in ranking.users.tolist()]


def _bought(users: int, days: int) -> str:
    return once("item.bought", n=users, days=days) if users else ""


def _nothing(trail: tuple[Step, ...]) -> Climb[Slate]:
    for step in trail:
        if step.reason is Reason.NOTHING_LEFT:
            return Climb(Slate(()), None, step.detail, trail)
    return Climb(None, None, say("rung.all_failed"), trail)
