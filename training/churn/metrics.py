"""The figures and curves of the churn question, ready for JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.additive import AdditiveModel
from recsys.churn.features import groups_of, names_of
from recsys.churn.labels import Labelled
from recsys.churn.models import ChurnModels
from recsys.churn.snapshot import PLACE
from recsys.config import Config
from recsys.data.times import moment
from recsys.evaluation import classification
from recsys.evaluation.classification import METRICS, Predictions
from recsys.ladder import RungName

RANKING = ("auc", "pr_auc", "lift_at_10_percent", "empc")
SHOWN_FEATURES = 8

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TestProbabilities:
    """What was said of the users of the test, float64, shape (n_users,) each.

    Attributes
    ----------
    by_rung : mapping of RungName to array
        NaN for users to whom the rung does not apply.
    served : array
        By the highest shipped rung that applies.
    silent : array or None
        P0 of BG/NBD, to compare with; None where users were too few for it.
    """

    by_rung: Mapping[RungName, Floats]
    served: Floats
    silent: Floats | None


@dataclass(frozen=True, slots=True)
class LiveScores:
    """What rung 3 was judged on.

    Attributes
    ----------
    rescored : float64, shape (n_users,)
        Rung 3; NaN for users to whom it does not apply.
    stale : float64, shape (n_users,)
        What the shipped rungs below say, from the older models.
    stale_days : float
        How much older.
    """

    rescored: Floats
    stale: Floats
    stale_days: float


def metrics(
    test: Labelled, models: ChurnModels, told: TestProbabilities, live: LiveScores, config: Config
) -> Mapping[str, Any]:
    """Return everything that the manifest and the report say about churn.

    `models` is empty where nothing can be ranked: nobody was judged, all churned or none did.
    """
    own = told.by_rung[RungName.ONE_TO_ONE]
    best = own if not np.isnan(own).any() else told.served
    return {
        "definition": asdict(models.definition),
        "test_cutoff": f"{moment(int(test.at[0])):%Y-%m-%d}" if len(test) else None,
        "n_users": len(test),
        "churn_rate": float(test.churned.mean()) if len(test) else None,
        "missing": models.missing,
        "rung_2": None if models.one_to_one is None else models.one_to_one.propensity.how,
        "models": _models(test, models, told, config),
        "live": _live(test, live, config),
        "reliability": [asdict(part) for part in classification.reliability(test.churned, best)],
        "lift_curve": [list(point) for point in classification.lift_curve(test.churned, best)],
        "groups": _groups(test, models),
        "effects": _effects(test, models),
    }


def _models(
    test: Labelled, models: ChurnModels, told: TestProbabilities, config: Config
) -> Mapping[str, Mapping[str, Any]]:
    if test.churned.all() or not test.churned.any():
        return {}
    recency = test.features[:, PLACE["recency_days"]].astype(np.float64)
    scores = {"rfm_segment": told.by_rung[RungName.SEGMENT]}
    if told.silent is not None:
        scores["bg_nbd_p0"] = told.silent
    if models.one_to_one is None or isinstance(models.one_to_one.propensity.model, AdditiveModel):
        scores["additive"] = told.by_rung[RungName.ONE_TO_ONE]
    return {
        "recency": _figures(test, recency, config, only=RANKING),
        **{name: _figures(test, p, config, only=tuple(METRICS)) for name, p in scores.items()},
    }


def _figures(
    test: Labelled, p: Floats, config: Config, *, only: tuple[str, ...]
) -> Mapping[str, Any]:
    applies = ~np.isnan(p)
    forecast = Predictions(test.churned[applies], p[applies], test.user_row[applies])
    asked = config.training
    estimates = {
        name: classification.measured(
            METRICS[name],
            forecast,
            seed=asked.seed,
            resamples=asked.resamples,
            confidence=asked.confidence,
        )
        for name in only
    }
    return {name: None if e is None else asdict(e) for name, e in estimates.items()}


def _live(test: Labelled, live: LiveScores, config: Config) -> Mapping[str, Any]:
    applies = ~np.isnan(live.rescored)
    seen = test.where(applies)
    return {
        "stale_days": live.stale_days,
        "n_users": len(seen),
        "churn_rate": float(seen.churned.mean()) if len(seen) else None,
        "stale": _figures(seen, live.stale[applies], config, only=("auc", "log_loss", "ece")),
        "rescored": _figures(seen, live.rescored[applies], config, only=("auc", "log_loss", "ece")),
    }


def _groups(test: Labelled, models: ChurnModels) -> list[Mapping[str, Any]]:
    """Return how much each group of features moves the log-odds, most first."""
    if models.one_to_one is None or not len(test):
        return []
    moved = models.one_to_one.propensity.model.contributions(test.features)
    groups = groups_of(moved.shape[1])
    places = {group.name: [PLACE[name] for name in group.features] for group in groups}
    sizes = {name: float(np.abs(moved[:, at].sum(1)).mean()) for name, at in places.items()}
    ranked = sorted(sizes.items(), key=lambda pair: -pair[1])
    return [{"group": name, "mean_absolute_log_odds": size} for name, size in ranked]


def _effects(test: Labelled, models: ChurnModels) -> list[Mapping[str, Any]]:
    """Return the tables of the features that move the log-odds most."""
    if models.one_to_one is None or not len(test):
        return []
    model = models.one_to_one.propensity.model
    if not isinstance(model, AdditiveModel):
        return []
    moved = np.abs(model.contributions(test.features)).mean(0)
    most = np.argsort(-moved, kind="stable")[:SHOWN_FEATURES]
    return [_effect(model, int(row), float(moved[row])) for row in most if moved[row] > 0]


def _effect(model: AdditiveModel, feature: int, moved: float) -> Mapping[str, Any]:
    thresholds = model.thresholds[feature]
    thresholds = thresholds[np.isfinite(thresholds)]
    values = model.values[feature] - model.mean[feature]
    n_features = len(model.mean)
    name = names_of(n_features)[feature]
    return {
        "feature": name,
        "group": next(group.name for group in groups_of(n_features) if name in group.features),
        "mean_absolute_log_odds": moved,
        "thresholds": thresholds.tolist(),
        "log_odds": values[: len(thresholds) + 1].tolist(),
        "log_odds_when_missing": float(values[-1]),
    }
