"""From one user's events to what the algorithms learn from and score with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.histories import Histories
from recsys.algorithms.popularity import decay
from recsys.events import DAY, NO_EVENTS, Interactions, UserEvents


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
    """

    item_row: NDArray[np.int32]
    weight: NDArray[np.float32]
    own: NDArray[np.float32]

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
    """

    kind: NDArray[np.float64]
    half_life_days: float
    own: float
    live: float
    live_own: float

    def past(self, events: UserEvents, *, at: int, n_items: int) -> History:
        """Return the history in the events that the model was trained on, as of `at`."""
        return self.history(events, NO_EVENTS, at=at, n_items=n_items)

    def history(self, past: UserEvents, live: UserEvents, *, at: int, n_items: int) -> History:
        """Return the history in past and live events, as of `at` (microseconds).

        Items whose strengths net to 0 or less (returned, disliked) are not in it.
        """
        before = self._net(past, at, n_items)
        weight, own = before, self.own * before
        if len(live):
            since = self._net(live, at, n_items)
            weight = weight + self.live * since
            own = own + self.live_own * since
        rows = np.flatnonzero(weight > 0)
        return History(
            item_row=rows.astype(np.int32),
            weight=weight[rows].astype(np.float32),
            own=np.maximum(own[rows], 0.0).astype(np.float32),
        )

    def histories(self, interactions: Interactions, *, at: int) -> Histories:
        """Return the histories of all users as of `at`; the own weights are left out."""
        known = interactions.item_row >= 0
        strength = self._strength(interactions.kind, interactions.at, at)
        return Histories.of(
            interactions.user_row[known],
            interactions.item_row[known],
            strength[known],
            n_users=len(interactions.users),
            n_items=len(interactions.items),
        )

    def _net(self, events: UserEvents, at: int, n_items: int) -> NDArray[np.float64]:
        known = events.item_row >= 0
        strength = self._strength(events.kind, events.at, at)
        # bincount of nothing is of integers, whatever the weights.
        return np.asarray(
            np.bincount(events.item_row[known], strength[known], minlength=n_items), np.float64
        )

    def _strength(
        self, kind: NDArray[np.int8], when: NDArray[np.int64], at: int
    ) -> NDArray[np.float64]:
        # A clock that runs ahead must not make an event worth more than one of right now.
        age_days = np.maximum(at - when, 0) / DAY
        return self.kind[kind] * decay(age_days, self.half_life_days)
