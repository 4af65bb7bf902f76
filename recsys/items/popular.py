"""Rung 0: what many users took lately, the same for everyone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.topk import first_allowed
from recsys.data.person import Person
from recsys.items.slate import NO_ITEM_BEHIND, ItemQuery, Ranking
from recsys.ladder import RungName, Step
from recsys.words import say


@dataclass(frozen=True, slots=True)
class PopularItems:
    """All items in the order of their decayed popularity.

    Attributes
    ----------
    order : int32, shape (n_items,)
        Most popular first, ties by the lower row. Nobody's items come last, but they come: this
        rung must serve anybody.
    share : float32, shape (n_items,)
        Share of users who take each item, by item row.
    users : int32, shape (n_items,)
        Users who bought each item within `days`, by item row.
    days : int
        The window of `users`.
    """

    order: NDArray[np.int32]
    share: NDArray[np.float32]
    users: NDArray[np.int32]
    days: int

    @property
    def name(self) -> RungName:
        """Which rung this is."""
        return RungName.POPULAR

    def declines(self, person: Person) -> Step | None:  # noqa: ARG002 - applies to anybody
        """Return None: this rung applies to anybody."""
        return None

    def because(self, person: Person) -> str:  # noqa: ARG002 - the same for anybody
        """Return one sentence on what the answer stands on."""
        return say("items.popular")

    def answer(self, person: Person, query: ItemQuery) -> Ranking | None:  # noqa: ARG002 - same
        """Return the most popular allowed items; None when none is allowed."""
        return popular(self.order, self.share, self.users, self.days, query)


def popular(
    order: NDArray[np.int32],
    share: NDArray[np.float32],
    users: NDArray[np.int32],
    days: int,
    query: ItemQuery,
) -> Ranking | None:
    """Return the first allowed items of a popularity order; None when none is allowed."""
    rows = first_allowed(order, query.allowed, query.limit)
    if not len(rows):
        return None
    return Ranking(
        item_row=rows,
        score=share[rows],
        because=np.full(len(rows), NO_ITEM_BEHIND, np.int32),
        source="popularity",
        users=users[rows],
        days=days,
    )


def by_share(share: NDArray[np.float32]) -> NDArray[np.int32]:
    """Return rows by descending share along the last axis, ties by the lower row."""
    return np.argsort(-share, axis=-1, kind="stable").astype(np.int32)
