"""The verdict on each rung of the channel question, for each kind of person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from recsys.config import Training
from recsys.data.person import PersonKind
from recsys.evaluation.estimate import NotMeasured
from recsys.ladder import RungName, Verdict
from training.channel.held_out_policy import HeldOutPolicy
from training.channel.judge import Chosen, choices
from training.verdicts import Gains, highest, verdict

METRIC = "reward per decision"

ABOVE = (RungName.SEGMENT, RungName.ONE_TO_ONE, RungName.HYPER)


@dataclass(slots=True)
class Judged:
    """What was said of the rungs, and what each of them would have done.

    Attributes
    ----------
    kind : object, shape (n,)
        How much was known of whom each held-out decision is about.
    verdicts : dict of RungName to Verdict
        On the rungs above rung 0.
    policies : dict of RungName to Chosen
        What the ladder up to each rung would have chosen.
    """

    kind: NDArray[np.object_]
    verdicts: dict[RungName, Verdict] = field(default_factory=dict)
    policies: dict[RungName, Chosen] = field(default_factory=dict)

    @property
    def served(self) -> NDArray[np.int8]:
        """What each person would have got by the rungs that are shipped for their kind."""
        action = self.policies[RungName.POPULAR].action
        for kind in PersonKind:
            own = self.policies[highest(self.verdicts, kind)].action
            action = np.where(self.kind == kind, own, action)
        return action


def judge_rungs(
    trial: HeldOutPolicy,
    kind: NDArray[np.object_],
    asked: Training,
    *,
    progress: Callable[[str], None],
) -> Judged:
    """Compare each rung with what each person would otherwise get, lowest rung first.

    A kind of person whose decisions cannot tell what the rung earns (too few of them, or the log
    hardly ever did what the rung would) gets what is shown of all.

    Parameters
    ----------
    trial : HeldOutPolicy
        The models, and decisions that they have not seen.
    kind : object, shape (n,)
        How much was known of whom each decision is about.
    asked : Training
        Confidence, resamples and seed.
    progress : callable
        Told what is judged.
    """
    judged = Judged(kind)
    judged.policies[RungName.POPULAR] = choices(
        trial.models, judged.verdicts, trial.held, top=RungName.POPULAR
    )
    for rung in ABOVE:
        progress(f"judging {rung}")
        own = choices(trial.models, judged.verdicts, trial.held, top=rung)
        judged.verdicts[rung] = _verdict(rung, own, judged, trial, asked)
        judged.policies[rung] = own
    return judged


def _verdict(
    rung: RungName, own: Chosen, judged: Judged, trial: HeldOutPolicy, asked: Training
) -> Verdict:
    below = judged.served
    lift = trial.lift(own.action, below)
    if isinstance(lift, NotMeasured):
        return Verdict.on(rung, highest(judged.verdicts), METRIC, lift)
    gains = Gains(
        trial.held.logged.user_row,
        _telling(own.action, judged.kind, trial),
        trial.gains(own.action, below),
    )
    return verdict(rung, judged.verdicts, METRIC, gains, asked, may_try=False)


def _telling(
    action: NDArray[np.int8], kind: NDArray[np.object_], trial: HeldOutPolicy
) -> NDArray[np.object_]:
    """Return the kinds, "" where the decisions about a kind cannot tell what the policy earns."""
    silent: list[str] = [each for each in PersonKind if trial.refusal(action, kind == each)]
    return np.where(np.isin(kind, silent), "", kind)
