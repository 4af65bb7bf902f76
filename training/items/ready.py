"""The ready lists of many users, by blocks of users on any engine."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.threads import one_thread
from recsys.data.interactions import Interactions
from recsys.engines import Engine, Memory
from recsys.items.one_to_one import OneToOneItems, ReadyLists, ready_of
from recsys.items.preference import NO_CARRIER

BLOCK = 1_000
"""Users a block."""


@dataclass(frozen=True, slots=True)
class ReadyFor:
    """Who gets a ready list, and where they are made.

    Attributes
    ----------
    users : int, shape (n,), or None
        Rows of those who will be asked for; None: everybody.
    engine : Engine
        Makes them.
    """

    users: NDArray[np.integer] | None = None
    engine: Engine = field(default_factory=Memory)


Job = tuple[OneToOneItems, Interactions, int]


def ready_lists(
    model: OneToOneItems, interactions: Interactions, whom: ReadyFor, *, depth: int
) -> ReadyLists:
    """Rank as live scoring does; who is not among those asked for has an empty list."""
    n_users = len(interactions.users)
    wanted = np.arange(n_users) if whom.users is None else whom.users
    parts = [wanted[start : start + BLOCK] for start in range(0, len(wanted), BLOCK)]
    shape = (n_users, min(depth, len(interactions.items)))
    ready = ReadyLists(
        item=np.full(shape, NO_CARRIER, np.int32),
        score=np.zeros(shape, np.float32),
        because=np.full(shape, NO_CARRIER, np.int32),
        count=np.zeros(n_users, np.int32),
        history=np.zeros(n_users, np.int32),
    )
    job: Job = model, interactions, depth
    for rows, made in zip(parts, whom.engine.each(_block, job, parts), strict=True):
        for column in fields(ReadyLists):
            getattr(ready, column.name)[rows] = getattr(made, column.name)
    return ready


def _block(job: Job, users: NDArray[np.integer]) -> ReadyLists:
    model, interactions, depth = job
    # Serving scores with one BLAS thread too: the ready lists must agree with it to the bit.
    with one_thread("blas"):
        return ready_of(model, interactions, users, depth=depth)
