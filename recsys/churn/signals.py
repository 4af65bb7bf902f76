"""What signals beside events tell about users at an instant, as numbers.

One implementation serves training (all users at once) and serving (one user, live).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.churn.features import FEATURES, SIGNAL_GROUPS, SIGNALS
from recsys.data.kinds import MESSAGE_FAILED, MESSAGE_OPENED, MESSAGE_RESPONDED, MESSAGE_SENT
from recsys.data.signals import CSAT, MAIL_DAYS, MAILS, NPS, NUMBER, TICKET, Signals, UserSignals
from recsys.data.times import DAY

OF_GROUP = {
    "recommends": (NPS,),
    "satisfaction": (CSAT,),
    "tickets": (TICKET,),
    "mails": MAILS,
}
"""Kinds of signals that each of ``SIGNAL_GROUPS`` is told by."""

_PLACE = {name: place for place, name in enumerate(SIGNALS)}


@dataclass(frozen=True, slots=True)
class HeardSignals:
    """Signals of all users, and which groups of features are told by them.

    Attributes
    ----------
    signals : Signals
        Of the same rows as the interactions.
    groups : tuple of str
        Names among ``SIGNAL_GROUPS``; of the others nothing is told.
    """

    signals: Signals
    groups: tuple[str, ...]

    def before(self, cutoff: int) -> HeardSignals:
        """Return the same of what was known before an instant."""
        return HeardSignals(self.signals.before(cutoff), self.groups)

    def beside(self, features: NDArray[np.float32], *, at: int) -> NDArray[np.float32]:
        """Return features of all users as of `at` with those of signals beside them."""
        told = of_all(self.signals, at=at)
        return beside(features, told, self.groups)


def of_all(signals: Signals, *, at: int) -> NDArray[np.float32]:
    """Return the features of every user as of `at`; see :func:`features`."""
    return features(signals.all, signals.indptr, at=at)


def of_user(signals: UserSignals, *, at: int) -> NDArray[np.float32]:
    """Return the features of one user as of `at`, float32, shape (n_signal_features,)."""
    row: NDArray[np.float32] = features(signals, np.array([0, len(signals)]), at=at)[0]
    return row


def beside(
    features: NDArray[np.float32], told: NDArray[np.float32], groups: Collection[str]
) -> NDArray[np.float32]:
    """Return features of events, shape (n, n_features), with those of signals on their right.

    Groups that are not asked for are NaN: nothing is learnt from them, and they have no say.
    """
    left_out = [_PLACE[f] for g in SIGNAL_GROUPS if g.name not in groups for f in g.features]
    told = told.copy()
    told[:, left_out] = np.nan
    return np.concatenate([features[:, : len(FEATURES)], told], axis=1)


def features(signals: UserSignals, indptr: NDArray[np.int64], *, at: int) -> NDArray[np.float32]:
    """Return what signals tell of users as of an instant.

    Only what was so, and was known of, strictly before `at` is looked at: the status that a
    ticket has today says nothing, and a score that was corrected later is the one before.

    Parameters
    ----------
    signals : UserSignals
        Of all users, grouped by user, oldest first within a user.
    indptr : int64, shape (n_users + 1,)
        Where each user's signals start.
    at : int
        Microseconds since the epoch.

    Returns
    -------
    float32, shape (n_users, n_signal_features)
        Columns in the order of ``SIGNALS``. Of an answer or a rating that was never given: NaN.
        Openings and clicks count in distinct days (UTC) of the last ``MAIL_DAYS``. Linear.
    """
    n_users = len(indptr) - 1
    known = np.flatnonzero(np.maximum(signals.at, signals.known_at) < at)
    seen = _SeenSignals(
        user_row=np.repeat(np.arange(n_users), np.diff(indptr))[known],
        kind=signals.kind[known],
        at=signals.at[known],
        age=(at - signals.at[known]) / DAY,
        value=signals.value[known],
    )
    table = np.full((n_users, len(SIGNALS)), np.nan)
    for kind, stem in ((NPS, "nps"), (CSAT, "csat")):
        rows = seen.of(kind)
        _put_last(table, f"{stem}_last", seen, rows, seen.value)
        _put_last(table, f"{stem}_age_days", seen, rows, seen.age)
    _put_tickets(table, seen)
    _put_mails(table, seen)
    return table.astype(np.float32)


@dataclass(frozen=True, slots=True)
class _SeenSignals:
    """What was known, one row a signal, grouped by user and oldest first."""

    user_row: NDArray[np.int64]
    kind: NDArray[np.int8]
    at: NDArray[np.int64]
    age: NDArray[np.float64]
    value: NDArray[np.float32]

    def of(self, *kinds: str, days: float = np.inf) -> NDArray[np.int64]:
        """Return the rows of some kinds that are at most so many days old."""
        wanted = np.isin(self.kind, [NUMBER[kind] for kind in kinds])
        return np.flatnonzero(wanted & (self.age <= days))


def _put_tickets(table: NDArray[np.float64], seen: _SeenSignals) -> None:
    for name, days in (("tickets", np.inf), ("tickets_30d", 30.0), ("tickets_90d", 90.0)):
        _put_count(table, name, seen.user_row[seen.of(TICKET, days=days)])
    _put_last(table, "ticket_age_days", seen, seen.of(TICKET), seen.age)


def _put_mails(table: NDArray[np.float64], seen: _SeenSignals) -> None:
    sent, failed = (
        np.bincount(seen.user_row[seen.of(kind, days=MAIL_DAYS)], minlength=len(table))
        for kind in (MESSAGE_SENT, MESSAGE_FAILED)
    )
    table[:, _PLACE["mails_90d"]] = np.maximum(sent - failed, 0)
    for name, kind in (
        ("mail_open_days_90d", MESSAGE_OPENED),
        ("mail_click_days_90d", MESSAGE_RESPONDED),
    ):
        rows = seen.of(kind, days=MAIL_DAYS)
        owner, day = seen.user_row[rows], seen.at[rows] // DAY
        opens = np.ones(len(rows), bool)
        opens[1:] = (day[1:] != day[:-1]) | (owner[1:] != owner[:-1])
        _put_count(table, name, owner[opens])
    rows = seen.of(MESSAGE_OPENED, MESSAGE_RESPONDED, days=MAIL_DAYS)
    _put_last(table, "mail_seen_age_days", seen, rows, seen.age)


def _put_count(table: NDArray[np.float64], name: str, owner: NDArray[np.int64]) -> None:
    table[:, _PLACE[name]] = np.bincount(owner, minlength=len(table))


def _put_last(
    table: NDArray[np.float64],
    name: str,
    seen: _SeenSignals,
    rows: NDArray[np.int64],
    figure: NDArray[np.floating],
) -> None:
    # of rows of the same user the last one stays
    table[seen.user_row[rows], _PLACE[name]] = figure[rows]
