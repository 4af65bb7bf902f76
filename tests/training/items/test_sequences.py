"""Whether the order of histories says anything, and what is fitted of it."""

from dataclasses import replace

import numpy as np

from tests.present import present
from tests.training.items.test_measure import CONFIG, N_USERS, data
from training.data import TrainingData
from training.items import sequences


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
