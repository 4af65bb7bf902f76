"""Of whom the item side is learnt: everybody, or users drawn; whole users, the same ones again."""

from __future__ import annotations

import numpy as np
import pytest

from recsys.algorithms.histories import Histories
from recsys.config import Training
from recsys.data.ids import IdMap
from training.items import item_side
from training.items.item_side import drawn, learnt_from, share_of

N_USERS, N_ITEMS = 4_000, 20
USERS = IdMap.of([f"u{n:05d}" for n in range(N_USERS)])


def histories(seed: int = 1) -> Histories:
    rng = np.random.default_rng(seed)
    pairs = 10 * N_USERS
    user, item = rng.integers(0, N_USERS, pairs), rng.integers(0, N_ITEMS, pairs)
    return Histories.of(
        user.astype(np.int32),
        item.astype(np.int32),
        np.ones(pairs),
        n_users=N_USERS,
        n_items=N_ITEMS,
    )


def test_below_the_bound_everybody_is_learnt_from_as_ever() -> None:
    everybody = histories()
    assert learnt_from(everybody, USERS, Training()) is everybody
    exactly = Training(most_pairs=len(everybody.item_row))
    assert learnt_from(everybody, USERS, exactly) is everybody


def test_about_as_many_pairs_are_drawn_as_are_asked_for() -> None:
    few = learnt_from(histories(), USERS, Training(most_pairs=10_000))
    assert len(few.item_row) == pytest.approx(10_000, rel=0.1)


def test_drawn_users_come_whole() -> None:
    everybody = histories()
    few = drawn(everybody, USERS, 0.3, seed=7)
    whole = {tuple(rows) for rows, _ in everybody}
    assert all(tuple(rows) in whole for rows, _ in few)


def test_items_keep_enough_pairs_each() -> None:
    share = share_of(histories(), Training(most_pairs=1))
    assert share * len(histories().item_row) == item_side.FEWEST_AN_ITEM * N_ITEMS


def test_a_smaller_share_is_some_of_a_larger_one_and_another_seed_draws_others() -> None:
    lots = item_side._lots(USERS, 7)
    assert len(lots) == N_USERS
    assert 0 <= lots.min() <= lots.max() < 1
    assert lots.mean() == pytest.approx(0.5, abs=0.02)
    assert not np.array_equal(lots, item_side._lots(USERS, 8))


def test_who_is_drawn_does_not_depend_on_who_else_there_is() -> None:
    fewer = IdMap.of([user for user in USERS if user.endswith("7")])
    among = dict(zip(USERS, item_side._lots(USERS, 7), strict=True))
    alone = dict(zip(fewer, item_side._lots(fewer, 7), strict=True))
    assert alone == {user: among[user] for user in fewer}


def test_what_was_drawn_is_told() -> None:
    everybody = histories()
    few = drawn(everybody, USERS, 0.5, seed=7)
    said = item_side.told(everybody, few, None)
    assert (said.of_users, said.of_pairs) == (N_USERS, len(everybody.item_row))
    assert (said.users, said.pairs) == (len(few), len(few.item_row))
