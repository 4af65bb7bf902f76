"""How fast popularity fades: what a window shows, or what is configured."""

from __future__ import annotations

import numpy as np
import pytest

from recsys.config import Config, Items
from tests.training.items.test_measure import CONFIG, data
from training.items import popularity
from training.items.popularity import NEVER_DAYS, USUAL_DAYS, popular_half_life
from training.items.windows import validation_window

Row = tuple[int, int, int]


def staples() -> list[Row]:
    """All buy the same few items again and again; just before the window, many bought others."""
    rng = np.random.default_rng(3)
    rows = [(user, int(rng.integers(5)), day) for user in range(120) for day in range(0, 118, 9)]
    return [*rows, *((user, 6 + item, 90 + item) for user in range(80) for item in range(5))]


def moving() -> list[Row]:
    """All buy what is new this week."""
    rng = np.random.default_rng(4)
    return [
        (user, day // 8 + int(rng.integers(2)), day)
        for user in range(120)
        for day in range(user % 5, 120, 5)
    ]


def chosen(rows: list[Row], config: Config = CONFIG) -> float:
    return popular_half_life(validation_window(data(rows), config), config)


def test_what_is_bought_all_year_round_does_not_fade() -> None:
    assert chosen(staples()) in {60.0, NEVER_DAYS}


def test_fashions_fade_fast() -> None:
    assert chosen(moving()) == 4.0


def test_without_a_clear_gain_or_anybody_to_ask_it_is_the_usual_one() -> None:
    rng = np.random.default_rng(5)
    chance = [(user, int(rng.integers(20)), int(rng.integers(120))) for user in range(120)] * 3
    assert chosen(chance) == USUAL_DAYS
    assert chosen([]) == USUAL_DAYS


def test_what_is_configured_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(popularity, "_popular_ndcg", None)
    assert chosen(staples(), CONFIG.model_copy(update={"items": Items(half_life_days=33)})) == 33
