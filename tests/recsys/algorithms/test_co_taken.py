"""How strongly items are taken together, against the dense product."""

import numpy as np
import pytest
from numpy.typing import NDArray

from recsys.algorithms import co_taken
from recsys.algorithms.co_taken import CoTaken
from recsys.algorithms.histories import Histories

N_USERS, N_ITEMS = 30, 25


def random_histories() -> Histories:
    rng = np.random.default_rng(3)
    users, items = np.nonzero(rng.random((N_USERS, N_ITEMS)) < 0.3)
    strength = rng.integers(1, 4, len(users)).astype(float)
    return Histories.of(
        users.astype(np.int32), items.astype(np.int32), strength, n_users=N_USERS, n_items=N_ITEMS
    )


def whole(histories: Histories) -> NDArray[np.float64]:
    matrix = np.zeros((N_USERS, N_ITEMS))
    matrix[histories.user_row, histories.item_row] = histories.weight
    product = matrix.T @ matrix
    np.fill_diagonal(product, 0)
    return product


def test_a_block_has_the_rows_of_the_product() -> None:
    histories = random_histories()
    rows = CoTaken.of(histories, 0.0).rows(slice(3, 9))
    np.testing.assert_allclose(rows.toarray(), whole(histories)[3:9], rtol=1e-5)
    assert rows.has_sorted_indices


def test_squares_are_those_of_all_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    histories, weight = random_histories(), np.arange(N_ITEMS, dtype=np.float64)
    monkeypatch.setattr(co_taken, "BLOCK", 4)
    squares = CoTaken.of(histories, 0.0).squares(weight)
    np.testing.assert_allclose(squares, whole(histories) ** 2 @ weight, rtol=1e-5)


def test_blocks_are_the_smaller_the_more_items_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    together = CoTaken.of(random_histories(), 0.5)
    assert together.blocks == [slice(0, co_taken.BLOCK)]
    monkeypatch.setattr(co_taken, "CELLS", 10 * N_ITEMS)
    assert together.blocks[:2] == [slice(0, 10), slice(10, 20)]


def test_no_more_is_held_than_is_allowed_and_what_is_not_held_is_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(co_taken, "BLOCK", 5)
    free, tight = CoTaken.of(random_histories(), 0.5), CoTaken.of(random_histories(), 0.5)
    free.squares(np.ones(N_ITEMS))
    monkeypatch.setattr(co_taken, "HELD", 250)
    tight.squares(np.ones(N_ITEMS))
    assert sum(rows.nnz for rows in tight.held.values()) <= 250
    assert 0 < len(tight.held) < len(free.held) == len(free.blocks)
    for block in free.blocks:
        np.testing.assert_array_equal(
            tight.rows(block).toarray(), free.rows(block).toarray(), strict=True
        )
