"""Hours of each channel, learnt and judged in simulated worlds whose best hours are known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from recsys.channel.activity_hours import Rhythm, age_weight, posterior, slots, within_an_hour
from recsys.channel.activity_hours import fit as everybody
from recsys.channel.response_hours import ChannelHours, hours_of_all
from recsys.data.interactions import Interactions, UserEvents
from recsys.data.person import Person
from recsys.data.times import DAY, HOUR
from tests.present import present
from tests.training.channel.shop import CONFIG, END, training_data
from training import channel
from training.channel import hour_features, hours
from training.channel.choose import on_trial
from training.channel.fit import ChannelChoiceParams
from training.channel.hours import Served
from training.channel.judge_hours import HoursVerdict
from training.channel.measure import judge_hours
from training.data import TrainingData
from training.demo.messages import Simulated
from training.demo.world import World
from training.segments import fit_table

UTC = ZoneInfo("UTC")
BUSY = World(
    response=(-1.5, -1.5, -1.5),
    personal=0.5,
    hour=1.5,
    own_hour=4.0,
    fatigue=0.0,
    unsubscribe=(0.0, 0.0, 0.0),
    waves=60,
)


@pytest.fixture(scope="module")
def simulation() -> tuple[Simulated, TrainingData]:
    return training_data(World(), n_users=1_500)


@pytest.fixture(scope="module")
def usual(simulation: tuple[Simulated, TrainingData]) -> TrainingData:
    return simulation[1]


@pytest.fixture(scope="module")
def busy() -> tuple[Simulated, TrainingData]:
    return training_data(BUSY, n_users=600)


def learn(data: TrainingData) -> ChannelHours:
    """Return the hours, every receiver responding as much as all do to that channel."""
    rhythm = present(everybody(data.interactions.at, UTC))
    messages = data.messages
    rate = [messages.responded[messages.channel == n].mean() for n in range(3)]
    return hours.fit(
        messages, np.array(rate)[messages.channel], data.interactions, rhythm, CONFIG, Served()
    )


def best_hours(found: ChannelHours) -> list[int]:
    return [int(shares.sum(axis=0).argmax()) for shares in found.everybody]


def judged(data: TrainingData) -> HoursVerdict:
    end = int(data.messages.at.max()) + 1
    trial = on_trial(data, ChannelChoiceParams(), CONFIG, start=end - 30 * DAY, end=end)
    return judge_hours(data, trial, CONFIG)


def active(simulated: Simulated, data: TrainingData, *, follows: bool) -> TrainingData:
    """Return data whose users are active about 14 o'clock, or as much later as they respond."""
    rng = np.random.default_rng(3)
    user = np.repeat(np.arange(len(data.interactions.users)), 15)
    n = len(user)
    hour = 14 + follows * simulated.truth.later[user] + rng.normal(0, 1.5, n)
    at = END - rng.integers(2, 365, n) * DAY + (hour % 24 * HOUR).astype(np.int64)
    events = UserEvents(
        np.zeros(n, np.int32), np.zeros(n, np.int8), at, np.zeros(n, np.float32), np.zeros(n)
    )
    before = data.interactions
    return replace(
        data,
        interactions=Interactions.of(
            before.users, before.items, before.kinds, user_row=user.astype(np.int32), events=events
        ),
    )


def test_the_best_hour_of_every_channel_is_found(usual: TrainingData) -> None:
    assert best_hours(learn(usual)) == pytest.approx(World().best_hour, abs=2)


def test_send_times_of_a_channel_bring_more_responses_than_those_of_all(
    simulation: tuple[Simulated, TrainingData],
) -> None:
    simulated, data = simulation
    rhythm = present(everybody(data.interactions.at, UTC))
    found = replace(learn(data), by_channel=np.ones(3, bool))
    someone = [
        Person(f"u{row}", END, user_row=row, past=data.interactions.of_user(row))
        for row in range(0, 1_500, 10)
    ]
    for number, arm in enumerate(("email", "push", "sms")):
        responds: dict[str, list[float]] = {"all": [], "channel": [], "at best": []}
        for person in someone:
            row = np.full(24, person.user_row)
            clock, rested = np.arange(24.0), np.zeros(24, np.int64)
            truth = simulated.truth.response(row, clock, rested)[:, number]
            responds["at best"].append(truth.max())
            for name, learnt in (("all", None), ("channel", found)):
                told = hours_of_all([person], arm, rhythm, learnt, UTC, number=number)[0]
                best = within_an_hour(told.own.mean(axis=0)).argmax()
                responds[name].append(truth[best])
        of_all, of_channel, at_best = (float(np.mean(each)) for each in responds.values())
        assert of_channel > 0.9 * at_best
        assert of_all < 0.8 * at_best


def test_when_most_was_sent_is_not_when_people_respond(usual: TrainingData) -> None:
    lunch = np.isin(usual.messages.local_hour, (11, 12, 13))
    few = np.random.default_rng(1).random(len(lunch)) < 0.25
    skewed = replace(usual, messages=usual.messages.where(lunch | few))
    responses = skewed.messages.where(skewed.messages.responded)
    for number, truth in enumerate(World().best_hour):
        at = responses.local_hour[responses.channel == number]
        assert np.bincount(at, minlength=24).argmax() in (11, 12, 13)
        assert abs(best_hours(learn(skewed))[number] - truth) <= 3


def test_hours_at_which_nothing_was_sent_keep_everybodys_rhythm(usual: TrainingData) -> None:
    noon = usual.messages.local_hour == 12
    found = learn(replace(usual, messages=usual.messages.where(noon)))
    rhythm = present(everybody(usual.interactions.at, UTC))
    for shares in found.everybody:
        assert np.corrcoef(np.log(shares).ravel(), np.log(rhythm.everybody).ravel())[0, 1] > 0.3
        assert shares.max() < 1.5 / 24


def test_without_messages_every_channel_has_the_hours_of_all(usual: TrainingData) -> None:
    none = usual.messages.where(np.zeros(len(usual.messages), bool))
    rhythm = present(everybody(usual.interactions.at, UTC))
    found = hours.fit(none, np.empty(0), usual.interactions, rhythm, CONFIG, Served())
    for shares in found.everybody:
        assert shares == pytest.approx(rhythm.everybody)
    assert found.carries.tolist() == [1.0, 1.0, 1.0]
    assert found.until == 0


def test_only_channels_with_a_response_of_the_user_are_kept(usual: TrainingData) -> None:
    kept = hours.sent_before(usual.messages, len(usual.interactions.users))
    assert len(kept.at) < len(usual.messages) / 2
    for user in range(60):
        for number in range(3):
            own = (usual.messages.user_row == user) & (usual.messages.channel == number)
            sent = kept.through(user, number)
            all_of_it = usual.messages.at[own] if usual.messages.responded[own].any() else []
            assert sent.at.tolist() == list(all_of_it)
            assert sent.responded.sum() == usual.messages.responded[own].sum()


def test_leads_are_what_serving_would_have_believed_just_before(usual: TrainingData) -> None:
    rhythm = present(everybody(usual.interactions.at, UTC))
    some = usual.messages.where(np.arange(len(usual.messages)) % 400 == 0)
    slot = slots(some.at, UTC)
    events = slots(usual.interactions.at, UTC)
    found = hour_features.leads(some, slot, usual.interactions, events, rhythm)
    for row in range(len(some)):
        own = usual.interactions.of_user(int(some.user_row[row])).at
        own = own[own < some.at[row]]
        shares = posterior(slots(own, UTC), age_weight(own, some.at[row]), rhythm)
        expected = shares.ravel()[slot[row]] / rhythm.everybody.ravel()[slot[row]]
        assert np.exp(found[row]) == pytest.approx(expected)


def test_leads_are_the_same_in_any_portions(
    usual: TrainingData, monkeypatch: pytest.MonkeyPatch
) -> None:
    rhythm = Rhythm(np.full((7, 24), 1 / 24))
    some = usual.messages.where(np.arange(len(usual.messages)) % 40 == 0)
    columns = some, slots(some.at, UTC), usual.interactions, slots(usual.interactions.at, UTC)
    whole = hour_features.leads(*columns, rhythm)
    monkeypatch.setattr(hour_features, "PAIRS", 7)
    assert hour_features.leads(*columns, rhythm).tolist() == whole.tolist()


def test_channels_that_differ_in_hour_are_served_by_their_own(usual: TrainingData) -> None:
    found = judged(usual)
    assert {"email", "push"} <= set(found.served.by_channel)
    for name in ("email", "push"):
        told = found.metrics[name]
        assert told["log_loss"]["channel"] < np.log(24) - 0.05
        assert told["channel_over_all"]["low"] > 0
    for told in found.metrics.values():
        assert "own responses not clearly better" in told["why"]


def test_where_the_hour_changes_nothing_flat_hours_cannot_be_beaten() -> None:
    data = training_data(replace(BUSY, hour=0.0, own_hour=0.0), n_users=400)[1]
    found = judged(data)
    assert found.served.by_person == ()
    for told in found.metrics.values():
        assert told["log_loss"]["channel"] == pytest.approx(np.log(24), abs=0.02)


def test_people_with_hours_of_their_own_are_served_by_their_responses(
    busy: tuple[Simulated, TrainingData],
) -> None:
    found = judged(active(*busy, follows=False))
    assert set(found.served.by_channel) == {"email", "push", "sms"}
    assert {"push", "sms"} <= set(found.served.by_person)


def test_a_channel_that_follows_the_activity_in_all_needs_no_hours_of_its_own(
    busy: tuple[Simulated, TrainingData],
) -> None:
    data = active(*busy, follows=True)
    assert "sms" not in judged(data).served.by_channel
    email, _, sms = learn(data).carries.tolist()
    assert email < 0.7 < sms


def test_few_responses_are_not_judged() -> None:
    _, data = training_data(World(), n_users=120)
    found = judged(data)
    assert found.served == Served((), ())
    assert all("not measured" in told["why"] for told in found.metrics.values())


def test_what_is_served_is_told_by_the_model_and_by_the_measurement() -> None:
    data = training_data(World(), n_users=700)[1]
    choice, measurement = channel.measure(data, CONFIG, progress=lambda _: None)
    told: dict[str, Any] = measurement.metrics["hours"]
    served = tuple(name for name in told if told[name]["served"] == "channel")
    assert "push" in served
    assert choice.hours == Served(served, ())
    table = fit_table(data, CONFIG, at=END)
    models = channel.fit(data, table, choice, CONFIG, at=END)
    assert models.hours is not None
    assert models.hours.by_channel.tolist() == [name in served for name in models.terms.names]
    assert not models.hours.by_person.any()
    assert channel.fit(data, table, ChannelChoiceParams(), CONFIG, at=END).hours is None
