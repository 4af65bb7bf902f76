"""Whether the order of histories says anything, and what is fitted of it."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from recsys.algorithms.als import AlsSettings
from recsys.algorithms.neighbours import NeighbourSettings
from recsys.data.interactions import NO_EVENTS, UserEvents
from recsys.data.times import DAY
from recsys.items.models import ItemModels
from recsys.items.slate import ItemQuery
from recsys.storage.models import artifact
from tests.present import present
from tests.training.items.test_measure import CONFIG, N_ITEMS, N_USERS, data
from training import items
from training.data import TrainingData
from training.items import sequences
from training.items.choice import ItemChoice
from training.items.ranker import BlendChoice
from training.items.weights import plain_sum
from training.segments import fit_table


def chains() -> TrainingData:
    """Each user takes a run of items, one number after the other, a day each."""
    starts = np.random.default_rng(2).integers(0, 15, N_USERS)
    rows = [(user, int(starts[user]) + day, day) for user in range(N_USERS) for day in range(6)]
    return data(rows)


def test_the_next_item_follows_and_the_one_before_less() -> None:
    order = present(sequences.fit(chains().interactions, CONFIG))
    rows, chance = order.next_items.of_item(7)
    following = dict(zip(rows.tolist(), chance.tolist(), strict=True))
    assert rows[0] == 8
    assert following[8] > following[6] > 0
    assert 7 not in following


def test_baskets_whose_items_carry_one_time_have_no_order() -> None:
    rows = [(user, item, 10 * (item // 4)) for user in range(20) for item in range(8)]
    assert sequences.fit(data(rows).interactions, CONFIG) is None


def test_what_nobody_did_has_no_order() -> None:
    assert sequences.fit(data([]).interactions, CONFIG) is None


def test_events_that_speak_against_an_item_are_no_step() -> None:
    own = chains().interactions
    returned = own.kinds.index("return")
    kind = np.where(own.item_row == 8, returned, own.kind).astype(np.int8)
    order = present(sequences.fit(replace(own, kind=kind), CONFIG))
    assert order.next_items.of_item(7)[0][0] == 9


def ordered_models() -> ItemModels:
    """Return models of the chains whose ranker listens to the order alone."""
    world = chains()
    order_alone = plain_sum((0.0, 0.0, 1.0, 1.0))
    blend = BlendChoice(
        factors=AlsSettings(4, 5.0, 1.0),
        on_factors=False,
        ranker="order alone",
        new=tuple(order_alone.new.tolist()),
        own=tuple(order_alone.own.tolist()),
        own_by="taste",
        trees=None,
        lift=0.0,
    )
    at = world.interactions.end
    choice = ItemChoice(graph=NeighbourSettings("cosine", 20), blend=blend)
    return items.fit(world, fit_table(world, CONFIG, at=at), choice, CONFIG, at=at)


def next_two(models: ItemModels, past: UserEvents, live: UserEvents) -> list[int]:
    """Return the first two items of the list of what is new."""
    allowed = np.ones(N_ITEMS, bool)
    allowed[np.concatenate([past.item_row, live.item_row])] = False
    at = models.at + DAY
    ranking = models.one_to_one().now(past, live, ItemQuery(2, allowed), at=at, source="hyper")
    rows: list[int] = present(ranking).item_row.tolist()
    return rows


def test_what_follows_a_live_event_is_among_the_first() -> None:
    models, world = ordered_models(), chains()
    past = world.interactions.of_user(0)
    last = int(past.item_row[-1])
    other = (last + 9) % 18
    assert next_two(models, past, NO_EVENTS) == [last + 1, last + 2]
    live = UserEvents(
        item_row=np.array([other], np.int32),
        kind=np.array([2], np.int8),
        at=np.array([models.at], np.int64),
        quantity=np.ones(1, np.float32),
        value=np.ones(1),
    )
    assert next_two(models, past, live) == [last + 1, other + 1]


def test_an_order_is_stored_and_opened_as_it_was(tmp_path: Path) -> None:
    models = ordered_models()
    opened = artifact.read(tmp_path, ItemModels, artifact.write(tmp_path, models))
    latest = np.array([3, 4], np.int32)
    np.testing.assert_array_equal(
        present(opened.order).said(latest), present(models.order).said(latest)
    )
