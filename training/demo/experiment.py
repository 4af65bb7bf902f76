"""A simulated shop with known lifts of its rungs, in which a step down has run for some weeks.

People come in some weeks, under one id or two; what they order comes hours to days later, more on
some days of the week. **Nothing here was observed**: nobody of it is in the shop, the experiment
says that it is simulated, and orders have a kind of their own. The same seed gives the same rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from recsys.data.times import DAY, HOUR
from recsys.experiments.draw import WEEK, Running
from recsys.experiments.experiment import KEPT, Experiment, Measure, Metric, Over
from recsys.ladder import RungName
from recsys.storage.database.interface import Database
from recsys.storage.events.log import EventLog
from recsys.storage.experiments.participants import Participant, ParticipantLog
from recsys.storage.experiments.store import ExperimentStore, SavedExperiment
from recsys.storage.users import merges

SOURCE = "simulation"
ORDER = "simulated_order"
NAME = "simulated-step-down"
PLACEMENTS = ("home", "cart")
SEGMENTS = ("new", "loyal", "at_risk")

EXPERIMENT = Experiment(
    over=Over.STEP_DOWN,
    epsilon=0.1,
    primary=Metric(kind=ORDER),
    others=(Metric(kind=ORDER, measure=Measure.VALUE),),
    days=28,
    mde=0.2,
    simulated=True,
)


@dataclass(frozen=True, slots=True)
class ExperimentWorld:
    """The truth.

    Attributes
    ----------
    people : int
        Who may come.
    comes : float
        P(a person comes in a week).
    orders : float
        P(an order in the seven days after), of who stepped down, on average.
    adds : mapping of RungName to float
        What each rung adds to that.
    earn : mapping of RungName to float
        Share of people who earned the rung; they add up to 1.
    season : tuple of float
        Factor of each day of the week, Monday first.
    delay_hours : float
        Mean time from coming to the order.
    merged : float
        Share of people who come under another id first.
    """

    people: int = 10_000
    comes: float = 0.6
    orders: float = 0.10
    adds: Mapping[RungName, float] = field(
        default_factory=lambda: {
            RungName.SEGMENT: 0.0,
            RungName.ONE_TO_ONE: 0.04,
            RungName.HYPER: 0.06,
        }
    )
    earn: Mapping[RungName, float] = field(
        default_factory=lambda: {
            RungName.SEGMENT: 0.3,
            RungName.ONE_TO_ONE: 0.5,
            RungName.HYPER: 0.2,
        }
    )
    season: tuple[float, ...] = (1.0, 0.9, 0.9, 1.0, 1.2, 1.1, 0.9)
    delay_hours: float = 18.0
    merged: float = 0.01


USUAL = ExperimentWorld()


def run(
    database: Database, *, until: int, days: int = 24, seed: int = 1, world: ExperimentWorld = USUAL
) -> SavedExperiment:
    """Let the step down have run for some days in a store, and return it.

    Raises
    ------
    ExperimentState
        It runs there already.
    StoreUnavailable
        The store cannot be written.
    """
    store, since = ExperimentStore(database), until - days * DAY
    store.plan(NAME, EXPERIMENT, at=since, salt=f"simulated-{seed}")
    saved = store.start(NAME, at=since)
    if saved.running is None:
        raise AssertionError("an experiment that was started runs")
    rng = np.random.default_rng(seed)
    came = _came(saved.running, world, rng, (since, until))
    ParticipantLog(database).append(came)
    EventLog(database).append_columns(_ordered(came, world, rng, until), now=until, source=SOURCE)
    for previous in sorted({one.user_id for one in came if one.user_id.endswith("-phone")}):
        merges.merge(database, previous, previous.removesuffix("-phone"), at=until)
    database.tidy()
    return saved


def _came(
    running: Running, world: ExperimentWorld, rng: np.random.Generator, span: tuple[int, int]
) -> list[Participant]:
    """Return who came when, in which rung, and what was drawn for them; in order of time."""
    since, until = span
    rungs = rng.choice([*world.earn], world.people, p=[*world.earn.values()])
    two_ids = rng.random(world.people) < world.merged
    segments = rng.choice(SEGMENTS, world.people)
    weeks = range(running.period(since), running.period(until) + 1)
    found = []
    for week in weeks:
        begins = week * WEEK + 4 * DAY
        coming = np.flatnonzero(rng.random(world.people) < world.comes)
        at = begins + rng.integers(0, WEEK, len(coming))
        inside = (at >= since) & (at < until)
        for person, when in zip(coming[inside].tolist(), at[inside].tolist(), strict=True):
            first = two_ids[person] and week == weeks[0]
            user = f"simulated-{person:05}{'-phone' if first else ''}"
            variant = running.drawn(user, when)
            if variant is not None:
                about = (str(rungs[person]), str(segments[person]), running.pscore(variant))
                found.append(_part(running, user, variant, when, about))
    return sorted(found, key=lambda one: one.at)


def _part(
    running: Running, user: str, variant: str, at: int, about: tuple[str, str, float]
) -> Participant:
    rung, segment, pscore = about
    return Participant(
        user_id=user,
        experiment_id=running.experiment_id,
        version=running.version,
        period=running.period(at),
        variant=variant,
        at=at,
        placement=PLACEMENTS[at % len(PLACEMENTS)],
        list_id="",
        rung=rung,
        segment=segment,
        pscore=pscore,
    )


def _ordered(
    came: list[Participant], world: ExperimentWorld, rng: np.random.Generator, until: int
) -> dict[str, list[Any]]:
    """Return the orders of who came, as ``EventLog.append_columns`` takes them."""
    season = np.array(world.season) / np.mean(world.season)
    at = np.array([one.at for one in came], np.int64)
    adds = [world.adds[RungName(one.rung)] if one.variant == KEPT else 0.0 for one in came]
    p = world.orders * season[(at - 4 * DAY) // DAY % 7] + adds
    delay = np.minimum(rng.exponential(world.delay_hours, len(at)) * HOUR, WEEK - HOUR)
    when = at + delay.astype(np.int64)
    ordered = np.flatnonzero((rng.random(len(at)) < p) & (when < until))
    rows = ordered[np.argsort(when[ordered], kind="stable")].tolist()
    return {
        "event_id": [f"simulated-{row}" for row in rows],
        "user_id": [came[row].user_id for row in rows],
        "kind": [ORDER] * len(rows),
        "at": when[rows].tolist(),
        "value": np.round(rng.lognormal(3.0, 0.6, len(rows)), 2).tolist(),
        "simulated": [True] * len(rows),
    }
