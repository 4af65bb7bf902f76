"""Churn from data to verdicts, on a world whose truth is known."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from importlib import import_module
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from recsys.churn import labels
from recsys.config import Config, parse
from recsys.data.catalogue import Catalogue
from recsys.data.interactions import Interactions
from recsys.data.person import PersonKind
from recsys.data.times import DAY
from recsys.errors import BadValue
from recsys.evaluation.classification import neg_log_loss
from recsys.ladder import RungName, Verdict
from tests.present import present
from tests.recsys.churn.worlds import dying_world, purchases
from tests.training.messages import no_messages
from training import churn
from training.churn.choose import Candidate
from training.data import TrainingData
from training.segments import fit_table
from training.verdicts import verdict

churn_choice, churn_fit, churn_judging = (
    import_module(f"training.churn.{name}") for name in ("choose", "fit", "judge")
)

Reals = NDArray[np.float64]
N_DAYS = 260
ASKED = {"horizon_days": 14, "active_days": 42, "cutoffs": 4}


def configured(**keys: object) -> Config:
    return parse({"churn": {**ASKED, **keys}, "training": {"resamples": 200}}, {})


def data(interactions: Interactions) -> TrainingData:
    return TrainingData(
        interactions=interactions,
        catalogue=Catalogue(("",), ("",), ("",), ("",), np.ones(1, np.float32), np.ones(1, bool)),
        trait=("",) * len(interactions.users),
        messages=no_messages(),
        watermark=0,
        fingerprint="",
    )


def silent(step: str) -> None:
    assert step


WORLD = data(dying_world(1500, N_DAYS, seed=4))
CONFIG = configured()


@pytest.fixture(scope="module")
def quick() -> Any:
    """Fit small models only; the way is the same."""
    small = {
        name: Candidate(replace(candidate.settings, n_trees=30, n_members=2), candidate.without)
        for name, candidate in list(churn_choice.CANDIDATES.items())[1:3]
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(churn_choice, "CANDIDATES", small)
        patch.setattr(churn_fit, "CANDIDATES", small)
        patch.setattr(churn_choice, "TRIAL_MEMBERS", 1)
        # in this world P0 is all but the truth, and would be taken
        patch.setattr(churn_choice, "silent", lambda *_, **__: None)
        yield small


@pytest.fixture(scope="module")
def measured(quick: Mapping[str, Candidate]) -> Any:
    return churn.measure(WORLD, CONFIG, progress=silent)


def test_the_definition_comes_from_the_configuration(measured: Any) -> None:
    choice, _ = measured
    assert choice.definition == labels.Definition("purchase", 14, 42)


def test_the_definition_comes_from_the_data_when_not_configured() -> None:
    defined = churn.define(WORLD.interactions, configured(horizon_days=0, active_days=0))
    usual = present(defined.interval.days)
    assert usual <= defined.definition.horizon_days == defined.definition.active_days


def test_candidate_and_calibration_were_tried_before_the_test(
    measured: Any, quick: Mapping[str, Candidate]
) -> None:
    choice, _ = measured
    tried = dict(choice.log_loss)
    assert set(tried) == {*quick, "none", "shift", "platt"}
    assert choice.candidate == min(quick, key=lambda name: tried[name])


def test_what_happens_after_the_test_cutoff_changes_no_choice(measured: Any) -> None:
    choice, measurement = measured
    happened = WORLD.interactions
    later = happened.at >= measurement.window_start
    keep = ~later | (np.arange(len(happened)) % 3 == 0)
    keep[np.argmax(happened.at)] = True
    other = replace(WORLD, interactions=happened.where(keep))
    chosen, judged = churn.measure(other, CONFIG, progress=silent)
    assert replace(chosen, interval=choice.interval) == choice
    assert judged.metrics["churn_rate"] > measurement.metrics["churn_rate"]


def test_every_training_window_closed_before_the_test(measured: Any) -> None:
    _, measurement = measured
    rows = labels.closed(
        WORLD.interactions,
        labels.Definition("purchase", 14, 42),
        until=measurement.window_start,
        n=4,
    )
    assert rows.at.max() + 14 * DAY <= measurement.window_start


def test_the_test_window_closes_within_the_data(measured: Any) -> None:
    _, measurement = measured
    assert measurement.window_start + 14 * DAY <= WORLD.interactions.end
    assert measurement.window_start % DAY == 0


def test_where_users_quit_for_good_the_own_propensity_is_shipped(measured: Any) -> None:
    _, measurement = measured
    assert measurement.verdicts[RungName.ONE_TO_ONE].shipped


def test_scoring_again_on_live_events_is_better_than_an_old_snapshot(measured: Any) -> None:
    _, measurement = measured
    lift = present(measurement.verdicts[RungName.HYPER].lift)
    assert lift.value > 0
    assert measurement.metrics["live"]["stale_days"] == 4.0


def test_the_verdicts_compare_with_the_highest_shipped_rung_below(measured: Any) -> None:
    _, measurement = measured
    shipped = RungName.POPULAR
    for rung in (RungName.SEGMENT, RungName.ONE_TO_ONE, RungName.HYPER):
        verdict = measurement.verdicts[rung]
        assert verdict.below is shipped
        shipped = rung if verdict.shipped else shipped


def test_the_figure_is_the_log_likelihood_of_what_is_served(measured: Any) -> None:
    _, measurement = measured
    assert measurement.figure.dtype == np.float32
    assert len(measurement.figure) == len(measurement.user_row) == measurement.metrics["n_users"]
    loss = measurement.metrics["models"]["additive"]["log_loss"]["value"]
    assert -measurement.figure.mean() == pytest.approx(loss, abs=1e-6)


def test_metrics_are_ready_for_json(measured: Any) -> None:
    choice, measurement = measured
    told = json.loads(json.dumps(measurement.metrics, allow_nan=False))
    assert told["test_cutoff"] == "1970-09-03"
    usage = told["usage_interval"]
    assert usage["n_repeaters"] > 100
    assert usage["survival_curve"][0] == [0.0, 1.0]
    assert {part["name"] for part in usage["by_segment"]} >= {"rfm:champions", "rfm:lost"}
    assert set(told["models"]) == {"recency", "rfm_segment", "bg_nbd_p0", "additive"}
    assert set(told["models"]["additive"]["auc"]) == {"value", "low", "high", "n"}
    assert told["rung_2"] == "additive model"
    assert [rate["n_users"] > 0 for rate in told["drift"]["base_rates"]]
    assert "season unknown" in told["drift"]["warnings"][0]
    assert told["drift"]["alarm"] in {"none", "warn", "act"}
    assert told["lifetime_value"]["n_users"] > 1_000
    assert sum(part["n"] for part in told["reliability"]) == told["n_users"]
    assert told["lift_curve"][-1] == [1.0, 1.0]
    assert json.dumps(asdict(choice))


def test_effects_tell_the_tables_of_the_strongest_features(measured: Any) -> None:
    _, measurement = measured
    sizes = [effect["mean_absolute_log_odds"] for effect in measurement.metrics["effects"]]
    assert sizes == sorted(sizes, reverse=True)
    for effect in measurement.metrics["effects"]:
        assert len(effect["log_odds"]) == len(effect["thresholds"]) + 1
    strongest = measurement.metrics["groups"][0]["mean_absolute_log_odds"]
    assert strongest == max(g["mean_absolute_log_odds"] for g in measurement.metrics["groups"])


@pytest.mark.usefixtures("quick")
def test_the_second_measurement_equals_the_first(measured: Any) -> None:
    choice, measurement = churn.measure(WORLD, CONFIG, progress=silent)
    assert choice == measured[0]
    assert measurement.metrics == measured[1].metrics
    np.testing.assert_array_equal(measurement.figure, measured[1].figure)


def test_arrays_and_rungs_say_the_same(measured: Any) -> None:
    choice, measurement = measured
    cutoff = measurement.window_start
    known = WORLD.before(cutoff)
    groups = fit_table(known, CONFIG, at=cutoff)
    models = churn.fit(known, groups, choice, CONFIG, at=cutoff)
    assert models.one_to_one is not None
    said = models.one_to_one.p[measurement.user_row].astype(np.float64)
    test = labels.labelled(WORLD.interactions, choice.definition, at=cutoff)
    np.testing.assert_array_equal(
        neg_log_loss(test.churned, said).astype(np.float32), measurement.figure
    )


def test_a_test_cutoff_whose_window_is_still_open_is_refused() -> None:
    with pytest.raises(BadValue, match=r"churn\.test_cutoff") as refused:
        churn.measure(WORLD, configured(test_cutoff="1970-12-24"), progress=silent)
    assert refused.value.value == "1970-12-24"
    assert "not after 1970-09-03" in refused.value.allowed


@pytest.mark.usefixtures("quick")
def test_a_configured_test_cutoff_is_used() -> None:
    asked = configured(test_cutoff="1970-07-20")
    _, measurement = churn.measure(WORLD, asked, progress=silent)
    assert measurement.window_start == 200 * DAY


@pytest.mark.parametrize(
    "world",
    [
        purchases(),
        purchases([]),
        purchases([3]),
        purchases([1, 50, 120], []),
        purchases(*[[0.0, 150.0]] * 30),
        purchases(*[[float(day) for day in range(0, 200, 3)]] * 30),
    ],
    ids=["nobody", "nobody bought", "one buyer", "one repeater", "all churned", "none churned"],
)
def test_too_few_data_ship_nothing_and_break_nothing(world: Interactions) -> None:
    small = data(world)
    choice, measurement = churn.measure(small, CONFIG, progress=silent)
    assert choice.log_loss == ()
    assert not measurement.verdicts[RungName.ONE_TO_ONE].shipped
    assert not measurement.verdicts[RungName.HYPER].shipped
    assert json.dumps(measurement.metrics, allow_nan=False)
    assert measurement.metrics["models"] == {}
    at = world.end
    models = churn.fit(small, fit_table(small, CONFIG, at=at), choice, CONFIG, at=at)
    assert models.one_to_one is None
    assert "200 of each" in models.missing


def test_a_horizon_as_long_as_the_data_ships_nothing_and_breaks_nothing() -> None:
    config = configured(horizon_days=N_DAYS, active_days=N_DAYS)
    choice, measurement = churn.measure(WORLD, config, progress=silent)
    assert not any(verdict.shipped for verdict in measurement.verdicts.values())
    at = WORLD.interactions.end
    models = churn.fit(WORLD, fit_table(WORLD, config, at=at), choice, config, at=at)
    assert models.one_to_one is None


def test_more_rows_than_can_be_learnt_from_are_drawn_by_user(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = labels.closed(
        WORLD.interactions, labels.Definition("purchase", 14, 42), until=200 * DAY, n=4
    )
    monkeypatch.setattr(churn_choice, "MAX_ROWS", 500)
    drawn = churn_choice._drawn(rows, seed=1)
    assert 300 < len(drawn) < 700
    kept = np.isin(rows.user_row, drawn.user_row)
    assert kept.sum() == len(drawn)


def test_more_users_than_can_be_judged_are_drawn_once_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = labels.labelled(WORLD.interactions, labels.Definition("purchase", 14, 42), at=200 * DAY)
    monkeypatch.setattr(churn_judging, "MAX_USERS", 50)
    drawn = churn_judging._drawn(rows, seed=1)
    assert len(set(drawn.user_row.tolist())) == 50


def judged(rows: labels.Labelled, said: Reals, lower: Reals) -> Verdict:
    kinds = np.full(len(rows), PersonKind.HISTORY, object)
    gains = churn_judging.gains_of(rows, kinds, said, lower)
    return verdict(RungName.SEGMENT, {}, "x", gains, CONFIG.training, may_try=False)


def test_a_user_to_whom_a_rung_does_not_apply_does_not_judge_it() -> None:
    rows = labels.labelled(WORLD.interactions, labels.Definition("purchase", 14, 42), at=200 * DAY)
    said = np.where(rows.churned, 0.9, 0.1)
    said[:5] = np.where(rows.churned[:5], 0.8, 0.2)
    said[10:] = np.nan
    found = judged(rows, said, np.full(len(rows), 0.5))
    assert found.lift is not None
    assert found.lift.n == 10


def test_where_everybody_churns_no_rung_can_be_told_from_another() -> None:
    rows = labels.labelled(WORLD.interactions, labels.Definition("purchase", 14, 42), at=200 * DAY)
    everybody = rows.where(rows.churned)
    rng = np.random.default_rng(1)
    said, lower = rng.uniform(0.6, 0.9, len(everybody)), rng.uniform(0.3, 0.5, len(everybody))
    found = judged(everybody, said, lower)
    assert not found.shipped
    assert "outcomes are the same" in found.why
