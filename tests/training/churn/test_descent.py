"""Which model rung 2 is, by how much data there is and by what earlier windows say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recsys.algorithms.additive import AdditiveModel
from recsys.churn import labels
from recsys.churn.bgnbd_propensity import SilentModel
from recsys.churn.features import FEATURES
from recsys.churn.models import ChurnModels
from recsys.data.interactions import Interactions
from recsys.ladder import RungName
from tests.recsys.churn.worlds import dying_world, purchases
from tests.training.churn.test_measure import configured, data, silent
from training import churn
from training.churn.choose import CANDIDATES, P0
from training.segments import fit_table


def fitted(world: Interactions, candidate: str = "all features") -> ChurnModels:
    config, known = configured(cutoffs=3), data(world)
    defined = churn.define(world, config)
    chosen = replace(defined, candidate=candidate)
    table = fit_table(known, config, at=world.end)
    return churn.fit(known, table, chosen, config, at=world.end)


@pytest.fixture(scope="module")
def small() -> Interactions:
    """Return users of whom hardly anybody stays away: enough for P0, too few to tell who does."""
    rng = np.random.default_rng(1)
    return purchases(*(np.arange(1, 100, pace).tolist() for pace in rng.uniform(2, 9, 350)))


def test_with_few_labels_rung_2_is_p0_and_says_so(small: Interactions) -> None:
    models = fitted(small)
    assert "200 of each" in models.missing
    assert models.one_to_one is not None
    assert isinstance(models.one_to_one.propensity.model, SilentModel)
    assert models.ladder({}).rungs[1].name is RungName.ONE_TO_ONE


def test_with_few_users_rung_2_is_not_fitted_and_rung_1_remains() -> None:
    models = fitted(dying_world(100, 120, seed=2))
    assert models.one_to_one is None
    assert models.popular.n_users > 0


def test_before_any_window_has_closed_a_rule_remains() -> None:
    models = fitted(purchases([0.0, 2.0], [1.0]))
    assert models.one_to_one is None
    assert models.popular.n_users == 0
    assert models.popular.rule is not None


def test_where_p0_tells_earlier_windows_better_it_is_taken() -> None:
    world, config = data(dying_world(900, 220, seed=4)), configured(cutoffs=3)
    defined = churn.define(world.interactions, config)
    at = world.interactions.end
    chosen = churn.choose(world, defined, config, at=at, progress=silent)
    tried = dict(chosen.log_loss)
    assert P0 in tried
    assert chosen.candidate == min(
        (name for name in tried if name in {*CANDIDATES, P0}),
        key=lambda name: tried[name],
    )
    models = fitted(world.interactions, P0)
    assert models.one_to_one is not None
    assert models.one_to_one.propensity.how == "BG/NBD P0"


def test_with_much_data_rung_2_is_additive() -> None:
    world = dying_world(900, 220, seed=4)
    rows = labels.closed(world, labels.Definition("purchase", 14, 42), until=world.end, n=3)
    assert not labels.too_few(rows)
    models = fitted(world)
    assert models.one_to_one is not None
    assert isinstance(models.one_to_one.propensity.model, AdditiveModel)


def test_recency_alone_is_among_the_candidates() -> None:
    left = CANDIDATES["recency alone"].without
    assert set(FEATURES) - set(left) == {"recency_days"}
