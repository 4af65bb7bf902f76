"""From one user's events to what the algorithms learn from and score with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.histories import Histories
from recsys.algorithms.popularity import decay
from recsys.data.interactions import NO_EVENTS, Interactions, UserEvents
from recsys.data.times import DAY
from recsys.items.sequence import LATEST


@dataclass(frozen=True, slots=True)
class History:
    """What a user took, ready for scoring.

    Attributes
    ----------
    item_row : int32, shape (m,)
        Distinct, ascending.
    weight : float32, shape (m,)
        How strongly it speaks for similar items, positive.
    own : float32, shape (m,)
        How strongly it speaks for the very same item, 0 or more.
    latest : int32, shape (at most LATEST,)
        Items of the latest events that speak for an item, the last one last.
    """

    item_row: NDArray[np.int32]
    weight: NDArray[np.float32]
    own: NDArray[np.float32]
    latest: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.item_row)


@dataclass(frozen=True, slots=True)
class EventWeights:
    """What an event is worth.

    Attributes
    ----------
    kind : float64, shape (n_kinds,)
        By kind of event; negative takes earlier strength back.
    half_life_days : float
        Age at which an event counts half.
    own : float
        Worth of a past event for the same item, in units of its worth for similar items.
    live : float
        Worth of an event since training for similar items, in units of a past one's.
    live_own : float
        Worth of an event since training for the same item, in units of a past one's for similar
        items. What was bought a moment ago is seldom bought again at once.
    kind_half_life_days : float64, shape (n_kinds,), or None
        Where kinds fade differently: the age at which each counts half.
    cap : float64, shape (n_kinds,), or None
        Most that one kind says of one item, in events of right now; infinite for no bound. Past
        and live events are bounded apart.
    """

    kind: NDArray[np.float64]
    half_life_days: float
    own: float
    live: float
    live_own: float
    kind_half_life_days: NDArray[np.float64] | None = None
    cap: NDArray[np.float64] | None = None

    def past(self, events: UserEvents, *, at: int) -> History:
        """Return the history in the events that the model was trained on, as of `at`."""
        return self.history(events, NO_EVENTS, at=at)

    def history(self, past: UserEvents, live: UserEvents, *, at: int) -> History:
        """Return the history in past and live events, as of `at` (microseconds).

        Items whose strengths net to 0 or less (returned, disliked) are not in it.
        """
        rows, strength = self._said(past, at)
        live_rows, live_strength = self._said(live, at)
        rows = np.concatenate([rows, live_rows])
        order = rows.argsort(kind="stable")
        rows = rows[order]
        new = np.ones(len(rows), bool)
        np.not_equal(rows[1:], rows[:-1], out=new[1:])
        first = new.nonzero()[0]
        weight, own = (
            np.add.reduceat(
                np.concatenate([before * strength, since * live_strength])[order], first
            )
            for before, since in ((1.0, self.live), (self.own, self.live_own))
        )
        kept = weight > 0
        return History(
            item_row=rows[first][kept],
            weight=weight[kept].astype(np.float32),
            own=np.maximum(own[kept], 0.0).astype(np.float32),
            latest=self._latest(past, live),
        )

    def _latest(self, past: UserEvents, live: UserEvents) -> NDArray[np.int32]:
        events = past.followed_by(live)
        speaks = (events.item_row >= 0) & (self.kind[events.kind] > 0)
        return events.item_row[speaks][-LATEST:]

    def histories(self, interactions: Interactions, *, at: int) -> Histories:
        """Return the histories of all users as of `at`; the own weights are left out."""
        some = interactions.where(interactions.item_row >= 0)
        pair = some.user_row.astype(np.int64) * max(len(interactions.items), 1) + some.item_row
        return Histories.of(
            some.user_row,
            some.item_row,
            self._strength(some.kind, some.at, at, pair),
            n_users=len(interactions.users),
            n_items=len(interactions.items),
        )

    def _said(self, events: UserEvents, at: int) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """Return the known items of events, and what each event says of its own."""
        if not len(events):
            return NO_EVENTS.item_row, np.empty(0)
        known = events.item_row >= 0
        rows = events.item_row[known]
        return rows, self._strength(events.kind[known], events.at[known], at, rows)

    def _strength(
        self,
        kind: NDArray[np.int8],
        when: NDArray[np.int64],
        at: int,
        pair: NDArray[np.int64 | np.int32],
    ) -> NDArray[np.float64]:
        """Return what each event says of its item; `pair` tells users and items apart."""
        # A clock that runs ahead must not make an event worth more than one of right now.
        age_days = np.maximum(at - when, 0) / DAY
        each = self.kind_half_life_days
        faded = decay(age_days, self.half_life_days if each is None else each[kind])
        if self.cap is not None:
            faded *= _within(self.cap[kind], faded, pair * np.int64(len(self.kind)) + kind)
        return self.kind[kind] * faded


def _within(
    cap: NDArray[np.float64], faded: NDArray[np.float64], cell: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the share of each event that keeps the sum of its cell at most at the cap."""
    place = np.unique(cell, return_inverse=True)[1]
    total = np.bincount(place, faded)
    return np.minimum(1.0, cap / np.maximum(total, np.finfo(np.float64).tiny)[place])
