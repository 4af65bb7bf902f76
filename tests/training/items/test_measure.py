"""Choosing, fitting and measuring the item question on a world whose truth is known."""

from __future__ import annotations

from dataclasses import replace
from typing import Never

import numpy as np
import pytest

from recsys.algorithms.als import AlsFactors, AlsSettings
from recsys.config import Config, Items
from recsys.config import Training as TrainingSection
from recsys.data.catalogue import Catalogue
from recsys.data.ids import IdMap
from recsys.data.interactions import Interactions, UserEvents
from recsys.data.person import Person
from recsys.data.times import DAY
from recsys.evaluation.estimate import Estimate
from recsys.items.models import ItemModels
from recsys.items.slate import ItemQuery, Ranking
from recsys.ladder import Ladder, Question, RungName
from tests.present import present
from tests.training.messages import no_messages
from training import items
from training.data import TrainingData
from training.items.choice import ItemChoice
from training.items.judge import Judge
from training.items.windows import on_first_day, window
from training.measurement import Measurement
from training.segments import fit_table

CONFIG = Config(
    items=Items(test_days=20, at_k=5, ready_items=10, taste_segments=0),
    training=TrainingSection(resamples=200),
)
N_USERS, N_ITEMS, GONE = 120, 30, 29
DEFAULT = ItemChoice()
KINDS = ("view", "cart", "purchase", "return")


def data(rows: list[tuple[int, int, int]]) -> TrainingData:
    """Return purchases given as (user, item, day)."""
    user, item, day = np.array(rows or np.empty((0, 3)), np.int64).T
    available = np.arange(N_ITEMS) != GONE
    unknown = ("",) * N_ITEMS
    return TrainingData(
        interactions=Interactions.of(
            IdMap.of(f"u{row:03}" for row in range(N_USERS)),
            IdMap.of(f"i{row:02}" for row in range(N_ITEMS)),
            KINDS,
            user_row=user.astype(np.int32),
            events=UserEvents(
                item_row=item.astype(np.int32),
                kind=np.full(len(item), 2, np.int8),
                at=day * DAY,
                quantity=np.ones(len(item), np.float32),
                value=np.ones(len(item)),
            ),
        ),
        catalogue=Catalogue(
            unknown, unknown, unknown, unknown, np.full(N_ITEMS, np.nan, np.float32), available
        ),
        trait=tuple("north" if row % 2 else "south" for row in range(N_USERS)),
        messages=no_messages(),
        watermark=0,
        fingerprint="",
    )


def three_tastes() -> TrainingData:
    """Each user buys from the ten items of one taste, now and then; the tastes never mix."""
    rng = np.random.default_rng(5)
    rows = []
    for user in range(N_USERS):
        for day in np.sort(rng.choice(120, size=8, replace=False)):
            basket = rng.choice(10, size=2, replace=False) + 10 * (user % 3)
            rows += [(user, int(item), int(day)) for item in basket]
    return data(rows)


Measured = tuple[ItemChoice, Measurement]


def silent(text: str) -> None:
    pass


@pytest.fixture(scope="module", name="world")
def _world() -> TrainingData:
    return three_tastes()


@pytest.fixture(scope="module", name="measured")
def _measured(world: TrainingData) -> Measured:
    return items.measure(world, CONFIG, progress=silent)


def test_one_to_one_is_shipped_where_tastes_never_mix(measured: Measured) -> None:
    _, measurement = measured
    assert measurement.question is Question.ITEMS
    assert measurement.verdicts[RungName.ONE_TO_ONE].shipped
    assert present(measurement.verdicts[RungName.ONE_TO_ONE].lift).low > 0.1


def test_segments_that_say_nothing_of_taste_are_not_shipped(measured: Measured) -> None:
    _, measurement = measured
    assert not measurement.verdicts[RungName.SEGMENT].shipped
    assert measurement.verdicts[RungName.ONE_TO_ONE].below is RungName.POPULAR


def test_every_rung_above_the_lowest_has_a_verdict(measured: Measured) -> None:
    assert list(measured[1].verdicts) == [RungName.SEGMENT, RungName.ONE_TO_ONE, RungName.HYPER]


def test_the_figure_is_that_of_the_served_ladder(measured: Measured) -> None:
    _, measurement = measured
    served = measurement.metrics["rungs"]["one_to_one"]["ndcg"]
    assert measurement.metric == "NDCG@5"
    assert len(measurement.user_row) == len(measurement.figure) == served.n
    assert measurement.figure.mean() == pytest.approx(served.value, abs=1e-6)


def test_metrics_hold_rungs_baseline_and_slices(measured: Measured) -> None:
    metrics = measured[1].metrics
    assert list(metrics["rungs"]) == ["popular", "segment", "one_to_one"]
    for report in (*metrics["rungs"].values(), metrics["baselines"]["bought_before"]):
        assert isinstance(report["recall"], Estimate)
        assert isinstance(report["repeats"]["ndcg"], Estimate)
        assert report["new_items"]["ndcg"].n <= report["ndcg"].n
        assert 0 < report["coverage"] <= 1
        assert 0 < report["intra_list_similarity"].value < 1
        for part in ("head", "tail"):
            assert report[part]["ndcg"].n <= report["ndcg"].n
    assert isinstance(metrics["one_to_one_over_bought_before"], Estimate)
    assert metrics["after_live_events"]["rungs"].keys() == {"one_to_one", "hyper"}


def test_lists_of_one_taste_are_more_alike_than_those_for_everybody(measured: Measured) -> None:
    rungs = measured[1].metrics["rungs"]
    similarity = {name: rungs[name]["intra_list_similarity"].value for name in rungs}
    assert similarity["one_to_one"] > similarity["popular"] + 0.1


def test_head_and_tail_part_the_items(world: TrainingData) -> None:
    held = window(world, CONFIG)
    judge = Judge.of(held, world.catalogue.available, CONFIG)
    head, share = judge.head(), judge.share
    assert 0 < head.sum() < (~head & world.catalogue.available).sum()
    assert share[head].min() >= share[~head].max()


def test_history_buckets_part_the_users(measured: Measured) -> None:
    report = measured[1].metrics["rungs"]["popular"]
    assert sum(bucket["users"] for bucket in report["by_history"]) == report["ndcg"].n


def test_the_choice_does_not_see_the_test_window(world: TrainingData, measured: Measured) -> None:
    choice, _ = measured
    cutoff = window(world, CONFIG).cutoff
    train = world.before(cutoff)
    table = fit_table(train, CONFIG, at=cutoff)
    assert items.choose(train, table, CONFIG, progress=silent) == choice


def test_trials_are_best_first_and_the_best_is_chosen(measured: Measured) -> None:
    choice, _ = measured
    figures = [trial.ndcg for trial in choice.trials]
    assert figures == sorted(figures, reverse=True)
    assert choice.trials[0].settings in {choice.graph, choice.factors}


def fitted(world: TrainingData, choice: ItemChoice = DEFAULT) -> ItemModels:
    at = world.interactions.end
    return items.fit(world, fit_table(world, CONFIG, at=at), choice, CONFIG, at=at)


def arrays(value: object) -> list[np.ndarray]:
    if isinstance(value, np.ndarray):
        return [value]
    return [a for name in getattr(value, "__slots__", ()) for a in arrays(getattr(value, name))]


@pytest.mark.parametrize("factors", [None, AlsSettings(8, 5.0, 1.0)])
def test_the_same_data_make_the_same_models(
    world: TrainingData, factors: AlsSettings | None
) -> None:
    choice = ItemChoice(factors=factors)
    first, second = arrays(fitted(world, choice)), arrays(fitted(world, choice))
    assert len(first) > 10
    for ours, theirs in zip(first, second, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_chosen_factorisation_serves(world: TrainingData) -> None:
    models = fitted(world, ItemChoice(factors=AlsSettings(8, 5.0, 1.0), own=0.1))
    one_to_one = models.one_to_one()
    assert isinstance(one_to_one.taste.base, AlsFactors)
    person = Person("u000", world.interactions.end, user_row=0)
    assert one_to_one.declines(person) is None


def test_what_is_not_available_is_in_no_list(world: TrainingData) -> None:
    rows = [(user, GONE, 100) for user in range(N_USERS)]
    own = world.interactions
    models = fitted(data([*zip(own.user_row, own.item_row, own.at // DAY, strict=True), *rows]))
    assert GONE not in models.ready.item


def test_popularity_counts_users_of_the_last_month(world: TrainingData) -> None:
    own = world.interactions
    models = fitted(world)
    recent = own.where((own.at >= own.end - 30 * DAY) & (own.item_row == 4))
    assert models.popular.users[4] == len(np.unique(recent.user_row))


def test_segments_count_their_own_users(world: TrainingData) -> None:
    by_segment = fitted(world).segment
    south = by_segment.names.index("country:south")
    assert by_segment.members[south] == 60
    assert by_segment.users[south].sum() > 0
    assert (by_segment.users[: len(by_segment.names)].max() <= 60).all()


def test_without_a_validation_window_the_defaults_are_chosen() -> None:
    few = data([(0, 1, 0), (0, 2, 0), (1, 1, 1)])
    table = fit_table(few, CONFIG, at=few.interactions.end)
    chosen = items.choose(few, table, CONFIG, progress=silent)
    assert chosen.no_blend
    assert replace(chosen, no_blend="") == ItemChoice()


@pytest.mark.parametrize(
    "rows", [[], [(0, 1, 0)], [(0, 1, 0), (1, 2, 100)]], ids=["none", "one", "nobody came back"]
)
def test_too_little_data_ship_nothing_above_rung_0(rows: list[tuple[int, int, int]]) -> None:
    _, measurement = items.measure(data(rows), CONFIG, progress=silent)
    assert not any(verdict.shipped for verdict in measurement.verdicts.values())
    assert all(verdict.lift is None for verdict in measurement.verdicts.values())


def test_too_little_data_can_be_fitted() -> None:
    models = fitted(data([(0, 1, 0)]))
    assert models.popular.order[0] == 1
    assert models.ready.history[0] == 1
    assert models.ready.count[0] == 0


def test_the_first_active_day_is_of_each_user() -> None:
    rows = [(0, 1, 5), (0, 2, 5), (0, 3, 6), (1, 1, 9)]
    assert on_first_day(data(rows).interactions).tolist() == [True, True, False, True]


def test_the_window_has_the_first_day_live_and_the_rest_wanted() -> None:
    held = window(data([(0, 1, 1), (0, 2, 90), (0, 3, 95), (1, GONE, 100), (1, 4, 101)]), CONFIG)
    assert held.before.end <= held.cutoff
    assert held.live.item_row.tolist() == [2, GONE]
    assert held.wanted.user_row.tolist() == [0, 1]
    assert held.wanted_later.item_row.tolist() == [3, 4]


def test_later_events_never_change_what_was_known(world: TrainingData) -> None:
    held = window(world, CONFIG)
    earlier = world.before(held.cutoff)
    own = world.interactions
    shuffled = replace(
        world,
        interactions=replace(
            own, item_row=np.where(own.at >= held.cutoff, 0, own.item_row).astype(np.int32)
        ),
    ).before(held.cutoff)
    for ours, theirs in zip(arrays(fitted(earlier)), arrays(fitted(shuffled)), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_when_nobody_came_back_live_events_weigh_as_past_ones() -> None:
    rows = [(user, user % 3 * 10 + item, 0) for user in range(9) for item in range(4)]
    rows += [(user, user % 3 * 10 + 1, 30) for user in range(9)]
    train = data(rows)
    table = fit_table(train, CONFIG, at=train.interactions.end)
    choice = items.choose(train, table, CONFIG, progress=silent)
    assert choice.trials
    assert (choice.live, choice.live_own) == (1.0, choice.own)


class Broken:
    name = RungName.POPULAR

    def declines(self, person: Person) -> None:
        return None

    def because(self, person: Person) -> str:
        return ""

    def answer(self, person: Person, query: ItemQuery) -> Never:
        raise ZeroDivisionError


def test_a_rung_that_fails_while_it_is_judged_stops_the_run(world: TrainingData) -> None:
    held = window(world, CONFIG)
    judge = Judge.of(held, world.catalogue.available, CONFIG)
    ladder: Ladder[ItemQuery, Ranking] = Ladder(Question.ITEMS, (Broken(),), {})
    with pytest.raises(ZeroDivisionError):
        judge.lists(ladder, [Person("u000", held.cutoff)])
