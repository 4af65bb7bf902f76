"""Places for what is new to a person are judged by the money of what was then bought."""

from __future__ import annotations

import numpy as np
import pytest

from recsys.data.interactions import Interactions
from recsys.evaluation.metrics import NOBODY
from recsys.ladder import Ladder, Question
from tests.present import present
from tests.training.items.test_measure import CONFIG, N_ITEMS, N_USERS, data, silent, three_tastes
from training import items
from training.items.choice import ItemChoice
from training.items.fit import fit
from training.items.hearing import Hearing, Lists
from training.items.judge import Judge, persons, trait_rows
from training.items.mixed import _mixed, judged
from training.items.windows import window
from training.segments import fit_table

FULL = np.array([[1, 2, 3, 4]], np.int32)
NEW = np.array([[7, 8, 9, 6]], np.int32)


@pytest.mark.parametrize(("places", "expected"), [
    (0, [1, 2, 3, 4]),
    (1, [1, 2, 3, 4]),
    (2, [1, 2, 4, 7]),
    (4, [4, 7, 8, 9]),
])  # fmt: skip
def test_the_last_items_had_before_leave_for_the_best_new_ones(
    places: int, expected: list[int]
) -> None:
    had = np.array([[True, True, True, False]])
    assert _mixed(FULL, NEW, had, places)[0].tolist() == expected


def test_where_there_is_nothing_new_the_list_stays_whole() -> None:
    nothing = np.full((1, 4), NOBODY, np.int32)
    assert _mixed(FULL, nothing, np.ones((1, 4), bool), 4)[0].tolist() == FULL[0].tolist()


def asked(rows: list[tuple[int, int, int]]) -> tuple[Hearing, Lists, Interactions]:
    world = data(rows)
    held = window(world, CONFIG)
    train = world.before(held.cutoff)
    table = fit_table(train, CONFIG, at=held.cutoff)
    models = fit(train, table, ItemChoice(), CONFIG, at=held.cutoff)
    trait = trait_rows(world.trait, table, CONFIG)
    people = persons(held.wanted.user_row, held.before, table, trait, at=held.cutoff)
    hearing = Hearing(Judge.of(held, world.catalogue.available, CONFIG), people)
    rungs = models.ladder({}).rungs
    return hearing, Ladder(Question.ITEMS, rungs[1:], {}), held.held_out


def test_places_for_new_items_are_kept_where_what_is_bought_is_always_new() -> None:
    rng = np.random.default_rng(3)
    rows = []
    for user in range(N_USERS):
        own = rng.permutation(10) + 10 * (user % 2)
        rows += [(user, int(item), day) for day, item in enumerate(own[:6])]
        rows += [(user, int(item), 100) for item in own[6:8]]
    found = judged(*asked(rows))
    assert found["places"] > 0
    by_places = {each["places"]: each for each in found["tried"]}
    assert by_places[5]["value"].value > by_places[0]["value"].value


def test_the_ranking_decides_where_people_buy_the_same_again() -> None:
    rng = np.random.default_rng(3)
    rows = []
    for user in range(N_USERS):
        own = rng.choice(N_ITEMS - 1, 4, replace=False)
        rows += [(user, int(item), day) for day in (0, 30, 60, 100) for item in own]
    found = judged(*asked(rows))
    assert found["places"] == 0
    last = found["tried"][-1]
    assert present(last["gain"]).high < 0
    assert {"coverage", "novelty_bits", "intra_list_similarity"} < last.keys()


def test_the_report_tells_of_mixed_lists() -> None:
    _, measurement = items.measure(three_tastes(), CONFIG, progress=silent)
    told = measurement.metrics["mixed_lists"]
    assert [each["places"] for each in told["tried"]] == [0, 1, 2, 5]
