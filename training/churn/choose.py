"""What churn means for these data, and how it is best learnt: decided before the test cutoff."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from recsys.algorithms import additive
from recsys.algorithms.additive import AdditiveModel, AdditiveSettings
from recsys.churn import bgnbd_propensity, labels
from recsys.churn.bgnbd_propensity import SilentModel
from recsys.churn.calibration import CALIBRATIONS, Calibration, Model, calibrated, level
from recsys.churn.contract import Contract
from recsys.churn.features import FEATURES, windowed
from recsys.churn.labels import Definition, Labelled
from recsys.churn.risk import probability
from recsys.churn.signals import HeardSignals
from recsys.churn.snapshot import PLACE
from recsys.churn.usage_interval import UsageInterval, horizon_days, usage_interval
from recsys.config import Config
from recsys.data.interactions import Interactions
from recsys.data.signals import Signals
from recsys.data.times import DAY
from recsys.evaluation.classification import log_loss
from training.churn import signals
from training.churn.signals import SignalTrial
from training.data import TrainingData

TRIAL_MEMBERS = 4
MAX_ROWS = 200_000
MIN_TRIALS = 2
MAX_TRIALS = 3

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to learn.

    Attributes
    ----------
    settings : AdditiveSettings
        How boosting is done.
    without : tuple of str
        Features left out.
    """

    settings: AdditiveSettings
    without: tuple[str, ...] = ()


# Long windows and sums over them mean little where history is short; trends are noisy anywhere.
_LEAN = (
    *windowed("trend"),
    *windowed("previous_days"),
    *windowed("value"),
    "active_days_180d",
)
_ALL_BUT_RECENCY = tuple(name for name in FEATURES if name != "recency_days")
CANDIDATES: Mapping[str, Candidate] = {
    "all features": Candidate(AdditiveSettings()),
    "all features, stumps": Candidate(AdditiveSettings(max_leaves=2, n_trees=150)),
    "lean features": Candidate(AdditiveSettings(), _LEAN),
    "lean features, smooth": Candidate(AdditiveSettings(min_leaf=100, max_bins=31), _LEAN),
    "recency alone": Candidate(AdditiveSettings(), _ALL_BUT_RECENCY),
}
WITH_SIGNALS = "with signals"
P0 = "BG/NBD P0"
"""Stands beside the candidates where it can be fitted: what is served is not worse than it."""


@dataclass(frozen=True, slots=True)
class ChurnChoice:
    """What was decided before the test cutoff.

    Attributes
    ----------
    definition : Definition
        What churn means here: from the configuration, else from the usage interval.
    interval : UsageInterval
        How often users come back.
    candidate : str
        Which of ``CANDIDATES``, or ``P0``, had the lowest log loss, its level put right, on the
        last closed cut-off after training on earlier ones.
    calibration : str
        ``none``, ``shift`` or ``platt``: estimated on the last cut-off trained on, as it will
        be in service, and taken only when it won on later closed ones, two at least.
    log_loss : tuple of (str, float)
        Of every candidate and calibration tried; empty when the data were too few to try.
    signals : tuple of SignalTrial
        What each group of signals beside events added on the same held-out cut-offs.
    """

    definition: Definition
    interval: UsageInterval
    candidate: str
    calibration: Calibration
    log_loss: tuple[tuple[str, float], ...]
    signals: tuple[SignalTrial, ...] = ()

    def heard(self, signals: Signals | None) -> HeardSignals | None:
        """Return those of the signals that are looked at; None where none are.

        P0 knows of no signals: where it is the candidate, they did not help enough to beat it.
        """
        groups = tuple(t.group for t in self.signals if t.kept and self.candidate != P0)
        return HeardSignals(signals, groups) if signals is not None and groups else None


def define(interactions: Interactions, config: Config) -> ChurnChoice:
    """Return what churn means for these interactions, with nothing else decided yet."""
    asked = config.churn
    interval = usage_interval(interactions.of_kind(asked.critical_kind), at=interactions.end)
    span = (interactions.end - labels.start(interactions)) / DAY
    horizon = asked.horizon_days or horizon_days(interval, span_days=span)
    contract = Contract(asked.cancel_kind, asked.term_days)
    definition = Definition(asked.critical_kind, horizon, asked.active_days or horizon, contract)
    return ChurnChoice(definition, interval, next(iter(CANDIDATES)), "none", ())


def choose(
    data: TrainingData, choice: ChurnChoice, config: Config, *, at: int, progress: Progress
) -> ChurnChoice:
    """Choose a candidate and a calibration on cut-offs whose windows closed by `at`.

    Parameters
    ----------
    data : TrainingData
        Only what happened before `at`.
    choice : ChurnChoice
        What :func:`define` returned; comes back unchanged where the data are too few to try.
    config : Config
        Number of cut-offs and seed.
    at : int
        Microseconds since the epoch.
    progress : callable
        Told what it is busy with.
    """
    trials = _trials(data.interactions, choice.definition, config, at=at)
    if not trials:
        return choice
    seed, models = config.training.seed, dict[str, Model]()
    for name in (*CANDIDATES, P0):
        progress(f"trying {name}")
        if (model := _tried(name, trials[0], seed=seed)) is not None:
            models[name] = model
    losses = {name: _shape_loss(model, trials[0].held_out) for name, model in models.items()}
    best = min(losses, key=lambda name: losses[name])
    earlier = [_tried(best, trial, seed=seed) for trial in trials[1:]]
    fitted = [model for model in (models[best], *earlier) if model is not None]
    trials = trials[: len(fitted)]
    if data.signals is not None:
        progress("trying signals beside events")
        named = min(CANDIDATES, key=lambda name: losses[name])
        learn = partial(learnt, candidate=_quick(CANDIDATES[named]), seed=seed)
        without = fitted if named == best else [learn(trial.rows) for trial in trials]
        choice, heard = _heard(data.signals, trials, without, learn, choice, config)
        if heard is not None:
            seen = [trial.with_signals(heard) for trial in trials]
            told = learn(seen[0].rows)
            losses[WITH_SIGNALS] = _shape_loss(told, seen[0].held_out)
            if losses[WITH_SIGNALS] <= losses[best]:
                best, trials = named, seen
                fitted = [told, *(learn(trial.rows) for trial in seen[1:])]
    progress("trying calibrations")
    calibration, tried = _calibration(trials, fitted)
    figures = (*losses.items(), *tried.items())
    return replace(choice, candidate=best, calibration=calibration, log_loss=figures)


def _heard(
    known: Signals,
    trials: Sequence[_Trial],
    without: Sequence[Model],
    learn: signals.Learn,
    choice: ChurnChoice,
    config: Config,
) -> tuple[ChurnChoice, HeardSignals | None]:
    """Return the choice with what each group of signals added, and the groups that did clearly."""
    windows = [
        signals.SignalWindow(trial.rows, trial.held_out, model)
        for trial, model in zip(trials, without, strict=True)
    ]
    choice = replace(choice, signals=signals.tried(windows, known, learn, config.training))
    return choice, choice.heard(known)


def learnt(rows: Labelled, candidate: Candidate, *, seed: int) -> AdditiveModel:
    """Return the model of a candidate; a feature left out has a table of zeros.

    Of more than ``MAX_ROWS`` rows, those of so many users are drawn that about as many remain.
    """
    rows = _drawn(rows, seed=seed)
    features = rows.features.copy()
    features[:, [PLACE[name] for name in candidate.without]] = np.nan
    settings, owner = candidate.settings, rows.user_row
    return additive.fit(features, rows.churned, user_row=owner, settings=settings, seed=seed)


def silent(interactions: Interactions, definition: Definition, *, at: int) -> SilentModel | None:
    """Return P0 as of an instant, of what was before; None where users are too few for it.

    Nor is there one where contracts end: P0 tells who stays away, not who leaves.
    """
    if definition.contract.exists:
        return None
    now = labels.labelled(interactions, definition, at=at).features
    critical = interactions.of_kind(definition.critical_kind).before(at)
    return bgnbd_propensity.fit(critical, now, at=at, horizon_days=definition.horizon_days)


def _drawn(rows: Labelled, *, seed: int) -> Labelled:
    if len(rows) <= MAX_ROWS:
        return rows
    n_users = int(rows.user_row.max()) + 1
    drawn = np.random.default_rng(seed).random(n_users) < MAX_ROWS / len(rows)
    return rows.where(drawn[rows.user_row])


@dataclass(frozen=True, slots=True)
class _Trial:
    """Rows to learn from, and a later cut-off to judge on, closed as well."""

    rows: Labelled
    held_out: Labelled
    silent: SilentModel | None

    def with_signals(self, heard: HeardSignals) -> _Trial:
        """Return the same with the features of signals beside."""
        rows, held_out = (labels.with_signals(each, heard) for each in (self.rows, self.held_out))
        return replace(self, rows=rows, held_out=held_out)


def _trials(
    interactions: Interactions, definition: Definition, config: Config, *, at: int
) -> list[_Trial]:
    """Return up to ``MAX_TRIALS`` trials whose judging windows do not overlap, latest first."""
    trials, until = [], labels.last_closed(at, definition.horizon_days)
    for _ in range(MAX_TRIALS):
        rows = labels.closed(interactions, definition, until=until, n=config.churn.cutoffs)
        if labels.too_few(rows):
            break
        held_out = labels.labelled(interactions, definition, at=until)
        trials.append(_Trial(rows, held_out, silent(interactions, definition, at=until)))
        until -= definition.horizon_days * DAY
    return trials


def _tried(name: str, trial: _Trial, *, seed: int) -> Model | None:
    if name == P0:
        return trial.silent
    return learnt(trial.rows, _quick(CANDIDATES[name]), seed=seed)


def _quick(candidate: Candidate) -> Candidate:
    return replace(candidate, settings=replace(candidate.settings, n_members=TRIAL_MEMBERS))


def _shape_loss(model: Model, held_out: Labelled) -> float:
    logit = model.logit(held_out.features)
    return log_loss(held_out.churned, probability(logit + level(logit, held_out.churned)))


def _calibration(
    trials: Sequence[_Trial], models: Sequence[Model]
) -> tuple[Calibration, dict[str, float]]:
    """Return the calibration that beats leaving the model alone, and the log loss of each.

    A calibration is a bet that the level seen last will be seen next. All users of a trial share
    its one change of level, so one trial says nothing however many users it has: a calibration
    must win ``MIN_TRIALS`` trials at least, and every one there is.
    """
    losses = np.array([_losses(model, trial) for model, trial in zip(models, trials, strict=True)])
    wins = (losses < losses[:, :1]).all(0) & (len(trials) >= MIN_TRIALS)
    mean = losses.mean(0)
    best = int(np.argmin(np.where(wins, mean, np.inf))) if wins.any() else 0
    return CALIBRATIONS[best], dict(zip(CALIBRATIONS, mean.tolist(), strict=True))


def _losses(model: Model, trial: _Trial) -> list[float]:
    last, held_out = trial.rows.latest(), trial.held_out
    return [
        log_loss(
            held_out.churned,
            probability(calibrated(model, kind, last).logit(held_out.features)),
        )
        for kind in CALIBRATIONS
    ]
