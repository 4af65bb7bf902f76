"""The sparse matrix that the algorithms learn from."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recsys.algorithms.histories import Histories


def histories(
    pairs: list[tuple[int, int, float]], *, n_users: int = 3, n_items: int = 4
) -> Histories:
    users, items, strengths = zip(*pairs, strict=True) if pairs else ((), (), ())
    return Histories.of(
        np.array(users, np.int32),
        np.array(items, np.int32),
        np.array(strengths, np.float64),
        n_users=n_users,
        n_items=n_items,
    )


def test_repeats_add_up() -> None:
    rows, weights = histories([(0, 2, 1.0), (0, 2, 0.5), (0, 1, 1.0)]).of_user(0)
    assert rows.tolist() == [1, 2]
    assert weights.tolist() == [1.0, 1.5]


def test_what_nets_to_nothing_is_dropped() -> None:
    rows, _ = histories([(1, 0, 1.0), (1, 0, -1.0), (1, 3, 0.2), (1, 2, -0.5)]).of_user(1)
    assert rows.tolist() == [3]


def test_users_without_events_have_empty_histories() -> None:
    empty = histories([])
    assert len(empty) == 3
    assert [len(rows) for rows, _ in empty] == [0, 0, 0]


pairs = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 3), st.floats(-1, 2, allow_nan=False)), max_size=30
)


@given(pairs)
def test_a_user_alone_gets_the_same_bits_as_among_others(
    pairs: list[tuple[int, int, float]],
) -> None:
    together = histories(pairs)
    for user in range(3):
        alone = histories([pair for pair in pairs if pair[0] == user])
        for ours, theirs in zip(together.of_user(user), alone.of_user(user), strict=True):
            np.testing.assert_array_equal(ours, theirs)


@given(pairs, st.lists(st.integers(0, 2), max_size=5))
def test_some_users_keep_their_histories_in_the_order_asked(
    pairs: list[tuple[int, int, float]], wanted: list[int]
) -> None:
    together = histories(pairs)
    some = together.of_users(np.array(wanted, np.int32))
    assert len(some) == len(wanted)
    for place, user in enumerate(wanted):
        assert some.of_user(place)[0].tolist() == together.of_user(user)[0].tolist()
        assert some.of_user(place)[1].tolist() == together.of_user(user)[1].tolist()


def test_pairs_know_their_user() -> None:
    assert histories([(2, 0, 1.0), (0, 1, 1.0), (2, 3, 1.0)]).user_row.tolist() == [0, 2, 2]
