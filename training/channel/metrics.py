"""The figures behind the verdicts on the channel question, ready for JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.channel.interval import Z, interval
from recsys.channel.models import ChannelModels
from recsys.channel.response import Rates, posterior
from recsys.channel.terms import NONE
from recsys.evaluation.estimate import Estimate, NotMeasured, bootstrap_mean
from recsys.evaluation.policy_value import NOTHING, by_user
from recsys.ladder import RungName
from training.channel.held_out_policy import HeldOutPolicy
from training.channel.judge import Chosen, HeldOutDecisions, always

BINS = 10


def metrics(
    trial: HeldOutPolicy, policies: Mapping[RungName, Chosen], *, served: RungName
) -> dict[str, Any]:
    """Return response by channel and segment, values of policies, and quality of probabilities."""
    names, held = trial.models.terms.names, trial.held
    arms = {name: always(held, number=n) for n, name in enumerate(names)}
    arms[NONE] = np.full(len(held.crowd), NOTHING, np.int8)
    return {
        "simulated": trial.models.simulated,
        "channels": list(names),
        "served": str(served),
        "decisions": len(held.crowd),
        "users": len(np.unique(held.logged.user_row)),
        "from": trial.start,
        "until": trial.end,
        "value": {str(rung): _json(trial.value(c.action)) for rung, c in policies.items()},
        "value_of_always": {name: _json(trial.value(action)) for name, action in arms.items()},
        "share_of_arm": {str(rung): _shares(c.action, names) for rung, c in policies.items()},
        "log_loss": {str(rung): _log_loss(c, held, trial) for rung, c in policies.items()},
        "calibration": _calibration(policies[served].p, held.responded),
        "response": response_table(trial.models),
        "moment": _moment(trial.models),
    }


def response_table(models: ChannelModels) -> list[dict[str, Any]]:
    """Return one row per segment (first: all users) and channel, with interval and messages."""
    tables = [("all", models.popular.response)]
    if models.segment is not None:
        own = models.segment.response
        each = map(Rates, own.mean, own.weight)
        tables += zip(models.segment.names, each, strict=True)
    z = Z((1 + models.terms.confidence) / 2)
    return [row for name, rates in tables for row in _rows(name, rates, models.terms.names, z=z)]


def _rows(segment: str, rates: Rates, names: tuple[str, ...], *, z: float) -> list[dict[str, Any]]:
    columns = (rates.mean, *interval(*posterior(rates.mean, rates.weight), z=z), rates.weight)
    cells = zip(names, *(column.tolist() for column in columns), strict=True)
    return [
        {"segment": segment, "channel": channel, "p": p, "low": low, "high": high, "weight": weight}
        for channel, p, low, high, weight in cells
    ]


def _json(value: Estimate | NotMeasured) -> dict[str, Any]:
    return asdict(value)


def _shares(action: NDArray[np.int8], names: tuple[str, ...]) -> dict[str, float]:
    if not len(action):
        return {}
    shares = {name: float((action == number).mean()) for number, name in enumerate(names)}
    return {**shares, NONE: float((action == NOTHING).mean())}


def _log_loss(
    chosen: Chosen, held: HeldOutDecisions, trial: HeldOutPolicy
) -> dict[str, Any] | None:
    """Return the log loss of what was believed of the logged channels, averaged over users."""
    if not len(chosen.p):
        return None
    loss = -np.log(np.where(held.responded, chosen.p, 1 - chosen.p))
    _, per_user = by_user(loss, held.logged.user_row)
    sampling = trial.sampling
    estimate = bootstrap_mean(
        per_user,
        seed=sampling.seed,
        resamples=sampling.resamples,
        confidence=sampling.confidence,
    )
    return None if estimate is None else asdict(estimate)


def _calibration(p: NDArray[np.float64], responded: NDArray[np.bool_]) -> list[dict[str, float]]:
    """Return believed and observed response in bins of equal size, by rising belief."""
    parts = np.array_split(np.argsort(p, kind="stable"), BINS) if len(p) >= BINS else []
    return [
        {"believed": float(p[b].mean()), "observed": float(responded[b].mean()), "n": len(b)}
        for b in parts
    ]


def _moment(models: ChannelModels) -> dict[str, Any] | None:
    """Return by what factor hours and recent messages change the odds, per channel."""
    if models.moment is None:
        return None
    hours, fatigue = np.exp(models.moment.hour), np.exp(models.moment.fatigue)
    names = models.terms.names
    return {
        "odds_by_hour": dict(zip(names, hours.tolist(), strict=True)),
        "odds_per_recent_message": dict(zip(names, fatigue.tolist(), strict=True)),
    }
