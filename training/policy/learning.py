"""From a randomised log to a policy that is no worse than its best single arm."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from recsys.evaluation.cross_fit import folds as user_folds
from recsys.evaluation.estimate import Estimate
from recsys.evaluation.estimators import PolicyValue, lay, lift_of
from recsys.evaluation.overlap import NotMeasured
from recsys.evaluation.policy_value import Decisions
from training.policy import encoding, response
from training.policy.learnt import Policy, Scorer, Stakes
from training.policy.log import Log
from training.policy.response import Sums, Tables

N_FOLDS = 5
GATES = (0.0, 1.0, 2.0)
MAX_CELLS = 480
MIN_COLUMNS, MAX_COLUMNS = 12, 120


@dataclass(frozen=True, slots=True)
class Settings:
    """How a policy is learnt and judged."""

    seed: int = 7
    confidence: float = 0.95
    categorical: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """How worths become a choice: the arm of everybody, and by how much another must be ahead."""

    default: int
    gate: float


@dataclass(frozen=True, slots=True)
class CrossFitted:
    """A log with models of each fold that have not seen it.

    Attributes
    ----------
    design : float32, shape (n, width)
        The encoded features.
    net : Decisions
        The log with rewards in money, less costs.
    base : float
        Mean reward.
    fold : int64, shape (n,)
        The fold that each row was held out with.
    tables : tuple of Tables, one a fold
        Fitted on all other folds, shrinkage chosen there as well.
    stakes : Stakes
        Value of a reward, cost of each arm.
    """

    design: NDArray[np.float32]
    net: Decisions
    base: float
    fold: NDArray[np.int64]
    tables: tuple[Tables, ...]
    stakes: Stakes
    _chosen: dict[Rule, NDArray[np.int8]] = field(default_factory=dict)

    def guesses(self) -> NDArray[np.float64]:
        """Return the net reward of every arm by a model that has not seen the row."""
        q = np.empty((len(self.fold), len(self.stakes.cost)))
        for number, tables in enumerate(self.tables):
            own = self.fold == number
            rewards = self.base + self.design[own] @ tables.coefficient.T
            q[own] = self.stakes.net(rewards)
        return q

    def choices(self, rule: Rule) -> NDArray[np.int8]:
        """Return the arm for every row by a model that has not seen it, int8, shape (n,)."""
        if rule not in self._chosen:
            chosen = np.empty(len(self.fold), np.int8)
            for number, tables in enumerate(self.tables):
                own = self.fold == number
                scorer = scorer_of(tables, rule, base=self.base)
                chosen[own] = scorer.choose(self.design[own], self.stakes)
            self._chosen[rule] = chosen
        return self._chosen[rule]


def learn(log: Log, stakes: Stakes, settings: Settings) -> Policy:
    """Learn which arm for whom.

    Whatever is chosen is chosen on rows that the judged ones are no part of: the shrinkage by
    squared error inside the folds that a model is fitted on; the gate of a decision (0, 1 or 2
    deviations) by doubly robust value on the other folds. What this procedure chooses on held-out
    rows is then compared with the best single arm, by the paired doubly robust difference: only if
    its interval lies above 0 does the policy choose by person.

    Parameters
    ----------
    log : Log
        With its pscores, see :func:`training.policy.randomised.with_pscores`.
    stakes : Stakes
        Value of a reward, cost of each arm.
    settings : Settings
        Seed, confidence, and numbers that are names.
    """
    encoded = encode(log, categorical=settings.categorical)
    design = encoded.design(log.features)
    fold = user_folds(log.logged.user_row, N_FOLDS, seed=settings.seed)
    by_fold, base = fold_sums(design, log, fold)
    tables = tuple(_fitted([s for s in by_fold if s is not held]) for held in by_fold)
    fitted = CrossFitted(design, net_of(log.logged, stakes), base, fold, tables, stakes)
    q = fitted.guesses()
    robust = robust_rewards(q, fitted.net)
    default = int(robust.mean(axis=0).argmax())
    rule = best_rule(fitted, robust, default, np.ones(len(fold), bool))
    lift = _judged(_held_out_choices(fitted, robust, default), default, fitted.net, q)
    estimate = (
        None if isinstance(lift, NotMeasured) else lift.dr.estimate(confidence=settings.confidence)
    )
    return Policy(
        arms=log.arms,
        encoding=encoded,
        stakes=stakes,
        scorer=scorer_of(_fitted(by_fold), rule, base=base),
        personal=estimate is not None and estimate.low > 0,
        lift=estimate,
        verdict=_verdict(log.arms[rule.default], lift, estimate),
        notes=log.notes,
    )


def encode(log: Log, *, categorical: tuple[str, ...]) -> encoding.Encoding:
    """Return an encoding whose tables of all arms together stay small enough to fit quickly."""
    columns = int(np.clip(MAX_CELLS // len(log.arms), MIN_COLUMNS, MAX_COLUMNS))
    return encoding.fit(log.features, categorical=categorical, max_columns=columns)


def fold_sums(
    design: NDArray[np.float32], log: Log, fold: NDArray[np.int64]
) -> tuple[list[Sums], float]:
    """Return the sums of every fold, and the mean reward they are taken about."""
    base = float(log.logged.reward.mean())
    y = log.logged.reward - base
    return [
        response.sums(design[own], log.logged.action[own], y[own], n_arms=len(log.arms))
        for own in (fold == number for number in range(N_FOLDS))
    ], base


def net_of(logged: Decisions, stakes: Stakes) -> Decisions:
    """Return the log with rewards in money, less the cost of what was done."""
    net = stakes.value * logged.reward - stakes.cost[logged.action]
    return Decisions(logged.user_row, logged.action, logged.pscore, net)


def robust_rewards(q: NDArray[np.float64], logged: Decisions) -> NDArray[np.float64]:
    """Return q(a) + 1[a was done] (r - q(a)) / pscore, unbiased for each arm, shape (n, n_arms)."""
    robust, rows = q.copy(), np.arange(len(q))
    robust[rows, logged.action] += (logged.reward - q[rows, logged.action]) / logged.pscore
    return robust


def best_rule(
    fitted: CrossFitted, robust: NDArray[np.float64], default: int, rows: NDArray[np.bool_]
) -> Rule:
    """Return the gate around the arm of everybody with the highest robust value on `rows`."""
    rules = [Rule(default, gate) for gate in GATES]

    def value(rule: Rule) -> float:
        return float(robust[rows, fitted.choices(rule)[rows]].mean())

    return max(rules, key=value)


def scorer_of(tables: Tables, rule: Rule, *, base: float) -> Scorer:
    """Return what tables say, held against the arm of everybody."""
    doubt = tables.doubt(rule.default)
    return Scorer(base, tables.coefficient, doubt, rule.default, rule.gate)


def certain(chosen: NDArray[np.int8], n_arms: int) -> NDArray[np.float64]:
    """Return the propensities of a policy that draws no lots, shape (n, n_arms)."""
    propensity: NDArray[np.float64] = np.eye(n_arms)[chosen]
    return propensity


def _fitted(folds: list[Sums]) -> Tables:
    return response.fit(response.total(folds), response.choose(folds))


def _held_out_choices(
    fitted: CrossFitted, robust: NDArray[np.float64], default: int
) -> NDArray[np.int8]:
    """Return what the procedure chooses for each fold when it may look at the others only.

    The arm of everybody is the best on all rows, in every fold: what it is compared with is that
    same arm, so that having been found on the judged rows only makes it harder to beat. Found on
    the other folds it would tend to be another than on the judged one, and personal choices would
    pay for that.
    """
    chosen = np.empty(len(robust), np.int8)
    for number in range(N_FOLDS):
        own = fitted.fold == number
        chosen[own] = fitted.choices(best_rule(fitted, robust, default, ~own))[own]
    return chosen


def _judged(
    chosen: NDArray[np.int8], default: int, net: Decisions, q: NDArray[np.float64]
) -> PolicyValue | NotMeasured:
    n_arms = q.shape[1]
    single = np.full(len(chosen), default, np.int8)
    ours, theirs = (lay(certain(policy, n_arms), net, q=q) for policy in (chosen, single))
    return lift_of(ours, theirs)


def _verdict(arm: str, lift: PolicyValue | NotMeasured, estimate: Estimate | None) -> str:
    if isinstance(lift, NotMeasured):
        return f"{arm} for everybody: choosing by person could not be judged ({lift.why})"
    if estimate is not None and estimate.low > 0:
        return f"chooses by person: earns {estimate} a decision more than {arm} for everybody"
    return f"{arm} for everybody: choosing by person does not clearly earn more ({estimate})"
