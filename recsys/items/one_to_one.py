"""Rung 2: what this user's own history says, as of training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.topk import top_k
from recsys.data.interactions import NO_EVENTS, Interactions, UserEvents
from recsys.data.person import Person
from recsys.items.cold_start import Newcomers
from recsys.items.context_lift import ItemLift
from recsys.items.history import EventWeights, History
from recsys.items.preference import NO_CARRIER, Taste
from recsys.items.ranker import Blended, habits_of
from recsys.items.slate import ItemQuery, Ranking
from recsys.ladder import Reason, RungName, Step
from recsys.words import once

SOURCE = "one_to_one"


@dataclass(frozen=True, slots=True)
class ReadyLists:
    """The head of every user's ranking, made at training, so that a request is a slice.

    Attributes
    ----------
    item : int32, shape (n_users, depth)
        Best first; padded with -1.
    score : float32, shape (n_users, depth)
    because : int32, shape (n_users, depth)
        The history item that adds most to the score.
    count : int32, shape (n_users,)
        Length of each list; below ``depth`` the list is the whole ranking.
    history : int32, shape (n_users,)
        Distinct items in each user's history.
    """

    item: NDArray[np.int32]
    score: NDArray[np.float32]
    because: NDArray[np.int32]
    count: NDArray[np.int32]
    history: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class OneToOneItems:
    """The chosen 1:1 model and its ready-made lists.

    Attributes
    ----------
    taste : Taste
        Scores items from a history.
    weights : EventWeights
        What makes a history of events.
    ready : ReadyLists
        Agree exactly with live scoring.
    at : int
        The instant of training, as of which past events have faded (microseconds).
    min_history : int
        Distinct items a user needs.
    blended : Blended or None
        The blend that the taste is a part of, where it beat the taste on validation data.
    newcomers : Newcomers or None
        New items for the last places, where that was shown not to lose.
    """

    taste: Taste
    weights: EventWeights
    ready: ReadyLists
    at: int
    min_history: int
    blended: Blended | None = None
    newcomers: Newcomers | None = None

    @property
    def name(self) -> RungName:
        """Which rung this is."""
        return RungName.ONE_TO_ONE

    def declines(self, person: Person) -> Step | None:
        """Refuse users that training has not seen, or seen too little of."""
        if person.user_row is None:
            return Step(self.name, Reason.UNKNOWN_USER, once("items.unknown_user"))
        known = self.ready.history[person.user_row]
        if known < self.min_history:
            detail = once("items.short_history", n=int(known), needed=self.min_history)
            return Step(self.name, Reason.TOO_LITTLE_HISTORY, detail)
        return None

    def because(self, person: Person) -> str:
        """Return one sentence on what the answer stands on."""
        known = self.ready.history[person.user_row or 0]
        return once("items.history", n=int(known))

    def answer(self, person: Person, query: ItemQuery) -> Ranking | None:
        """Return this user's best allowed items; None when the history speaks for none."""
        ready, user = self.ready, person.user_row
        count = ready.count[user]
        kept = query.allowed[ready.item[user, :count]].nonzero()[0]
        if len(kept) < query.limit and count == ready.item.shape[1]:
            return self._live(person, query)
        if not len(kept):
            return None
        kept = kept[: query.limit]
        ranking = Ranking(
            ready.item[user][kept], ready.score[user][kept], ready.because[user][kept], SOURCE
        )
        if self.newcomers is None or not self.newcomers.room(query.limit):
            return ranking
        history = self._history(person.past, NO_EVENTS, at=self.at)
        return self._with_newcomers(ranking, history, query)

    def heads(
        self, people: Sequence[Person], query: ItemQuery, resting: Sequence[NDArray[np.int32]]
    ) -> list[Ranking | None]:
        """Return the heads of the ready lists of many, see :class:`recsys.items.slate.Heads`."""
        ready, limit = self.ready, query.limit
        if self.newcomers is not None and self.newcomers.room(limit):
            return [None] * len(people)
        users = np.array([person.user_row for person in people], np.int64)
        item = ready.item[users]
        kept = query.allowed[item] & (np.arange(item.shape[1]) < ready.count[users][:, None])
        for place, rows in enumerate(resting):
            if len(rows):
                kept[place] &= ~np.isin(item[place], rows)
        kept &= kept.cumsum(axis=1) <= limit
        items, score, because = item[kept], ready.score[users][kept], ready.because[users][kept]
        ends = kept.sum(axis=1).cumsum().tolist()
        return [
            Ranking(items[start:end], score[start:end], because[start:end], SOURCE)
            if end - start == limit
            else None
            for start, end in pairwise([0, *ends])
        ]

    def _live(self, person: Person, query: ItemQuery) -> Ranking | None:
        return self.now(person.past, NO_EVENTS, query, at=self.at, source=SOURCE)

    def now(
        self,
        past: UserEvents,
        live: UserEvents,
        query: ItemQuery,
        *,
        at: int,
        source: str,
        lift: ItemLift | None = None,
    ) -> Ranking | None:
        """Rank the allowed items for some events as of `at`; None when they speak for none."""
        history = self._history(past, live, at=at)
        if lift is not None:
            events = past.followed_by(live)
            return self._in_context(history, events, query, lift, at=at, source=source)
        if self.blended is None:
            items, score, because = self.taste.rank(history, query.allowed, query.limit)
        else:
            had = habits_of(past.followed_by(live), self.blended.blend.kind, at=at)
            items, score, because = self.blended.rank(history, had, query.allowed, query.limit)
        if not len(items):
            return None
        return self._with_newcomers(Ranking(items, score, because, source), history, query)

    def _in_context(
        self,
        history: History,
        events: UserEvents,
        query: ItemQuery,
        lift: ItemLift,
        *,
        at: int,
        source: str,
    ) -> Ranking | None:
        if not len(history):
            return None
        plain, carriers = self._scored(history, events, query.allowed, at=at)
        score = self.lifted(plain, lift)
        items = top_k(score, query.limit)
        if not len(items):
            return None
        notes = lift.notes(items, top_k(plain, query.limit))
        ranking = Ranking(items, score[items], carriers(items), source, notes=notes)
        return self._with_newcomers(ranking, history, query)

    def wanted(
        self, past: UserEvents, live: UserEvents, allowed: NDArray[np.bool_], *, at: int
    ) -> NDArray[np.float32] | None:
        """Return the scores that :meth:`now` ranks by, before any context; None without history.

        float32, shape (n_items,), ``-inf`` for what must not be ranked.
        """
        history = self._history(past, live, at=at)
        if not len(history):
            return None
        return self._scored(history, past.followed_by(live), allowed, at=at)[0]

    def _scored(
        self, history: History, events: UserEvents, allowed: NDArray[np.bool_], *, at: int
    ) -> tuple[NDArray[np.float32], Callable[[NDArray[np.int32]], NDArray[np.int32]]]:
        """Return the scores of what may be ranked, and what carries the score of some items."""
        if self.blended is None:
            return self.taste.wanted(history, allowed), partial(self.taste.carriers, history)
        had, heard = (
            habits_of(events, self.blended.blend.kind, at=at),
            self.blended.parts.heard(history),
        )
        return self.blended.wanted(heard, had, allowed), partial(self.blended.carriers, heard)

    def lifted(self, score: NDArray[np.float32], lift: ItemLift) -> NDArray[np.float32]:
        """Return scores, shape (n_items,), with what the request's context adds to them."""
        lifted = score * np.exp(lift.total) if self.blended is None else score + lift.total
        return np.asarray(lifted, np.float32)

    def _with_newcomers(self, ranking: Ranking, history: History, query: ItemQuery) -> Ranking:
        if self.newcomers is None:
            return ranking
        return replace(ranking, newcomers=self.newcomers.propose(history, ranking, query))

    def score(self, past: UserEvents, live: UserEvents, *, at: int) -> NDArray[np.float32]:
        """Score all items for some events as of `at`, float32, shape (n_items,).

        What cannot be had is ``-inf``; items that nothing speaks for score lowest of the others.
        """
        history = self._history(past, live, at=at)
        if self.blended is None:
            score = self.taste.score(history)
            score[self.taste.demand == 0] = -np.inf
            return score
        had = habits_of(past.followed_by(live), self.blended.blend.kind, at=at)
        return self.blended.score(history, had)

    def _history(self, past: UserEvents, live: UserEvents, *, at: int) -> History:
        return self.weights.history(past, live, at=at)


def no_lists() -> ReadyLists:
    """Return ready lists of nobody: where everybody is scored live."""
    rows, nobody = np.empty((0, 0), np.int32), np.empty(0, np.int32)
    return ReadyLists(rows, np.empty((0, 0), np.float32), rows, nobody, nobody)


def ready_of(
    model: OneToOneItems, interactions: Interactions, users: NDArray[np.integer], *, depth: int
) -> ReadyLists:
    """Rank for some users as live scoring does, and keep the first `depth` items of each.

    One list a row, in the order given. Users with too little history for the rung get none: it
    refuses them.
    """
    n_items = len(interactions.items)
    shape = (len(users), min(depth, n_items))
    ready = ReadyLists(
        item=np.full(shape, NO_CARRIER, np.int32),
        score=np.zeros(shape, np.float32),
        because=np.full(shape, NO_CARRIER, np.int32),
        count=np.zeros(len(users), np.int32),
        history=np.zeros(len(users), np.int32),
    )
    query = ItemQuery(shape[1], np.ones(n_items, bool))
    for row, user in enumerate(users.tolist()):
        events = interactions.of_user(user)
        ready.history[row] = len(model.weights.past(events, at=model.at))
        if ready.history[row] < model.min_history:
            continue
        ranking = model.now(events, NO_EVENTS, query, at=model.at, source=SOURCE)
        if ranking is None:
            continue
        length = ready.count[row] = len(ranking)
        ready.item[row, :length], ready.score[row, :length] = ranking.item_row, ranking.score
        ready.because[row, :length] = ranking.because
    return ready
