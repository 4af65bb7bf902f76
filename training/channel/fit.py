"""Fitting all rungs of the channel question by what was chosen."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from recsys.channel import activity_hours, hyper, one_to_one, popular, segment
from recsys.channel.models import ChannelModels
from recsys.channel.terms import NONE, ChannelTerms, Terms
from recsys.channel.uplift import Uplift
from recsys.config import Config
from recsys.data.times import DAY, zone
from recsys.errors import BadValue
from recsys.evaluation.estimate import NotMeasured
from recsys.segments.table import SegmentTable
from training.channel import budget, hours, uplift
from training.channel.hours import Served
from training.data import TrainingData

GATE_ERRORS = (0.05, 0.5, 3.0)


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
    arms = tuple(sorted(section.arms))
    if NONE in arms:
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
    messages = data.messages.of_channels(on.names).before(at - longest(config) + 1)
    half_life = config.channels.half_life_days
    everybody = popular.fit(messages, half_life_days=half_life, at=at)
    all_channels = activity_hours.fit(data.interactions.before(at).at, zone(config.data.timezone))
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


def longest(config: Config) -> int:
    """Return the longest attribution window, microseconds."""
    arms = config.channels.arms.values()
    return int(max((arm.attribution_days for arm in arms), default=0.0) * DAY)
