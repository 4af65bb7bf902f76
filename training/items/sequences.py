"""Whether the order of histories says anything, and what is fitted of it."""

from __future__ import annotations

import numpy as np

from recsys.algorithms.sessions import knn, transitions
from recsys.algorithms.sessions.knn import SessionSettings
from recsys.algorithms.sessions.log import Sessions
from recsys.algorithms.sessions.transitions import TransitionSettings
from recsys.config import Config
from recsys.data.interactions import Interactions
from recsys.items.sequence import Order
from training.items.popularity import kind_weights

AGELESS = 1e9
"""Histories after which one weighs 1/e: an old one says as much as a new one."""
NEAREST = SessionSettings(
    recent=2_000,
    nearest=300,
    memory=4.0,
    age=AGELESS,
    ahead=4.0,
    backward=0.5,
    again=0.0,
    rarity=1.0,
)
PAIRS = TransitionSettings(
    farthest=10, ahead=4.0, backward=0.5, again=0.0, age=AGELESS, neighbours=300
)
"""Histories fade more slowly than sessions, and what was had before is no step of an order."""


def fit(interactions: Interactions, config: Config) -> Order | None:
    """Fit what follows what; None where most events have the time of the one before.

    A basket whose items carry the same time has no order: nothing can be learnt from it.
    """
    speaks = kind_weights(interactions.kinds, config) > 0
    events = interactions.where(speaks[interactions.kind] & (interactions.item_row >= 0))
    if not _ordered(events):
        return None
    histories = _by_last_event(events)
    counts = transitions.counted(histories, PAIRS)
    return Order(
        next_items=transitions.chances(counts, PAIRS),
        histories=knn.fit(histories, NEAREST),
    )


def _ordered(events: Interactions) -> bool:
    """Return whether most events come later than the one before of the same user."""
    same_user = events.user_row[1:] == events.user_row[:-1]
    later = np.diff(events.at) > 0
    return 2 * int((same_user & later).sum()) > int(same_user.sum())


def _by_last_event(events: Interactions) -> Sessions:
    """Return one session a user, in the order of their last events."""
    users = np.flatnonzero(np.diff(events.indptr))
    last = events.at[events.indptr[users + 1] - 1]
    users = users[np.argsort(last, kind="stable")]
    counts = np.diff(events.indptr)[users]
    ends = np.cumsum(counts, dtype=np.int64)
    place = np.arange(counts.sum()) + np.repeat(events.indptr[users] - ends + counts, counts)
    return Sessions(
        indptr=np.concatenate([np.zeros(1, np.int64), ends]),
        item_row=events.item_row[place],
        n_items=len(events.items),
    )
