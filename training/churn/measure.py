"""Churn: fit every rung, and measure each against the one below."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from recsys.churn import labels, usage_interval
from recsys.churn.labels import Definition
from recsys.config import Config
from recsys.data.interactions import Interactions
from recsys.data.times import DAY, micros, moment
from recsys.errors import BadValue
from training import value
from training.churn import drift, signals
from training.churn.choose import (
    ChurnChoice,
    Progress,
    choose,
    define,
)
from training.churn.fit import fit
from training.churn.judge import DatedModels, judge
from training.data import TrainingData
from training.errors import LeakFound
from training.measurement import Measurement
from training.segments import fit_table

__all__ = ["ChurnChoice", "choose", "define", "fit", "measure"]


def measure(
    data: TrainingData, config: Config, *, progress: Progress
) -> tuple[ChurnChoice, Measurement]:
    """Judge every rung on users active at the test cutoff, and return what the judging chose.

    Everything is chosen and fitted on what was known before the test cutoff (the horizon and the
    usage interval, which set that cutoff, come from all the data). The test is looked at once.

    Parameters
    ----------
    data : TrainingData
        All of it.
    config : Config
        `churn.test_cutoff` names the day; empty takes the last one whose window closed.
    progress : callable
        Told what it is busy with.

    Raises
    ------
    BadValue
        `churn.test_cutoff` is not a day, or its window does not close within the data.
    LeakFound
        A feature of the test snapshot changes with what happened after it.
    """
    defined = define(data.interactions, config)
    definition = defined.definition
    cutoff = judged_at(data.interactions, definition, config)
    before = data.before(cutoff)
    choice = choose(before, defined, config, at=cutoff, progress=progress)
    progress("fitting as of the test cutoff")
    trial = _judged(before, choice, config, at=cutoff)
    stale_at = cutoff - max(1, definition.horizon_days // 3) * DAY
    progress("fitting an older snapshot, for the live rung")
    stale = _judged(data.before(stale_at), choice, config, at=stale_at)
    progress("judging every rung")
    seen = data.seen_from(cutoff)
    heard = choice.heard(data.signals)
    if leaks := labels.leaks(seen, definition.critical_kind, at=cutoff, heard=heard):
        raise LeakFound(leaks)
    test = labels.with_signals(labels.labelled(seen, definition, at=cutoff), heard)
    judged = judge(test, trial, stale, config)
    progress("judging what users were worth")
    watched = partial(drift.watched, models=trial.models, config=config)
    more: dict[str, Any] = {
        "usage_interval": _usage_interval(data, choice, config),
        "drift": watched(data.interactions, at=data.interactions.end, heard=heard),
        "drift_before_the_test": watched(before.interactions, at=cutoff, heard=heard),
        "lifetime_value": value.judged(
            seen,
            definition.critical_kind,
            config,
            at=cutoff,
            horizon_days=definition.horizon_days,
        ),
    }
    if heard is not None:
        progress("fitting without signals beside events, to compare")
        deaf = fit(before, trial.table, replace(choice, signals=()), config, at=cutoff)
        own, without = trial.models.one_to_one, deaf.one_to_one
        more["signals"] = signals.on_the_test(test, own, without, config.training)
    return choice, replace(judged, metrics={**judged.metrics, **more})


def judged_at(interactions: Interactions, definition: Definition, config: Config) -> int:
    """Return the midnight at which the test snapshot is taken.

    Raises
    ------
    BadValue
        The window of the configured day does not close within the data.
    """
    last = labels.last_closed(interactions.end, definition.horizon_days)
    asked = config.churn.test_cutoff
    if not asked:
        return last
    allowed = f"a day like 2011-09-09, not after {_day(last)}"
    cutoff = micros(datetime.fromisoformat(asked).replace(tzinfo=UTC))
    if cutoff > last:
        raise BadValue("churn.test_cutoff", asked, allowed)
    return cutoff


def _judged(before: TrainingData, choice: ChurnChoice, config: Config, *, at: int) -> DatedModels:
    table = fit_table(before, config, at=at)
    models = fit(before, table, choice, config, at=at)
    return DatedModels(before.interactions, table, models, at, before.signals)


def _usage_interval(data: TrainingData, choice: ChurnChoice, config: Config) -> Mapping[str, Any]:
    """Return the usage interval of all of `data`, of each segment, and the survival curve."""
    critical = data.interactions.of_kind(choice.definition.critical_kind)
    at = data.interactions.end
    table = fit_table(data, config, at=at)
    parts = usage_interval.by_segment(critical, table, choice.interval, at=at)
    return {
        **asdict(choice.interval),
        "by_segment": [asdict(part) for part in parts],
        "survival_curve": [list(point) for point in usage_interval.survival_curve(critical, at=at)],
    }


def _day(at: int) -> str:
    return f"{moment(at):%Y-%m-%d}"
