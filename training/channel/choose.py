"""What the channel question learns with, decided on messages that it did not see."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from recsys.channel.popular import PopularChannel
from recsys.channel.worth import worth
from recsys.config import Config
from recsys.data.times import DAY
from recsys.evaluation.estimate import Estimate
from recsys.evaluation.policy_value import Sampling
from training.channel.fit import GATE_ERRORS, ChannelChoiceParams, fit, longest
from training.channel.held_out_policy import HeldOutPolicy
from training.channel.judge import choices, held_out
from training.data import TrainingData
from training.segments import fit_table


def choose(data: TrainingData, config: Config, *, at: int) -> ChannelChoiceParams:
    """Choose how hard it is to leave an arm, on half of ``test_days`` before `at`.

    A bound on every single decision protects users from noise, and costs what a bold but right
    guess would earn. So the gate opens only as far as doing so *clearly* earned more than the
    most careful one; among those the best.
    """
    careful, *bolder = GATE_ERRORS
    start = at - config.channels.test_days * DAY // 2 - longest(config)
    trial = on_trial(
        data.before(at),
        ChannelChoiceParams(careful),
        config,
        start=start,
        end=at - longest(config),
    )
    cautious = _gated(trial, careful)
    lifts = {error: trial.lift(_gated(trial, error), cautious) for error in bolder}
    clear = {
        error: lift.value
        for error, lift in lifts.items()
        if isinstance(lift, Estimate) and lift.clearly_above
    }
    return ChannelChoiceParams(max(clear, key=lambda error: clear[error], default=careful))


def on_trial(
    data: TrainingData, choice: ChannelChoiceParams, config: Config, *, start: int, end: int
) -> HeldOutPolicy:
    """Fit a policy on what was known at `start`, to be judged on the decisions until `end`."""
    table = fit_table(data.before(start), config, at=start)
    models = fit(data, table, choice, config, at=start)
    on = models.terms
    messages = data.messages.of_channels(on.names)
    held = held_out(messages, data.interactions.users, table, on, start=start, end=end)
    everybody = PopularChannel.of(on, models.popular, simulated=models.simulated)
    guess = [each.value for each in worth(everybody.everybody, everybody.toll, on)]
    training = config.training
    sampling = Sampling(training.seed, training.resamples, training.confidence)
    return HeldOutPolicy(models, table, held, np.array(guess), sampling, start, end)


def _gated(trial: HeldOutPolicy, gate_error: float) -> NDArray[np.int8]:
    terms = replace(trial.models.terms, gate_error=gate_error)
    return choices(replace(trial.models, terms=terms), {}, trial.held).action
