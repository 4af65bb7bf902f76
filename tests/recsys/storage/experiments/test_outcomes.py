"""What came of experiments: sums where the rows are, merges, and the lift of rungs."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from recsys.data.times import DAY, HOUR
from recsys.errors import BadRule, UndecidableExperiment
from recsys.evaluation.estimate import Estimate
from recsys.experiments.draw import WEEK
from recsys.experiments.experiment import Metric, read
from recsys.experiments.sums import Sums
from recsys.experiments.verdict import State
from recsys.storage.database.interface import Database
from recsys.storage.decisions.exposures import Exposure, ExposureLog, Seen
from recsys.storage.decisions.lists import ListLog, ShownList
from recsys.storage.events.event import Event
from recsys.storage.events.log import EventLog
from recsys.storage.experiments import forecast, outcomes, steps
from recsys.storage.experiments.participants import Participant, ParticipantLog
from recsys.storage.experiments.store import ExperimentStore, SavedExperiment
from recsys.storage.privacy.erasure import erase
from recsys.storage.privacy.personal_data import personal_data
from recsys.storage.users import merges
from tests.recsys.experiments.cases import TWO_PLACEMENTS, stepping
from tests.recsys.storage.experiments.cases import START, bought, part

LATER = START + 40 * DAY
MONEY = Metric(kind="purchase", measure="value")


def started(database: Database, **more: object) -> SavedExperiment:
    store = ExperimentStore(database)
    store.plan("home-test", read({**TWO_PLACEMENTS, **more}), at=START)
    return store.start("home-test", at=START)


def day(at: int) -> int:
    return at // DAY


def test_outcomes_are_summed_from_exposure_to_the_end_of_the_window(database: Database) -> None:
    saved = started(database)
    ParticipantLog(database).append(
        [part("ann", "tea"), part("ben", "tea"), part("cid", "as_is", START + DAY)]
    )
    events = [
        bought("ann", START - DAY, 3.0),
        bought("ann", START + HOUR, 5.0),
        bought("ann", START + 6 * DAY, 7.0),
        bought("ann", START + 8 * DAY, 100.0),
        bought("ben", START - 29 * DAY, 100.0),
        bought("cid", START + 2 * DAY, 2.0),
        bought("dan", START + 2 * DAY, 100.0),
    ]
    EventLog(database).append(events, now=LATER)
    found = outcomes.daily(database, saved, MONEY, until=LATER)
    # The 99.9th percentile of 12, 2 and 0 is just below 12.
    cut = float(np.quantile([12.0, 2.0, 0.0], 0.999))
    of_ann = Sums.of(np.array([cut]), x=np.array([3.0]), n=2)
    assert found["tea", day(START)] == pytest.approx(of_ann)
    assert found["as_is", day(START + DAY)].y == 2.0


def test_conversions_count_a_person_once(database: Database) -> None:
    saved = started(database)
    ParticipantLog(database).append([part("ann", "tea"), part("ben", "tea")])
    EventLog(database).append([bought("ann", START + n * HOUR) for n in range(3)], now=LATER)
    found = outcomes.daily(database, saved, saved.experiment.primary, until=LATER)
    assert (found["tea", day(START)].n, found["tea", day(START)].y) == (2, 1.0)


def test_a_ratio_has_what_it_is_divided_by(database: Database) -> None:
    saved = started(database)
    ParticipantLog(database).append([part("ann", "tea")])
    events = [bought("ann", START + HOUR, 6.0), bought("ann", START + HOUR, kind="view")]
    EventLog(database).append([*events, bought("ann", START + 2 * HOUR, kind="view")], now=LATER)
    metric = Metric(kind="purchase", measure="value", per="view")
    found = outcomes.daily(database, saved, metric, until=LATER)
    assert found["tea", day(START)].d == 2.0


def test_whose_window_is_not_over_is_not_counted_yet(database: Database) -> None:
    saved = started(database)
    ParticipantLog(database).append([part("ann", "tea")])
    assert outcomes.daily(database, saved, MONEY, until=START + 6 * DAY) == {}


def test_the_same_person_under_two_ids_is_one_and_with_two_variants_none(
    database: Database,
) -> None:
    saved, log = started(database), ParticipantLog(database)
    log.append([part("phone", "tea"), part("ann", "tea", START + DAY)])
    log.append([part("tablet", "as_is"), part("ben", "tea")])
    merges.merge(database, "phone", "ann", at=START + DAY)
    merges.merge(database, "tablet", "ben", at=START + DAY)
    found = outcomes.counts(database, saved, until=LATER)
    assert found.by_day == {("tea", day(START)): 1}
    assert found.multiple == 1
    assert log.variant_of(("home-test", 1), 0, "ben") == "as_is"
    merges.unmerge(database, "tablet", at=START + 2 * DAY)
    assert outcomes.counts(database, saved, until=LATER).multiple == 0


def test_who_is_erased_takes_part_in_nothing_before_or_after(database: Database) -> None:
    saved, log = started(database), ParticipantLog(database)
    assert log.append([part("ann", "tea"), part("ann", "tea")]) == [True, False]
    assert personal_data(database, "ann").experiments[0]["variant"] == "tea"
    assert erase(database, "ann", at=LATER, receipt_id="r").removed["participants"] == 1
    assert log.append([part("ann", "tea")]) == [False]
    assert outcomes.counts(database, saved, until=LATER).by_day == {}


def many(lift: float, *, share: float = 0.5) -> tuple[list[Participant], list[Event]]:
    rng, people, events = np.random.default_rng(4), [], []
    for number in range(3_000):
        variant = "tea" if number % 2 else "as_is"
        people.append(part(f"u{number}", variant, START + number))
        if rng.random() < share + (lift if variant == "tea" else 0.0):
            events.append(bought(f"u{number}", START + HOUR))
    return people, events


@pytest.mark.parametrize(
    ("lift", "state"), [(0.15, State.BETTER), (-0.15, State.WORSE), (0.0, State.NOTHING)]
)
def test_a_finished_experiment_is_told_in_words(
    database: Database, lift: float, state: State
) -> None:
    saved = started(database)
    people, events = many(lift)
    ParticipantLog(database).append(people)
    EventLog(database).append(events, now=LATER)
    found = outcomes.read(database, saved, now=LATER)
    assert found.state.state is state
    assert found.people == {"as_is": 1_500, "tea": 1_500}
    assert found.days_left == 0


def test_counts_that_do_not_fit_the_weights_leave_no_verdict(database: Database) -> None:
    saved = started(database)
    people, events = many(0.15)
    ParticipantLog(database).append([one for n, one in enumerate(people) if n % 2 or n % 3])
    EventLog(database).append(events, now=LATER)
    found = outcomes.read(database, saved, now=LATER)
    assert found.state.state is State.UNHEALTHY
    assert "sample ratio mismatch" in found.state.words


def test_steps_find_what_a_rung_adds_and_one_that_loses(database: Database) -> None:
    store = ExperimentStore(database)
    store.plan("home-test", read(stepping(epsilon=0.5)), at=START)
    saved = store.start("home-test", at=START)
    rng, people, events = np.random.default_rng(1), [], []
    adds = {"one_to_one": 0.2, "hyper": -0.2}
    for number in range(1_200):
        rung = "hyper" if number % 2 else "one_to_one"
        for week in range(3):
            at = START + week * WEEK + number
            variant = "stepped" if rng.random() < 0.5 else "kept"
            about = {"period": week, "rung": rung, "segment": f"s{number % 3}"}
            people.append(part(f"u{number}", variant, at, **about))
            if rng.random() < 0.4 + (adds[rung] if variant == "kept" else 0.0):
                events.append(bought(f"u{number}", at + HOUR))
    ParticipantLog(database).append(people)
    EventLog(database).append(events, now=LATER)
    found = steps.lifts(database, saved, now=LATER)
    of_all = {one.rung: one.lift for one in found if one.placement == one.segment == steps.ALL}
    for rung, true in adds.items():
        lift = of_all[rung]
        assert isinstance(lift, Estimate)
        assert lift.low < true < lift.high
    assert set(steps.losing(found)) == {"hyper"}
    assert {one.segment for one in found} == {"", "s0", "s1", "s2"}


def test_what_eight_weeks_do_not_decide_is_refused_with_what_it_needs(database: Database) -> None:
    experiment = read(TWO_PLACEMENTS)
    with pytest.raises(UndecidableExperiment, match="nobody has any purchase"):
        forecast.check("x", experiment, forecast.forecast(database, experiment, now=LATER))
    events = [bought(f"u{n}", LATER - DAY, kind="view") for n in range(200)]
    events += [bought(f"u{n}", LATER - HOUR) for n in range(60)]
    EventLog(database).append(events, now=LATER)
    said = forecast.forecast(database, experiment, now=LATER)
    assert said.mean == 0.3
    assert said.people_a_day == pytest.approx(200 / 28)
    with pytest.raises(UndecidableExperiment, match="raise mde or coverage"):
        forecast.check("x", experiment, said)
    larger = read({**TWO_PLACEMENTS, "mde": 0.9})
    forecast.check("x", larger, forecast.forecast(database, larger, now=LATER))


VARIANTS = [{"name": "a", "weight": 0.5, "ceiling": "segment"}, {"name": "b", "weight": 0.5}]
TWO_RANKERS = {
    "over": "interleave",
    "placement": "home",
    "variants": VARIANTS,
    "mde": 0.5,
}


def drafted(database: Database, clicks: dict[str, str], *, experiment: str = "home-test") -> None:
    """Show each user a list of three, and click the item of a team."""
    lists, seen = [], []
    for user, item in clicks.items():
        head = {"interleaved": {"experiment": experiment, "teams": {"i1": "a", "i2": "b"}}}
        items = tuple({"item_id": one, "rank": n} for n, one in enumerate(("i0", "i1", "i2"), 1))
        list_id = f"{experiment}-{user}"
        lists.append(ShownList(list_id, user, "home", 1, "v", "hyper", START + 1, items, head))
        seen.append(Exposure(list_id, user, Seen.CLICK, item, 1, START + 2))
    ListLog(database).put(lists)
    ExposureLog(database).append(seen)


def interleaving(database: Database) -> SavedExperiment:
    store = ExperimentStore(database)
    store.plan("home-test", read(TWO_RANKERS), at=START)
    return store.start("home-test", at=START)


def test_clicks_go_to_the_ranker_that_picked_what_is_clicked(database: Database) -> None:
    saved = interleaving(database)
    likes_b = {f"u{n}": "i2" for n in range(60)}
    drafted(database, {**likes_b, **{f"v{n}": "i1" for n in range(20)}, "w": "i0"})
    drafted(database, {f"x{n}": "i1" for n in range(99)}, experiment="another")
    found = outcomes.read(database, saved, now=LATER)
    (row,) = found.compared
    assert (row.variant, row.control, row.treated) == ("b", 20 / 81, 60 / 81)
    assert isinstance(row.absolute, Estimate)
    assert row.absolute.value == pytest.approx(40 / 81)
    assert row.p == pytest.approx(float(binomtest(20, 80).pvalue))
    assert found.state.state is State.BETTER


def test_one_person_under_two_ids_prefers_once(database: Database) -> None:
    saved = interleaving(database)
    drafted(database, {"phone": "i2", "ann": "i2", "ben": "i1"})
    merges.merge(database, "phone", "ann", at=START + DAY)
    (row,) = outcomes.read(database, saved, now=LATER).compared
    assert (row.control, row.treated) == (0.5, 0.5)


def test_an_interleaving_is_planned_by_who_clicks(database: Database) -> None:
    experiment = read(TWO_RANKERS)
    with pytest.raises(UndecidableExperiment, match="nobody has any click"):
        forecast.check("x", experiment, forecast.forecast(database, experiment, now=LATER))
    drafted(database, {f"u{n}": "i2" for n in range(56)})
    said = forecast.forecast(database, experiment, now=START + DAY)
    assert (said.people_a_day, said.people_each, said.days) == (2.0, 32, 21)


@pytest.mark.parametrize(
    "wrong",
    [
        {"primary": {"kind": "purchase"}},
        {"placement": ""},
        {"variants": [*VARIANTS, {"name": "c", "weight": 0.1}]},
        {"variants": [{"name": "a", "weight": 0.5, "model": "x"}, {"name": "b", "weight": 0.5}]},
    ],
)
def test_an_interleaving_is_of_two_rungs_at_a_placement_and_decided_by_clicks(
    wrong: dict[str, object],
) -> None:
    with pytest.raises(BadRule):
        read({**TWO_RANKERS, **wrong})
