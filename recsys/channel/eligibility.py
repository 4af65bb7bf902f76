"""Which channels may be used for whom, when, and why the others may not.

Eligible are channels the user consented to, under their weekly cap. In quiet hours a message is
not lost: it waits until they are over. Unknown consent is denial.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from recsys.channel.exploration import ExplorationDraw
from recsys.channel.recipients import WEEK, Addressed, Column, where
from recsys.channel.terms import ChannelTerms, Terms
from recsys.words import once

__all__ = ["WEEK", "ChannelQuery", "Exclusion", "Offer", "offers"]


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


class Exclusion(IntEnum):
    """Why an arm may not be used."""

    NOTHING = 0
    NOT_OFFERED = 1
    NO_CONSENT = 2
    CAP_REACHED = 3

    def of(self, channel: ChannelTerms) -> str:
        """Return it in words; empty where the channel may be used."""
        if self is Exclusion.CAP_REACHED:
            return once("arm.cap", cap=channel.cap_per_week)
        return once(_EXCLUDED[self]) if self else ""


_EXCLUDED = {Exclusion.NOT_OFFERED: "arm.not_offered", Exclusion.NO_CONSENT: "arm.no_consent"}


class Offer(NamedTuple):
    """Whether and when one channel may be used; columns of one person or of many.

    Attributes
    ----------
    excluded : int
        An :class:`Exclusion`; 0 where the channel may be used.
    at : int
        When the message would go out, microseconds.
    hour : int
        Hour on the receiver's clock at that moment.
    recent : int
        Messages got through any channel in the 7 days before.
    """

    excluded: Column
    at: Column
    hour: Column
    recent: Column


def offers(
    people: Addressed, terms: Terms, *, offered: frozenset[str] | None = None
) -> tuple[Offer, ...]:
    """Return whether and when each channel may be used, in the order of the terms.

    Channels that are not in `offered` are left out, where given.
    """
    moments = people.moments(terms)
    sent = waited = people.sent_before(people.at, terms)
    # Most people are asked about outside their quiet hours: then there is one moment only.
    if moments.later is not people.at:
        waited = people.sent_before(moments.later, terms)
    now = (people.at, moments.hour_now, sent)
    then = (moments.later, moments.hour_later, waited)
    free, capped, unasked = map(
        int, (Exclusion.NOTHING, Exclusion.CAP_REACHED, Exclusion.NO_CONSENT)
    )
    by_channel = []
    for number, (channel, granted) in enumerate(
        zip(terms.channels, people.consents(terms), strict=True)
    ):
        at, hour, got = then if channel.quiet_hours else now
        over = got.by_channel[number] >= channel.cap_per_week
        excluded = where(granted, where(over, capped, free), unasked)
        if offered is not None and channel.channel not in offered:
            excluded = int(Exclusion.NOT_OFFERED)
        by_channel.append(Offer(excluded, at, hour, got.in_all))
    return tuple(by_channel)
