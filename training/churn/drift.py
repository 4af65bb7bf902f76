"""Whether users now still look like those that were learnt from, and churn as they did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.churn import labels
from recsys.churn import warnings as shift
from recsys.churn.calibration import Model
from recsys.churn.features import names_of
from recsys.churn.labels import Definition, Labelled, with_signals
from recsys.churn.models import ChurnModels
from recsys.churn.risk import probability
from recsys.churn.signals import HeardSignals
from recsys.config import Config
from recsys.data.interactions import Interactions
from recsys.evaluation import drift
from recsys.evaluation.drift import Alarm
from training.churn.choose import silent

MOST_NAMED = 8
# these grow with the data, whatever users do
GROWING = frozenset({"tenure_days", "active_days", "value", "quantity", "gap_max_days", "tickets"})


def watched(
    interactions: Interactions,
    models: ChurnModels,
    config: Config,
    *,
    at: int,
    heard: HeardSignals | None = None,
) -> Mapping[str, Any]:
    """Return what :func:`measured` says of users at `at`, scored by models fitted before.

    Only what is before `at` is looked at: base rates are of windows that closed by then. `heard`
    are the signals that the models look at beside events.
    """
    before, definition, own = interactions.before(at), models.definition, models.one_to_one
    here = Watched(
        then=with_signals(
            labels.closed(before, definition, until=at, n=config.churn.cutoffs), heard
        ),
        now=with_signals(labels.labelled(before, definition, at=at), heard).features,
        model=None if own is None else own.propensity.model,
        silent=silent(before, definition, at=at),
    )
    return measured(here, before, definition, at=at)


@dataclass(frozen=True, slots=True)
class Watched:
    """What is compared.

    Attributes
    ----------
    then : Labelled
        Rows that were learnt from; their windows have closed.
    now : float32, shape (n, n_features)
        Snapshot of the users active now.
    model, silent : AdditiveModel, SilentModel or None
        What serves, and P0: None where there is none.
    """

    then: Labelled
    now: NDArray[np.float32]
    model: Model | None
    silent: Model | None


def measured(
    watched: Watched, interactions: Interactions, definition: Definition, *, at: int
) -> Mapping[str, Any]:
    """Return base rates, stability indices, the alarm they raise, and warnings in words.

    Parameters
    ----------
    watched : Watched
        Users then and now.
    interactions : Interactions
        Only what is before `at` is looked at.
    definition : Definition
        What churn means.
    at : int
        Now, microseconds since the epoch.
    """
    then, now, model = watched.then, watched.now, watched.model
    rates = shift.base_rates(then)
    score = None
    if model is not None:
        score = drift.stability_index(model.logit(then.features), model.logit(now))
    alarm = Alarm.NONE if score is None else drift.alarm(score)
    begin, horizon = labels.start(interactions), definition.horizon_days
    warnings = (
        _in_words(score, alarm),
        shift.season(begin=begin, at=at, horizon_days=horizon) if len(interactions) else "",
        shift.moved(rates),
        _apart(watched),
    )
    return {
        "score_index": score,
        "feature_index": _features(then, now),
        "alarm": alarm,
        "base_rates": [asdict(rate) for rate in rates],
        "warnings": [warning for warning in warnings if warning],
    }


def _features(then: Labelled, now: NDArray[np.float32]) -> Mapping[str, float]:
    """Return the largest stability indices of single features, largest first."""
    named = {
        name: drift.stability_index(then.features[:, column], now[:, column])
        for column, name in enumerate(names_of(now.shape[1]))
        if name not in GROWING
    }
    told = {name: index for name, index in named.items() if index is not None}
    return dict(sorted(told.items(), key=lambda pair: -pair[1])[:MOST_NAMED])


def _in_words(score: float | None, alarm: Alarm) -> str:
    if score is None or alarm is Alarm.NONE:
        return ""
    asks = "train anew, or find out why" if alarm is Alarm.ACT else "have a look"
    return f"scores of active users have shifted (stability index {score:.2f}): {asks}"


def _apart(watched: Watched) -> str:
    model, silent, now = watched.model, watched.silent, watched.now
    if model is None or silent is None or not len(now):
        return ""
    return shift.apart(probability(model.logit(now)), probability(silent.logit(now)))
