"""Visits of held-out time: when users came, on what occasion, and what they then took."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.config import Config
from recsys.data.interactions import Interactions
from recsys.data.person import NO_CONTEXT, Context
from recsys.data.times import DAY
from recsys.evaluation import split
from recsys.evaluation.split import Relevant
from training.data import TrainingData
from training.items.windows import Window, first_at, on_first_day


@dataclass(frozen=True, slots=True)
class Visits:
    """One visit a user.

    Attributes
    ----------
    live : Interactions
        What the user did in the window on an earlier day.
    asked_at : int64, shape (n_users,)
        When the visit began (microseconds).
    wanted : Relevant
        Available items that were taken from then on, on the same day.
    """

    live: Interactions
    asked_at: NDArray[np.int64]
    wanted: Relevant


def visits(held: Window, config: Config) -> Visits:
    """Return the visit of each user who came back after a first active day, else the first one."""
    events = held.held_out
    first = on_first_day(events)
    back = first_at(events.where(~first))
    asked_at = np.where(back > 0, back, first_at(events))
    since = asked_at[events.user_row]
    then = (events.at >= since) & (events.at // DAY == since // DAY)
    taken = events.where(then).of_kind(config.relevant_kind)
    live = events.where(events.at // DAY < since // DAY)
    return Visits(live, asked_at, split.relevant(taken, held.available))


def contexts(
    rows: NDArray[np.int32], data: TrainingData, events: Interactions, at: NDArray[np.int64]
) -> list[Context]:
    """Return the context of users asked at the instant of an event: what it says of the occasion.

    Parameters
    ----------
    rows : int32, shape (n,)
        The users.
    data : TrainingData
        For their time zones.
    events : Interactions
        Held out; only the event at the very instant is looked at, and of it only device and
        placement, which a request at that instant would have named.
    at : int64, shape (n_users,)
        When each user is asked.
    """
    return [_context(row, data, events, int(at[row])) for row in rows.tolist()]


def _context(row: int, data: TrainingData, events: Interactions, at: int) -> Context:
    zone = data.timezone[row] if data.timezone else ""
    start, end = events.indptr[row], events.indptr[row + 1]
    event = start + int(np.searchsorted(events.at[start:end], at))
    if events.occasions is None or event == end or events.at[event] != at:
        return Context(timezone=zone) if zone else NO_CONTEXT
    device, placement = events.occasions.names(event)
    return Context(placement=placement, timezone=zone, device=device)
