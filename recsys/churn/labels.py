"""Snapshots of which it is already known who churned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from recsys.churn import signals, snapshot
from recsys.churn.contract import NO_CONTRACT, Contract
from recsys.churn.features import FEATURES, SIGNALS, names_of
from recsys.churn.signals import HeardSignals
from recsys.churn.snapshot import PLACE
from recsys.data.interactions import Interactions
from recsys.data.kinds import Reading
from recsys.data.times import DAY

LONGEST_STEP_DAYS = 14
MIN_OF_EACH = 200
MIN_CUTOFFS = 3
_RECENCY = PLACE["recency_days"]


@dataclass(frozen=True, slots=True)
class Definition:
    """What churn means here.

    Attributes
    ----------
    critical_kind : str
        The kind whose absence is churn.
    horizon_days : int
        Churned is who had no critical event in so many days after a cut-off…
    active_days : int
        …among users who had one in so many days before it.
    contract : Contract
        Where users are under contract, its end is churn instead, among those whose contract runs.
    """

    critical_kind: str
    horizon_days: int
    active_days: int
    contract: Contract = NO_CONTRACT


@dataclass(frozen=True, slots=True)
class Labelled:
    """Current users as of cut-offs, and whether they churned; one row a user and cut-off.

    Attributes
    ----------
    features : float32, shape (n, n_features)
        See :func:`recsys.churn.snapshot.features`.
    churned : bool, shape (n,)
        No critical event within the horizon; under contract: it ended within it.
    user_row : int32, shape (n,)
        Whose row it is.
    at : int64, shape (n,)
        The cut-off, microseconds since the epoch.
    """

    features: NDArray[np.float32]
    churned: NDArray[np.bool_]
    user_row: NDArray[np.int32]
    at: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.churned)

    @property
    def weight(self) -> NDArray[np.float64]:
        """What each row counts so that every user counts once, float64, shape (n,)."""
        return 1 / np.bincount(self.user_row)[self.user_row] if len(self) else np.empty(0)

    def latest(self) -> Labelled:
        """Return the rows of the last cut-off; needs a row."""
        return self.where(self.at == self.at.max())

    def where(self, keep: NDArray[np.bool_]) -> Labelled:
        """Return the rows marked in `keep`, bool, shape (n,)."""
        return Labelled(self.features[keep], self.churned[keep], self.user_row[keep], self.at[keep])


def active(features: NDArray[np.float32], active_days: int) -> NDArray[np.bool_]:
    """Return whose last critical event is at most `active_days` old, bool, shape (n_users,)."""
    return features[:, _RECENCY] <= active_days


def current(
    interactions: Interactions, features: NDArray[np.float32], definition: Definition, *, at: int
) -> NDArray[np.bool_]:
    """Return who can churn: the active ones, or those under contract; bool, shape (n_users,)."""
    if definition.contract.exists:
        return definition.contract.running(interactions, definition.critical_kind, at=at)
    return active(features, definition.active_days)


def labelled(interactions: Interactions, definition: Definition, *, at: int) -> Labelled:
    """Return the active users as of `at`, and whether they churned.

    The window after `at` must have closed: the caller asks only for instants for which the
    interactions reach to ``at + horizon_days``.
    """
    features = snapshot.of_all(interactions, definition.critical_kind, at=at)
    rows = np.flatnonzero(current(interactions, features, definition, at=at))
    return Labelled(
        features=features[rows],
        churned=_left(interactions, definition, at=at)[rows],
        user_row=rows.astype(np.int32),
        at=np.full(len(rows), at, np.int64),
    )


def _left(interactions: Interactions, definition: Definition, *, at: int) -> NDArray[np.bool_]:
    """Return who is gone by the end of the window after `at`, bool, shape (n_users,)."""
    until, kind = at + definition.horizon_days * DAY, definition.critical_kind
    if definition.contract.exists:
        return definition.contract.ended(interactions, kind, at=at, until=until)
    critical = interactions.kind == Reading(interactions.kinds, kind).critical
    after = (interactions.at >= at) & (interactions.at < until) & critical
    gone = np.ones(len(interactions.users), bool)
    gone[interactions.user_row[after]] = False
    return gone


def with_signals(rows: Labelled, heard: HeardSignals | None) -> Labelled:
    """Return rows with the features of signals as of their cut-offs beside; without any, as is."""
    if heard is None:
        return rows
    told = np.full((len(rows), len(SIGNALS)), np.nan, np.float32)
    for at in np.unique(rows.at).tolist():
        here = rows.at == at
        told[here] = signals.of_all(heard.signals, at=at)[rows.user_row[here]]
    return replace(rows, features=signals.beside(rows.features, told, heard.groups))


class Snapshot(Protocol):
    """Takes the features of every user as of an instant."""

    def __call__(
        self, interactions: Interactions, critical_kind: str, /, *, at: int
    ) -> NDArray[np.float32]:
        """Return the features, float32, shape (n_users, n_features)."""


def leaks(
    interactions: Interactions,
    critical_kind: str,
    *,
    at: int,
    of_all: Snapshot = snapshot.of_all,
    heard: HeardSignals | None = None,
) -> tuple[str, ...]:
    """Return the features as of `at` that change when what came later is taken away.

    A feature that can see its outcome makes a model that is brilliant until it serves: there must
    be none. Training asks at every test cutoff.
    """
    seen = of_all(interactions, critical_kind, at=at)
    alone = of_all(interactions.before(at), critical_kind, at=at)
    if heard is not None:
        seen, alone = heard.beside(seen, at=at), heard.before(at).beside(alone, at=at)
    differs = ~((seen == alone) | (np.isnan(seen) & np.isnan(alone))).all(0)
    return tuple(names_of(seen.shape[1])[column] for column in np.flatnonzero(differs))


NOTHING = Labelled(
    features=np.empty((0, len(FEATURES)), np.float32),
    churned=np.empty(0, bool),
    user_row=np.empty(0, np.int32),
    at=np.empty(0, np.int64),
)


def stacked(parts: Sequence[Labelled]) -> Labelled:
    """Return the rows of all parts; ``NOTHING`` of no parts."""
    if not parts:
        return NOTHING
    return Labelled(
        features=np.concatenate([part.features for part in parts]),
        churned=np.concatenate([part.churned for part in parts]),
        user_row=np.concatenate([part.user_row for part in parts]),
        at=np.concatenate([part.at for part in parts]),
    )


def closed(interactions: Interactions, definition: Definition, *, until: int, n: int) -> Labelled:
    """Return the labelled rows of up to `n` cut-offs whose windows closed by `until`."""
    horizon = definition.horizon_days
    last = last_closed(until, horizon)
    days = cutoffs(start(interactions), last, n=n, horizon_days=horizon)
    return stacked([labelled(interactions, definition, at=day) for day in days])


def too_few(rows: Labelled) -> str:
    """Return why these rows are too few for a model of one's own, else an empty string."""
    churned, n = int(rows.churned.sum()), len(rows)
    n_cutoffs = len(np.unique(rows.at))
    if min(churned, n - churned) >= MIN_OF_EACH and n_cutoffs >= MIN_CUTOFFS:
        return ""
    return (
        f"not fitted: {churned:,} churned and {n - churned:,} retained over {n_cutoffs} cut-offs; "
        f"it takes {MIN_OF_EACH} of each over {MIN_CUTOFFS}"
    )


def start(interactions: Interactions) -> int:
    """Return when the first event happened, 0 without any."""
    return int(interactions.at.min()) if len(interactions) else 0


def last_closed(until: int, horizon_days: int) -> int:
    """Return the last midnight (UTC) whose window closes by `until` (microseconds)."""
    return (until // DAY - horizon_days) * DAY


def cutoffs(begin: int, last: int, *, n: int, horizon_days: int) -> tuple[int, ...]:
    """Return up to `n` cut-offs, ascending, of which the last is `last`.

    They are ``LONGEST_STEP_DAYS`` apart, closer (down to a day) where the data begin too late
    for that, and leave a quarter of the horizon, at least a week, of history before the first.
    """
    first = begin + max(7, horizon_days // 4) * DAY
    if last < first:
        return ()
    step = min(LONGEST_STEP_DAYS, max(1, (last - first) // DAY // max(1, n - 1)))
    return tuple(at for k in reversed(range(n)) if (at := last - k * step * DAY) >= first)
