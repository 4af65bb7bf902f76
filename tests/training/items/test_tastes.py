"""Segments by taste serve rung 1 where their lists are better than those of RFM and the trait."""

from __future__ import annotations

import numpy as np
import pytest

from recsys.data.interactions import NO_EVENTS
from recsys.data.person import NO_SEGMENT, Person, PersonKind
from recsys.items.models import ItemModels
from recsys.items.slate import ItemQuery
from recsys.ladder import RungName, Standing
from tests.present import present
from tests.training.items.test_measure import (
    CONFIG,
    N_ITEMS,
    N_USERS,
    Measured,
    data,
    silent,
    three_tastes,
)
from training import items
from training.data import TrainingData
from training.items.choice import ItemChoice
from training.items.tastes import NO_TASTES, TasteChoice, choose_tastes
from training.items.windows import window
from training.segments import fit_table

TASTES = CONFIG.model_copy(update={"items": CONFIG.items.model_copy(update={"taste_segments": 8})})
FOUR = ItemChoice(tastes=TasteChoice(4, 60.0, 5.0))


@pytest.fixture(scope="module", name="measured")
def _measured() -> Measured:
    return items.measure(three_tastes(), TASTES, progress=silent)


def fitted(choice: ItemChoice, world: TrainingData) -> ItemModels:
    at = world.interactions.end
    return items.fit(world, fit_table(world, TASTES, at=at), choice, TASTES, at=at)


def no_taste() -> TrainingData:
    rng = np.random.default_rng(5)
    days = np.sort(rng.choice(120, size=(N_USERS, 8)))
    return data([
        (user, int(item), int(day))
        for user in range(N_USERS) for day in days[user]
        for item in rng.choice(N_ITEMS - 1, 2, replace=False)
    ])  # fmt: skip


def test_tastes_earn_the_rung_where_they_are_what_users_have_in_common(measured: Measured) -> None:
    choice, measurement = measured
    segment = measurement.verdicts[RungName.SEGMENT]
    assert choice.tastes.size >= 4
    assert present(segment.lift).low > 0.1
    assert segment.standing(PersonKind.HISTORY) is Standing.SHIPPED


def test_the_report_says_what_each_size_would_have_reached(measured: Measured) -> None:
    tried = dict(measured[0].tastes.tried)
    assert {"popular", "rfm and trait"} < tried.keys()
    best = max(tried, key=lambda name: tried[name])
    assert best.startswith(f"{measured[0].tastes.size} tastes")


def test_users_without_a_taste_are_not_put_into_segments_by_taste() -> None:
    world = no_taste()
    held = window(world, TASTES)
    table = fit_table(world.before(held.cutoff), TASTES, at=held.cutoff)
    choice = choose_tastes(held, world.catalogue, table, TASTES)
    assert choice.size == 0
    assert choice.tried


def test_segments_by_taste_can_be_switched_off() -> None:
    world = three_tastes()
    held = window(world, CONFIG)
    table = fit_table(world.before(held.cutoff), CONFIG, at=held.cutoff)
    assert choose_tastes(held, world.catalogue, table, CONFIG) == NO_TASTES


def test_one_click_places_a_new_visitor() -> None:
    world = three_tastes()
    rung = fitted(FOUR, world).segment
    for item in (3, 13, 23):
        click = world.interactions.where(world.interactions.item_row == item)
        who = int(click.user_row[0])
        new = Person("new", at=world.interactions.end, live=click.of_user(who))
        assert rung.declines(new) is None
        assert rung.because(new).startswith("what the ")
        assert "segment taste:" in rung.because(new)
        ranking = present(rung.answer(new, ItemQuery(5, np.ones(N_ITEMS, bool))))
        assert set((ranking.item_row // 10).tolist()) == {item // 10}


def test_whoever_did_nothing_is_listed_by_the_trait_or_not_at_all() -> None:
    world = three_tastes()
    rung = fitted(FOUR, world).segment
    assert rung.row(Person("new", at=0, segment_row=2)) == 2
    assert rung.row(Person("new", at=0, live=NO_EVENTS)) == NO_SEGMENT


def test_a_known_user_without_news_is_where_training_put_them() -> None:
    world = three_tastes()
    rung = fitted(FOUR, world).segment
    past = world.interactions.of_user(7)
    at_training = rung.row(Person("u007", at=0, user_row=7, past=past))
    assert at_training == rung.row(Person("u007", at=0, past=past))
    assert rung.names[at_training].startswith("taste:")


def test_every_segment_by_taste_has_a_name_of_its_own_and_a_list() -> None:
    rung = fitted(FOUR, three_tastes()).segment
    own = [name for name in rung.names if name.startswith("taste:")]
    assert len(own) == len(set(own)) == 4
    assert rung.named(own[0]) == rung.names.index(own[0])
    assert rung.named("taste:no such") == NO_SEGMENT
    assert len(rung.names) == len(rung.order) == len(rung.share) == len(rung.users)


def test_the_same_data_give_the_same_segments() -> None:
    some, other = (fitted(FOUR, three_tastes()).segment for _ in range(2))
    assert some.names == other.names
    assert np.array_equal(some.order, other.order)
