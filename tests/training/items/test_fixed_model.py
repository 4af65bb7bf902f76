"""What the configuration fixes is not tried."""

from __future__ import annotations

import pytest

from recsys.algorithms.als import AlsSettings
from recsys.algorithms.neighbours import NeighbourSettings
from recsys.algorithms.spectral import SpectralSettings
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
    graphs = trials.graphs(ItemModel(), 90_000)
    assert graphs[:3] == trials.GRAPHS
    assert [graph.weighting for graph in graphs[3:]] == ["spectral", "spectral"]
    assert trials.factorisations(ItemModel(), 90_000)[:-1] == trials.FACTORS
    assert trials.factorisations(ItemModel(), 300_000) == trials.FACTORS


@pytest.mark.parametrize(("pairs", "components", "factors"), [(10, 64, 16), (10**7, 1024, 256)])
def test_more_data_carry_more_components_and_factors(
    pairs: int, components: int, factors: int
) -> None:
    spectral = trials.graphs(ItemModel(), pairs)[3]
    assert isinstance(spectral, SpectralSettings)
    assert spectral.components == components
    assert trials.factorisations(ItemModel(), pairs)[-1].factors == factors


def test_one_key_fixed_leaves_the_others_to_be_tried() -> None:
    some = trials.graphs(ItemModel(weighting="tfidf"), 90_000)
    assert some == (NeighbourSettings("tfidf", 50),)
    assert {f.alpha for f in trials.factorisations(ItemModel(alpha=7), 90_000)} == {7}


def test_a_spectral_graph_can_be_fixed() -> None:
    some = trials.graphs(ItemModel(weighting="spectral", neighbours=70), 90_000)
    assert {(graph.weighting, graph.neighbours) for graph in some} == {("spectral", 70)}


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
