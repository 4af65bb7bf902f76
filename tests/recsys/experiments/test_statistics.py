"""Statistics against two libraries of the field, published numbers, and simulations."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import NormalIndPower
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from recsys.evaluation.estimate import Estimate, NotMeasured
from recsys.experiments import health, interleaving, many, power
from recsys.experiments.experiment import LONGEST_DAYS
from recsys.experiments.lift import Lift, absolute, clustered, relative
from recsys.experiments.looks import obrien_fleming, planned_width, sequence_width
from recsys.experiments.reading import reading
from recsys.experiments.sums import Floats, Sums, cuped, cut_at, plain, ratio, total
from recsys.experiments.verdict import State, found

TOLD: dict[str, Any] = json.loads((Path(__file__).parent / "tea_tasting.json").read_text())
NEAR = 1e-9


def sums(arm: str) -> Sums:
    y, x, d = (np.array(TOLD[arm][name], np.float64) for name in "yxd")
    return Sums.of(y, x=x, d=d)


def lift(control: Sums, treated: Sums) -> Lift:
    made = absolute(plain(control), plain(treated))
    assert isinstance(made, Lift)
    return made


@pytest.mark.parametrize("metric", ["mean", "ratio", "cuped"])
def test_means_ratios_and_cuped_are_those_of_tea_tasting(metric: str) -> None:
    both, told = (sums("control"), sums("treated")), TOLD[metric]
    made = {
        "mean": (plain(both[0]), plain(both[1])),
        "ratio": (ratio(both[0]), ratio(both[1])),
        "cuped": cuped(both)[:2],
    }[metric]
    difference, share = absolute(*made), relative(*made)
    assert isinstance(difference, Lift)
    assert isinstance(share, Lift)
    interval = difference.interval()
    assert [m.mean for m in made] == pytest.approx([told["control"], told["treatment"]], abs=NEAR)
    assert difference.z == pytest.approx(told["statistic"], abs=NEAR)
    assert difference.p == pytest.approx(told["pvalue"], abs=NEAR)
    ends = [told["effect_size_ci_lower"], told["effect_size_ci_upper"]]
    assert [interval.low, interval.high] == pytest.approx(ends, abs=NEAR)
    assert share.value == pytest.approx(told["rel_effect_size"], abs=NEAR)


def test_the_relative_error_is_that_of_tea_tasting_on_its_log_scale() -> None:
    # It says log(b/a) with the same delta variance, and Welch's t of the scaled variances.
    control, treated = plain(sums("control")), plain(sums("treated"))
    share = relative(control, treated)
    assert isinstance(share, Lift)
    parts = [m.mean_var / m.mean**2 for m in (control, treated)]
    df = sum(parts) ** 2 / sum(
        part**2 / (m.n - 1) for part, m in zip(parts, (control, treated), strict=True)
    )
    told = TOLD["mean"]
    half = math.log((1 + told["rel_effect_size_ci_upper"]) / (1 + told["rel_effect_size"]))
    assert share.se / (1 + share.value) == pytest.approx(half / stats.t.ppf(0.975, df), abs=NEAR)


def test_differences_are_those_of_statsmodels() -> None:
    control, treated = (DescrStatsW(TOLD[arm]["y"]) for arm in ("control", "treated"))
    oracle = CompareMeans(treated, control)
    t, p, df = oracle.ttest_ind(usevar="unequal")
    made = lift(sums("control"), sums("treated"))
    assert (made.z, made.p, made.df) == pytest.approx((t, p, df), abs=NEAR)
    ends = oracle.tconfint_diff(usevar="unequal")
    assert (made.interval().low, made.interval().high) == pytest.approx(ends, abs=NEAR)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_adjusted_p_values_are_those_of_statsmodels(p: list[float]) -> None:
    assert many.holm(p) == pytest.approx(multipletests(p, method="holm")[1], abs=NEAR)
    told = multipletests(p, method="fdr_bh")[1]
    assert many.benjamini_hochberg(p) == pytest.approx(told, abs=NEAR)


def test_the_mismatch_of_counts_is_that_of_scipy() -> None:
    told = stats.chisquare([5_100, 4_900, 9_700], [0.25 * 19_700, 0.25 * 19_700, 0.5 * 19_700])
    assert health.srm([5_100, 4_900, 9_700], [0.25, 0.25, 0.5]) == pytest.approx(told.pvalue)
    assert health.srm([3, 4], [0.5, 0.5]) is None


def of_rate(rate: float, *, people_a_day: float) -> power.Baseline:
    return power.Baseline(rate, rate * (1 - rate), people_a_day)


def test_power_is_that_of_statsmodels_and_of_the_published_table() -> None:
    told = NormalIndPower().solve_power(effect_size=0.1, alpha=0.05, power=0.8)
    # statsmodels adds the chance of a significant difference the wrong way round: 1e-7.
    assert power.per_arm((1.0, 1.0), 0.1) == math.ceil(told)
    rate = of_rate(0.03, people_a_day=1)
    for wanted, told in ((0.1, 53_200), (0.05, 207_900), (0.02, 1_280_000)):
        assert power.people_needed(rate, wanted) == pytest.approx(told, rel=0.005)
    common = of_rate(0.1, people_a_day=1)
    for wanted, told in ((0.1, 14_700), (0.05, 57_800), (0.02, 356_000)):
        assert power.people_needed(common, wanted) == pytest.approx(told, rel=0.005)


def test_days_are_whole_weeks_two_at_least_and_wait_for_the_window() -> None:
    busy = of_rate(0.1, people_a_day=10_000)
    assert power.days_needed(busy, 100, smallest_share=0.5, window_days=7) == 14
    assert power.days_needed(busy, 60_000, smallest_share=0.5, window_days=7) == 21
    nobody = of_rate(0.1, people_a_day=0)
    assert power.days_needed(nobody, 1, smallest_share=0.5, window_days=7) > LONGEST_DAYS


@pytest.mark.parametrize(
    ("looks", "told"),
    [
        (1, [1.9600]),
        (2, [2.9626, 1.9686]),
        (4, [4.3326, 2.9631, 2.3590, 2.0141]),
        (5, [4.8769, 3.3569, 2.6803, 2.2898, 2.0310]),
    ],
)
def test_bounds_of_planned_looks_are_the_published_ones(looks: int, told: list[float]) -> None:
    assert obrien_fleming(looks) == pytest.approx(told, abs=2e-4)


def test_a_planned_look_has_the_width_of_the_last_one_that_was_reached() -> None:
    bounds = obrien_fleming(4)
    at = [planned_width(part, 4) for part in (0.1, 0.25, 0.6, 1.0)]
    assert at == [bounds[0], bounds[0], bounds[1], bounds[3]]
    with pytest.raises(ValueError, match="allowed: 1 to 5"):
        obrien_fleming(6)


@pytest.mark.parametrize(("part", "wider"), [(1.0, 1.55), (0.25, 1.67), (10.0, 1.65)])
def test_a_confidence_sequence_is_wider_by_the_published_factors(part: float, wider: float) -> None:
    assert sequence_width(int(part * 8_000), 8_000) / 1.959964 == pytest.approx(wider, abs=0.006)


@pytest.mark.parametrize("rule", ["planned", "sequence"])
def test_looking_often_is_wrong_in_at_most_five_of_a_hundred(rule: str) -> None:
    rng, days, per_day = np.random.default_rng(3), 28, 200
    z = np.cumsum(rng.standard_normal((20_000, days)), axis=1) / np.sqrt(np.arange(1, days + 1))
    if rule == "planned":
        widths = np.array([planned_width((day + 1) / days, 4) for day in range(days)])
        looked = np.isin(np.arange(1, days + 1), [7, 14, 21, 28])
    else:
        widths = np.array([sequence_width(per_day * (d + 1), per_day * days) for d in range(days)])
        looked = np.full(days, fill_value=True)
    wrong = (np.abs(z) > widths)[:, looked].any(axis=1).mean()
    assert wrong < 0.055


def test_cuped_halves_the_variance_at_a_correlation_of_seven_tenths() -> None:
    rng = np.random.default_rng(1)
    x = rng.standard_normal(20_000)
    y = 0.7 * x + math.sqrt(1 - 0.49) * rng.standard_normal(20_000)
    half = 10_000
    of = Sums.of(y[:half], x=x[:half]), Sums.of(y[half:], x=x[half:])
    assert cuped(of)[2] == pytest.approx(1 - 0.49, abs=0.02)


def test_a_covariate_that_does_not_vary_changes_nothing() -> None:
    of = Sums.of(np.array([1.0, 2.0, 4.0])), Sums.of(np.array([1.0, 5.0, 4.0]))
    control, treated, left = cuped(of)
    assert (control, treated, left) == (plain(of[0]), plain(of[1]), 1.0)


VALUES = arrays.arrays(np.float64, st.integers(2, 40), elements=st.floats(0, 1e3))


@given(VALUES, VALUES)
def test_days_add_up(first: Floats, second: Floats) -> None:
    both = total([Sums.of(first, x=first), Sums.of(second, x=second)])
    at_once = Sums.of(np.r_[first, second], x=np.r_[first, second])
    assert plain(both).var == pytest.approx(plain(at_once).var, abs=1e-6)
    assert both.n == at_once.n


@given(VALUES, st.integers(0, 2_000))
def test_the_cut_is_the_quantile_of_all_with_the_zeros(some: Floats, zeros: int) -> None:
    n = len(some) + zeros
    limit = cut_at(some, n)
    told = np.quantile(np.r_[some, np.zeros(zeros)], 0.999)
    assert limit == pytest.approx(told, abs=1e-9) if limit is not None else told <= some.min()


def test_clustered_weeks_have_the_error_of_people_not_of_weeks() -> None:
    rng, people = np.random.default_rng(5), 400
    person = np.repeat(np.arange(people), 8)
    treated = np.repeat(rng.random(people) < 0.5, 8)
    y = np.repeat(rng.standard_normal(people), 8)
    made = clustered(y, treated, person)
    naive = absolute(plain(Sums.of(y[~treated])), plain(Sums.of(y[treated])))
    assert isinstance(made, Lift)
    assert isinstance(naive, Lift)
    assert made.se == pytest.approx(naive.se * math.sqrt(8), rel=0.02)


def test_relative_to_nearly_nothing_is_not_measured() -> None:
    noise = Sums.of(np.array([-1.0, 1.0, 0.2, -0.1]))
    assert isinstance(relative(plain(noise), plain(noise)), NotMeasured)
    assert isinstance(absolute(plain(noise), plain(noise)), Lift)


def test_a_reading_shrinks_and_its_loss_is_that_of_a_simulation() -> None:
    made = reading(Lift(0.08, 0.05, 100))
    assert made.posterior.value == pytest.approx(0.064)
    draws = np.random.default_rng(0).normal(0.064, 0.05 * math.sqrt(0.8), 400_000)
    assert made.chance == pytest.approx((draws > 0).mean(), abs=0.003)
    assert made.loss == pytest.approx(np.maximum(-draws, 0).mean(), rel=0.05)


def test_what_differed_before_is_found_and_corrected_for_comparisons() -> None:
    low, high = np.arange(100.0), np.arange(100.0) + 60
    y = np.zeros(100)
    same, other = Sums.of(y, x=low), Sums.of(y, x=high)
    told = stats.ttest_ind(high, low, equal_var=False).pvalue
    assert health.before({"a": same, "b": other}) == pytest.approx(told)
    assert health.before({"a": same, "b": other, "c": same}) == pytest.approx(2 * told)
    assert health.before({"a": Sums.of(y), "b": Sums.of(y)}) is None


def test_unhealthy_experiments_say_why() -> None:
    sick = health.Health(1e-5, (1e-5,), 1e-6, multiple=20, people=900)
    assert [one.split(":")[0] for one in sick.complaints] == [
        "sample ratio mismatch",
        "variants differed before exposure",
        "20 people had two variants",
    ]
    assert not health.Health(0.2, (), None, multiple=0, people=900).complaints


@pytest.mark.parametrize(
    ("estimate", "left", "state"),
    [
        (Estimate(0.1, 0.02, 0.18, 900), 9, State.BETTER),
        (Estimate(-0.1, -0.18, -0.02, 900), 9, State.WORSE),
        (Estimate(0.1, -0.02, 0.22, 900), 9, State.WAITING),
        (Estimate(0.1, -0.02, 0.22, 900), 0, State.NOTHING),
        (NotMeasured("nobody yet"), 9, State.NO_DATA),
    ],
)
def test_states_are_told_in_words(
    estimate: Estimate | NotMeasured, left: int, state: State
) -> None:
    assert found(estimate, days_left=left, mde=0.05).state is state
    sick = found(estimate, complaints=("counts",), days_left=left, mde=0.05)
    assert sick.state is State.UNHEALTHY


def test_less_is_better_of_unsubscribes() -> None:
    fewer = Estimate(-0.1, -0.18, -0.02, 900)
    assert found(fewer, mde=0.05, up_is_good=False).state is State.BETTER


def test_a_draft_picks_from_both_and_shows_no_item_twice() -> None:
    drafted = interleaving.team_draft([1, 2, 3, 4, 9], [1, 5, 6, 2, 7], 5, seed=3)
    assert drafted.items[0] == 1
    assert drafted.teams[0] is interleaving.Team.NOBODY
    assert len({*drafted.items}) == 5
    assert abs(drafted.teams.count(0) - drafted.teams.count(1)) <= 1


@given(st.permutations(range(8)), st.permutations(range(8)), st.integers(0, 12), st.integers(0, 99))
def test_a_draft_of_the_same_items_is_a_permutation(
    a: list[int], b: list[int], length: int, seed: int
) -> None:
    drafted = interleaving.team_draft(a, b, length, seed=seed)
    assert len(drafted.items) == len({*drafted.items}) == min(length, 8)


def test_interleaving_finds_the_better_ranker_and_none_among_equals() -> None:
    rng, good, bad = np.random.default_rng(2), list(range(10)), list(range(9, -1, -1))

    def lead(other: list[int], seed: int) -> int:
        drafted = interleaving.team_draft(bad, other, 6, seed=seed)
        # People click what they like: small numbers.
        clicked = [item for item in drafted.items if rng.random() < 0.5 / (1 + item)]
        return {1: 1, 0: -1, -1: 0}[drafted.winner(clicked)]

    better = interleaving.preference([lead(good, seed) for seed in range(300)])
    assert better.p < 0.001
    assert better.difference > 0
    told = stats.binomtest(better.wins_b, better.wins_a + better.wins_b).pvalue
    assert better.p == pytest.approx(told)
    same = interleaving.preference([lead(bad, seed) for seed in range(50)])
    assert (same.p, same.ties) == (1.0, 50)
