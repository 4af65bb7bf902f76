"""Churn: fit every rung, and measure each against the one below."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from statistics import NormalDist

from recsys.churn import interval, labels, one_to_one, popular, segment, snapshot
from recsys.churn.calibration import calibrated, level_spread
from recsys.churn.labels import Definition, Labelled
from recsys.churn.models import ChurnModels
from recsys.churn.one_to_one import OneToOneChurn
from recsys.churn.rule import Rule
from recsys.churn.snapshot import Reading
from recsys.config import Config
from recsys.errors import BadValue, LeakFound
from recsys.events import DAY, Interactions, micros, moment
from recsys.segments.table import SegmentTable
from training import segments
from training.churn import drift, usage, value
from training.churn import judging as churn_judging
from training.churn.choice import (
    CANDIDATES,
    P0,
    ChurnChoice,
    Progress,
    choose,
    define,
    learnt,
    silent,
)
from training.churn.judging import Trial
from training.data import TrainingData
from training.measurement import Measurement

__all__ = ["ChurnChoice", "choose", "define", "fit", "measure"]


def fit(
    data: TrainingData, table: SegmentTable, choice: ChurnChoice, config: Config, *, at: int
) -> ChurnModels:
    """Fit all rungs on everything known before `at`, and score every user as of `at`.

    Parameters
    ----------
    data : TrainingData
        Only what happened before `at`.
    table : SegmentTable
        As of `at`; its rows are what segment rates are told by.
    choice : ChurnChoice
        What :func:`choose` decided.
    config : Config
        Number of cut-offs, shrinkage, confidence and seed.
    at : int
        Microseconds since the epoch.
    """
    interactions, definition, z = data.interactions, choice.definition, _z(config)
    rows = labels.closed(interactions, definition, until=at, n=config.churn.cutoffs)
    usual = choice.interval.days or definition.horizon_days
    rule = Rule(Reading(interactions.kinds, definition.critical_kind), usual)
    base = replace(popular.fit(rows, horizon_days=definition.horizon_days, z=z), rule=rule)
    critical = interactions.of_kind(definition.critical_kind)
    known = snapshot.of_all(interactions, definition.critical_kind, at=at)
    now = labels.current(interactions, known, definition, at=at)
    missing = labels.too_few(rows)
    return ChurnModels(
        definition=definition,
        usage_interval=choice.interval,
        usage_by_segment=interval.by_segment(critical, table, choice.interval, at=at),
        popular=base,
        segment=segment.fit(
            segment.memberships(critical, rows, table.user_trait),
            base,
            table.names,
            active_segment=table.user_segment[now],
            shrinkage=config.churn.segment_shrinkage,
            z=z,
        ),
        one_to_one=_personal(interactions, rows, choice, config, at=at),
        missing=missing,
    )


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
    known = data.before(cutoff)
    choice = choose(known, defined, config, at=cutoff, progress=progress)
    progress("fitting as of the test cutoff")
    trial = _judged(known, choice, config, at=cutoff)
    stale_at = cutoff - max(1, definition.horizon_days // 3) * DAY
    progress("fitting an older snapshot, for the live rung")
    stale = _judged(data.before(stale_at), choice, config, at=stale_at)
    progress("judging every rung")
    if leaks := labels.leaks(data.interactions, definition.critical_kind, at=cutoff):
        raise LeakFound(leaks)
    test = labels.labelled(data.interactions, definition, at=cutoff)
    judged = churn_judging.judge(test, trial, stale, config)
    progress("judging what users were worth")
    more = {
        "usage_interval": usage.told(data, choice, config),
        "drift": drift.watched(data.interactions, trial.models, config, at=data.interactions.end),
        "drift_before_the_test": drift.watched(known.interactions, trial.models, config, at=cutoff),
        "lifetime_value": value.judged(
            data.interactions,
            definition.critical_kind,
            config,
            at=cutoff,
            horizon_days=definition.horizon_days,
        ),
    }
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


def _personal(
    interactions: Interactions, rows: Labelled, choice: ChurnChoice, config: Config, *, at: int
) -> OneToOneChurn | None:
    """Return the additive model's propensities, else those of P0, else None: as data allow."""
    if not len(rows):
        return None  # no window has closed: nothing could be learnt of, or held against, anybody
    simple = choice.candidate == P0 or bool(labels.too_few(rows))
    model = (
        silent(interactions, choice.definition, at=at)
        if simple
        else learnt(rows, CANDIDATES[choice.candidate], seed=config.training.seed)
    )
    if model is None:
        return None
    spread = level_spread(model, rows)
    model = calibrated(model, choice.calibration, rows.latest())
    definition, z = choice.definition, _z(config)
    return one_to_one.taken(model, interactions, definition, at=at, level_sd=spread, z=z)


def _judged(known: TrainingData, choice: ChurnChoice, config: Config, *, at: int) -> Trial:
    table = segments.fit(known, config, at=at)
    return Trial(known.interactions, table, fit(known, table, choice, config, at=at), at)


def _z(config: Config) -> float:
    return NormalDist().inv_cdf(0.5 + config.training.confidence / 2)


def _day(at: int) -> str:
    return f"{moment(at):%Y-%m-%d}"
