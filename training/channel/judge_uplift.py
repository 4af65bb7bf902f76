"""Whether deciding by uplift earns more than the policy in force, on later randomised decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.channel.decide import decide_all
from recsys.channel.interval import Z
from recsys.channel.messages import Messages
from recsys.channel.models import ChannelModels
from recsys.channel.terms import Terms
from recsys.channel.uplift import Uplift
from recsys.config import Config
from recsys.evaluation.estimate import Estimate, NotMeasured
from recsys.evaluation.policy_value import Decisions
from recsys.ladder import RungName, Verdict
from training.channel import budget, uplift
from training.channel.held_out_policy import HeldOutPolicy
from training.channel.judge import HeldOutDecisions, crowd_of
from training.data import TrainingData
from training.randomised_log import Randomised

Verdicts = Mapping[RungName, Verdict]


@dataclass(frozen=True, slots=True)
class UpliftVerdict:
    """Whether uplift serves.

    Attributes
    ----------
    served : bool
        Whether it does.
    verdicts : mapping of RungName to Verdict
        On the rungs as they serve then: with uplift, that by segment and nothing above.
    metrics : mapping
        The figures under ``uplift``, ready for JSON; empty where no outcome is configured.
    """

    served: bool
    verdicts: Verdicts
    metrics: Mapping[str, Any]


def judge_uplift(
    data: TrainingData, trial: HeldOutPolicy, verdicts: Verdicts, config: Config
) -> UpliftVerdict:
    """Compare deciding by uplift with the ladder as it ships otherwise, on the test days.

    Parameters
    ----------
    data : TrainingData
        Whose randomised decisions are judged; what was closed at the start of the trial is learnt
        from. Without any, as where no outcome is configured, nothing changes.
    trial : HeldOutPolicy
        The ladder in force, fitted on what was known then.
    verdicts : mapping of RungName to Verdict
        On its rungs.
    config : Config
        The outcome and its worth, and budgets.

    Notes
    -----
    A decision earns the worth of the outcome if that followed, less its cost and what a user who
    left loses, whatever was drawn. Both policies decide for whoever could be sent something, by the
    logged propensities; the difference is doubly robust, paired by decision and user. Clear means
    that its whole interval lies above 0.
    """
    if data.randomised is None:
        return UpliftVerdict(False, verdicts, {})  # noqa: FBT003
    before, held = data.randomised.closed_by(trial.start), data.randomised.since(trial.start)
    learnt = uplift.fit(before, trial.segments.names, config.channels)
    told = {"outcome": config.channels.outcome, "decisions": len(before), "held_out": len(held)}
    if isinstance(learnt, NotMeasured):
        return _refused(verdicts, told, learnt)
    told |= {"window_days": learnt.window_days, "effects": effects(learnt, trial.models.terms)}
    log = _log(trial, before, held, data.messages, config)
    challenger = budget.priced(
        replace(trial.models, uplift=learnt),
        data.messages.of_channels(trial.models.terms.names).before(trial.start),
        trial.segments,
        config,
        at=trial.start,
    )
    ours, theirs = _actions(log, challenger, {}), _actions(log, trial.models, verdicts)
    lift = log.lift(ours, theirs)
    if isinstance(lift, NotMeasured):
        return _refused(verdicts, told, lift)
    nothing = len(trial.models.terms.names)
    told |= {
        "value": {"uplift": asdict(log.value(ours)), "in force": asdict(log.value(theirs))},
        "share_of_none": {
            "uplift": float((ours == nothing).mean()),
            "in force": float((theirs == nothing).mean()),
        },
        "lift": asdict(lift),
    }
    after = _verdicts(verdicts, lift, config.channels.outcome)
    own = after[RungName.SEGMENT]
    told |= {"shipped": own.shipped, "why": own.why}
    return UpliftVerdict(own.shipped, after if own.shipped else verdicts, {"uplift": told})


def decisions(seen: Randomised, terms: Terms, outcome_value: float) -> Decisions:
    """Return what each decision earned; to send nothing is an arm like any other, the last."""
    cost = np.array([*(channel.cost for channel in terms.channels), 0.0])
    return Decisions(
        user_row=seen.user_row,
        action=seen.action,
        pscore=seen.propensity[np.arange(len(seen)), seen.action],
        reward=seen.happened * outcome_value
        - cost[seen.action]
        - seen.left * terms.unsubscribe_cost,
    )


def effects(learnt: Uplift, terms: Terms) -> list[dict[str, Any]]:
    """Return one row per segment (first: all users) and channel, with its interval."""
    z = Z((1 + terms.confidence) / 2)
    rows = zip(("all", *learnt.names), (-1, *range(len(learnt.names))), strict=True)
    return [
        {
            "segment": segment,
            "channel": channel,
            "value": float(learnt.mean[row, number]),
            "low": float(learnt.mean[row, number] - z * learnt.sd[row, number]),
            "high": float(learnt.mean[row, number] + z * learnt.sd[row, number]),
        }
        for segment, row in rows
        for number, channel in enumerate(terms.names)
    ]


def _log(
    trial: HeldOutPolicy, before: Randomised, held: Randomised, messages: Messages, config: Config
) -> HeldOutPolicy:
    """Return the trial on held-out randomised decisions; the guess is what earlier ones earned."""
    terms, worth = trial.models.terms, config.channels.outcome_value
    crowd = crowd_of(
        held.user_row,
        held.at,
        messages.of_channels(terms.names),
        granted=held.propensity[:, :-1] > 0,
        segment_row=held.rows_in(trial.segments.names),
    )
    logged = HeldOutDecisions(crowd, decisions(held, terms, worth), held.happened)
    guess = _earned(decisions(before, terms, worth), len(terms.names) + 1)
    return replace(trial, held=logged, guess=guess)


def _actions(log: HeldOutPolicy, models: ChannelModels, verdicts: Verdicts) -> NDArray[np.int8]:
    chosen: NDArray[np.int8] = decide_all(models.ladder(verdicts), log.held.crowd).arm.astype(
        np.int8
    )
    return chosen


def _earned(earlier: Decisions, n_arms: int) -> NDArray[np.float64]:
    """Return what each arm earned on average; as much as all where it was never drawn."""
    n = np.bincount(earlier.action, minlength=n_arms)
    total = np.bincount(earlier.action, earlier.reward, n_arms)
    return np.where(n > 0, total / np.maximum(n, 1), earlier.reward.mean())


def _verdicts(verdicts: Verdicts, lift: Estimate, outcome: str) -> Verdicts:
    shipped = [rung for rung, verdict in verdicts.items() if verdict.shipped]
    in_force = max(shipped, key=list(RungName).index, default=RungName.POPULAR)
    metric = f"worth of {outcome} per decision by uplift over sending nothing"
    why = "not served: what a message adds over sending nothing is known of segments only"
    above = {
        rung: replace(verdict, lift=None, shipped=False, why=why, by_kind={})
        for rung, verdict in verdicts.items()
    }
    return above | {RungName.SEGMENT: Verdict.on(RungName.SEGMENT, in_force, metric, lift)}


def _refused(verdicts: Verdicts, told: dict[str, Any], refused: NotMeasured) -> UpliftVerdict:
    why = f"not shipped: could not be measured: {refused.why}"
    return UpliftVerdict(False, verdicts, {"uplift": told | {"shipped": False, "why": why}})  # noqa: FBT003
