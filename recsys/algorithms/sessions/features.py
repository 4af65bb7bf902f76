"""What is known of each candidate for the next click of a session.

What session neighbours (Ludewig & Jannach 2018), transitions (Choi et al. 2021) and item vectors
say of each, for the ranker that is learned over them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.neighbours import ItemNeighbours
from recsys.algorithms.sessions import knn as session_neighbours
from recsys.algorithms.sessions import transitions
from recsys.algorithms.sessions.knn import SessionNeighbours, SessionSettings
from recsys.algorithms.sessions.log import Sessions
from recsys.algorithms.sessions.transitions import TransitionSettings

CANDIDATES = 100
LATEST = 10
"""Clicks of a session that transitions and vectors look at."""
MEMORY = 1.5
"""Clicks after which one of them weighs 1/e."""
FACTORS = 192
RECENT_SHARE = 0.05
"""Latest share of the sessions that recent popularity is counted in."""

LOG_OFFSETS = (0.02, 0.002)
N_FEATURES = 41


@dataclass(frozen=True, slots=True)
class SessionParts:
    """Sources of candidates, and what is known of the items.

    Attributes
    ----------
    neighbours : SessionNeighbours
        What was looked at in sessions like this one.
    next_items : ItemNeighbours
        Where one goes from each item.
    second_items : ItemNeighbours
        Where one goes from there.
    vectors : float32, shape (n_items, n_factors)
        Unit vectors; their products say how alike two items are.
    clicks, recent_clicks : float32, shape (n_items,)
        Logarithm of one more than the clicks, in all sessions and in the latest.
    """

    neighbours: SessionNeighbours
    next_items: ItemNeighbours
    second_items: ItemNeighbours
    vectors: NDArray[np.float32]
    clicks: NDArray[np.float32]
    recent_clicks: NDArray[np.float32]

    @property
    def n_items(self) -> int:
        """How many items can be scored."""
        return len(self.clicks)

    def features(self, rows: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the candidates for the next click, and what is known of them.

        Parameters
        ----------
        rows : int32, shape (m,)
            Items of the session, the latest last; at least one.

        Returns
        -------
        items : int64, shape (n,)
            The strongest `CANDIDATES` by the sources together and the session's own items,
            ascending.
        features : float32, shape (n, N_FEATURES)
        """
        latest, weights = decayed(rows)
        near = self.neighbours.score(rows)
        after = self.next_items.score(latest, weights)
        beyond = self.second_items.score(latest, weights / weights.sum())
        strength = after + 0.3 * beyond + near * (after.max() / max(near.max(), 1e-9))
        items = np.union1d(_strongest(strength), rows).astype(np.int64)
        sources = np.stack([near[items], after[items], beyond[items]])
        peaks = np.maximum([near.max(), after.max(), beyond.max()], 1e-9).astype(np.float32)
        columns = [
            *self._strengths(sources, peaks, np.array([near.sum(), after.sum()])),
            *self._likeness(items, rows, latest, weights),
            self.clicks[items],
            self.recent_clicks[items],
            *_seen(items, rows),
        ]
        crossed = [columns[0], columns[3], columns[6], columns[12], columns[16]]
        for case in (len(rows) == 1, len(rows) > 4, self.clicks[rows[-1]] < np.log1p(10)):
            columns += [feature * np.float32(case) for feature in crossed]
        return items, np.stack(columns, axis=1).astype(np.float32)

    def _strengths(
        self,
        sources: NDArray[np.float32],
        peaks: NDArray[np.float32],
        totals: NDArray[np.float32],
    ) -> list[NDArray[np.float32]]:
        """Each source against its best, linear and as logarithms, and two as shares: 11."""
        columns = []
        for share in sources / peaks[:, None]:
            columns += [np.log(share + offset) for offset in LOG_OFFSETS]
            columns.append(share)
        shares = sources[:2] / np.maximum(totals, 1e-9)[:, None]
        return columns + [np.log(share + 1e-4) for share in shares]

    def _likeness(
        self,
        items: NDArray[np.int64],
        rows: NDArray[np.int32],
        latest: NDArray[np.int32],
        weights: NDArray[np.float32],
    ) -> list[NDArray[np.float32]]:
        """How alike to the last click, the latest clicks and the whole session: 5."""
        own = self.vectors[items]
        last = own @ self.vectors[rows[-1]]
        recent = own @ (weights @ self.vectors[latest]) / weights.sum()
        return [last, recent, own @ self.vectors[rows].mean(axis=0), last**2, recent**2]


def decayed(rows: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return the latest clicks of a session and what each weighs, the last one 1."""
    latest = rows[-LATEST:]
    steps = np.arange(len(latest))[::-1]
    return latest, np.exp(-steps / MEMORY).astype(np.float32)


def fit(
    sessions: Sessions, near: SessionSettings, pairs: TransitionSettings, *, seed: int
) -> SessionParts:
    """Fit all sources on the same sessions."""
    counts = transitions.counted(sessions, pairs)
    late = sessions.between(int(len(sessions) * (1 - RECENT_SHARE)), len(sessions))
    return SessionParts(
        neighbours=session_neighbours.fit(sessions, near),
        next_items=transitions.chances(counts, pairs),
        second_items=transitions.second_steps(counts, pairs),
        vectors=transitions.vectors(counts, FACTORS, seed=seed),
        clicks=_log_clicks(sessions),
        recent_clicks=_log_clicks(late),
    )


def _log_clicks(sessions: Sessions) -> NDArray[np.float32]:
    counts = np.bincount(sessions.item_row, minlength=sessions.n_items)
    return np.log1p(counts).astype(np.float32)


def _strongest(strength: NDArray[np.float32]) -> NDArray[np.int64]:
    some = np.flatnonzero(strength > 0)
    if len(some) <= CANDIDATES:
        return some
    return some[np.argpartition(-strength[some], CANDIDATES)[:CANDIDATES]]


def _seen(items: NDArray[np.int64], rows: NDArray[np.int32]) -> list[NDArray[np.float32]]:
    """How long ago in the session and how often an item was looked at: 8."""
    same = items[:, None] == rows[None, ::-1]
    seen, steps = same.any(axis=1), same.argmax(axis=1)
    last = seen & (steps == 0)
    repeated = len(rows) > 1 and rows[-1] == rows[-2]
    flags = [seen & (steps == ago) for ago in range(4)]
    flags += [seen & (steps > 3), last & repeated, last & (len(rows) == 1)]
    return [*(flag.astype(np.float32) for flag in flags), np.log1p(same.sum(axis=1))]
