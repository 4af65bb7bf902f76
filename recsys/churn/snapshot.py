"""What is known about users at an instant, as numbers.

One implementation serves training (all users at once) and serving (one user, live): both call
:func:`features` on events grouped by user, so the two cannot disagree.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.churn.features import FEATURES, SIGNALS, WINDOWS, windowed
from recsys.data.interactions import Interactions, UserEvents
from recsys.data.kinds import RETURN, Reading
from recsys.data.times import DAY

MONTH_DAYS = 365.25 / 12

EDGES = np.array(sorted({*WINDOWS, *(2 * days for days in WINDOWS)}), np.float64)

PLACE = {name: place for place, name in enumerate((*FEATURES, *SIGNALS))}

WITHIN = np.searchsorted(EDGES, WINDOWS)

WITHIN_TWICE = np.searchsorted(EDGES, 2 * np.array(WINDOWS))


def of_all(interactions: Interactions, critical_kind: str, *, at: int) -> NDArray[np.float32]:
    """Return the features of every user as of `at`; see :func:`features`.

    What happened before but was known of only later is left out, as it would have been then.
    """
    table = interactions if interactions.known_at is None else interactions.before(at)
    events = UserEvents(table.item_row, table.kind, table.at, table.quantity, table.value)
    return features(events, table.indptr, Reading(table.kinds, critical_kind), at=at)


def of_user(events: UserEvents, reading: Reading, *, at: int) -> NDArray[np.float32]:
    """Return the features of one user as of `at`, float32, shape (n_features,)."""
    row: NDArray[np.float32] = features(events, np.array([0, len(events)]), reading, at=at)[0]
    return row


def features(
    events: UserEvents, indptr: NDArray[np.int64], reading: Reading, *, at: int
) -> NDArray[np.float32]:
    """Return the features of users as of an instant.

    Only events strictly before `at` are looked at. Events of the critical kind are counted in
    distinct days (UTC); the age of a day is `at` minus its beginning, so that as of midnight a
    window of 7 days holds exactly 7 of them.

    Parameters
    ----------
    events : UserEvents
        Of all users, grouped by user, oldest first within a user.
    indptr : int64, shape (n_users + 1,)
        Where each user's events start; from 0 to ``len(events)``.
    reading : Reading
        What the kind numbers mean, and which one is critical.
    at : int
        Microseconds since the epoch.

    Returns
    -------
    float32, shape (n_users, n_features)
        Columns in the order of ``FEATURES``. NaN where a feature has no meaning: the gaps of a
        user with one day, shares of no money, everything of a user without a critical event.
        Linear in the events, but for a sort of the gaps.
    """
    n_users = len(indptr) - 1
    user_row = np.repeat(np.arange(n_users), np.diff(indptr))
    before = events.at < at
    critical = before & (events.kind == reading.critical)
    days = _days(events, user_row, np.flatnonzero(critical), n_users=n_users, at=at)
    table = np.full((n_users, len(FEATURES)), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        _put_times(table, days)
        _put_gaps(table, days)
        _put_windows(table, days)
        _put_spend(table, days)
        _put_returns(table, events, user_row, before & (events.kind == reading.number(RETURN)), at)
    _put_others(table, events, user_row, before & ~critical, at)
    table[days.count == 0] = np.nan
    table[np.isinf(table)] = np.nan
    return table.astype(np.float32)


@dataclass(frozen=True, slots=True)
class _Days:
    """Days with a critical event, one row a user and day, grouped and oldest first.

    `first` and `last` are the rows of a user's first and last day, for users that have `some`.
    """

    user_row: NDArray[np.int64]
    day: NDArray[np.int64]
    age: NDArray[np.float64]
    lines: NDArray[np.float64]
    value: NDArray[np.float64]
    quantity: NDArray[np.float64]
    count: NDArray[np.int64]
    some: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]

    def per_user(self, amount: NDArray[np.float64]) -> NDArray[np.float64]:
        return _sums(self.user_row, amount, len(self.count))


def _days(
    events: UserEvents,
    user_row: NDArray[np.int64],
    rows: NDArray[np.int64],
    *,
    n_users: int,
    at: int,
) -> _Days:
    owner, day = user_row[rows], events.at[rows] // DAY
    opens = np.ones(len(rows), bool)
    opens[1:] = (day[1:] != day[:-1]) | (owner[1:] != owner[:-1])
    starts = np.flatnonzero(opens)
    day_row = np.cumsum(opens) - 1
    count = np.bincount(owner[starts], minlength=n_users)
    ends = np.cumsum(count)
    some = np.flatnonzero(count)
    return _Days(
        user_row=owner[starts],
        day=day[starts],
        age=(at / DAY - day[starts]).astype(np.float64, copy=False),
        lines=np.bincount(day_row, minlength=len(starts)).astype(np.float64),
        value=_sums(day_row, events.value[rows], len(starts)),
        quantity=_sums(day_row, events.quantity[rows], len(starts)),
        count=count,
        some=some,
        first=(ends - count)[some],
        last=ends[some] - 1,
    )


def _put_times(table: NDArray[np.float64], days: _Days) -> None:
    recency, tenure = days.age[days.last], days.age[days.first]
    count = days.count[days.some]
    _put(table, days, "recency_days", recency)
    _put(table, days, "recency_of_tenure", recency / tenure)
    _put(table, days, "tenure_days", tenure)
    _put(table, days, "active_days", count)
    _put(table, days, "active_days_per_month", count / np.maximum(tenure / MONTH_DAYS, 1))


def _put_gaps(table: NDArray[np.float64], days: _Days) -> None:
    within = days.user_row[1:] == days.user_row[:-1]
    owner, gap = days.user_row[1:][within], np.diff(days.day)[within]
    if not len(gap):
        return
    repeaters = np.flatnonzero(days.count > 1)
    n = days.count[repeaters] - 1
    ends = np.cumsum(n)
    total = np.bincount(owner, gap)[repeaters]
    squares = np.bincount(owner, gap * gap)[repeaters]
    mean = total / n
    ordered = _sorted_within(owner, gap)
    longest = ordered[ends - 1]
    median = (ordered[ends - n + (n - 1) // 2] + ordered[ends - n + n // 2]) / 2
    recency = table[repeaters, PLACE["recency_days"]]
    for name, column in (
        ("gap_mean_days", mean),
        ("gap_median_days", median),
        ("gap_sd_days", np.sqrt((squares * n - total * total) / (n * n))),
        ("gap_max_days", longest),
        ("gap_last_days", gap[ends - 1]),
        ("gap_last_of_mean", gap[ends - 1] / mean),
        ("recency_of_gap_mean", recency / mean),
        ("recency_of_gap_median", recency / median),
        ("recency_of_gap_max", recency / longest),
    ):
        table[repeaters, PLACE[name]] = column


def _sorted_within(owner: NDArray[np.int64], gap: NDArray[np.int64]) -> NDArray[np.int64]:
    key = int(gap.max()) + 1
    return np.sort(owner * key + gap) % key


def _put_windows(table: NDArray[np.float64], days: _Days) -> None:
    width = len(EDGES) + 1
    cell = days.user_row * width + np.searchsorted(EDGES, days.age)
    shape = (len(days.count), width)
    size = shape[0] * width
    counts = np.cumsum(np.bincount(cell, minlength=size).reshape(shape), axis=1)
    values = np.cumsum(np.bincount(cell, days.value, minlength=size).reshape(shape), axis=1)
    now = counts[:, WITHIN]
    previous = counts[:, WITHIN_TWICE] - now
    table[:, _block("active_days")] = now
    table[:, _block("previous_days")] = previous
    table[:, _block("trend")] = (now + 1) / (previous + 1)
    table[:, _block("value")] = values[:, WITHIN]


def _put_spend(table: NDArray[np.float64], days: _Days) -> None:
    count = days.count
    value, quantity = days.per_user(days.value), days.per_user(days.quantity)
    last = days.value[days.last]
    table[:, PLACE["value"]] = value
    table[:, PLACE["value_per_day"]] = value / count
    table[:, PLACE["quantity"]] = quantity
    table[:, PLACE["quantity_per_day"]] = quantity / count
    table[:, PLACE["lines_per_day"]] = days.per_user(days.lines) / count
    _put(table, days, "value_first", days.value[days.first])
    _put(table, days, "value_last", last)
    _put(table, days, "value_last_of_mean", last * count[days.some] / value[days.some])
    _put(table, days, "lines_last", days.lines[days.last])


def _put_returns(
    table: NDArray[np.float64],
    events: UserEvents,
    user_row: NDArray[np.int64],
    returned: NDArray[np.bool_],
    at: int,
) -> None:
    rows = np.flatnonzero(returned)
    owner = user_row[rows]
    back = np.bincount(owner, events.value[rows], minlength=len(table))
    lately = owner[events.at[rows] >= at - 90 * DAY]
    table[:, PLACE["returned_share"]] = back / table[:, PLACE["value"]]
    table[:, PLACE["returns_90d"]] = np.bincount(lately, minlength=len(table))


def _put_others(
    table: NDArray[np.float64],
    events: UserEvents,
    user_row: NDArray[np.int64],
    other: NDArray[np.bool_],
    at: int,
) -> None:
    rows = np.flatnonzero(other)
    owner, when = user_row[rows], events.at[rows]
    lately = owner[when >= at - 30 * DAY]
    table[:, PLACE["others_30d"]] = np.bincount(lately, minlength=len(table))
    table[owner, PLACE["other_recency_days"]] = (at - when) / DAY


def _sums(owner: NDArray[np.integer], amount: NDArray[np.floating], n: int) -> NDArray[np.float64]:
    # without weights bincount counts, and without rows it forgets that these are floats
    return np.bincount(owner, amount, minlength=n).astype(np.float64, copy=False)


def _put(table: NDArray[np.float64], days: _Days, name: str, column: NDArray[np.generic]) -> None:
    table[days.some, PLACE[name]] = column


def _block(stem: str) -> slice:
    start = PLACE[windowed(stem)[0]]
    return slice(start, start + len(WINDOWS))
