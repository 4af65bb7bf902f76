"""One event as the log keeps it, and what became of it on its way in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

LIVE = "api"
"""The source of what arrived through the API, one event at a time."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.

    Attributes
    ----------
    event_id : str
        Its key together with the user: one whose sender sent it before is not logged again.
    user_id, kind : str
        Who, and what: a configured kind or one of ``MESSAGE_KINDS`` of
        :mod:`recsys.data.kinds`.
    at : int
        When it happened, microseconds since the epoch.
    item_id : str or None
        On which item.
    quantity : float
        Units, positive; a return is a kind, not a negative number.
    value : float or None
        Money of the whole event; None where not known.
    order_id : str or None
        Basket, invoice or session.
    channel, ref, pscore
        Of messages: the channel; the ``event_id`` of the message that an outcome belongs to;
        P(this action) under the policy that chose it.
    properties : str or None
        A JSON object.
    simulated : bool
        Whether it comes from a simulation.
    source : str
        The file or client it came from.
    machine : bool
        Whether a crawler or a test did it: kept, but no model learns from it.
    anonymous : bool
        Whether `user_id` is the id of a device, and no user was named.
    """

    event_id: str
    user_id: str
    kind: str
    at: int
    item_id: str | None = None
    quantity: float = 1.0
    value: float | None = None
    order_id: str | None = None
    channel: str | None = None
    ref: str | None = None
    pscore: float | None = None
    properties: str | None = None
    simulated: bool = False
    source: str = LIVE
    machine: bool = False
    anonymous: bool = False


class Reception(StrEnum):
    """What became of an event that was handed in."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    ERASED = "erased"
