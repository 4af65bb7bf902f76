"""Recency, frequency and monetary scores, and the names of all their cells."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.data.ids import IdMap
from recsys.data.interactions import Interactions, UserEvents
from recsys.data.times import DAY
from recsys.segments import rfm
from recsys.segments.rfm import RfmFacts, RfmScores

CELLS = {
    (5, 5): "champions",
    (5, 4): "champions",
    (5, 3): "potential_loyalist",
    (5, 2): "potential_loyalist",
    (5, 1): "new",
    (4, 5): "loyal",
    (4, 4): "loyal",
    (4, 3): "potential_loyalist",
    (4, 2): "potential_loyalist",
    (4, 1): "promising",
    (3, 5): "loyal",
    (3, 4): "loyal",
    (3, 3): "need_attention",
    (3, 2): "about_to_sleep",
    (3, 1): "about_to_sleep",
    (2, 5): "cant_lose",
    (2, 4): "at_risk",
    (2, 3): "at_risk",
    (2, 2): "hibernating",
    (2, 1): "hibernating",
    (1, 5): "cant_lose",
    (1, 4): "at_risk",
    (1, 3): "at_risk",
    (1, 2): "lost",
    (1, 1): "lost",
}


def orders(*rows: tuple[str, int, float], users: str = "abcd") -> Interactions:
    """Return orders of (user, day, value)."""
    ids = IdMap.of(users)
    n = len(rows)
    return Interactions.of(
        ids,
        IdMap.of(["item"]),
        ("purchase",),
        user_row=ids.rows(user for user, _, _ in rows),
        events=UserEvents(
            item_row=np.zeros(n, np.int32),
            kind=np.zeros(n, np.int8),
            at=np.array([day * DAY for _, day, _ in rows], np.int64),
            quantity=np.ones(n, np.float32),
            value=np.array([value for _, _, value in rows], np.float64),
        ),
    )


def scores(recency: int, frequency: int) -> RfmScores:
    return RfmScores(*(np.array([score], np.int8) for score in (recency, frequency, 1)))


@pytest.mark.parametrize(("cell", "name"), CELLS.items())
def test_every_cell_has_its_name(cell: tuple[int, int], name: str) -> None:
    assert rfm.NAMES[rfm.segment(scores(*cell))[0]] == name


def test_all_25_cells_are_named_above_and_use_every_name() -> None:
    assert len(CELLS) == 25
    assert set(CELLS.values()) == set(rfm.NAMES)


def test_a_user_without_an_order_has_no_segment() -> None:
    assert rfm.segment(scores(0, 0)).tolist() == [-1]


def test_facts_count_days_not_lines() -> None:
    known = rfm.facts(
        orders(("a", 1, 5.0), ("a", 1, 7.0), ("a", 4, 1.0), ("c", 9, 2.0)), at=10 * DAY
    )
    assert known.order_days.tolist() == [2, 0, 1, 0]
    assert known.recency_days.tolist() == [6.0, np.inf, 1.0, np.inf]
    assert known.value.tolist() == [13.0, 0.0, 2.0, 0.0]


def test_the_same_day_of_two_users_is_counted_for_both() -> None:
    assert rfm.facts(orders(("a", 3, 1.0), ("b", 3, 1.0)), at=5 * DAY).order_days.tolist() == [
        1,
        1,
        0,
        0,
    ]


def test_nobody_ordered() -> None:
    known = rfm.facts(orders(), at=DAY)
    assert known.value.dtype == np.float64
    assert rfm.segment(rfm.score(known, rfm.fit(known))).tolist() == [-1, -1, -1, -1]


def test_no_users_at_all() -> None:
    known = rfm.facts(orders(users=""), at=DAY)
    assert len(rfm.segment(rfm.score(known, rfm.fit(known)))) == 0


def test_quintiles_put_a_fifth_of_users_in_each_score() -> None:
    days = np.arange(1, 101, dtype=np.float64)
    known = RfmFacts(days, np.arange(1, 101), days)
    scored = rfm.score(known, rfm.fit(known))
    assert np.bincount(scored.recency).tolist() == [0, 20, 20, 20, 20, 20]
    assert np.bincount(scored.monetary).tolist() == [0, 20, 20, 20, 20, 20]
    assert scored.recency[0] == 5
    assert scored.monetary[0] == 1


def test_one_order_is_f1_and_repeaters_are_in_quartiles_from_2() -> None:
    order_days = np.array([1, 1, 1, 2, 3, 4, 5])
    known = RfmFacts(np.ones(7), order_days, np.ones(7))
    assert rfm.score(known, rfm.fit(known)).frequency.tolist() == [1, 1, 1, 2, 3, 4, 5]


def test_cuts_score_later_users_as_they_scored_the_first() -> None:
    first = RfmFacts(np.arange(1.0, 11.0), np.arange(1, 11), np.arange(1.0, 11.0))
    cuts = rfm.fit(first)
    later = RfmFacts(np.array([1.0]), np.array([10]), np.array([10.0]))
    scored = rfm.score(later, cuts)
    assert (scored.recency[0], scored.frequency[0], scored.monetary[0]) == (5, 5, 5)


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 30)), min_size=1, max_size=40))
def test_more_recent_and_more_frequent_never_scores_lower(facts: list[tuple[int, int]]) -> None:
    recency = np.array([days for days, _ in facts], np.float64)
    order_days = np.array([n for _, n in facts])
    known = RfmFacts(recency, order_days, recency)
    scored = rfm.score(known, rfm.fit(known))
    some = order_days > 0
    by_recency = scored.recency[some][np.argsort(recency[some])]
    by_frequency = scored.frequency[some][np.argsort(order_days[some])]
    assert (np.diff(by_recency) <= 0).all()
    assert (np.diff(by_frequency) >= 0).all()
    assert (scored.recency[~some] == 0).all()
