"""The channel question: choose, fit, measure each rung against the one below."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from recsys.channel import hyper, one_to_one, popular, rhythm, segment
from recsys.channel.decide import worth
from recsys.channel.models import ChannelModels
from recsys.channel.popular import PopularChannel
from recsys.channel.terms import NONE, ChannelTerms, Terms
from recsys.channel.uplift import Uplift
from recsys.config import Config
from recsys.errors import BadValue
from recsys.evaluation.estimate import Estimate
from recsys.evaluation.policy_value import NotMeasured, Sampling
from recsys.events import DAY
from recsys.ladder import Question, RungName, Verdict
from recsys.local_time import zone
from recsys.segments.table import SegmentTable
from training import segments as segmentation
from training.channel import budget, hours, uplift, uplift_judged
from training.channel import judging as judging
from training.channel.hours import Served
from training.channel.hours_judged import Judged, Known, judge
from training.channel.metrics import metrics
from training.channel.trial import Trial
from training.data import TrainingData
from training.measurement import Measurement

METRIC = "reward per decision"
GATE_ERRORS = (0.05, 0.5, 3.0)
ABOVE = (RungName.SEGMENT, RungName.ONE_TO_ONE, RungName.HYPER)


@dataclass(frozen=True, slots=True)
class ChannelChoiceParams:
    """What is chosen on validation data.

    Attributes
    ----------
    gate_error : float
        See ``Terms.gate_error``.
    hours : Served
        Which channels have hours of their own.
    uplift : bool
        Whether arms are worth what they add over sending nothing.
    """

    gate_error: float = GATE_ERRORS[0]
    hours: Served = field(default_factory=Served)
    uplift: bool = False


def terms(config: Config, choice: ChannelChoiceParams) -> Terms:
    """Return the configured channels, by name, and their stakes.

    Raises
    ------
    BadValue
        A channel is called ``none``.
    """
    section = config.channels
    known = tuple(sorted(section.arms))
    if NONE in known:
        raise BadValue("channels.arms", NONE, "any other name: it means to send nothing")
    return Terms(
        channels=tuple(
            ChannelTerms(name, arm.cost, arm.cap_per_week, arm.quiet_hours)
            for name, arm in sorted(section.arms.items())
        ),
        default_arm=section.default_arm or next(iter(section.arms), NONE),
        response_value=section.response_value,
        unsubscribe_cost=section.unsubscribe_cost,
        quiet_from_hour=section.quiet_from_hour,
        quiet_until_hour=section.quiet_until_hour,
        timezone=config.data.timezone,
        gate_error=choice.gate_error,
        confidence=config.training.confidence,
    )


def fit(
    data: TrainingData,
    segments: SegmentTable,
    choice: ChannelChoiceParams,
    config: Config,
    *,
    at: int,
) -> ChannelModels:
    """Fit all rungs on messages whose windows were closed by `at`.

    Without any, the answer stands on priors, and says so.
    """
    on = terms(config, choice)
    messages = data.messages.of_channels(on.names).before(at - _longest(config) + 1)
    half_life = config.channels.half_life_days
    everybody = popular.fit(messages, half_life_days=half_life, at=at)
    all_channels = rhythm.fit(data.interactions.before(at).at, zone(config.data.timezone))
    added = _uplift(data, segments, choice, config, at=at)
    if not len(messages):
        return ChannelModels(
            on, everybody, None, None, None, simulated=False, rhythm=all_channels, uplift=added
        )
    by_segment = segment.fit(messages, segments, everybody, half_life_days=half_life, at=at)
    prior = one_to_one.prior_means(segments, by_segment, everybody.response.mean)
    personal = one_to_one.fit(messages, prior, half_life_days=half_life, at=at)
    usual = personal.means(prior)[messages.user_row, messages.channel]
    moment = hyper.fit(messages, hyper.recent_messages(messages), usual)
    models = ChannelModels(
        on,
        everybody,
        by_segment,
        personal,
        moment,
        messages.simulated,
        all_channels,
        uplift=added,
    )
    if all_channels is not None and (choice.hours.by_channel or choice.hours.by_person):
        learnt = hours.fit(
            messages, usual, data.interactions.before(at), all_channels, config, choice.hours
        )
        models = replace(models, hours=learnt)
    return budget.priced(models, messages, segments, config, at=at)


def choose(data: TrainingData, config: Config, *, at: int) -> ChannelChoiceParams:
    """Choose how hard it is to leave an arm, on half of ``test_days`` before `at`.

    A bound on every single decision protects users from noise, and costs what a bold but right
    guess would earn. So the gate opens only as far as doing so *clearly* earned more than the
    most careful one; among those the best.
    """
    careful, *bolder = GATE_ERRORS
    start = at - config.channels.test_days * DAY // 2 - _longest(config)
    trial = _trial(
        data.before(at),
        ChannelChoiceParams(careful),
        config,
        start=start,
        end=at - _longest(config),
    )
    cautious = _gated(trial, careful)
    lifts = {error: trial.lift(_gated(trial, error), cautious) for error in bolder}
    clear = {
        error: lift.value
        for error, lift in lifts.items()
        if isinstance(lift, Estimate) and lift.low > 0
    }
    return ChannelChoiceParams(max(clear, key=lambda error: clear[error], default=careful))


def measure(
    data: TrainingData, config: Config, *, progress: Callable[[str], None]
) -> tuple[ChannelChoiceParams, Measurement]:
    """Choose on earlier days, then judge each rung's policy on the last ``test_days``.

    The log must have been randomised, with its pscores: what a rung's choices would have earned is
    measured by inverse propensity (doubly robust, with rung 0's response as the guess), and paired
    by user with the highest shipped rung below. Where that cannot be measured, no rung above rung
    0 ships and each verdict says why.
    """
    end = int(data.messages.at.max(initial=0)) + 1
    start = end - config.channels.test_days * DAY
    progress("choosing how easily an arm is left")
    choice = choose(data, config, at=start)
    trial = _trial(data, choice, config, start=start, end=end)
    verdicts: dict[RungName, Verdict] = {}
    served = RungName.POPULAR
    policies = {served: judging.choices(trial.models, verdicts, trial.held, top=served)}
    for rung in ABOVE:
        progress(f"judging {rung}")
        policies[rung] = judging.choices(trial.models, verdicts, trial.held, top=rung)
        lift = trial.lift(policies[rung].action, policies[served].action)
        verdicts[rung] = _verdict(rung, served, lift)
        served = rung if verdicts[rung].shipped else served
    progress("judging the hours of each channel")
    told = judge_hours(data, trial, config)
    progress("judging uplift over sending nothing")
    judged = uplift_judged.judge(data, trial, verdicts, config)
    users, figure = trial.figure(policies[served].action)
    measurement = Measurement(
        question=Question.CHANNEL,
        verdicts=judged.verdicts,
        metrics=metrics(trial, policies, served=served)
        | {"gate_error": choice.gate_error, "hours": told.metrics}
        | dict(judged.metrics),
        metric=METRIC,
        window_start=start,
        user_row=users,
        figure=figure,
    )
    return replace(choice, hours=told.served, uplift=judged.served), measurement


def judge_hours(data: TrainingData, trial: Trial, config: Config) -> Judged:
    """Return which channels have hours of their own, by the responses of the test days."""
    models, start = trial.models, trial.start
    names = models.terms.names
    if models.personal is None or models.segment is None or models.rhythm is None:
        return Judged(Served(), {})
    prior = one_to_one.prior_means(trial.segments, models.segment, models.popular.response.mean)
    usual = models.personal.means(prior)
    messages = data.messages.of_channels(names)
    known = messages.before(start - _longest(config) + 1)
    before = data.interactions.before(start)
    learnt = hours.fit(
        known, usual[known.user_row, known.channel], before, models.rhythm, config, Served()
    )
    held = messages.where((messages.at >= start) & (messages.at < trial.end))
    return judge(
        held,
        usual[held.user_row, held.channel],
        Known(learnt, models.rhythm, before, start, zone(config.data.timezone)),
        trial.sampling,
    )


def _trial(
    data: TrainingData, choice: ChannelChoiceParams, config: Config, *, start: int, end: int
) -> Trial:
    table = segmentation.fit(data.before(start), config, at=start)
    models = fit(data, table, choice, config, at=start)
    on = models.terms
    messages = data.messages.of_channels(on.names)
    held = judging.held_out(messages, data.interactions.users, table, on, start=start, end=end)
    everybody = PopularChannel.of(on, models.popular, simulated=models.simulated).everybody
    guess = [worth(b, c, on).value for b, c in zip(everybody, on.channels, strict=True)]
    training = config.training
    sampling = Sampling(training.seed, training.resamples, training.confidence)
    return Trial(models, table, held, np.array(guess), sampling, start, end)


def _uplift(
    data: TrainingData,
    segments: SegmentTable,
    choice: ChannelChoiceParams,
    config: Config,
    *,
    at: int,
) -> Uplift | None:
    if not choice.uplift or data.randomised is None:
        return None
    learnt = uplift.fit(data.randomised.closed_by(at), segments.names, config.channels)
    return None if isinstance(learnt, NotMeasured) else learnt


def _gated(trial: Trial, gate_error: float) -> NDArray[np.int8]:
    terms = replace(trial.models.terms, gate_error=gate_error)
    return judging.choices(replace(trial.models, terms=terms), {}, trial.held).action


def _verdict(rung: RungName, below: RungName, lift: Estimate | NotMeasured) -> Verdict:
    if isinstance(lift, Estimate):
        return Verdict.on(rung, below, METRIC, lift)
    unmeasured = Verdict.on(rung, below, METRIC, None)
    return replace(unmeasured, why=f"not shipped: could not be measured: {lift.why}")


def _longest(config: Config) -> int:
    """Return the longest attribution window, microseconds."""
    arms = config.channels.arms.values()
    return int(max((arm.attribution_days for arm in arms), default=0.0) * DAY)
