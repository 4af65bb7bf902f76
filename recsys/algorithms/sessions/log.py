"""Sessions in time order: what was looked at, in which order, repeats included."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Sessions:
    """One row a session, the oldest session first.

    Attributes
    ----------
    indptr : int64, shape (n_sessions + 1,)
        Session ``s`` owns the clicks ``indptr[s]:indptr[s + 1]``.
    item_row : int32, shape (n_clicks,)
        In the order of the session, repeats kept.
    n_items : int
        Items, whether or not anybody looked at them.
    """

    indptr: NDArray[np.int64]
    item_row: NDArray[np.int32]
    n_items: int

    @classmethod
    def of(cls, clicks: Sequence[Sequence[int]], *, n_items: int) -> Sessions:
        """Stack sessions of item rows, the oldest session first."""
        lengths = np.fromiter(map(len, clicks), np.int64, len(clicks))
        flat = (row for session in clicks for row in session)
        return cls(
            indptr=np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)]),
            item_row=np.fromiter(flat, np.int32, int(lengths.sum())),
            n_items=n_items,
        )

    def __len__(self) -> int:
        return len(self.indptr) - 1

    def __iter__(self) -> Iterator[NDArray[np.int32]]:
        return (
            self.item_row[start:stop]
            for start, stop in zip(self.indptr[:-1], self.indptr[1:], strict=True)
        )

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Clicks a session, int64, shape (n_sessions,)."""
        return np.diff(self.indptr)

    @property
    def session_row(self) -> NDArray[np.int64]:
        """The session of each click, int64, shape (n_clicks,)."""
        return np.repeat(np.arange(len(self)), self.lengths)

    @property
    def place(self) -> NDArray[np.int64]:
        """The place of each click in its session, from 0, int64, shape (n_clicks,)."""
        return np.arange(len(self.item_row)) - np.repeat(self.indptr[:-1], self.lengths)

    def between(self, start: int, stop: int) -> Sessions:
        """Return the sessions ``start:stop``, items numbered as before."""
        first, last = self.indptr[start], self.indptr[stop]
        return Sessions(
            indptr=self.indptr[start : stop + 1] - first,
            item_row=self.item_row[first:last],
            n_items=self.n_items,
        )

    def prefixes(self, n: int, *, seed: int) -> tuple[Sessions, NDArray[np.int32]]:
        """Return beginnings of sessions and the item that came next, int32, shape (at most n,).

        All of them in time order, or `n` drawn without replacement: every click but the first of a
        session is a target.
        """
        target = np.flatnonzero(self.place > 0)
        if len(target) > n:
            drawn = np.random.default_rng(seed).permutation(len(target))[:n]
            target = target[np.sort(drawn)]
        counts = self.place[target]
        click, _ = ranges(target - counts, target)
        indptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
        return Sessions(indptr, self.item_row[click], self.n_items), self.item_row[target]


def ranges(
    starts: NDArray[np.int64], stops: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return ``start, start + 1, … stop - 1`` of each pair in a row, and the counts."""
    counts = stops - starts
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total) + np.repeat(starts - ends + counts, counts), counts
