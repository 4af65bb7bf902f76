"""How a client behaves: how long it waits, how often it tries, how much it keeps."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from recsys.errors import RecsysError


@dataclass(frozen=True, slots=True)
class Manner:
    """How a client behaves.

    Attributes
    ----------
    seconds : float
        For an answer, all tries together.
    tries : int
        Most requests for one answer.
    batch_seconds : float
        That an event may wait for others to go with.
    delivery_seconds : float
        For a batch of events, all tries together.
    later_seconds : float
        Before a batch that could not be delivered is tried again.
    most_waiting : int
        Events that wait; more are turned away.
    """

    seconds: float = 1.0
    tries: int = 3
    batch_seconds: float = 1.0
    delivery_seconds: float = 60.0
    later_seconds: float = 5.0
    most_waiting: int = 10_000


USUAL = Manner()


def logged(error: RecsysError) -> None:
    """Log what went wrong and was not raised: a list that is the caller's own, an event."""
    logging.getLogger("recsys.client").warning("%s", error)
