"""All groupings of the users of the training data, and their figures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from recsys.churn.models import ChurnModels
from recsys.config import Config
from recsys.segments import lifecycle, table
from recsys.segments.groups import Groups
from recsys.segments.table import SegmentTable
from training.data import TrainingData
from training.segments import clusters as clustering
from training.segments import figures
from training.segments.grid import grid


@dataclass(frozen=True, slots=True)
class Grouping:
    """The groupings to serve, and what the report says of them.

    Attributes
    ----------
    groups : Groups
        For the bundle.
    metrics : mapping
        Figures ready for JSON.
    """

    groups: Groups
    metrics: Mapping[str, Any]


def fit_table(data: TrainingData, config: Config, *, at: int) -> SegmentTable:
    """Group the users of `data` by what they did, as of `at`; pass only what was known by then."""
    critical = data.interactions.of_kind(config.churn.critical_kind)
    return table.fit(critical, data.trait, trait_name=config.segments.trait, at=at)


def fit(
    data: TrainingData, segments: SegmentTable, churn: ChurnModels, config: Config, *, at: int
) -> Grouping:
    """Group the users of `data` as of `at`.

    Parameters
    ----------
    data : TrainingData
        Only what happened before `at`.
    segments : SegmentTable
        As of `at`.
    churn : ChurnModels
        As of `at`; their usage interval is the period of the lifecycle.
    config : Config
        The critical kind, the trait and the seed.
    at : int
        Microseconds since the epoch.
    """
    kind, kinds = config.churn.critical_kind, data.interactions.kinds
    critical = data.interactions.of_kind(kind)
    period = _period_days(churn)
    clustered = clustering.cluster(critical, data.catalogue, seed=config.training.seed)
    moves = lifecycle.transitions(critical.at, critical.indptr, at=at, period_days=period)
    groups = Groups(
        critical=kinds.index(kind) if kind in kinds else -1,
        trait=config.segments.trait,
        cuts=segments.cuts,
        period_days=period,
        clusters=clustered.clusters,
        no_clusters=clustered.why_not,
        portraits=figures.portraits(
            critical, segments, clustered.clusters, churn, period_days=period, at=at
        ),
        transitions=moves,
    )
    cells = grid(critical, segments.cuts, churn, at=at)
    return Grouping(groups, {**_metrics(groups, clustered), "grid": cells})


def _period_days(churn: ChurnModels) -> int:
    usual = churn.usage_interval.days
    return churn.definition.horizon_days if usual is None else max(1, math.ceil(usual))


def _metrics(groups: Groups, clustered: clustering.Clustering) -> Mapping[str, Any]:
    clusters = groups.clusters
    return {
        "period_days": groups.period_days,
        "portraits": [asdict(portrait) for portrait in groups.portraits],
        "transitions": groups.transitions.tolist(),
        "clusters": {
            "typical": {}
            if clusters is None
            else dict(zip(clusters.names, map(list, clusters.typical), strict=True)),
            "why_not": clustered.why_not,
            "tried": [asdict(each) for each in clustered.tried],
        },
    }
