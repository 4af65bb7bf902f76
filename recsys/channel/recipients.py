"""Whom a message may go to: one person, or many at once.

The rules of the channel question are written once for both. They go arm by arm over *columns*: what
is a number or a bool of one person is an array of shape (n,) of many, and where it is the same for
all it may stay a number.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple, Protocol
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from recsys.channel.terms import Terms
from recsys.data.person import Person
from recsys.data.times import DAY, QUARTER, is_quiet, local_hour, quiet_ends, zone_or

NOBODY = -1
OTHER = -1
WEEK = 7 * DAY

Column = Any
"""A number or bool of one person, or an array of them, shape (n,), of many."""


def where(so: Column, then: Column, other: Column) -> Column:
    """Return `then` where it is `so`, and else `other`."""
    if so is True:
        return then
    if so is False:
        return other
    return np.where(so, then, other) if isinstance(so, np.ndarray) else then if so else other


def entry(columns: Sequence[Column], number: Column) -> Column:
    """Return, of one column a number, that of the number asked for."""
    if not isinstance(number, np.ndarray):
        return columns[number]
    entries = columns[0]
    for row, column in enumerate(columns[1:], start=1):
        entries = np.where(number == row, column, entries)
    return entries


def value_at(values: NDArray[Any], row: Column) -> Column:
    """Return the value at a place of an array, a plain number for one person."""
    return values[row] if isinstance(row, np.ndarray) else values.item(row)


def row_of(table: NDArray[Any], row: Column) -> Sequence[Column]:
    """Return a row of a table as one column an arm."""
    if isinstance(row, np.ndarray):
        # As precise as the plain numbers of one person.
        return list(np.ascontiguousarray(table[row].T, np.float64))
    columns: list[Any] = table[row].tolist()
    return columns


class SendMoments(NamedTuple):
    """When quiet hours are over (now, where there are none), and the local hour now and then.

    `later` is the very column ``at`` of the people where nobody has to wait.
    """

    later: Column
    hour_now: Column
    hour_later: Column


class SentLately(NamedTuple):
    """Messages of the 7 days before, by channel in the order of the terms, and through any."""

    by_channel: Sequence[Column]
    in_all: Column


class Addressed(Protocol):
    """What the rules ask of one person or of many."""

    @property
    def at(self) -> Column:
        """The instant of the question, microseconds since the epoch."""

    @property
    def user_row(self) -> Column:
        """Row in the serving model, ``NOBODY`` where it does not know them."""

    @property
    def segment_row(self) -> Column:
        """Row in the segment table, ``NO_SEGMENT`` where in none."""

    @property
    def profiling(self) -> Column:
        """False for those who denied being profiled."""

    def consents(self, terms: Terms) -> Sequence[Column]:
        """Return whether marketing through each channel was granted, in the order of the terms."""

    def moments(self, terms: Terms) -> SendMoments:
        """Return when a message may go out."""

    def sent_before(self, at: Column, terms: Terms) -> SentLately:
        """Return the messages of the 7 days up to and with `at`."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """One person."""

    person: Person

    @property
    def at(self) -> int:
        """The instant of the question, microseconds since the epoch."""
        return self.person.at

    @property
    def user_row(self) -> int:
        """Row in the serving model, ``NOBODY`` where it does not know them."""
        return NOBODY if self.person.user_row is None else self.person.user_row

    @property
    def segment_row(self) -> int:
        """Row in the segment table, ``NO_SEGMENT`` where in none."""
        return self.person.segment_row

    @property
    def profiling(self) -> bool:
        """False when they denied being profiled."""
        return self.person.profiling

    def consents(self, terms: Terms) -> Sequence[bool]:
        """Return whether marketing through each channel was granted."""
        return [channel.channel in self.person.channels for channel in terms.channels]

    def moments(self, terms: Terms) -> SendMoments:
        """Return when a message may go out."""
        there = zone_or(self.person.context.timezone, terms.timezone)
        ends, now, then = _moment(self.at, there, terms)
        return SendMoments(ends or self.at, now, then)

    def sent_before(self, at: int, terms: Terms) -> SentLately:
        """Return the messages of the 7 days up to and with `at`."""
        counts = {
            name: bisect_right(sent, at) - bisect_left(sent, at - WEEK + 1)
            for name, sent in self.person.messages.items()
        }
        by_channel = [counts.get(channel.channel, 0) for channel in terms.channels]
        return SentLately(by_channel, sum(counts.values()))


@dataclass(frozen=True, slots=True)
class Recipients:
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
    def of(cls, people: Sequence[Person], terms: Terms) -> Recipients:
        """Gather people."""
        number_of = {name: number for number, name in enumerate(terms.names)}
        zones: dict[str, int] = {}
        granted = np.zeros((len(people), len(number_of)), bool)
        to: list[int] = []
        channel: list[int] = []
        at: list[int] = []
        for row, person in enumerate(people):
            granted[row, [number_of[name] for name in person.channels if name in number_of]] = True
            for name, sent in person.messages.items():
                to += [row] * len(sent)
                channel += [number_of.get(name, OTHER)] * len(sent)
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

    def consents(self, terms: Terms) -> Sequence[NDArray[np.bool_]]:  # noqa: ARG002 - as one's
        """Return whether marketing through each channel was granted."""
        return list(self.granted.T)

    def moments(self, terms: Terms) -> SendMoments:
        """Return when a message may go out.

        Clocks change on quarter hours only, so one look-up serves all instants of a quarter.
        """
        there = [zone_or(name, terms.timezone) for name in self.zones]
        keys = list(zip((self.at // QUARTER).tolist(), self.zone.tolist(), strict=True))
        moments = {key: _moment(key[0] * QUARTER, there[key[1]], terms) for key in set(keys)}
        ends, now, then = np.array([moments[key] for key in keys], np.int64).reshape(-1, 3).T
        return SendMoments(np.where(ends, ends, self.at) if ends.any() else self.at, now, then)

    def sent_before(self, at: NDArray[np.int64], terms: Terms) -> SentLately:
        """Return the messages of the 7 days up to and with `at`."""
        width = len(terms.channels) + 1
        ago = at[self.sent_to] - self.sent_at
        lately = (ago >= 0) & (ago < WEEK)
        cell = self.sent_to[lately] * width + self.sent_channel[lately] % width
        counts = np.bincount(cell, minlength=len(self) * width).reshape(len(self), width)
        return SentLately(list(counts[:, :-1].T), counts.sum(axis=1))

    def part(self, rows: slice) -> Recipients:
        """Return some of the people; `rows` is a slice without a step."""
        start, stop, _ = rows.indices(len(self))
        own = (self.sent_to >= start) & (self.sent_to < stop)
        columns: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self)}
        for name, column in columns.items():
            if name != "zones":
                columns[name] = column[own] if name.startswith("sent") else column[rows]
        columns["sent_to"] = columns["sent_to"] - start
        return Recipients(**columns)


def _moment(at: int, there: ZoneInfo, terms: Terms) -> tuple[int, int, int]:
    hour = local_hour(at, there)
    if not is_quiet(hour, terms.quiet_from_hour, terms.quiet_until_hour):
        return 0, hour, hour
    ends = quiet_ends(at, there, terms.quiet_until_hour)
    return ends, hour, local_hour(ends, there)
