"""The session at hand: what was looked at since the user came, and what comes next."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.sessions.features import decayed
from recsys.algorithms.sessions.ranker import SessionBlend
from recsys.algorithms.topk import top_k
from recsys.data.interactions import UserEvents
from recsys.data.times import FOREVER, SECOND
from recsys.items.context_lift import ItemLift
from recsys.items.slate import NO_ITEM_BEHIND, Ranking

SOURCE = "session"
MINUTE = 60 * SECOND
UNSEEN = 1e-4
"""Chance of an item that the sessions do not propose: below that of most they do."""
SPREAD = 1e-6


@dataclass(frozen=True, slots=True)
class AtHand:
    """Ranks what comes next in a session, with what is known of the user beyond it.

    ``log(chance of i next in the session + UNSEEN) + taste · (standardised 1:1 score of i)``, and
    what the request's context adds, over what either of the first two puts first.

    Attributes
    ----------
    blend : SessionBlend
        What comes next in a session.
    taste : float
        What the 1:1 score on past and live events weighs, positive.
    gap_minutes : float
        A longer silence ends a session.
    speaks : bool, shape (n_kinds,)
        Kinds of events that speak for an item.
    """

    blend: SessionBlend
    taste: float
    gap_minutes: float
    speaks: NDArray[np.bool_]

    def clicks(self, live: UserEvents, *, at: int) -> NDArray[np.int32]:
        """Return the known items of the session at hand as of `at`, int32, the latest last.

        Empty when the user has been silent for longer than the gap.
        """
        silence = np.diff(np.append(live.at, at))
        broken = np.flatnonzero(silence > self.gap_minutes * MINUTE)
        start = int(broken[-1]) + 1 if len(broken) else 0
        rows, kind = live.item_row[start:], live.kind[start:]
        return rows[(rows >= 0) & self.speaks[kind]]

    def until(self, live: UserEvents, *, at: int) -> int:
        """Return the first instant after `at` at which silence ends the session at hand."""
        ends = int(live.at[-1] + self.gap_minutes * MINUTE) + 1 if len(live) else at
        return ends if ends > at else FOREVER

    def rank(
        self,
        clicks: NDArray[np.int32],
        score: NDArray[np.float32],
        allowed: NDArray[np.bool_],
        limit: int,
        lift: ItemLift | None = None,
    ) -> Ranking | None:
        """Return the best allowed items; None when there are none.

        Parameters
        ----------
        clicks : int32, shape (m,)
            At least one, the latest last.
        score : float32, shape (n_items,)
            The 1:1 score on past and live events; ``-inf`` bars an item.
        allowed : bool, shape (n_items,)
            What may be returned.
        limit : int
            Most items returned.
        lift : Lift or None
            What the request's context adds.
        """
        barred = np.where(allowed, score, np.float32(-np.inf))
        items, mixed = self.mixed(clicks, barred, limit, lift)
        best = top_k(mixed, limit)
        if not len(best):
            return None
        rows = items[best].astype(np.int32)
        ranking = Ranking(rows, mixed[best], self._carriers(clicks, rows), SOURCE)
        if lift is None:
            return ranking
        without = items[top_k(mixed - lift.total[items], limit)].astype(np.int32)
        return replace(ranking, notes=lift.notes(rows, without))

    def mixed(
        self,
        clicks: NDArray[np.int32],
        score: NDArray[np.float32],
        limit: int,
        lift: ItemLift | None = None,
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the candidates, ascending, and their scores; ``-inf`` for what is barred."""
        items, chance = self.blend.candidates(clicks)
        first = top_k(score if lift is None else score + lift.total, limit)
        both = np.union1d(items, first).astype(np.int64)
        likely = np.full(len(both), UNSEEN, np.float32)
        likely[np.searchsorted(both, items)] += chance
        mixed = np.log(likely) + np.float32(self.taste) * standardised(score[both])
        return both, mixed if lift is None else mixed + lift.total[both]

    def _carriers(self, clicks: NDArray[np.int32], rows: NDArray[np.int32]) -> NDArray[np.int32]:
        latest, weights = decayed(clicks)
        carried = self.blend.parts.next_items.explain(latest, weights, rows)
        strongest = carried.argmax(axis=0)
        speaks = carried[strongest, np.arange(len(rows))] > 0
        return np.where(speaks, latest[strongest], NO_ITEM_BEHIND).astype(np.int32)


def standardised(score: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the scores with mean 0 and spread 1 over the finite ones; others stay as they are."""
    finite = score[np.isfinite(score)]
    if not len(finite):
        return score
    return np.asarray((score - finite.mean()) / (finite.std() + SPREAD), np.float32)
