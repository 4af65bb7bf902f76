"""How long an experiment will take at this site's own traffic."""

from __future__ import annotations

import math
from dataclasses import dataclass

from recsys.data.times import DAY
from recsys.errors import UndecidableExperiment
from recsys.experiments.experiment import (
    LONGEST_DAYS,
    SHORTEST_DAYS,
    Experiment,
    Measure,
    Over,
)
from recsys.experiments.power import Baseline, days_needed, people_needed, per_arm
from recsys.experiments.power import smallest_seen as smallest
from recsys.storage.database.interface import Database

LOOKED_BACK = 28

# Who did anything within the window, and what the metric was of them.
_BASELINE = """
WITH active AS (
    SELECT user_id,
        sum(CASE WHEN kind = ?1 THEN {what} ELSE 0.0 END) AS y
    FROM events WHERE at >= ?2 AND at < ?3 AND NOT machine AND user_id <> '' GROUP BY user_id
), capped AS (SELECT {capped} AS y FROM active)
SELECT count(*), coalesce(sum(y), 0.0), coalesce(sum(y * y), 0.0) FROM capped
"""
_PEOPLE = """
SELECT count(DISTINCT user_id) FROM events
WHERE at >= ?1 AND at < ?2 AND NOT machine AND user_id <> ''
"""
_CLICKERS = """
SELECT count(DISTINCT lists.user_id) FROM exposures JOIN lists ON lists.list_id = exposures.list_id
WHERE exposures.kind = 'click' AND exposures.at >= ?1 AND exposures.at < ?2
    AND lists.placement_id = ?3 AND lists.user_id <> ''
"""
_WHAT = {
    Measure.CONVERSION: ("1.0", "CASE WHEN y > 0 THEN 1.0 ELSE 0.0 END"),
    Measure.COUNT: ("1.0", "y"),
    Measure.VALUE: ("coalesce(value, 0.0)", "y"),
}


@dataclass(frozen=True, slots=True)
class PowerForecast:
    """What an experiment needs, by the events of the last four weeks.

    Attributes
    ----------
    mean : float
        Of the primary metric, of who was active within one window.
    people_a_day : float
        People a day who were active, of the share that takes part.
    people_each : int
        That each variant needs for the smallest effect worth seeing; 0 where nobody did anything.
    days : int
        Whole weeks until each has them, windows included.
    seen_at_horizon : float
        The smallest relative lift that is seen by the planned horizon, 80 % of the time.
    """

    mean: float
    people_a_day: float
    people_each: int
    days: int
    seen_at_horizon: float

    @property
    def decidable(self) -> bool:
        """Whether it is decided within eight weeks."""
        return 0 < self.days <= LONGEST_DAYS


def forecast(database: Database, experiment: Experiment, *, now: int) -> PowerForecast:
    """Tell how long an experiment takes; who is exposed is not known before, so all active count.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    if experiment.over is Over.INTERLEAVE:
        return _by_clicks(database, experiment, now=now)
    window = experiment.window_days or LOOKED_BACK
    what, capped = _WHAT[experiment.primary.measure]
    statement = _BASELINE.format(what=what, capped=capped)
    values = (experiment.primary.kind, now - window * DAY, now)
    ((n, *sums),) = database.read(statement, values)
    y, yy = map(float, sums)
    ((people,),) = database.read(_PEOPLE, (now - LOOKED_BACK * DAY, now))
    a_day = people * experiment.coverage / LOOKED_BACK
    if n < 2 or y <= 0:
        return PowerForecast(0.0, a_day, 0, 0, float("inf"))
    mean = y / n
    baseline = Baseline(mean, max(0.0, (yy - n * mean**2) / n), a_day)
    share = min(weight for _, weight in experiment.arms)
    each = people_needed(baseline, experiment.mde)
    days = days_needed(baseline, each, smallest_share=share, window_days=window)
    reached = int(a_day * share * max(0, experiment.days - window))
    return PowerForecast(mean, a_day, each, days, smallest(baseline, reached))


def _by_clicks(database: Database, experiment: Experiment, *, now: int) -> PowerForecast:
    """Tell how long an interleaving takes: everybody who clicks prefers one of two, or neither."""
    ((people,),) = database.read(_CLICKERS, (now - LOOKED_BACK * DAY, now, experiment.placement))
    a_day = people * experiment.coverage / LOOKED_BACK
    # Twice the difference is 1 of 1 at most: so is its variance.
    needed = math.ceil(per_arm((0.5, 0.5), experiment.mde))
    if not people:
        return PowerForecast(0.0, 0.0, 0, 0, float("inf"))
    days = max(SHORTEST_DAYS, 7 * math.ceil(needed / a_day / 7))
    seen = smallest(Baseline(1.0, 0.5, a_day), int(a_day * experiment.days))
    return PowerForecast(0.5, a_day, needed, days, seen)


def check(experiment_id: str, experiment: Experiment, said: PowerForecast) -> None:
    """Refuse what would not be decided in eight weeks; what has no end is watched, not decided.

    Raises
    ------
    UndecidableExperiment
        And what it would need.
    """
    if experiment.endless or said.decidable:
        return
    kind = experiment.primary.kind
    if not said.people_each:
        why = f"nobody has any {kind} in the last {experiment.window_days} days to start from"
        raise UndecidableExperiment(experiment_id, why)
    raise UndecidableExperiment(
        experiment_id,
        f"to see {experiment.mde:.1%} each variant needs {said.people_each:,} people: "
        f"{said.days:,} days at {said.people_a_day:,.0f} a day, and {LONGEST_DAYS} are the most; "
        "raise mde or coverage, or choose a metric that more people have",
    )
