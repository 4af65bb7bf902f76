"""The item question judged on several windows, one before the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from recsys.config import Config
from recsys.data.times import DAY
from recsys.ladder import RungName, Verdict
from training.data import TrainingData
from training.items.choice import ItemChoice
from training.items.measure import measure


@dataclass(frozen=True, slots=True)
class Backtest:
    """What one window said.

    Attributes
    ----------
    cutoff : int
        Chosen and fitted strictly before, judged on the `test_days` after (microseconds).
    choice : ItemChoice
        Chosen before the cutoff.
    verdicts : mapping of RungName to Verdict
        One for each rung above the lowest.
    metrics : mapping
        As in the manifest of a version.
    """

    cutoff: int
    choice: ItemChoice
    verdicts: Mapping[RungName, Verdict]
    metrics: Mapping[str, Any]


def rolling(
    data: TrainingData, config: Config, *, windows: int, progress: Callable[[str], None]
) -> Iterator[Backtest]:
    """Yield the back-tests, the latest window first; each chooses, fits and judges anew.

    Windows do not overlap. It ends before `windows` where the data do.
    """
    start = int(data.interactions.at.min(initial=data.interactions.end))
    for back in range(windows):
        end = data.interactions.end - back * config.items.test_days * DAY
        if end - config.items.test_days * DAY <= start:
            return
        seen = data.before(end) if back else data
        choice, measurement = measure(seen, config, progress=progress)
        metrics = orjson.loads(orjson.dumps(measurement.metrics, option=orjson.OPT_SERIALIZE_NUMPY))
        yield Backtest(measurement.window_start, choice, measurement.verdicts, metrics)
