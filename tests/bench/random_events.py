"""Events drawn at random, for tools that measure speed alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recsys.data.interactions import UserEvents


def drawn(
    rng: np.random.Generator,
    size: int,
    *,
    n_items: int,
    between: tuple[int, int],
    kinds: Sequence[float] | NDArray[np.float64],
) -> UserEvents:
    """Return events in order of time on items of which a few are much more popular than the rest.

    `between` bounds their times, `kinds` is the share of each kind.
    """
    return UserEvents(
        item_row=(n_items * rng.random(size) ** 3).astype(np.int32),
        kind=rng.choice(len(kinds), size, p=kinds).astype(np.int8),
        at=np.sort(rng.integers(*between, size)),
        quantity=np.ones(size, np.float32),
        value=rng.gamma(2, 10, size),
    )
