"""Rung 0."""

import numpy as np

from recsys.items.slate import ItemQuery
from tests.present import present
from tests.recsys.items.shop import EVERYTHING, allowed, person, popular


def rows(query: ItemQuery) -> list[int]:
    return list(map(int, present(popular().answer(person(None), query)).item_row))


def test_most_popular_come_first_and_ties_go_to_the_lower_row() -> None:
    assert rows(ItemQuery(4, EVERYTHING)) == [0, 1, 4, 2]


def test_items_that_nobody_took_come_last_but_they_come() -> None:
    assert rows(ItemQuery(99, EVERYTHING)) == [0, 1, 4, 2, 3, 5, 7, 6]


def test_only_allowed_items_are_answered() -> None:
    assert rows(ItemQuery(3, allowed(6, 3, 2))) == [2, 3, 6]


def test_nothing_allowed_is_nothing_left() -> None:
    assert popular().answer(person(None), ItemQuery(3, allowed())) is None


def test_everybody_is_answered() -> None:
    assert popular().declines(person(None)) is None


def test_the_answer_counts_the_users_behind_it() -> None:
    ranking = present(popular().answer(person(None), ItemQuery(2, EVERYTHING)))
    assert present(ranking.users).tolist() == [6, 5]
    assert ranking.days == 30
    assert ranking.because.tolist() == [-1, -1]
    assert ranking.score.dtype == np.float32
    assert len(ranking) == 2
