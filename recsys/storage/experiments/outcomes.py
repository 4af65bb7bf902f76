"""What came of an experiment: sums by day of exposure and variant, made where the rows are.

The database adds up; what is fetched is a row for each day and variant, however many people there
were. Whoever had two variants is counted, and left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from recsys.data.times import DAY, FOREVER
from recsys.experiments import health
from recsys.experiments.experiment import Measure, Metric, Over
from recsys.experiments.health import Health
from recsys.experiments.report import ExperimentProgress, Report, report
from recsys.experiments.sums import Sums, cut_at, total
from recsys.storage.database.interface import Database, Row
from recsys.storage.experiments import interleaved
from recsys.storage.experiments.store import SavedExperiment

BEFORE = 28 * DAY
"""How long before exposure the covariate looks back."""

CUT = 0.001
"""Share of the largest sums that are cut, of all variants together."""

# In the order of the index, so that the groups come one by one.
_PEOPLE = """
SELECT user_id, period, min(variant) AS variant, max(variant) AS other, min(at) AS at
FROM participants WHERE experiment_id = ?1 AND version = ?2 GROUP BY user_id, period
"""
_COUNTS = f"""
SELECT CASE WHEN variant = other THEN variant ELSE '' END, at / {DAY}, count(*)
FROM ({_PEOPLE}) AS people WHERE at < ?3
GROUP BY CASE WHEN variant = other THEN variant ELSE '' END, at / {DAY}
"""  # noqa: S608 - our own words
# Who did nothing adds nothing but one to the count: only the others are looked up.
_DOERS = """
WITH people AS (
    SELECT user_id, period, min(variant) AS variant, min(at) AS at FROM participants
    WHERE experiment_id = ?1 AND version = ?2 AND user_id IN (
        SELECT user_id FROM events WHERE kind IN (?3, ?4) AND at >= ?5 AND at < ?6 AND NOT machine
    )
    GROUP BY user_id, period HAVING min(variant) = max(variant) AND min(at) <= ?7
), doers AS (
    SELECT people.variant AS variant, people.at AS at,
        sum(CASE WHEN events.kind = ?3 AND events.at >= people.at
            AND events.at < people.at + ?8 THEN {what} ELSE 0.0 END) AS y,
        sum(CASE WHEN events.kind = ?3 AND events.at < people.at
            AND events.at >= people.at - ?9 THEN {what} ELSE 0.0 END) AS x,
        sum(CASE WHEN events.kind = ?4 AND events.at >= people.at
            AND events.at < people.at + ?8 THEN 1.0 ELSE 0.0 END) AS d
    FROM people JOIN events ON events.user_id = people.user_id
    WHERE events.kind IN (?3, ?4) AND NOT events.machine
    GROUP BY people.user_id, people.period, people.variant, people.at
)
"""
_WHAT = {
    Measure.CONVERSION: "1.0",
    Measure.COUNT: "1.0",
    Measure.VALUE: "coalesce(events.value, 0.0)",
}
_LARGEST = "{doers} SELECT y FROM doers WHERE y > 0 ORDER BY y DESC LIMIT ?10"
_SUMS = """
{doers}, cut AS (
    SELECT variant, at / {day} AS day, {y} AS y, {x} AS x, d FROM doers
)
SELECT variant, day, sum(y), sum(y * y), sum(x), sum(x * x), sum(x * y), sum(d), sum(d * d),
    sum(y * d)
FROM cut GROUP BY variant, day
"""


@dataclass(frozen=True, slots=True)
class Counts:
    """Who took part, by variant and day, and how many had two variants."""

    by_day: Mapping[tuple[str, int], int]
    multiple: int

    def of(self, variant: str) -> int:
        """Return the people of a variant."""
        return sum(count for (name, _), count in self.by_day.items() if name == variant)


def counts(database: Database, saved: SavedExperiment, *, until: int) -> Counts:
    """Count who was exposed before an instant.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    rows = database.read(_COUNTS, (saved.experiment_id, saved.version, until))
    found = {(variant, day): count for variant, day, count in rows}
    multiple = sum(count for (variant, _), count in found.items() if not variant)
    return Counts({key: count for key, count in found.items() if key[0]}, multiple)


def daily(
    database: Database, saved: SavedExperiment, metric: Metric, *, until: int
) -> dict[tuple[str, int], Sums]:
    """Return the sums of a metric by variant and day of exposure.

    Only of people whose window was over at `until` (microseconds); without a window everybody
    counts until then, as in both variants people were exposed over the same days. Sums of money and
    counts are cut at the 99.9th percentile of all variants together. Days are those of UTC.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    matured = until - saved.experiment.window_days * DAY
    people = counts(database, saved, until=matured + 1).by_day
    rows, _ = _summed(database, saved, metric, (matured, until, sum(people.values())))
    found = {(variant, day): row for variant, day, *row in rows}
    return {
        key: Sums(n, *(float(one or 0.0) for one in found.get(key, [0.0] * 8)))
        for key, n in people.items()
    }


def read(database: Database, saved: SavedExperiment, *, now: int) -> Report:
    """Read an experiment as of now.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    experiment = saved.experiment
    since = saved.since or now
    until = min(now, saved.until) if saved.until is not None else now
    found = counts(database, saved, until=until + 1)
    arms = [name for name, _ in experiment.arms]
    if experiment.over is Over.INTERLEAVE:
        return _interleaved(database, saved, found, until)
    sums = {
        metric.title: _by_variant(daily(database, saved, metric, until=now), arms)
        for metric in experiment.metrics
    }
    people = {name: found.of(name) for name in arms}
    days = max(0, (until - since) // DAY)
    expected = sum(people.values()) * experiment.days // max(1, days)
    first = sums[experiment.primary.title]
    return report(
        experiment,
        sums,
        _health(saved, found, first),
        people,
        ExperimentProgress(days, max(1, expected)),
    )


def _interleaved(database: Database, saved: SavedExperiment, found: Counts, until: int) -> Report:
    people = {name: found.of(name) for name, _ in saved.experiment.arms}
    told = Health(None, (), None, found.multiple, sum(people.values()))
    days = max(0, (until - (saved.since or until)) // DAY)
    row = interleaved.compared(database, saved, until=until + 1, complaints=told.complaints)
    return Report(told, people, days, max(0, saved.experiment.days - days), (row,))


def _health(saved: SavedExperiment, found: Counts, primary: Mapping[str, Sums]) -> Health:
    arms = saved.experiment.arms
    weights = [share for _, share in arms]
    days = sorted({day for _, day in found.by_day})
    by_day = [[found.by_day.get((name, day), 0) for name, _ in arms] for day in days]
    people = [found.of(name) for name, _ in arms]
    return Health(
        srm=health.srm(people, weights) if sum(people) else None,
        srm_trend=health.srm_trend(by_day, weights),
        before=health.before(primary),
        multiple=found.multiple,
        people=sum(people),
    )


def _summed(
    database: Database, saved: SavedExperiment, metric: Metric, span: tuple[int, int, int]
) -> tuple[list[Row], float | None]:
    matured, until, people = span
    since = saved.since or until
    doers = _DOERS.format(what=_WHAT[metric.measure])
    window = saved.experiment.window_days * DAY or FOREVER
    values = (
        saved.experiment_id, saved.version, metric.kind, metric.per,
        since - BEFORE, until, matured, window, BEFORE,
    )  # fmt: skip
    cut: float | None = 1.0 if metric.measure is Measure.CONVERSION else None
    if cut is None and people:
        largest = int((people - 1) * CUT) + 2
        rows = database.read(_LARGEST.format(doers=doers), (*values, largest))
        cut = cut_at(np.array([y for (y,) in rows]), people, share=1 - CUT)
    statement = _SUMS.format(doers=doers, day=DAY, y=_cut("y", cut), x=_cut("x", cut))
    return database.read(statement, values), cut


def _cut(name: str, at: float | None) -> str:
    return name if at is None else f"CASE WHEN {name} > {at!r} THEN {at!r} ELSE {name} END"


def _by_variant(days: Mapping[tuple[str, int], Sums], arms: list[str]) -> dict[str, Sums]:
    return {arm: total(one for (name, _), one in days.items() if name == arm) for arm in arms}
