"""What a learnt policy, and every single arm, earns on a log."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recsys.evaluation.estimate import NotMeasured
from recsys.evaluation.estimators import PolicyValue, lay, lift_of, value_of
from training.policy.encoding import Encoding
from training.policy.held_out import CrossFitted, cross_fitted, fold_sums, folds_of
from training.policy.learn import certain, net_of
from training.policy.log import Log
from training.policy.policy import Policy, Stakes

Found = PolicyValue | NotMeasured


@dataclass(frozen=True, slots=True)
class Judgement:
    """What policies earn a decision, net of costs.

    Attributes
    ----------
    policy : PolicyValue or NotMeasured
        The learnt policy.
    single : tuple, one an arm
        Each arm for everybody.
    best : int
        The single arm of the highest doubly robust value on this log: found on the same rows, so
        if anything it looks too good.
    lift : PolicyValue or NotMeasured
        The policy less that arm, paired by row.
    over : PolicyValue or NotMeasured
        The policy less the single arm that was best when it was learnt.
    """

    policy: Found
    single: tuple[Found, ...]
    best: int
    lift: Found
    over: Found


def judge(policy: Policy, log: Log, *, stakes: Stakes, seed: int) -> Judgement:
    """Judge a policy on a log with pscores, that it was not learnt from.

    Guesses of rewards are cross-fitted on the log itself, with the policy's encoding. `stakes` may
    differ from those that the policy was learnt for.
    """
    n_arms, net = len(policy.arms), net_of(log.logged, stakes)
    fitted = _held_out(policy.encoding, log, seed=seed)
    q = stakes.net(fitted.guess)
    ours = lay(certain(policy.choose(log.features), n_arms), net, q=q)
    every = [
        lay(certain(np.full(len(net), arm, np.int8), n_arms), net, q=q) for arm in range(n_arms)
    ]
    best = int(stakes.net(fitted.robust.mean(axis=0)).argmax())
    singles = tuple(value_of(single) for single in every)
    over = lift_of(ours, every[policy.scorer.default])
    return Judgement(value_of(ours), singles, best, lift_of(ours, every[best]), over)


def _held_out(encoded: Encoding, log: Log, *, seed: int) -> CrossFitted:
    design = encoded.design(log.features)
    fold = folds_of(log.logged.user_row, seed=seed)
    seen = fold_sums(design, log, fold)
    return cross_fitted(encoded, design, log, fold=fold, seen=seen)
