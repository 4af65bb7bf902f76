"""What is searched, and how it becomes a configuration."""

from __future__ import annotations

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.config import Config, Kind
from recsys.data.interactions import Interactions
from tests.training.items.test_measure import CONFIG, data
from tests.training.tuning.worlds import GOOD
from training.items.choice import ItemChoice
from training.tuning.space import SEARCHED, Number, OneOf, Space, applied, parts, present

PURCHASES = data([(0, 1, 0), (1, 2, 5)]).interactions
SPACE = Space.of(PURCHASES, CONFIG)


def with_kinds(*kinds: str) -> Interactions:
    rows = PURCHASES.where(PURCHASES.at >= 0)
    table = {kind: place for place, kind in enumerate(rows.kinds)}
    rows.kind[: len(kinds)] = [table[kind] for kind in kinds]
    return rows


def test_kinds_that_never_happened_are_not_searched() -> None:
    assert set(SPACE.settings) == {*SEARCHED, "kinds.purchase.cap"}


def test_what_a_purchase_weighs_is_the_unit_and_stays() -> None:
    settings = Space.of(with_kinds("view", "purchase"), CONFIG).settings
    assert "kinds.view.weight" in settings
    assert "kinds.purchase.weight" not in settings


def test_what_takes_strength_back_goes_on_taking_it_back() -> None:
    space = Space.of(with_kinds("return"), CONFIG)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    drawn = [space.drawn(study.ask())["kinds.return.weight"] for _ in range(20)]
    assert all(-3 <= float(weight) <= -0.02 for weight in drawn)
    assert "kinds.return.cap" not in space.settings


def test_settings_become_a_configuration_and_nothing_else_changes() -> None:
    changed = applied(CONFIG, {**GOOD, "kinds.view.weight": 0.25})
    assert changed.items.model.neighbours == 20
    assert changed.kinds["view"] == Kind(weight=0.25)
    assert applied(changed, present(SPACE, CONFIG, ItemChoice())).churn == CONFIG.churn
    assert applied(CONFIG, {}) == CONFIG


def test_the_name_of_a_kind_may_hold_dots() -> None:
    config = Config(kinds={"list.view": Kind(weight=0.3)})
    assert parts("kinds.list.view.weight") == ("kinds", "list.view", "weight")
    assert applied(config, {"kinds.list.view.cap": 2}).kinds["list.view"].cap == 2


def test_present_settings_are_those_of_the_file_or_what_training_chose() -> None:
    fixed = applied(CONFIG, {"items.model.factors": 99})
    values = present(SPACE, fixed, ItemChoice(half_life_days=77))
    assert values["items.model.factors"] == 99
    assert values["items.model.half_life_days"] == 77
    assert values["items.half_life_days"] == ItemChoice().popular_half_life_days
    assert set(values) == set(SPACE.settings)


@given(st.integers(0, 200))
def test_whatever_is_drawn_is_allowed_short_and_comes_back(seed: int) -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    trial = study.ask()
    values = SPACE.drawn(trial)
    applied(CONFIG, values)
    assert all(isinstance(v, str) or v == float(f"{v:.3g}") for v in values.values())
    assert SPACE.drawn(optuna.trial.FixedTrial(trial.params)) == values


@pytest.mark.parametrize(
    ("setting", "value", "known"),
    [
        (Number(2, 120), 500.0, 120),
        (Number(0.02, 3, sign=-1), -0.5, 0.5),
        (Number(20, 300, whole=True), 50, 50),
        (OneOf((0.0, 7.0)), 9.0, 0.0),
        (OneOf(("bm25", "cosine")), "cosine", "cosine"),
    ],
)
def test_a_value_in_force_is_known_to_the_search_by_the_nearest_it_may_try(
    setting: Number | OneOf, value: float | str, known: float | str
) -> None:
    assert setting.parameter(value) == known


optuna.logging.set_verbosity(optuna.logging.WARNING)
