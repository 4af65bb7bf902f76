"""Fitting all rungs of the churn question by what was chosen."""

from __future__ import annotations

from dataclasses import replace
from statistics import NormalDist

from recsys.churn import labels, one_to_one, popular, segment, snapshot, usage_interval
from recsys.churn.bands import Bands, pays_from
from recsys.churn.calibration import calibrated, level_spread
from recsys.churn.labels import Labelled
from recsys.churn.models import ChurnModels
from recsys.churn.one_to_one import OneToOneChurn, Propensity
from recsys.churn.overdue import OverdueRule
from recsys.config import Config
from recsys.data.kinds import Reading
from recsys.segments.table import SegmentTable
from training.churn.choose import (
    CANDIDATES,
    P0,
    ChurnChoice,
    learnt,
    silent,
)
from training.data import TrainingData


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
    rule = OverdueRule(Reading(interactions.kinds, definition.critical_kind), usual)
    pays = pays_from(**config.churn.offer.model_dump())
    base = popular.fit(rows, horizon_days=definition.horizon_days, z=z, pays_from=pays)
    base = replace(base, rule=rule)
    critical = interactions.of_kind(definition.critical_kind)
    features = snapshot.of_all(interactions, definition.critical_kind, at=at)
    now = labels.current(interactions, features, definition, at=at)
    missing = labels.too_few(rows)
    return ChurnModels(
        definition=definition,
        usage_interval=choice.interval,
        usage_by_segment=usage_interval.by_segment(critical, table, choice.interval, at=at),
        popular=base,
        segment=segment.fit(
            segment.memberships(critical, rows, table.user_trait),
            base,
            table.names,
            active_segment=table.user_segment[now],
            shrinkage=config.churn.segment_shrinkage,
            z=z,
        ),
        one_to_one=_personal(data, rows, choice, config, base.bands, at=at),
        missing=missing,
    )


def _personal(
    data: TrainingData,
    rows: Labelled,
    choice: ChurnChoice,
    config: Config,
    bands: Bands,
    *,
    at: int,
) -> OneToOneChurn | None:
    """Return the additive model's propensities, else those of P0, else None: as data allow."""
    if not len(rows):
        return None  # no window has closed: nothing could be learnt of, or held against, anybody
    interactions = data.interactions
    simple = choice.candidate == P0 or bool(labels.too_few(rows))
    heard = None if simple else choice.heard(data.signals)
    rows = labels.with_signals(rows, heard)
    model = (
        silent(interactions, choice.definition, at=at)
        if simple
        else learnt(rows, CANDIDATES[choice.candidate], seed=config.training.seed)
    )
    if model is None:
        return None
    spread = level_spread(model, rows)
    model = calibrated(model, choice.calibration, rows.latest())
    definition = choice.definition
    reading = Reading(interactions.kinds, definition.critical_kind)
    propensity = Propensity(model, reading, definition, spread, _z(config), bands=bands)
    return one_to_one.taken(propensity, interactions, at=at, heard=heard)


def _z(config: Config) -> float:
    return NormalDist().inv_cdf(0.5 + config.training.confidence / 2)
