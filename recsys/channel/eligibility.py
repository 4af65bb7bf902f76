"""Which channels may be used for a person, when, and why the others may not.

Eligible are channels the user consented to, under their weekly cap. In quiet hours a message is
not lost: it waits until they are over. Unknown consent is denial.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from zoneinfo import ZoneInfo

from recsys.channel.exploration import ExplorationDraw
from recsys.channel.terms import ChannelTerms, Terms
from recsys.data.person import Person
from recsys.data.times import DAY, is_quiet, local_hour, quiet_ends, zone_or

WEEK = 7 * DAY


@dataclass(frozen=True, slots=True)
class ChannelQuery:
    """Which channel next.

    Attributes
    ----------
    offered : frozenset of str or None
        Channels that the caller can use now; None: all.
    lot : ExplorationDraw or None
        How to explore in this decision; None: the best arm for certain.
    """

    offered: frozenset[str] | None = None
    lot: ExplorationDraw | None = None


class Offer(NamedTuple):
    """Whether and when one channel may be used for one person.

    Attributes
    ----------
    excluded : str
        Why it may not be used; empty when it may.
    at : int
        When the message would go out, microseconds.
    hour : int
        Hour on the receiver's clock at that moment.
    recent : int
        Messages this person got through any channel in the 7 days before.
    """

    excluded: str
    at: int
    hour: int
    recent: int


def offers_for(person: Person, query: ChannelQuery, terms: Terms) -> tuple[Offer, ...]:
    """Return whether and when each channel may be used, in the order of the terms."""
    there = zone_or(person.context.timezone, terms.timezone)
    now = _moment(person, person.at, there)
    later = now
    if is_quiet(now[1], terms.quiet_from_hour, terms.quiet_until_hour):
        later = _moment(person, quiet_ends(person.at, there, terms.quiet_until_hour), there)
    offers = []
    for channel in terms.channels:
        at, hour, recent = later if channel.quiet_hours else now
        offers.append(Offer(_exclusion(person, query, channel, at=at), at, hour, recent))
    return tuple(offers)


def _moment(person: Person, at: int, there: ZoneInfo) -> tuple[int, int, int]:
    """Return `at`, the local hour then, and the messages of the week before."""
    recent = sum(_within_week(sent, at) for sent in person.messages.values())
    return at, local_hour(at, there), recent


def _exclusion(person: Person, query: ChannelQuery, channel: ChannelTerms, *, at: int) -> str:
    name = channel.channel
    if query.offered is not None and name not in query.offered:
        return "the caller does not offer it"
    if name not in person.channels:
        return "no consent"
    if _within_week(person.messages.get(name, ()), at) >= channel.cap_per_week:
        return f"weekly cap of {channel.cap_per_week} reached"
    return ""


def _within_week(sent: Sequence[int], at: int) -> int:
    """Return how many of the ascending instants lie in the 7 days up to and with `at`."""
    return bisect_right(sent, at) - bisect_left(sent, at - WEEK + 1)
