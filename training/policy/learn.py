"""From a randomised log to a policy that is no worse than its best single arm."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from recsys.evaluation.estimate import Estimate, NotMeasured, constant
from recsys.evaluation.estimators import PolicyValue, lay, lift_of
from recsys.evaluation.overlap import clustered_error, effective_size
from recsys.evaluation.policy_value import Decisions
from training.policy import encoding, response
from training.policy.encoding import Encoding
from training.policy.held_out import N_FOLDS, CrossFitted, cross_fitted, fold_sums, folds_of
from training.policy.log import Log
from training.policy.policy import Policy, Scorer, Stakes

MAX_CELLS = 480
MIN_COLUMNS, MAX_COLUMNS = 12, 120
MAX_ERRORS_BEHIND = 1.0
MIN_EFFECTIVE_AN_ARM = 30
CAUTION = 0.25


@dataclass(frozen=True, slots=True)
class Settings:
    """How a policy is learnt and judged."""

    seed: int = 7
    confidence: float = 0.95
    categorical: tuple[str, ...] = ()


def learn(log: Log, stakes: Stakes, settings: Settings) -> Policy:
    """Learn which arm for whom.

    Models guess rewards of rows they have not seen. Two figures of those rows gate the policy:

    - the slope of unbiased differences between people on the guessed ones (do people differ the way
      the models say?) must lie above 0 at the one-sided confidence: only differences that are
      there make it positive, so the other side need not be guarded. It looks at all rows, so that
      it sees differences which the gain of a policy, a much noisier figure, does not show;
    - the paired doubly robust gain over the best single arm must not be behind by more than its
      error.

    Guessed differences are then shrunk by the slope, and each arm's mean is the doubly robust one:
    what is left is what a person may be believed to gain. Arms other than the best for all start a
    quarter of an error behind: where none but a few would gain by leaving it, a mean that is lucky
    by an error would send many. An arm with an effective sample of fewer than 30 rows, where others
    have more, is chosen for nobody: a handful of lucky rows would otherwise choose it for
    everybody.

    Parameters
    ----------
    log : Log
        With its pscores, see :func:`training.policy.pscore.with_pscores`.
    stakes : Stakes
        Value of a reward, cost of each arm.
    settings : Settings
        Seed, confidence, and numbers that are names.
    """
    encoded = encode(log, categorical=settings.categorical)
    design = encoded.design(log.features)
    fold = folds_of(log.logged.user_row, seed=settings.seed)
    by_fold, base = fold_sums(design, log, fold)
    fitted = cross_fitted(encoded, design, log, fold=fold, seen=(by_fold, base))
    enough = _known(log.logged, len(log.arms))
    mean = np.where(enough, fitted.robust.mean(axis=0), -np.inf)
    default = int(stakes.net(mean).argmax())
    slope = _at(fitted.slope(), settings.confidence)
    cautious = mean - CAUTION * _doubts(fitted, default)
    lift = _judged(_held_out_choices(fitted, cautious, stakes), default, fitted, log, stakes=stakes)
    told = (
        None if isinstance(lift, NotMeasured) else lift.dr.estimate(confidence=settings.confidence)
    )
    coefficient = response.fit(response.total(by_fold), encoded.feature_of_column)
    return Policy(
        arms=log.arms,
        encoding=encoded,
        stakes=stakes,
        scorer=scorer_of(coefficient, cautious, default, slope=_believed(slope)),
        personal=_ships(slope, lift),
        slope=slope,
        lift=told,
        verdict=_verdict(log.arms[default], slope, lift, told),
        notes=(*log.notes, *_unknown(log.arms, enough)),
    )


def encode(log: Log, *, categorical: tuple[str, ...]) -> Encoding:
    """Return an encoding whose tables of all arms together stay small enough to fit quickly."""
    columns = int(np.clip(MAX_CELLS // len(log.arms), MIN_COLUMNS, MAX_COLUMNS))
    return encoding.fit(log.features, categorical=categorical, max_columns=columns)


def net_of(logged: Decisions, stakes: Stakes) -> Decisions:
    """Return the log with rewards in money, less the cost of what was done."""
    net = stakes.value * logged.reward - stakes.cost[logged.action]
    return Decisions(logged.user_row, logged.action, logged.pscore, net)


def scorer_of(
    coefficient: NDArray[np.float64], mean: NDArray[np.float64], default: int, *, slope: float
) -> Scorer:
    """Return what tables say of people around the mean of each arm, shrunk by the slope.

    Columns are centred, so that the first coefficient is the mean; that of an arm which is never
    to be chosen is minus infinity.
    """
    shrunk = np.where(np.isfinite(mean)[:, None], coefficient * slope, 0.0)
    shrunk[:, 0] = mean
    return Scorer(shrunk, default)


def certain(chosen: NDArray[np.int8], n_arms: int) -> NDArray[np.float64]:
    """Return the propensities of a policy that draws no lots, shape (n, n_arms)."""
    propensity: NDArray[np.float64] = np.eye(n_arms)[chosen]
    return propensity


def _known(logged: Decisions, n_arms: int) -> NDArray[np.bool_]:
    """Return which arms have rows enough to be chosen, shape (n_arms,); all, where none has."""
    weight = 1 / logged.pscore
    rows = [effective_size(weight[logged.action == arm]) for arm in range(n_arms)]
    enough = np.array(rows) >= MIN_EFFECTIVE_AN_ARM
    return enough | ~enough.any()


def _unknown(arms: tuple[str, ...], enough: NDArray[np.bool_]) -> tuple[str, ...]:
    few = [arm for arm, is_enough in zip(arms, enough, strict=True) if not is_enough]
    note = f"effective sample under {MIN_EFFECTIVE_AN_ARM}, so never chosen: {', '.join(few)}"
    return (note,) if few else ()


def _doubts(fitted: CrossFitted, default: int) -> NDArray[np.float64]:
    """Return the error of each arm's mean reward less the default's, shape (n_arms,)."""
    less = fitted.robust - fitted.robust[:, [default]]
    return np.nan_to_num([clustered_error(arm, fitted.user_row) for arm in less.T])


def _believed(slope: Estimate | None) -> float:
    return 0.0 if slope is None else min(1.0, max(0.0, slope.value))


def _at(slope: Estimate | None, confidence: float) -> Estimate | None:
    """Return an estimate with its 95 % interval at another confidence, of each end by itself."""
    if slope is None:
        return None
    normal = NormalDist()
    scale = normal.inv_cdf(confidence) / normal.inv_cdf(0.975)
    half = (slope.high - slope.value) * scale
    return Estimate(slope.value, slope.value - half, slope.value + half, slope.n)


def _held_out_choices(
    fitted: CrossFitted, mean: NDArray[np.float64], stakes: Stakes
) -> NDArray[np.int8]:
    """Return what the procedure chooses for each fold, shrunk by the slope of the others.

    The mean of each arm is that over all rows, in every fold, and so is the arm of everybody that
    choices are compared with. Found on the other folds it would tend to be another than on the
    judged one, and personal choices would pay for that.
    """
    chosen, personal = np.empty(len(fitted.fold), np.int8), fitted.personal()
    for number in range(N_FOLDS):
        own = fitted.fold == number
        slope = _believed(fitted.slope(~own))
        chosen[own] = stakes.net(mean + slope * personal[own]).argmax(axis=1)
    return chosen


def _judged(
    chosen: NDArray[np.int8], default: int, fitted: CrossFitted, log: Log, *, stakes: Stakes
) -> PolicyValue | NotMeasured:
    if (refused := constant(log.logged.reward)) is not None:
        return refused
    n_arms, net = len(log.arms), net_of(log.logged, stakes)
    single = np.full(len(chosen), default, np.int8)
    q = stakes.net(fitted.guess)
    ours, theirs = (lay(certain(policy, n_arms), net, q=q) for policy in (chosen, single))
    return lift_of(ours, theirs)


def _ships(slope: Estimate | None, lift: PolicyValue | NotMeasured) -> bool:
    if slope is None or isinstance(lift, NotMeasured):
        return False
    return slope.clearly_above and lift.dr.value > -MAX_ERRORS_BEHIND * lift.dr.error


def _verdict(
    arm: str, slope: Estimate | None, lift: PolicyValue | NotMeasured, told: Estimate | None
) -> str:
    if isinstance(lift, NotMeasured):
        return f"{arm} for everybody: choosing by person could not be judged ({lift.why})"
    if slope is None:
        return f"{arm} for everybody: no feature tells whom to treat otherwise"
    fits = f"slope of held-out differences on guessed ones {slope}"
    if _ships(slope, lift):
        clear = told is not None and told.clearly_above
        gain = f"earns {told} a decision more than {arm} for everybody"
        unclear = f"its gain over {arm} for everybody is too small to show here: {told} a decision"
        return f"chooses by person: {gain if clear else unclear}; people differ as guessed ({fits})"
    if slope.clearly_above:
        return f"{arm} for everybody: choosing by person did not earn more ({told})"
    return f"{arm} for everybody: choosing by person does not clearly earn more ({fits})"
