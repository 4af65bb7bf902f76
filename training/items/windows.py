"""Windows of held-out time, and what users took in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.config import Config
from recsys.data.interactions import Interactions
from recsys.data.times import DAY
from recsys.evaluation import split
from recsys.evaluation.split import Relevant
from training.data import TrainingData


@dataclass(frozen=True, slots=True)
class Window:
    """The last `test_days` of some data, and what was known before.

    Attributes
    ----------
    cutoff : int
        Known strictly before, held out at or after (microseconds).
    before, held_out : Interactions
        The two sides of the cutoff.
    available : bool, shape (n_items,)
        What may be recommended.
    wanted : Relevant
        Available items that users bought in the window.
    live : Interactions
        What each user did on their first active day of the window.
    wanted_later : Relevant
        Available items that users bought in the window after that day.
    asked_at : int64, shape (n_users,)
        When each user with live events is asked for them: on coming back (microseconds).
    """

    cutoff: int
    before: Interactions
    held_out: Interactions
    available: NDArray[np.bool_]
    wanted: Relevant
    live: Interactions
    wanted_later: Relevant
    asked_at: NDArray[np.int64]


def window(data: TrainingData, config: Config, *, end: int | None = None) -> Window:
    """Split the data `test_days` before its end, or before an `end` at or after that."""
    interactions = data.interactions
    cutoff = (interactions.end if end is None else end) - config.items.test_days * DAY
    held_out = interactions.between(cutoff, cutoff + config.items.test_days * DAY)
    first = on_first_day(held_out)
    critical = config.churn.critical_kind
    available = data.catalogue.available
    return Window(
        cutoff=cutoff,
        before=data.before(cutoff).interactions,
        held_out=held_out,
        available=available,
        wanted=split.relevant(held_out.of_kind(critical), available),
        live=held_out.where(first),
        wanted_later=split.relevant(held_out.where(~first).of_kind(critical), available),
        asked_at=first_at(held_out.where(~first)),
    )


def first_at(interactions: Interactions) -> NDArray[np.int64]:
    """Return when each user's first event is, int64, shape (n_users,); 0 for none."""
    active = np.flatnonzero(np.diff(interactions.indptr))
    first = np.zeros(len(interactions.users), np.int64)
    first[active] = interactions.at[interactions.indptr[active]]
    return first


def on_first_day(interactions: Interactions) -> NDArray[np.bool_]:
    """Return which events are on the user's first active day (UTC), bool, shape (n,)."""
    day = interactions.at // DAY
    active = np.flatnonzero(np.diff(interactions.indptr))
    first = np.zeros(len(interactions.users), np.int64)
    first[active] = day[interactions.indptr[active]]
    return np.asarray(day == first[interactions.user_row])
