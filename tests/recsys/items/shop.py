"""A shop of eight items in two clubs, where the right answer is known without computing it.

Users 0 to 5 take items 0 to 3, users 6 to 11 take items 4 to 7, each all of the club but one.
User 12 is known by one item, user 13 by nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Never

import numpy as np

from recsys.algorithms import als, neighbours
from recsys.algorithms.als import AlsSettings
from recsys.algorithms.neighbours import NeighbourSettings
from recsys.data.ids import IdMap
from recsys.data.interactions import Interactions, UserEvents
from recsys.data.person import NO_SEGMENT, Person
from recsys.data.times import DAY
from recsys.items.history import EventWeights
from recsys.items.models import ItemModels
from recsys.items.one_to_one import no_lists, ready_of
from recsys.items.popular import PopularItems, by_share
from recsys.items.preference import demand
from recsys.items.ranker import OWN, Blend
from recsys.items.segment import SegmentItems
from recsys.ladder import RungName

KINDS = ("view", "cart", "purchase", "return")
VIEW, PURCHASE, RETURN = 0, 2, 3
N_USERS, N_ITEMS = 14, 8
AT = 100 * DAY
EVERYTHING = np.ones(N_ITEMS, bool)

WEIGHTS = EventWeights(
    kind=np.array([0.1, 0.5, 1.0, -1.0]), half_life_days=30.0, own=0.5, live=1.0, live_own=0.5
)


Row = tuple[int, int, int]


def raised(_: RungName, error: Exception) -> Never:
    """Let no rung fail unseen."""
    raise error


def events(*rows: Row) -> UserEvents:
    """Return events given as (item, kind, day)."""
    item, kind, day = np.array(rows or np.empty((0, 3)), np.int64).T
    return UserEvents(
        item_row=item.astype(np.int32),
        kind=kind.astype(np.int8),
        at=day * DAY,
        quantity=np.ones(len(item), np.float32),
        value=np.ones(len(item)),
    )


def interactions() -> Interactions:
    rows, users = [(0, PURCHASE, 90)], [12]
    for user in range(12):
        club = range(4) if user < 6 else range(4, 8)
        taken = [item for item in club if item % 4 != user % 4]
        rows += [(item, PURCHASE, 80 + item) for item in taken]
        users += [user] * len(taken)
    return Interactions.of(
        IdMap.of(f"u{user:02}" for user in range(N_USERS)),
        IdMap.of(f"i{item}" for item in range(N_ITEMS)),
        KINDS,
        user_row=np.array(users, np.int32),
        events=events(*rows),
    )


def popular() -> PopularItems:
    share = np.array([0.5, 0.4, 0.3, 0.2, 0.4, 0.1, 0.0, 0.05], np.float32)
    users = np.array([6, 5, 4, 3, 5, 1, 0, 1], np.int32)
    return PopularItems(order=by_share(share), share=share, users=users, days=30)


def by_segment() -> SegmentItems:
    share = np.stack([np.linspace(0.1, 0.8, N_ITEMS), np.linspace(0.8, 0.1, N_ITEMS)])
    return SegmentItems(
        names=("rfm:loyal", "country:France"),
        order=by_share(share.astype(np.float32)),
        share=share.astype(np.float32),
        users=np.ones(share.shape, np.int32),
        days=30,
        members=np.array([20, 0], np.int32),
    )


def blended_models(*, depth: int = 8, available: np.ndarray = EVERYTHING) -> ItemModels:
    """Return the shop with a blend: neighbours and factors alike, repeats two above new items."""
    plain = models(available=available)
    table = interactions()
    histories = WEIGHTS.histories(table, at=AT)
    own_weight = np.zeros(len(OWN), np.float32)
    own_weight[OWN.index("neighbours")] = own_weight[OWN.index("factors")] = 1.0
    own_weight[OWN.index("had before")] = 2.0
    own_weight[OWN.index("days since")] = -0.5
    parts = replace(
        plain,
        factors=als.fit(histories, AlsSettings(2, alpha=10.0, regularization=0.1), seed=7),
        blend=Blend(
            new_item=np.linspace(0, 0.7, N_ITEMS, dtype=np.float32),
            own_item=np.zeros(N_ITEMS, np.float32),
            new_weight=np.array([1, 1, 0, 0], np.float32),
            own_weight=own_weight,
            kind=PURCHASE,
            item=np.zeros((1, 0), np.float32),
        ),
    )
    return with_lists(parts, table, depth=depth)


def with_lists(parts: ItemModels, table: Interactions, *, depth: int) -> ItemModels:
    everybody = np.arange(len(table.users))
    return replace(parts, ready=ready_of(parts.one_to_one(), table, everybody, depth=depth))


def models(*, depth: int = 8, available: np.ndarray = EVERYTHING) -> ItemModels:
    table = interactions()
    graph = neighbours.fit(WEIGHTS.histories(table, at=AT), NeighbourSettings("cosine", 4))
    tilt = demand(np.zeros(N_ITEMS), available, exponent=0.3)
    parts = ItemModels(
        popular=popular(),
        segment=by_segment(),
        neighbours=graph,
        factors=None,
        demand=tilt,
        weights=WEIGHTS,
        ready=no_lists(),
        at=AT,
        min_history=2,
    )
    return with_lists(parts, table, depth=depth)


def person(user_row: int | None, *live: Row, segment_row: int = NO_SEGMENT) -> Person:
    """Return a user of the shop, with live events given as (item, kind, day)."""
    return Person(
        user_id=f"u{user_row}",
        at=AT + 2 * DAY,
        user_row=user_row,
        segment_row=segment_row,
        past=events() if user_row is None else interactions().of_user(user_row),
        live=events(*live),
    )


def allowed(*items: int) -> np.ndarray:
    mask = np.zeros(N_ITEMS, bool)
    mask[list(items)] = True
    return mask
