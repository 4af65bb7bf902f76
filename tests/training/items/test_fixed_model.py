"""What the configuration fixes is not tried."""

from __future__ import annotations

from recsys.algorithms.als import AlsSettings
from recsys.algorithms.neighbours import NeighbourSettings
from recsys.config import Config, ItemModel, Kind
from tests.present import present
from tests.training.items.test_measure import CONFIG, silent, three_tastes
from training.items import trials
from training.items.choice import ItemChoice, event_weights
from training.items.choose import choose
from training.segments import fit_table

FIXED = ItemModel(
    half_life_days=45, weighting="cosine", neighbours=12, factors=8, alpha=3, regularization=2
)


def test_nothing_fixed_tries_everything() -> None:
    assert trials.graphs(ItemModel()) == trials.GRAPHS
    assert trials.factorisations(ItemModel()) == trials.FACTORS


def test_one_key_fixed_leaves_the_others_to_be_tried() -> None:
    some = trials.graphs(ItemModel(weighting="tfidf"))
    assert some == (NeighbourSettings("tfidf", 50),)
    assert {f.alpha for f in trials.factorisations(ItemModel(alpha=7))} == {7}


def test_everything_fixed_is_tried_once_and_taken() -> None:
    world = three_tastes()
    config = CONFIG.model_copy(update={"items": CONFIG.items.model_copy(update={"model": FIXED})})
    table = fit_table(world, config, at=world.interactions.end)
    chosen = choose(world, table, config, progress=silent)
    assert {type(t.settings): t.settings for t in chosen.trials} == {
        NeighbourSettings: NeighbourSettings("cosine", 12),
        AlsSettings: AlsSettings(8, 3.0, 2.0),
    }
    assert len(chosen.trials) == 2
    assert chosen.half_life_days == 45


def test_kinds_without_settings_of_their_own_fade_alike_and_have_no_cap() -> None:
    weights = event_weights(ItemChoice(), ("view", "purchase"), Config())
    assert weights.kind_half_life_days is None
    assert weights.cap is None


def test_settings_of_a_kind_hold_for_this_kind_only() -> None:
    config = Config(kinds={"view": Kind(weight=0.2, half_life_days=7, cap=3)})
    weights = event_weights(ItemChoice(half_life_days=90), ("view", "purchase"), config)
    assert present(weights.kind_half_life_days).tolist() == [7, 90]
    assert present(weights.cap).tolist() == [3, float("inf")]
