"""The channel question: choose, fit, measure each rung against the one below."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from recsys.channel import one_to_one
from recsys.config import Config
from recsys.data.times import DAY, zone
from recsys.ladder import Question
from training.channel import hours
from training.channel.choose import choose, on_trial
from training.channel.fit import ChannelChoiceParams, longest
from training.channel.held_out_policy import HeldOutPolicy
from training.channel.hours import Served
from training.channel.judge import kinds
from training.channel.judge_hours import HoursVerdict, KnownHours, judge_levels
from training.channel.judge_rungs import METRIC, judge_rungs
from training.channel.judge_uplift import judge_uplift
from training.channel.metrics import metrics
from training.data import TrainingData
from training.measurement import Measurement
from training.verdicts import highest


def measure(
    data: TrainingData, config: Config, *, progress: Callable[[str], None]
) -> tuple[ChannelChoiceParams, Measurement]:
    """Choose on earlier days, then judge each rung's policy on the last ``test_days``.

    The log must have been randomised, with its pscores: what a rung's choices would have earned is
    measured by inverse propensity (doubly robust, with rung 0's response as the guess), and paired
    by user with what people of the same kind would otherwise get. Where that cannot be measured, no
    rung above rung 0 ships and each verdict says why.
    """
    end = int(data.messages.at.max(initial=0)) + 1
    start = end - config.channels.test_days * DAY
    progress("choosing how easily an arm is left")
    choice = choose(data, config, at=start)
    trial = on_trial(data, choice, config, start=start, end=end)
    kind = kinds(trial.held, data.interactions, start=start)
    by_rung = judge_rungs(trial, kind, config.training, progress=progress)
    progress("judging the hours of each channel")
    told = judge_hours(data, trial, config)
    progress("judging uplift over sending nothing")
    judged = judge_uplift(data, trial, by_rung.verdicts, config)
    users, figure = trial.figure(by_rung.served)
    measurement = Measurement(
        question=Question.CHANNEL,
        verdicts=judged.verdicts,
        metrics=metrics(trial, by_rung.policies, served=highest(by_rung.verdicts))
        | {"gate_error": choice.gate_error, "hours": told.metrics}
        | dict(judged.metrics),
        metric=METRIC,
        window_start=start,
        user_row=users,
        figure=figure,
    )
    return replace(choice, hours=told.served, uplift=judged.served), measurement


def judge_hours(data: TrainingData, trial: HeldOutPolicy, config: Config) -> HoursVerdict:
    """Return which channels have hours of their own, by the responses of the test days."""
    models, start = trial.models, trial.start
    names = models.terms.names
    if models.personal is None or models.segment is None or models.rhythm is None:
        return HoursVerdict(Served(), {})
    prior = one_to_one.prior_means(trial.segments, models.segment, models.popular.response.mean)
    usual = models.personal.means(prior)
    messages = data.messages.of_channels(names)
    earlier = messages.before(start - longest(config) + 1)
    before = data.interactions.before(start)
    learnt = hours.fit(
        earlier, usual[earlier.user_row, earlier.channel], before, models.rhythm, config, Served()
    )
    held = messages.where((messages.at >= start) & (messages.at < trial.end))
    return judge_levels(
        held,
        usual[held.user_row, held.channel],
        KnownHours(learnt, models.rhythm, before, start, zone(config.data.timezone)),
        trial.sampling,
    )
