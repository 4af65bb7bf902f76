"""The users of the training data, grouped as of an instant."""

from __future__ import annotations

from recsys.config import Config
from recsys.segments import table
from recsys.segments.table import SegmentTable
from training.data import TrainingData


def fit(data: TrainingData, config: Config, *, at: int) -> SegmentTable:
    """Group the users of `data` as of `at`; pass only what was known by then."""
    critical = data.interactions.of_kind(config.churn.critical_kind)
    return table.fit(critical, data.trait, trait_name=config.segments.trait, at=at)
