"""Counts of few people are withheld, and so is what would give them away."""

from __future__ import annotations

from random import Random

import pytest

from api.answers.small_counts import few, withheld


@pytest.mark.parametrize(
    ("cells", "hidden"),
    [
        ({"a": 0, "b": 20, "c": 500}, ""),
        ({"a": 1, "b": 797}, "ab"),
        ({"a": 1, "b": 1, "c": 30, "d": 900}, "abc"),
        ({"a": 12, "b": 13, "c": 900}, "ab"),
        ({"a": 5, "b": 0}, "ab"),
        ({"a": 3, "b": 0, "c": 40, "d": 41}, "ac"),
    ],
)
def test_enough_is_withheld_that_the_rest_of_the_total_tells_nothing(
    cells: dict[str, int], hidden: str
) -> None:
    assert withheld(cells) == frozenset(hidden)


def test_what_is_left_of_any_total_is_never_few_people_nor_one_cell() -> None:
    random = Random(7)
    for _ in range(2_000):
        cells = {n: random.choice((0, 3, 19, 20, 400)) for n in range(random.randint(2, 6))}
        hidden = withheld(cells)
        left = sum(cells[one] for one in hidden)
        assert all(cell in hidden for cell, users in cells.items() if few(users))
        assert not hidden or len(hidden) > 1
        assert not few(left) or len(hidden) == len(cells)
