"""A policy on trial: fitted on the past, judged on decisions it has not seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.channel.models import ChannelModels
from recsys.evaluation.estimate import Estimate, NotMeasured, constant
from recsys.evaluation.policy_value import (
    Sampling,
    by_user,
    policy_lift,
    policy_value,
    refusal,
    row_values,
)
from recsys.segments.table import SegmentTable
from training.channel.judge import HeldOutDecisions


@dataclass(frozen=True, slots=True)
class HeldOutPolicy:
    """Models fitted on what was known at `start`, and the decisions since then.

    Attributes
    ----------
    models : ChannelModels
        Fitted on what was known at `start`.
    segments : SegmentTable
        As of `start`.
    held : HeldOut
        Decisions since then.
    guess : float64, shape (n_arms,)
        What each arm earns by rung 0, or by earlier decisions.
    start, end : int
        From when, until when was judged (microseconds).
    """

    models: ChannelModels
    segments: SegmentTable
    held: HeldOutDecisions
    guess: NDArray[np.float64]
    sampling: Sampling
    start: int
    end: int

    def lift(self, action: NDArray[np.int8], other: NDArray[np.int8]) -> Estimate | NotMeasured:
        """Return by how much one policy earns more than another."""
        if (refused := constant(self.held.responded)) is not None:
            return refused
        return policy_lift(
            action, other, self.held.logged, guess=self.guess, sampling=self.sampling
        )

    def gains(self, action: NDArray[np.int8], other: NDArray[np.int8]) -> NDArray[np.float64]:
        """Return what one policy earns more than another in each row, see :meth:`lift`."""
        ours, theirs = (
            row_values(policy, self.held.logged, guess=self.guess) for policy in (action, other)
        )
        return ours - theirs

    def refusal(self, action: NDArray[np.int8], rows: NDArray[np.bool_]) -> NotMeasured | None:
        """Return why some of the decisions cannot tell what a policy earns; None where they do."""
        return refusal(action[rows], self.held.logged.where(rows))

    def value(self, action: NDArray[np.int8]) -> Estimate | NotMeasured:
        """Return what a policy earns."""
        return policy_value(action, self.held.logged, guess=self.guess, sampling=self.sampling)

    def figure(self, action: NDArray[np.int8]) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return users and what a policy earns from each; none where it cannot be measured."""
        if isinstance(self.value(action), NotMeasured):
            return np.empty(0, np.int32), np.empty(0, np.float32)
        logged = self.held.logged
        users, figure = by_user(row_values(action, logged, guess=self.guess), logged.user_row)
        return users, figure.astype(np.float32)
