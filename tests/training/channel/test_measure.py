"""The channel question is fitted and measured on worlds whose truth is known."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from recsys.channel.decide import decide_all
from recsys.channel.models import ChannelQuery
from recsys.config import Channels, ChannelSection, Config
from recsys.data.person import Person
from recsys.data.times import DAY
from recsys.errors import BadValue
from recsys.ladder import Question, RungName
from tests.present import present
from tests.training.channel.shop import CONFIG, training_data
from training import channel
from training.channel.choose import on_trial
from training.channel.fit import ChannelChoiceParams, terms
from training.channel.judge import choices, held_out, receivers
from training.data import TrainingData
from training.demo.messages import Simulated
from training.demo.world import World
from training.measurement import Measurement
from training.segments import fit_table

STRONG = World(personal=1.6, hour=0.0, fatigue=0.0)
ALIKE = World(personal=0.0, regular=0.0, home=0.0, hour=0.0, fatigue=0.0)


def quiet(_: str) -> None:
    pass


@pytest.fixture(scope="module")
def strong() -> tuple[Simulated, TrainingData]:
    return training_data(STRONG)


@pytest.fixture(scope="module")
def measured(
    strong: tuple[Simulated, TrainingData],
) -> tuple[ChannelChoiceParams, Measurement]:
    return channel.measure(strong[1], CONFIG, progress=quiet)


def fitted(data: TrainingData, config: Config = CONFIG):  # type: ignore[no-untyped-def]
    end = data.interactions.end
    table = fit_table(data, config, at=end)
    return channel.fit(data, table, ChannelChoiceParams(), config, at=end)


def test_where_people_differ_1_to_1_ships(
    measured: tuple[ChannelChoiceParams, Measurement],
) -> None:
    verdict = measured[1].verdicts[RungName.ONE_TO_ONE]
    assert verdict.shipped
    assert verdict.lift is not None
    assert verdict.lift.low > 0


@pytest.mark.parametrize("seed", [1, 2])
def test_where_people_are_alike_1_to_1_does_not_ship(seed: int) -> None:
    _, data = training_data(ALIKE, seed=seed, n_users=600)
    _, measurement = channel.measure(data, CONFIG, progress=quiet)
    assert not measurement.verdicts[RungName.ONE_TO_ONE].shipped


@pytest.mark.slow
def test_where_people_are_alike_1_to_1_nearly_never_ships() -> None:
    shipped = 0
    for seed in range(10, 16):
        _, data = training_data(ALIKE, seed=seed, n_users=600)
        _, measurement = channel.measure(data, CONFIG, progress=quiet)
        shipped += measurement.verdicts[RungName.ONE_TO_ONE].shipped
    assert shipped <= 1


def test_the_measured_value_is_near_the_true_one(strong: tuple[Simulated, TrainingData]) -> None:
    simulated, data = strong
    start = int(data.messages.at.max()) + 1 - 30 * DAY
    table = fit_table(data.before(start), CONFIG, at=start)
    models = channel.fit(data, table, ChannelChoiceParams(3.0), CONFIG, at=start)
    held = held_out(
        data.messages, data.interactions.users, table, models.terms, start=start, end=start * 2
    )
    chosen = choices(models, {}, held).action
    user, n = held.logged.user_row.astype(np.int64), np.arange(len(chosen))
    at_rest = np.zeros(len(user), np.int64)
    p = simulated.truth.response(user, np.full(len(user), 12.0), at_rest)
    left = simulated.truth.unsubscribe(at_rest)
    worth = 2.0 * p - np.array([0.002, 0.0005, 0.06]) - 2.0 * left
    true = np.where(chosen >= 0, worth[n, chosen], 0.0).mean()
    careful = choices(models, {}, held, top=RungName.POPULAR).action
    assert true > np.where(careful >= 0, worth[n, careful], 0.0).mean()
    trial = on_trial(data, ChannelChoiceParams(3.0), CONFIG, start=start, end=start * 2)
    value = trial.value(chosen)
    assert value.low <= true <= value.high  # type: ignore[union-attr]


def test_the_truth_of_users_is_recovered(strong: tuple[Simulated, TrainingData]) -> None:
    simulated, data = strong
    models = fitted(data)
    assert models.personal is not None
    prior = np.broadcast_to(models.popular.response.mean, models.personal.sent.shape)
    believed = models.personal.means(prior)
    rows = np.arange(len(believed))
    true = simulated.truth.response(rows, np.full(len(rows), 12.0), np.zeros(len(rows), np.int64))
    known = models.personal.sent > 3
    assert np.corrcoef(believed[known], true[known])[0, 1] > 0.6
    shrunk = np.mean((believed[known] - true[known]) ** 2)
    alike = np.mean((prior[known] - true[known]) ** 2)
    raw = (models.personal.responded / np.maximum(models.personal.sent, 1e-9))[known]
    assert shrunk < alike
    assert shrunk < np.mean((raw - true[known]) ** 2)


def test_the_measurement_is_ready_for_the_report(
    measured: tuple[ChannelChoiceParams, Measurement],
    strong: tuple[Simulated, TrainingData],
) -> None:
    _, m = measured
    assert m.question == Question.CHANNEL
    assert m.metrics["simulated"] is True
    assert set(m.metrics["value"]) == {"popular", "segment", "one_to_one", "hyper"}
    assert m.metrics["value_of_always"]["none"]["value"] == 0.0
    cells = {(row["segment"], row["channel"]) for row in m.metrics["response"]}
    assert {("all", "email"), ("rfm:champions", "sms")} <= cells
    assert json.loads(json.dumps(m.metrics, allow_nan=False)) == m.metrics
    assert len(m.user_row) == len(m.figure) == len(np.unique(m.user_row))
    assert m.figure.dtype == np.float32
    value = m.metrics["value"][m.metrics["served"]]["value"]
    assert m.figure.mean() == pytest.approx(value, abs=1e-6)
    losses = {rung: loss["value"] for rung, loss in m.metrics["log_loss"].items()}
    assert losses["one_to_one"] < losses["popular"]
    assert m.window_start == int(strong[1].messages.at.max()) + 1 - 30 * DAY


def test_the_same_data_give_the_same_models(strong: tuple[Simulated, TrainingData]) -> None:
    _, data = strong
    first, second = fitted(data), fitted(data)
    assert (present(first.personal).sent == present(second.personal).sent).all()
    assert (present(first.moment).hour == present(second.moment).hour).all()


def test_later_messages_change_nothing(strong: tuple[Simulated, TrainingData]) -> None:
    _, data = strong
    at = data.interactions.end - 60 * DAY
    table = fit_table(data.before(at), CONFIG, at=at)
    some, less = (
        channel.fit(known, table, ChannelChoiceParams(), CONFIG, at=at)
        for known in (data, replace(data, messages=data.messages.before(at - 7 * DAY + 1)))
    )
    assert (some.popular.response.mean == less.popular.response.mean).all()


def test_a_shop_without_messages_still_answers(strong: tuple[Simulated, TrainingData]) -> None:
    _, data = strong
    silent = replace(data, messages=data.messages.before(0))
    choice, measurement = channel.measure(silent, CONFIG, progress=quiet)
    assert choice == ChannelChoiceParams()
    assert not any(verdict.shipped for verdict in measurement.verdicts.values())
    assert all("could not be measured" in v.why for v in measurement.verdicts.values())
    assert len(measurement.figure) == 0
    climbed = (
        fitted(silent)
        .ladder(measurement.verdicts)
        .climb(
            Person("u0001", data.interactions.end, user_row=1, channels=frozenset({"email"})),
            ChannelQuery(),
            on_failure=lambda *_: pytest.fail("a rung failed"),
        )
    )
    assert climbed.rung == RungName.POPULAR
    assert climbed.answer is not None
    assert climbed.answer.best == "email"


def test_without_pscores_nothing_is_claimed(strong: tuple[Simulated, TrainingData]) -> None:
    _, data = strong
    messages = replace(data.messages, pscore=np.full(len(data.messages), np.nan, np.float32))
    _, measurement = channel.measure(replace(data, messages=messages), CONFIG, progress=quiet)
    assert not any(verdict.shipped for verdict in measurement.verdicts.values())
    assert measurement.verdicts[RungName.SEGMENT].lift is None


def test_channels_that_are_no_longer_used_are_forgotten(
    strong: tuple[Simulated, TrainingData],
) -> None:
    arms = {"email": ChannelSection(), "sms": ChannelSection(cost=0.06)}
    fewer = CONFIG.model_copy(update={"channels": Channels(arms=arms)})
    models = fitted(strong[1], fewer)
    assert models.terms.names == ("email", "sms")
    assert models.popular.response.mean.shape == (2,)


def test_a_channel_with_a_budget_gets_a_price_and_keeps_to_its_share(
    strong: tuple[Simulated, TrainingData],
) -> None:
    _, data = strong
    free = fitted(data)
    crowd = receivers(
        data.messages, fit_table(data, CONFIG, at=data.interactions.end),
        at=data.interactions.end // DAY * DAY + DAY // 2,
    )  # fmt: skip
    place = free.terms.names.index("push")
    terms = replace(free.terms, gate_error=9.0)
    usual = (decide_all(replace(free, terms=terms).ladder({}), crowd).arm == place).mean()
    assert usual > 0.2
    arms = {**CONFIG.channels.arms, "push": ChannelSection(cost=0.0005, budget_share=0.1)}
    section = CONFIG.channels.model_copy(update={"arms": arms})
    models = fitted(data, CONFIG.model_copy(update={"channels": section}))
    assert models.terms.channels[place].price > 0
    open_gate = replace(models, terms=replace(models.terms, gate_error=9.0))
    assert (decide_all(open_gate.ladder({}), crowd).arm == place).mean() <= 0.1 + 1e-9


def test_a_channel_may_not_be_called_none() -> None:
    section = Channels(arms={"none": ChannelSection()}, default_arm="none")
    config = CONFIG.model_copy(update={"channels": section})
    with pytest.raises(BadValue, match="channels"):
        terms(config, ChannelChoiceParams())


def test_without_a_default_arm_the_first_configured_one_is_it() -> None:
    section = Channels(arms={"sms": ChannelSection(), "email": ChannelSection()})
    config = CONFIG.model_copy(update={"channels": section})
    assert terms(config, ChannelChoiceParams()).default_arm == "sms"


def test_users_without_an_open_channel_are_not_judged(
    strong: tuple[Simulated, TrainingData],
) -> None:
    _, data = strong
    on = terms(CONFIG, ChannelChoiceParams())
    start = int(data.messages.at.min())
    table = fit_table(data.before(start + DAY), CONFIG, at=start + DAY)
    held = held_out(
        data.messages, data.interactions.users, table, on, start=start, end=start + 30 * DAY
    )
    assert len(held.crowd) == len(held.logged) == 0


def test_where_nobody_responds_no_policy_can_be_told_from_another(
    strong: tuple[Simulated, TrainingData],
) -> None:
    messages = strong[1].messages
    silent = replace(messages, responded=np.zeros(len(messages), bool))
    _, measured = channel.measure(replace(strong[1], messages=silent), CONFIG, progress=quiet)
    assert not any(verdict.shipped for verdict in measured.verdicts.values())
    assert "outcomes are the same" in measured.verdicts[RungName.SEGMENT].why
