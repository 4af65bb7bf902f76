"""Churn and value for any file: truths, laws, small data, the command line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from recsys.churn.labels import Definition, labelled
from recsys.data.interactions import Interactions
from recsys.data.times import DAY
from recsys.evaluation.classification import auc, calibration_error
from tests.recsys.churn.worlds import KINDS, PURCHASE, dying_world, purchases, table
from tests.training.forecast.worlds import day, frame, written
from training.cli.forecast import app
from training.forecast import churn, value
from training.forecast.rhythm import rhythm

DEFINITION = Definition("purchase", 28, 60)
AT = 300 * DAY


@pytest.fixture(scope="module")
def world() -> Interactions:
    """Return users who buy every so many days by the clock until they quit: P0 cannot see it."""
    rng = np.random.default_rng(4)
    gap, begins = rng.integers(6, 25, 900), rng.integers(0, 200, 900)
    lasts = rng.geometric(0.07, 900)
    user_row = np.repeat(np.arange(900), lasts)
    number = np.arange(len(user_row)) - np.repeat(np.cumsum(lasts) - lasts, lasts)
    days = begins[user_row] + number * gap[user_row] + rng.uniform(0, 2, len(user_row))
    seen = days < 360
    return table(900, user_row[seen].astype(np.int32), days[seen])


@pytest.fixture(scope="module")
def risk(world: Interactions) -> churn.ChurnForecast:
    return churn.forecast(world, DEFINITION, at=AT, seed=1)


@pytest.mark.slow
def test_with_much_data_a_model_is_learnt_that_ranks_and_is_calibrated(
    world: Interactions, risk: churn.ChurnForecast
) -> None:
    test = labelled(world, DEFINITION, at=AT)
    assert test.user_row.tolist() == risk.user_row.tolist()
    assert "additive model" in risk.how
    recency = test.features[:, 0].astype(np.float64)
    assert auc(test.churned, risk.p) > auc(test.churned, recency)
    assert calibration_error(test.churned, risk.p) < 0.08


@pytest.mark.slow
def test_later_events_change_neither_forecast_and_a_second_equals_the_first(
    world: Interactions, risk: churn.ChurnForecast
) -> None:
    known = world.before(AT)
    again = churn.forecast(known, DEFINITION, at=AT, seed=1)
    np.testing.assert_array_equal(again.p, risk.p)
    one = value.forecast(world, "purchase", at=AT, horizon_days=28, seed=1)
    two = value.forecast(known, "purchase", at=AT, horizon_days=28, seed=1)
    np.testing.assert_array_equal(one.value, two.value)
    np.testing.assert_array_equal(one.orders, two.orders)


@pytest.mark.slow
def test_a_season_never_seen_is_said(risk: churn.ChurnForecast) -> None:
    assert "has not been seen a year before" in risk.warnings[0]


@given(st.integers(0, 1_000), st.integers(20, 60))
@settings(max_examples=20, deadline=None)
def test_later_events_change_no_feature_of_the_rhythm(seed: int, cut: int) -> None:
    world = dying_world(12, 60, seed=seed)
    other = world.where((world.at < cut * DAY) | (world.user_row % 2 == 0))
    for_all, for_some = (
        rhythm(events.before(cut * DAY), at=cut * DAY, horizon_days=7) for events in (world, other)
    )
    np.testing.assert_array_equal(for_all, for_some)


def test_the_rhythm_of_a_user_is_what_it_says() -> None:
    seen = np.exp(rhythm(purchases([0.0, 10.0, 40.0]), at=50 * DAY, horizon_days=14))[0] - 1e-3
    assert seen[1] == pytest.approx(2**-5 + 2**-4 + 2**-1)
    longer, much_longer, than_horizon, silent = seen[11:15]
    assert longer == pytest.approx(1.5 / 3)
    assert much_longer == pytest.approx(1.5 / 2)
    assert than_horizon == pytest.approx(1.3 / 3)
    assert silent == pytest.approx((30 - 14 + 2) / 70)
    assert seen[15:].tolist() == pytest.approx([1, 3, 3, 3])


def test_without_closed_windows_churn_is_p0() -> None:
    world = dying_world(600, 40, seed=2)
    found = churn.forecast(world, Definition("purchase", 60, 60), at=41 * DAY, seed=1)
    assert found.how.startswith("BG/NBD P0")
    assert ((found.p > 0) & (found.p < 1)).all()


def test_with_few_users_churn_is_the_rate_of_their_segment() -> None:
    world = dying_world(80, 360, seed=2)
    found = churn.forecast(world, DEFINITION, at=AT, seed=1)
    assert found.how.startswith("rate of the RFM segment")
    assert len(np.unique(found.p)) > 1


def test_with_a_few_days_of_few_users_churn_is_a_rule_on_their_own_gap() -> None:
    world = purchases([0.0, 2.0, 4.0], [0.0, 2.0], [0.0])
    found = churn.forecast(world, Definition("purchase", 7, 30), at=7 * DAY, seed=1)
    assert found.how.startswith("a rule")
    assert found.p[0] == pytest.approx(0.5)
    assert found.p[1] > found.p[0]


def test_where_nobody_is_active_nobody_is_forecast() -> None:
    found = churn.forecast(purchases([0.0]), Definition("purchase", 7, 7), at=90 * DAY, seed=1)
    assert (len(found.user_row), len(found.p)) == (0, 0)


@pytest.mark.slow
def test_value_keeps_the_level_and_orders_those_who_spend_more_first(world: Interactions) -> None:
    rich = world.where(np.ones(len(world), bool))
    spent = np.where(rich.user_row % 5 == 0, 50.0, 5.0)
    shop = table(900, rich.user_row, rich.at / DAY, value=spent)
    found = value.forecast(shop, "purchase", at=AT, horizon_days=28, seed=1)
    assert "ranked with boosting" in found.how
    came = shop.between(AT, AT + 28 * DAY)
    assert found.orders.sum() == pytest.approx(len(came), rel=0.25)
    assert found.value.sum() == pytest.approx(came.value.sum(), rel=0.3)
    big = found.user_row % 5 == 0
    assert found.value[big].mean() > 3 * found.value[~big].mean()


@pytest.mark.parametrize("users", [[[1.0]], [[1.0, 3.0], [2.0]], [[1.0]] * 400])
def test_value_of_little_data_is_finite_and_positive(users: list[list[float]]) -> None:
    found = value.forecast(purchases(*users), "purchase", at=20 * DAY, horizon_days=14, seed=1)
    assert len(found.user_row) == len(users)
    assert np.isfinite(found.value).all()
    assert (found.orders > 0).all()
    assert found.how.startswith("shrunk rates")


def test_where_nobody_bought_nobody_is_worth_anything() -> None:
    returned = table(1, np.zeros(1, np.int32), np.zeros(1), kind=np.array([3], np.int8))
    found = value.forecast(returned, "purchase", at=20 * DAY, horizon_days=14, seed=1)
    assert len(found.user_row) == len(found.orders) == len(found.value) == 0


def run(command: str, file: Path, out: Path, *more: str) -> pl.DataFrame:
    asked = ["--events", str(file), "--cutoff", day(100), "--horizon-days", "14"]
    result = CliRunner().invoke(app, [command, *asked, "--out", str(out), *more])
    assert result.exit_code == 0, result.output
    assert "rows before the cut-off" in result.output
    return pl.read_parquet(out) if out.suffix == ".parquet" else pl.read_csv(out)


@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 1_000), kept=st.floats(0, 1))
def test_rows_at_or_after_the_cutoff_and_their_order_change_no_file(
    tmp_path: Path, seed: int, kept: float
) -> None:
    rows = frame(40, 130, seed=9)
    later = (pl.col("timestamp") >= day(100)).alias("later")
    before, after = rows.filter(~later), rows.filter(later)
    other = pl.concat([before, after.sample(fraction=kept, seed=seed)])
    other = other.sample(fraction=1, shuffle=True, seed=seed)
    for command in ("churn", "value"):
        one = run(command, written(rows, tmp_path / "a.csv"), tmp_path / "one.csv")
        two = run(command, written(other, tmp_path / "b.parquet"), tmp_path / "two.parquet")
        assert one["user_id"].to_list() == two["user_id"].to_list()
        for column in one.columns[1:]:
            np.testing.assert_allclose(one[column], two[column], rtol=1e-12)


def test_the_files_have_the_promised_columns_and_users(tmp_path: Path) -> None:
    rows = frame(40, 130).rename({"user_id": "who", "timestamp": "when", "value": "paid"})
    file = written(rows, tmp_path / "e.csv")
    names = ("--user", "who", "--time", "when", "--value", "paid")
    risky = run("churn", file, tmp_path / "p.csv", *names, "--active-days", "30")
    worth = run("value", file, tmp_path / "v.csv", *names)
    assert risky.columns == ["user_id", "probability"]
    assert worth.columns == ["user_id", "expected_orders", "expected_value"]
    known = rows.filter(pl.col("when") < day(100))
    assert set(worth["user_id"]) == set(known["who"])
    assert set(risky["user_id"]) == set(known.filter(pl.col("when") >= day(70))["who"])
    assert risky["probability"].is_between(0, 1).all()


def test_who_only_returned_something_lately_is_forecast_too(tmp_path: Path) -> None:
    rows = frame(40, 200).with_columns(pl.col("user_id").cast(pl.String))
    more = pl.DataFrame(
        {"user_id": ["back"], "timestamp": [f"{day(195)}T10:00:00"], "value": [-5.0]}
    )
    file = written(pl.concat([rows, more]), tmp_path / "events.csv")
    options = ["--events", str(file), "--cutoff", day(200), "--horizon-days", "28"]
    for command, column in (("churn", "probability"), ("value", "expected_value")):
        out = tmp_path / f"{command}.csv"
        assert CliRunner().invoke(app, [command, *options, "--out", str(out)]).exit_code == 0
        said = pl.read_csv(out).filter(pl.col("user_id") == "back")[column].to_list()
        assert len(said) == 1
        assert 0 <= said[0] <= 1


@pytest.mark.parametrize("bought", [0, 3, 40], ids=["only returns", "a rule", "a rate"])
def test_who_never_bought_has_a_number_too(bought: int) -> None:
    gone = [row for row in range(bought, bought + 5) for _ in range(2)]
    kept = [row for row in range(bought) for _ in range(20)]
    user = np.array([*kept, *gone], np.int32)
    days = np.concatenate([np.tile(np.arange(20) * 9.0, bought), np.full(len(gone), 170.0)])
    kind = np.where(user < bought, PURCHASE, KINDS.index("return")).astype(np.int8)
    world = table(bought + 5, user, days, kind)
    found = churn.forecast(world, DEFINITION, at=190 * DAY, seed=1)
    assert len(found.user_row) == bought + 5
    assert np.isfinite(found.p).all()


@pytest.mark.slow
def test_a_longer_horizon_never_has_less_for_anybody(world: Interactions) -> None:
    asked = (7, 45, 90, 365)
    one_by_one = [
        value.forecast(world, "purchase", at=AT, horizon_days=days, seed=1, members=1)
        for days in asked
    ]
    for what in ("orders", "value"):
        by_horizon = np.array([getattr(found, what) for found in one_by_one])
        assert (np.diff(by_horizon, axis=0) >= 0).all()
    together = value.forecasts(world, "purchase", at=AT, days=asked, seed=1, members=1)
    for one, other in zip(one_by_one, together, strict=True):
        np.testing.assert_array_equal(one.value, other.value)


@pytest.mark.slow
def test_one_order_does_not_move_everybody(world: Interactions) -> None:
    days, users = world.at / DAY, world.user_row
    spent = (10.0 + users % 7).astype(np.float64)
    outlier = spent.copy()
    outlier[np.flatnonzero(users == 3)[0]] = 1e6
    usual, found = (
        value.forecast(
            table(900, users, days, value=each), "purchase", at=AT, horizon_days=90, seed=1
        )
        for each in (spent, outlier)
    )
    others = usual.user_row != 3
    moved = found.value[others].sum() / usual.value[others].sum()
    assert moved == pytest.approx(1, abs=0.05)
    assert found.value[~others].sum() < 100 * usual.value[~others].sum()
    assert "a day counts up to" in found.how
