"""How often users came back: the figures and the curve behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from recsys.churn import usage_interval
from recsys.config import Config
from training.churn.choose import ChurnChoice
from training.data import TrainingData
from training.segments import fit_table


def told(data: TrainingData, choice: ChurnChoice, config: Config) -> Mapping[str, Any]:
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
