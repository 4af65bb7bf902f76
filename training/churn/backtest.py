"""What was said of churn against what happened, once the windows have closed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.churn import labels
from recsys.churn.labels import Labelled
from recsys.churn.models import ChurnModels
from recsys.churn.risk import probability
from recsys.churn.signals import HeardSignals
from recsys.churn.snapshot import PLACE
from recsys.config import Config
from recsys.data.ids import IdMap
from recsys.data.interactions import Interactions
from recsys.data.signals import Signals
from recsys.data.times import DAY, moment
from recsys.evaluation import classification
from recsys.evaluation.classification import METRICS, Predictions, ReliabilityBin, auc
from recsys.evaluation.estimate import Estimate
from training.churn import drift
from training.churn.choose import choose, define, silent
from training.churn.fit import fit
from training.data import TrainingData
from training.segments import fit_table

Floats = NDArray[np.float64]

ANEW = "trained anew"
NONE = np.empty(0)


@dataclass(frozen=True, slots=True)
class Matured:
    """One window that has closed.

    Attributes
    ----------
    source : str
        A registered version, or that models were trained as they would have been then.
    how : str
        What said it.
    at : int
        When the window opened (microseconds).
    horizon_days : int
        How long it was.
    churned : bool, shape (n,)
        What happened to the users that were active.
    p : float64, shape (n,)
        What had been said of them.
    auc, ece : Estimate or None
        None where all or nobody churned.
    auc_recency, auc_p0 : float or None
        Of days since the last critical event, and of BG/NBD P0, on the same users.
    warnings : tuple of str
        What could be known before the window that its level may be off.
    """

    source: str
    how: str
    at: int
    horizon_days: int
    churned: NDArray[np.bool_]
    p: Floats
    auc: Estimate | None
    ece: Estimate | None
    auc_recency: float | None
    auc_p0: float | None
    warnings: tuple[str, ...]

    def reliability(self) -> tuple[ReliabilityBin, ...]:
        """Return what was said and seen in ten bins, lowest first."""
        return classification.reliability(self.churned, self.p)


def trained_anew(
    data: TrainingData, config: Config, *, windows: int, progress: Callable[[str], None]
) -> Iterator[Matured]:
    """Yield windows that do not overlap, the latest first, each chosen and fitted for before it.

    Fewer come out than asked for where the data begin too late for a model.
    """
    defined = define(data.interactions, config)
    definition = defined.definition
    at = labels.last_closed(data.interactions.end, definition.horizon_days)
    for _ in range(windows):
        before = data.before(at)
        if not len(before.interactions):
            return
        progress(f"as of {moment(at):%Y-%m-%d}")
        choice = choose(before, defined, config, at=at, progress=progress)
        table = fit_table(before, config, at=at)
        models = fit(before, table, choice, config, at=at)
        test = labels.labelled(data.interactions, definition, at=at)
        if not len(test):
            return
        yield _matured(ANEW, models, test, _said(models, test.user_row), before, config)
        at -= definition.horizon_days * DAY


def of_version(
    version: str, models: ChurnModels, users: IdMap, data: TrainingData, config: Config
) -> Matured | None:
    """Return how a registered version did since; None while its window is open, or without rung 2.

    Parameters
    ----------
    version : str
        Its name.
    models : ChurnModels
        What it had to say; judged by the definition that it has of churn.
    users : IdMap
        What its rows mean; users are matched by id.
    data : TrainingData
        All that is known now.
    config : Config
        Confidence, resamples and seed.
    """
    own, definition = models.one_to_one, models.definition
    if own is None or own.taken_at + definition.horizon_days * DAY > data.interactions.end:
        return None
    test = labels.labelled(data.interactions, definition, at=own.taken_at)
    theirs = users.rows(data.interactions.users[row] for row in test.user_row.tolist())
    in_both = theirs >= 0
    test, rows = test.where(in_both), theirs[in_both]
    if not len(test):
        return None
    p = _said(models, rows)
    return _matured(version, models, test, p, data.before(own.taken_at), config)


def pooled(tests: Sequence[Matured]) -> tuple[ReliabilityBin, ...]:
    """Return the calibration table over all windows together."""
    happened = np.concatenate([test.churned for test in tests]) if tests else NONE.astype(bool)
    p = np.concatenate([test.p for test in tests]) if tests else NONE
    return classification.reliability(happened, p)


def _said(models: ChurnModels, user_row: NDArray[np.int32]) -> Floats:
    """Return what rung 2 said, or the base rate where there was none or a user was unknown."""
    if models.one_to_one is None:
        return np.full(len(user_row), models.popular.p)
    own = models.one_to_one.p[user_row].astype(np.float64)
    return np.where(np.isnan(own), models.popular.p, own)


def _matured(
    source: str,
    models: ChurnModels,
    test: Labelled,
    p: Floats,
    before: TrainingData,
    config: Config,
) -> Matured:
    own, at = models.one_to_one, int(test.at[0])
    forecast = Predictions(test.churned, p, test.user_row)
    recency = test.features[:, PLACE["recency_days"]].astype(np.float64)
    return Matured(
        source=source,
        how="base rate" if own is None else own.propensity.how,
        at=at,
        horizon_days=models.definition.horizon_days,
        churned=test.churned,
        p=p,
        auc=_measured("auc", forecast, config),
        ece=_measured("ece", forecast, config),
        auc_recency=_auc(test.churned, recency),
        auc_p0=_auc(test.churned, _silent(before.interactions, models, test)),
        warnings=tuple(_watched(before, models, config, at=at)["warnings"]),
    )


def _watched(
    before: TrainingData, models: ChurnModels, config: Config, *, at: int
) -> Mapping[str, Any]:
    groups = () if models.one_to_one is None else models.one_to_one.propensity.heard
    signals = before.signals or Signals.none(len(before.interactions.users))
    heard = HeardSignals(signals, groups) if groups else None
    return drift.watched(before.interactions, models, config, at=at, heard=heard)


def _measured(name: str, forecast: Predictions, config: Config) -> Estimate | None:
    asked = config.training
    return classification.measured(
        METRICS[name],
        forecast,
        seed=asked.seed,
        resamples=asked.resamples,
        confidence=asked.confidence,
    )


def _silent(before: Interactions, models: ChurnModels, test: Labelled) -> Floats | None:
    model = silent(before, models.definition, at=int(test.at[0]))
    return None if model is None else probability(model.logit(test.features))


def _auc(churned: NDArray[np.bool_], score: Floats | None) -> float | None:
    figure = np.nan if score is None else auc(churned, score)
    return None if np.isnan(figure) else figure
