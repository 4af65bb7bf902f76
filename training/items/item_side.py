"""Whose histories the item side is learnt from: everybody's, or those of users drawn.

Graphs and factorisations say how items go together; what users are to them is worked out from
their own histories, whether or not these were learnt from. Beyond some tens of pairs an item more
users change little, and all of them may not fit into one machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.histories import Histories
from recsys.config import Training
from recsys.data.ids import IdMap
from recsys.evaluation.estimate import Estimate

FEWEST_AN_ITEM = 30
"""Pairs an item that are learnt from at the least, on average over items with any."""


@dataclass(frozen=True, slots=True)
class DrawnUsers:
    """What the item side was learnt from on validation data, and whether more would matter.

    Attributes
    ----------
    users, of_users, pairs, of_pairs : int
        Whose histories, and how many pairs of user and item these have, of how many.
    half : Estimate or None
        What the NDCG of the chosen model loses (below 0) when it is learnt from half of the drawn
        users: paired, over validation users. None where it could not be measured.
    """

    users: int
    of_users: int
    pairs: int
    of_pairs: int
    half: Estimate | None = None


def learnt_from(histories: Histories, users: IdMap, settings: Training) -> Histories:
    """Return the histories to learn from: all, where they are not too many.

    Parameters
    ----------
    histories : Histories
        One row for each of `users`.
    users : IdMap
        By a hash of whose ids they are drawn: the same ones of other data with the same seed.
    settings : Training
        The seed, and `most_pairs`.
    """
    share = share_of(histories, settings)
    return histories if share >= 1 else drawn(histories, users, share, seed=settings.seed)


def share_of(histories: Histories, settings: Training) -> float:
    """Return the share of users that is drawn; 1: all."""
    pairs, taken = len(histories.item_row), len(np.unique(histories.item_row))
    return max(settings.most_pairs, FEWEST_AN_ITEM * taken) / max(pairs, 1)


def drawn(histories: Histories, users: IdMap, share: float, *, seed: int) -> Histories:
    """Return the histories of about this share of the users; of a smaller share, some of those."""
    return histories.of_users(np.flatnonzero(_lots(users, seed) < share).astype(np.int32))


def _lots(users: IdMap, seed: int) -> NDArray[np.float64]:
    """Return a number of each user that is even from 0 to 1."""
    key = seed.to_bytes(8, "little")
    lots = (blake2b(user.encode(), digest_size=8, key=key).digest() for user in users)
    return np.frombuffer(b"".join(lots), "<u8") / 2.0**64


def told(histories: Histories, learnt: Histories, half: Estimate | None) -> DrawnUsers:
    """Return what was drawn of some histories."""

    def known(some: Histories) -> int:
        return int((np.diff(some.indptr) > 0).sum())

    pairs, of_pairs = len(learnt.item_row), len(histories.item_row)
    return DrawnUsers(known(learnt), known(histories), pairs, of_pairs, half)
