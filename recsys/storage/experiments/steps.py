"""What the steps of the ladder found: the lift of each rung, by placement and segment.

A unit is a week of a person. Who was kept at a rung is compared with who had it and was stepped
down: what the rung adds. The errors are those of people, not of weeks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from recsys.data.times import DAY
from recsys.evaluation.estimate import Estimate, NotMeasured
from recsys.experiments.experiment import STEPPED, Measure, Over
from recsys.experiments.lift import TOO_FEW, Lift, clustered
from recsys.experiments.looks import planned_width
from recsys.storage.database.interface import Database, Row
from recsys.storage.experiments.store import SavedExperiment

ALL = ""
_PAGE = 50_000
_WEEKS = """
SELECT p.user_id, p.variant, p.rung, p.placement, p.segment,
    coalesce((SELECT sum({what}) FROM events e WHERE e.user_id = p.user_id AND e.kind = ?3
        AND e.at >= p.at AND e.at < p.at + ?4 AND NOT e.machine), 0.0), p.seq, p.period
FROM participants p
WHERE p.experiment_id = ?1 AND p.version = ?2 AND p.at <= ?5 AND p.seq > ?6
ORDER BY p.seq LIMIT ?7
"""
_TWICE = """
SELECT user_id, period FROM participants WHERE experiment_id = ? AND version = ?
GROUP BY user_id, period HAVING count(*) > 1
"""
_WHAT = {
    Measure.CONVERSION: "1.0",
    Measure.COUNT: "1.0",
    Measure.VALUE: "coalesce(e.value, 0.0)",
}

Group = tuple[str, str, str]
"""A rung, a placement and a segment; an empty one stands for all."""


@dataclass(frozen=True, slots=True)
class RungLift:
    """What a rung adds, online.

    Attributes
    ----------
    rung, placement, segment : str
        Where; empty for all placements, all segments.
    weeks : int
        Person-weeks.
    lift : Estimate or NotMeasured
        With the rung less without it, per person-week, in the unit of the metric; its interval
        holds at this look.
    """

    rung: str
    placement: str
    segment: str
    weeks: int
    lift: Estimate | NotMeasured


@dataclass(slots=True)
class _Units:
    y: list[float] = field(default_factory=list)
    stepped: list[bool] = field(default_factory=list)
    person: list[int] = field(default_factory=list)


def lifts(database: Database, saved: SavedExperiment, *, now: int) -> tuple[RungLift, ...]:
    """Return the lift of every rung, then by placement, then by segment.

    Only weeks that were watched to the end count. Whoever had both in one week is left out.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    twice = {*database.read(_TWICE, (saved.experiment_id, saved.version))}
    units: dict[Group, _Units] = {}
    people: dict[str, int] = {}
    for user, variant, rung, placement, segment, y, _, period in _weeks(database, saved, now):
        if (user, period) in twice:
            continue
        person = people.setdefault(user, len(people))
        for group in {(rung, ALL, ALL), (rung, placement, ALL), (rung, ALL, segment)}:
            of = units.setdefault(group, _Units())
            of.y.append(min(float(y), _most(saved)))
            of.stepped.append(variant == STEPPED)
            of.person.append(person)
    width = _width(saved, now)
    found = (_lift(group, of, saved.experiment.over, width) for group, of in units.items())
    order = sorted(found, key=lambda one: (one.segment, one.placement, one.rung))
    return tuple(order)


class PastSaid(StrEnum):
    """Whether what past data said of a rung is what people do."""

    AGREES = "agrees"
    CONTRADICTS = "contradicts"
    UNCLEAR = "unclear"


def past_said(online: Estimate | NotMeasured, past: Estimate | None) -> PastSaid | None:
    """Compare the lift of a rung online with that on past data: their signs, as units differ.

    Only where both intervals lie on one side of 0 can they agree or contradict each other. None
    where past data said nothing.
    """
    if past is None:
        return None
    if isinstance(online, NotMeasured):
        return PastSaid.UNCLEAR
    up, down = online.clearly_above, online.clearly_below
    if (up and past.clearly_above) or (down and past.clearly_below):
        return PastSaid.AGREES
    against = (up and past.clearly_below) or (down and past.clearly_above)
    return PastSaid.CONTRADICTS if against else PastSaid.UNCLEAR


def losing(found: tuple[RungLift, ...]) -> Mapping[str, str]:
    """Return the rungs whose whole interval is below 0 everywhere together, and why in words."""
    return {
        one.rung: f"{one.lift} per person-week over {one.weeks:,} of them"
        for one in found
        if one.placement == one.segment == ALL
        and isinstance(one.lift, Estimate)
        and one.lift.clearly_below
    }


def _weeks(database: Database, saved: SavedExperiment, now: int) -> Iterator[Row]:
    window = saved.experiment.window_days * DAY
    statement = _WEEKS.format(what=_WHAT[saved.experiment.primary.measure])
    kind, after = saved.experiment.primary.kind, 0
    while rows := database.read(
        statement, (saved.experiment_id, saved.version, kind, window, now - window, after, _PAGE)
    ):
        yield from rows
        after = rows[-1][6]


def _lift(group: Group, of: _Units, over: Over, width: float) -> RungLift:
    y, stepped = np.array(of.y), np.array(of.stepped)
    # Stepped up had the rung, stepped down did not.
    had = stepped if over is Over.STEP_UP else ~stepped
    person = np.unique(np.array(of.person), return_inverse=True)[1]
    made = clustered(y, had, person) if len(y) else NotMeasured(TOO_FEW)
    lift = made.within(width) if isinstance(made, Lift) else made
    return RungLift(*group, len(y), lift)


def _width(saved: SavedExperiment, now: int) -> float:
    experiment = saved.experiment
    days = (now - (saved.since or now)) // DAY
    return planned_width(min(1.0, days / experiment.days), experiment.looks)


def _most(saved: SavedExperiment) -> float:
    return 1.0 if saved.experiment.primary.measure is Measure.CONVERSION else float("inf")
