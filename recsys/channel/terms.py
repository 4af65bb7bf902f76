"""On what terms a channel may be used, and what a message is worth."""

from __future__ import annotations

from dataclasses import dataclass

NONE = "none"


@dataclass(frozen=True, slots=True)
class ChannelTerms:
    """One channel: what a message costs and when it may be sent.

    Attributes
    ----------
    channel : str
        Its name.
    cost : float
        Money per message.
    cap_per_week : int
        Messages in any 7 days.
    quiet_hours : bool
        Whether quiet hours hold for it.
    price : float
        Money that a message must earn beyond its cost so that the budget of the channel lasts;
        0 without one.
    """

    channel: str
    cost: float
    cap_per_week: int
    quiet_hours: bool
    price: float = 0.0


@dataclass(frozen=True, slots=True)
class Terms:
    """All channels, in the order of their names, and the stakes they share.

    Attributes
    ----------
    channels : tuple of ChannelTerms
        The arms, without ``none``.
    default_arm : str
        Left only for a clearly better one.
    response_value, unsubscribe_cost : float
        Money that one response is worth, that one unsubscribe loses.
    quiet_from_hour, quiet_until_hour : int
        Local hours, 0 to 23, between which nothing is sent.
    timezone : str
        IANA name of the zone of users who name none.
    gate_error : float
        Accepted chance, over all challengers together, of leaving an arm for one that is no
        better. One or more per challenger opens the gate: the higher expected value wins.
    confidence : float
        Coverage of the intervals of response rates.
    uplift_in : str
        The outcome, in words, of which a message's *uplift* over sending nothing counts; empty:
        what counts is the response to a message.
    """

    channels: tuple[ChannelTerms, ...]
    default_arm: str
    response_value: float
    unsubscribe_cost: float
    quiet_from_hour: int
    quiet_until_hour: int
    timezone: str
    gate_error: float
    confidence: float
    uplift_in: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the channels, in order."""
        return tuple(terms.channel for terms in self.channels)
