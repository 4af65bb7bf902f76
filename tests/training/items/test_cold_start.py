"""New items get places where they were shown not to lose, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from recsys.algorithms.neighbours import NeighbourSettings
from recsys.config import Config
from recsys.data.person import Person
from recsys.items import slate
from recsys.items.cold_start import NOTE
from recsys.items.slate import ItemQuery
from tests.present import present
from tests.training.items.test_measure import CONFIG, N_ITEMS, N_USERS, data, silent
from training import items
from training.data import TrainingData
from training.items import cold_start
from training.items.choice import ItemChoice
from training.items.windows import window
from training.segments import fit_table

LONG = CONFIG.model_copy(
    update={"items": CONFIG.items.model_copy(update={"at_k": 10, "test_days": 48})}
)
"""Lists with a place for a new item; too few days to learn a ranker that proposes such itself."""
NEW = (8, 18, 27)
"""One item of each taste, the last but one of its ten or so."""
THINGS = ("copper kettle", "linen shirt", "garden spade")


def on_the_shelf(*, taken_later: bool, titles: bool = True) -> TrainingData:
    """Each user buys from one taste of ten items; one of them is first sold on day 100, if ever."""
    rng = np.random.default_rng(5)
    rows = []
    for user in range(N_USERS):
        taste = user % 3
        for day in np.sort(rng.choice(120, size=10, replace=False)).tolist():
            old = [item for item in range(10 * taste, 10 * taste + 9) if item not in NEW]
            basket = rng.choice(old, size=2, replace=False).tolist()
            basket += [NEW[taste]] if day >= 100 and taken_later else []
            rows += [(user, item, day) for item in basket]
    world = data(rows)
    title = tuple(f"{THINGS[item // 10]} number" for item in range(N_ITEMS))
    catalogue = replace(world.catalogue, title=title if titles else ("",) * N_ITEMS)
    return replace(world, catalogue=catalogue)


def measured(world: TrainingData) -> tuple[ItemChoice, Mapping[str, Any]]:
    choice, measurement = items.measure(world, LONG, progress=silent)
    return choice, measurement.metrics["new_item_places"]


def test_new_items_that_users_of_their_taste_take_at_once_earn_their_place() -> None:
    choice, found = measured(on_the_shelf(taken_later=True))
    assert found["gain"].low > 0
    assert found["if_none_taken"].value <= 0
    assert choice.new_item_places == found["places"] == 1


def test_new_items_that_nobody_takes_gain_nothing_and_are_judged_so() -> None:
    choice, found = measured(on_the_shelf(taken_later=False))
    assert found["gain"].value <= 0
    assert found["gain"].value == found["if_none_taken"].value
    assert choice.new_item_places == found["places"] == 1


@pytest.mark.parametrize(
    ("config", "titles"),
    [
        pytest.param(LONG, False, id="nothing is described"),
        pytest.param(CONFIG, True, id="lists of five"),
        pytest.param(
            LONG.model_copy(update={"items": LONG.items.model_copy(update={"new_item_places": 0})}),
            True,
            id="none wanted",
        ),
    ],
)
def test_what_cannot_be_measured_gets_no_place(config: Config, titles: bool) -> None:
    world = on_the_shelf(taken_later=True, titles=titles)
    choice, measurement = items.measure(world, config, progress=silent)
    assert measurement.metrics["new_item_places"] == {
        "places": 0,
        "gain": None,
        "if_none_taken": None,
    }
    assert choice.new_item_places == 0


def test_on_its_first_day_an_item_is_shown_to_those_who_take_things_like_it() -> None:
    world = on_the_shelf(taken_later=True)
    cutoff = window(world, LONG).cutoff
    train = world.before(cutoff)
    choice = ItemChoice(graph=NeighbourSettings("cosine", 20), new_item_places=1)
    models = items.fit(train, fit_table(train, LONG, at=cutoff), choice, LONG, at=cutoff)
    query = ItemQuery(10, world.catalogue.available)
    for user in range(9):
        asked = Person(f"u{user}", cutoff, user_row=user, past=train.interactions.of_user(user))
        climb = slate.fill(models.ladder({}), asked, query, on_failure=lambda *told: None)
        last = present(climb.answer).items[-1]
        assert (last.item_row, last.note) == (NEW[user % 3], NOTE)
        assert present(models.similar(NEW[user % 3], 5, allowed=query.allowed)).source == "content"


def test_an_item_with_any_event_is_not_new() -> None:
    world = on_the_shelf(taken_later=True)
    train = world.before(window(world, LONG).cutoff)
    available = world.catalogue.available
    assert set(NEW) <= set(np.flatnonzero(cold_start._new(train.interactions, available)).tolist())
    assert not set(NEW) & set(
        np.flatnonzero(cold_start._new(world.interactions, available)).tolist()
    )
