"""Sessions like the one at hand, and what was looked at in them.

Vector-multiplication indexed session kNN (VMIS-kNN: Kersbergen, Sprangers & Schelter 2022,
*Serenade*), the indexed form of VSKNN (Ludewig & Jannach 2018), with the three decays of STAN
(Garg et al. 2019). For a session ``s`` and an earlier session ``n``::

    like(s, n) = age(n) / len(n)^norm · Σ_{i ∈ s ∩ n} idf(i)^rarity · exp(-steps since i / memory)
    score(j)   = Σ_{n ∈ nearest(s)} like(s, n) · Σ_{clicks on j in n} near(place of j - match)

``match`` is the place in ``n`` of the latest item of ``s`` that ``n`` holds. Unlike STAN, what came
after the match counts more than what came before, and an age is counted in sessions, not days.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.sessions.log import Sessions, ranges

FARTHEST = 64
"""Clicks further than this from the match weigh as much as at this distance: nothing."""


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """What is tuned.

    Attributes
    ----------
    recent : int
        Latest sessions looked at for each item of the session at hand.
    nearest : int
        Sessions kept, the most alike.
    memory : float
        Clicks after which an item of the session at hand weighs 1/e.
    age : float
        Sessions after which an earlier session weighs 1/e.
    ahead, behind : float
        Clicks after and before the match at which an item of a neighbour weighs 1/e.
    backward : float
        What the click before the match weighs against the one after it.
    again : float
        What the matched item itself weighs against the one after it.
    rarity : float
        Exponent of the inverse document frequency, ``log(n_sessions / sessions of the item)``.
    norm : float
        Exponent of the length of a neighbour.
    longest : int
        Latest distinct items of the session at hand that are used.
    """

    recent: int = 500
    nearest: int = 100
    memory: float = 2.0
    age: float = 150_000.0
    ahead: float = 2.0
    behind: float = 4.0
    backward: float = 0.6
    again: float = 1.0
    rarity: float = 2.0
    norm: float = 0.25
    longest: int = 20

    def __str__(self) -> str:
        return (
            f"{self.nearest} nearest of the {self.recent} latest sessions an item, "
            f"memory {self.memory:g} clicks, age {self.age:,.0f} sessions, "
            f"again {self.again:g}, rarity {self.rarity:g}"
        )


@dataclass(frozen=True, slots=True)
class SessionNeighbours:
    """The earlier sessions, indexed by item.

    Attributes
    ----------
    indptr : int64, shape (n_sessions + 1,)
        Session ``n`` owns the clicks ``indptr[n]:indptr[n + 1]``.
    item_row : int32, shape (n_clicks,)
        In the order of the session.
    held_indptr : int64, shape (n_items + 1,)
        Item ``i`` is in the sessions ``held_by[held_indptr[i]:held_indptr[i + 1]]``.
    held_by : int32, shape (n_postings,)
        Session rows, the latest last.
    held_at : int16, shape (n_postings,)
        Place of the item's last click in that session.
    session_weight : float32, shape (n_sessions,)
        ``age(n) / len(n)^norm``.
    item_weight : float32, shape (n_items,)
        ``idf(i)^rarity``.
    near : float32, shape (2 · FARTHEST + 1,)
        Weight by distance from the match, from ``-FARTHEST``.
    nearest, longest : int
        As in the settings.
    memory : float
        As in the settings.
    """

    indptr: NDArray[np.int64]
    item_row: NDArray[np.int32]
    held_indptr: NDArray[np.int64]
    held_by: NDArray[np.int32]
    held_at: NDArray[np.int16]
    session_weight: NDArray[np.float32]
    item_weight: NDArray[np.float32]
    near: NDArray[np.float32]
    nearest: int
    longest: int
    memory: float

    @property
    def n_items(self) -> int:
        """How many items can be scored."""
        return len(self.item_weight)

    def score(self, rows: NDArray[np.int32]) -> NDArray[np.float32]:
        """Score all items as the next of a session.

        Parameters
        ----------
        rows : int32, shape (m,)
            Items of the session, the latest last, repeats included.

        Returns
        -------
        float32, shape (n_items,)
            0 for items in no neighbour; zeros for an empty session.
        """
        sessions, like, match = self._nearest(*self._weighted(rows)[:2])
        clicked, near, counts = self._clicks(sessions, match)
        total = np.bincount(clicked, np.repeat(like, counts) * near, minlength=self.n_items)
        return total.astype(np.float32)

    def score_all(self, sessions: Sessions) -> NDArray[np.float32]:
        """Score all items for many sessions, float32, shape (n_sessions, n_items)."""
        scores = np.zeros((len(sessions), self.n_items), np.float32)
        for row, session in enumerate(sessions):
            scores[row] = self.score(session)
        return scores

    def explain(self, rows: NDArray[np.int32], items: NDArray[np.int32]) -> NDArray[np.float32]:
        """Return what each click of the session adds to the score of each of `items`.

        An item clicked more than once carries its share at its last click.

        Returns
        -------
        float32, shape (m, len(items))
            Adds up over the session to the scores.
        """
        own, weights, last = self._weighted(rows)
        sessions, _, match = self._nearest(own, weights)
        clicked, near, counts = self._clicks(sessions, match)
        flow = np.zeros((len(sessions), len(items)))
        session = np.repeat(np.arange(len(sessions)), counts)
        for column, item in enumerate(items):
            to = clicked == item
            flow[:, column] = np.bincount(session[to], near[to], minlength=len(sessions))
        carried = np.zeros((len(rows), len(items)), np.float32)
        carried[last] = self._shares(own, weights, sessions) @ flow
        return carried

    def _weighted(
        self, rows: NDArray[np.int32]
    ) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.int64]]:
        """Return the latest distinct items, oldest first, their weights and last places."""
        steps = np.sort(np.unique(rows[::-1], return_index=True)[1])[: self.longest][::-1]
        last = len(rows) - 1 - steps
        items = rows[last]
        return items, np.exp(-steps / self.memory) * self.item_weight[items], last

    def _nearest(
        self, items: NDArray[np.int32], weights: NDArray[np.float64]
    ) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.int16]]:
        """Return the nearest sessions, how alike they are, and the place where they match."""
        posting, counts = ranges(self.held_indptr[items], self.held_indptr[items + 1])
        sessions, session_place = np.unique(self.held_by[posting], return_inverse=True)
        overlap = np.bincount(session_place, np.repeat(weights, counts), minlength=len(sessions))
        like = np.multiply(overlap, self.session_weight[sessions], dtype=np.float64)
        match = np.empty(len(sessions), np.int16)
        # items come oldest first and the last assignment wins: the latest item is the match
        match[session_place] = self.held_at[posting]
        if len(sessions) <= self.nearest:
            return sessions, like, match
        kept = np.sort(np.argpartition(-like, self.nearest)[: self.nearest])
        return sessions[kept], like[kept], match[kept]

    def _shares(
        self, items: NDArray[np.int32], weights: NDArray[np.float64], sessions: NDArray[np.int32]
    ) -> NDArray[np.float64]:
        """Return what each item adds to the likeness of each session found."""
        shares = np.zeros((len(items), len(sessions)))
        for row, item in enumerate(items):
            held = self.held_by[self.held_indptr[item] : self.held_indptr[item + 1]]
            shares[row] = np.isin(sessions, held) * weights[row]
        return shares * self.session_weight[sessions]

    def _clicks(
        self, sessions: NDArray[np.int32], match: NDArray[np.int16]
    ) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.int64]]:
        """Return the clicks of sessions, their weights by distance, and how many a session."""
        starts = self.indptr[sessions]
        click, counts = ranges(starts, self.indptr[sessions + 1])
        distance = click - np.repeat(starts + match, counts)
        near = self.near[np.clip(distance, -FARTHEST, FARTHEST) + FARTHEST]
        return self.item_row[click], near, counts


def fit(sessions: Sessions, settings: SessionSettings) -> SessionNeighbours:
    """Index sessions by item; nothing is optimised.

    Notes
    -----
    O(n_clicks · log n_clicks) time. An answer takes O(items · recent + nearest · length), whatever
    the number of sessions.
    """
    n, lengths = len(sessions), sessions.lengths
    pair = sessions.item_row.astype(np.int64) * max(n, 1) + sessions.session_row
    order = np.lexsort((sessions.place, pair))
    last = order[np.append(np.diff(pair[order]) > 0, True)] if len(order) else order
    held = np.bincount(sessions.item_row[last], minlength=sessions.n_items)
    ends = np.cumsum(held)
    from_end = np.repeat(ends, held) - np.arange(len(last))
    kept = last[from_end <= settings.recent]
    starts = np.cumsum(np.minimum(held, settings.recent))
    age = np.exp(-(n - 1 - np.arange(n)) / settings.age)
    return SessionNeighbours(
        indptr=sessions.indptr,
        item_row=sessions.item_row,
        held_indptr=np.concatenate([np.zeros(1, np.int64), starts]),
        held_by=sessions.session_row[kept].astype(np.int32),
        held_at=np.minimum(sessions.place[kept], np.iinfo(np.int16).max).astype(np.int16),
        session_weight=(age / np.maximum(lengths, 1) ** settings.norm).astype(np.float32),
        item_weight=(np.log1p(n / np.maximum(held, 1)) ** settings.rarity).astype(np.float32),
        near=_nearness(settings),
        nearest=settings.nearest,
        longest=settings.longest,
        memory=settings.memory,
    )


def _nearness(settings: SessionSettings) -> NDArray[np.float32]:
    distance = np.arange(-FARTHEST, FARTHEST + 1)
    after = np.exp(-(distance - 1.0) / settings.ahead)
    before = settings.backward * np.exp((distance + 1.0) / settings.behind)
    weight: NDArray[np.float64] = np.where(distance > 0, after, before)
    weight[FARTHEST] = settings.again
    return weight.astype(np.float32)
