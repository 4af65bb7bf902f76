"""Train strictly before, judge at or after."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recsys.data.ids import IdMap
from recsys.data.interactions import Interactions, UserEvents
from recsys.data.times import DAY
from recsys.evaluation.split import Relevant, cutoff, drawn, relevant


def table(*rows: tuple[int, ...]) -> Interactions:
    """Interactions given as (user, item, day)."""
    user, item, day = np.array(rows or np.empty((0, 3)), np.int64).T
    return Interactions.of(
        IdMap.of("abc"),
        IdMap.of("vwxyz"),
        ("purchase",),
        user_row=user.astype(np.int32),
        events=UserEvents(
            item_row=item.astype(np.int32),
            kind=np.zeros(len(item), np.int8),
            at=day * DAY,
            quantity=np.ones(len(item), np.float32),
            value=np.ones(len(item)),
        ),
    )


EVERYTHING = np.ones(5, bool)


def test_the_cutoff_is_so_many_days_before_the_end() -> None:
    assert cutoff(table((0, 0, 10), (1, 1, 50)), days=30) == 20 * DAY + 1


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 4), st.integers(0, 99)), min_size=1))
def test_every_event_is_on_one_side(rows: list[tuple[int, ...]]) -> None:
    interactions = table(*rows)
    at = cutoff(interactions, days=30)
    before, after = interactions.before(at), interactions.between(at, interactions.end)
    assert len(before) + len(after) == len(interactions)
    assert (before.at < at).all()
    assert (after.at >= at).all()


def test_relevant_items_are_distinct_and_sorted() -> None:
    wanted = relevant(table((2, 3, 1), (0, 4, 1), (0, 1, 2), (0, 4, 3)), EVERYTHING)
    assert wanted.user_row.tolist() == [0, 2]
    assert wanted.indptr.tolist() == [0, 2, 3]
    assert wanted.item_row.tolist() == [1, 4, 3]
    assert wanted.counts.tolist() == [2, 1]
    assert wanted.pair_user.tolist() == [0, 0, 2]


def test_items_that_could_not_be_recommended_are_not_relevant() -> None:
    available = np.array([True, False, True, True, True])
    assert relevant(table((0, 1, 1), (1, 2, 1), (1, -1, 1)), available).user_row.tolist() == [1]


def test_nothing_is_relevant_in_an_empty_window() -> None:
    wanted = relevant(table(), EVERYTHING)
    assert len(wanted) == 0
    assert wanted.indptr.tolist() == [0]


def test_some_pairs_keep_all_users() -> None:
    wanted = relevant(table((0, 1, 1), (0, 2, 1), (1, 3, 1)), EVERYTHING)
    some = wanted.where(np.array([False, True, False]))
    assert some.user_row.tolist() == [0, 1]
    assert some.counts.tolist() == [1, 0]
    assert some.item_row.tolist() == [2]


def test_some_users_keep_all_pairs() -> None:
    wanted = relevant(table((0, 1, 1), (1, 2, 1), (1, 3, 1), (2, 4, 1)), EVERYTHING)
    some = wanted.of(np.array([1, 2]))
    assert some.user_row.tolist() == [1, 2]
    assert some.item_row.tolist() == [2, 3, 4]
    assert some.indptr.tolist() == [0, 2, 3]


def some_wanted(n: int) -> Relevant:
    rows = np.arange(n, dtype=np.int32)
    return Relevant(rows, np.arange(n + 1, dtype=np.int64), rows)


def test_few_users_are_all_judged() -> None:
    wanted = some_wanted(5)
    users = IdMap.of(f"u{n}" for n in range(5))
    assert drawn(wanted, users, most=5, seed=1) is wanted


@given(st.integers(1, 30), st.integers(0, 9))
def test_the_same_users_are_drawn_whoever_else_is_there(most: int, seed: int) -> None:
    ids = [f"u{n:02}" for n in range(40)]
    all_of = drawn(some_wanted(40), IdMap.of(ids), most=most, seed=seed)
    fewer = drawn(some_wanted(20), IdMap.of(ids[:20]), most=most, seed=seed)
    assert len(all_of) == most
    early = {row for row in all_of.user_row.tolist() if row < 20}
    assert early <= set(fewer.user_row.tolist())


def test_another_seed_draws_others() -> None:
    users = IdMap.of(f"u{n:02}" for n in range(40))
    one, other = (drawn(some_wanted(40), users, most=10, seed=seed) for seed in (1, 2))
    assert one.user_row.tolist() != other.user_row.tolist()
