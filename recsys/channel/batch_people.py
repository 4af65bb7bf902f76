"""Many people as arrays, and which channels may be used for each: offers, for all at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from recsys.channel.eligibility import WEEK
from recsys.channel.terms import Terms
from recsys.data.person import Person
from recsys.data.times import QUARTER, is_quiet, local_hour, quiet_ends, zone_or

NOBODY = -1
OTHER = -1


class Exclusion(IntEnum):
    """Why an arm may not be used."""

    NOTHING = 0
    NOT_OFFERED = 1
    NO_CONSENT = 2
    CAP_REACHED = 3


@dataclass(frozen=True, slots=True)
class Crowd:
    """People, one row each: the same facts as :class:`recsys.data.person.Person` has.

    Attributes
    ----------
    at : int64, shape (n,)
        The instant of each question, microseconds since the epoch.
    user_row : int32, shape (n,)
        Row in the serving model, ``NOBODY`` where it does not know them.
    segment_row : int32, shape (n,)
        Row in the segment table, ``NO_SEGMENT`` where in none.
    profiling : bool, shape (n,)
        False for those who denied being profiled.
    granted : bool, shape (n, n_channels)
        Channels with a granted marketing consent, in the order of the terms.
    zone : int32, shape (n,)
        Place in `zones`.
    zones : tuple of str
        IANA names; empty or unknown: that of the terms.
    sent_to : int64, shape (m,)
        Row of the receiver of each message that was sent lately, in any order.
    sent_channel : int64, shape (m,)
        Its channel in the order of the terms; ``OTHER`` for one that is not among them.
    sent_at : int64, shape (m,)
        When it was sent, microseconds since the epoch.
    """

    at: NDArray[np.int64]
    user_row: NDArray[np.int32]
    segment_row: NDArray[np.int32]
    profiling: NDArray[np.bool_]
    granted: NDArray[np.bool_]
    zone: NDArray[np.int32]
    zones: tuple[str, ...]
    sent_to: NDArray[np.int64]
    sent_channel: NDArray[np.int64]
    sent_at: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.at)

    @classmethod
    def of(cls, people: Sequence[Person], terms: Terms) -> Crowd:
        """Gather people."""
        place = {name: number for number, name in enumerate(terms.names)}
        zones: dict[str, int] = {}
        granted = np.zeros((len(people), len(place)), bool)
        to: list[int] = []
        channel: list[int] = []
        at: list[int] = []
        for row, person in enumerate(people):
            granted[row, [place[name] for name in person.channels if name in place]] = True
            for name, sent in person.messages.items():
                to += [row] * len(sent)
                channel += [place.get(name, OTHER)] * len(sent)
                at += sent
        zone = [zones.setdefault(person.context.timezone, len(zones)) for person in people]
        rows = [NOBODY if person.user_row is None else person.user_row for person in people]
        return cls(
            at=np.array([person.at for person in people], np.int64),
            user_row=np.array(rows, np.int32),
            segment_row=np.array([person.segment_row for person in people], np.int32),
            profiling=np.array([person.profiling for person in people], bool),
            granted=granted,
            zone=np.array(zone, np.int32),
            zones=tuple(zones),
            sent_to=np.array(to, np.int64),
            sent_channel=np.array(channel, np.int64),
            sent_at=np.array(at, np.int64),
        )

    def part(self, rows: slice) -> Crowd:
        """Return some of the people; `rows` is a slice without a step."""
        start, stop, _ = rows.indices(len(self))
        own = (self.sent_to >= start) & (self.sent_to < stop)
        columns: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self)}
        for name, column in columns.items():
            if name != "zones":
                columns[name] = column[own] if name.startswith("sent") else column[rows]
        columns["sent_to"] = columns["sent_to"] - start
        return Crowd(**columns)


@dataclass(frozen=True, slots=True)
class Offers:
    """Whether and when each channel may be used for each person; shape (n, n_channels).

    Attributes
    ----------
    excluded : int8
        An :class:`Exclusion`; 0 where the channel may be used.
    at : int64
        When the message would go out, microseconds.
    hour, recent : int64
        Hour on the receiver's clock then, and messages of the 7 days before, any channel.
    """

    excluded: NDArray[np.int8]
    at: NDArray[np.int64]
    hour: NDArray[np.int64]
    recent: NDArray[np.int64]


def offers(crowd: Crowd, terms: Terms, *, offered: frozenset[str] | None = None) -> Offers:
    """Return what :func:`recsys.channel.eligibility.offers_for` says of each person."""
    cap = np.array([channel.cap_per_week for channel in terms.channels], np.int64)
    waits = np.array([channel.quiet_hours for channel in terms.channels], bool)
    later, hour_now, hour_later = _moments(crowd, terms)
    counts_now = _within_week(crowd, crowd.at, len(cap))
    # Most people are asked about outside their quiet hours: then there is one moment only.
    same = bool((later == crowd.at).all())
    counts_later = counts_now if same else _within_week(crowd, later, len(cap))
    recent_now, recent_later = counts_now.sum(axis=1), counts_later.sum(axis=1)
    excluded = np.where(
        np.where(waits, counts_later[:, :-1], counts_now[:, :-1]) >= cap,
        np.int8(Exclusion.CAP_REACHED),
        np.int8(Exclusion.NOTHING),
    )
    excluded[~crowd.granted] = Exclusion.NO_CONSENT
    if offered is not None:
        excluded[:, [name not in offered for name in terms.names]] = Exclusion.NOT_OFFERED
    return Offers(
        excluded=excluded,
        at=np.where(waits, later[:, None], crowd.at[:, None]),
        hour=np.where(waits, hour_later[:, None], hour_now[:, None]),
        recent=np.where(waits, recent_later[:, None], recent_now[:, None]),
    )


def _moments(
    crowd: Crowd, terms: Terms
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return when quiet hours are over, the local hour now, and the local hour then.

    Clocks change on quarter hours only, so one look-up serves all instants of a quarter.
    """
    n_zones = max(1, len(crowd.zones))
    keys, place = np.unique(crowd.at // QUARTER * n_zones + crowd.zone, return_inverse=True)
    there = [zone_or(name, terms.timezone) for name in crowd.zones]
    found = [
        _moment(key // n_zones * QUARTER, there[key % n_zones], terms) for key in keys.tolist()
    ]
    ends, now, then = np.array(found, np.int64).reshape(-1, 3)[place].T
    return np.where(ends == 0, crowd.at, ends), now, then


def _moment(at: int, there: ZoneInfo, terms: Terms) -> tuple[int, int, int]:
    hour = local_hour(at, there)
    if not is_quiet(hour, terms.quiet_from_hour, terms.quiet_until_hour):
        return 0, hour, hour
    ends = quiet_ends(at, there, terms.quiet_until_hour)
    return ends, hour, local_hour(ends, there)


def _within_week(crowd: Crowd, at: NDArray[np.int64], n_channels: int) -> NDArray[np.int64]:
    """Return messages in the 7 days up to `at` by channel, the last column those of others."""
    ago = at[crowd.sent_to] - crowd.sent_at
    lately = (ago >= 0) & (ago < WEEK)
    width = n_channels + 1
    cell = crowd.sent_to[lately] * width + crowd.sent_channel[lately] % width
    return np.bincount(cell, minlength=len(crowd) * width).reshape(len(crowd), width)
