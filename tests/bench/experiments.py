"""`python -m tests.bench.experiments`: whether experiments tell the truth, and what they cost.

All outcomes are simulated. A/A over many salts (p uniform, few alarms), intervals that cover,
a step down that finds a known lift, assignment in microseconds, and the sums of many exposures.
"""

from __future__ import annotations

import resource
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import numpy as np
import typer
from scipy.stats import kstest

from recsys.data.times import DAY
from recsys.experiments import health
from recsys.experiments.assignment import bucket
from recsys.experiments.draw import Running
from recsys.experiments.experiment import Metric, read
from recsys.experiments.lift import Lift, absolute, clustered, relative
from recsys.experiments.sums import Floats, Sums, cuped, plain, ratio
from recsys.storage.database.interface import Database
from recsys.storage.database.open import open_database
from recsys.storage.experiments import outcomes
from recsys.storage.experiments.store import ExperimentStore
from tests.bench.tool import console, run, timed
from tests.recsys.experiments.cases import TWO_PLACEMENTS

START = 20_000 * DAY
PAGE = 250_000
COVERED = 10_000
"""Runs that tell 94 % from 95 %: the error of a share is a fifth of a percent then."""


def main(
    salts: Annotated[int, typer.Option(min=10, help="A/A experiments.")] = 2_000,
    people: Annotated[int, typer.Option(min=100, help="In each of them.")] = 4_000,
    exposures: Annotated[int, typer.Option(min=0, help="Rows that are summed up.")] = 10_000_000,
) -> None:
    """Measure truth and cost."""
    good = [_same(salts, people), _covers(COVERED, people // 2), _steps(), _assigns()]
    good.append(not exposures or _sums(exposures))
    raise typer.Exit(not all(good))


def _same(salts: int, people: int) -> bool:
    """Draw the same people by many salts: nothing differs."""
    y = _revenue(np.random.default_rng(1), people)
    ids = [f"u{n}" for n in range(people)]
    p, alarms = [], 0
    for number in range(salts):
        treated = np.array([bucket(f"salt-{number}", one) < 5_000 for one in ids])
        found = absolute(plain(Sums.of(y[~treated])), plain(Sums.of(y[treated])))
        p.append(found.p if isinstance(found, Lift) else 1.0)
        counts = int((~treated).sum()), int(treated.sum())
        alarms += (health.srm(counts, (0.5, 0.5)) or 1.0) < health.SRM_P
    uniform = float(kstest(p, "uniform").pvalue)
    share = alarms / salts
    console.print(
        f"A/A, {salts:,} salts: KS p = {uniform:.3f} (> .01), SRM alarms {share:.2%} (.2 %)"
    )
    return uniform > 0.01 and share <= 0.002


def _covers(runs: int, n: int) -> bool:
    """Draw skewed revenue with a known lift: how often the interval of one look has it."""
    rng, hits = np.random.default_rng(2), dict.fromkeys(("mean", "relative", "ratio", "cuped"), 0)
    truth = {"mean": 0.5, "relative": 0.1, "ratio": 0.25, "cuped": 0.5}
    for _ in range(runs):
        arms = [_arm(rng, n, raised) for raised in (1.0, 1.1)]
        adjusted = cuped((arms[0], arms[1]))
        made = {
            "mean": absolute(*map(plain, arms)),
            "relative": relative(*map(plain, arms)),
            "ratio": absolute(*map(ratio, arms)),
            "cuped": absolute(*adjusted[:2]),
        }
        for name, lift in made.items():
            if isinstance(lift, Lift):
                found = lift.interval()
                hits[name] += found.low <= truth[name] <= found.high
    told = {name: count / runs for name, count in hits.items()}
    console.print(f"coverage at n = {n:,}: " + ", ".join(f"{k} {v:.1%}" for k, v in told.items()))
    return all(0.94 <= share <= 0.96 for share in told.values())


def _steps(runs: int = 300) -> bool:
    """Step people down in a simulated shop with seasons, of whom some buy always more."""
    rng, hits, adds = np.random.default_rng(3), 0, 0.03
    for _ in range(runs):
        people, weeks = 4_000, 4
        person = np.repeat(np.arange(people), weeks)
        own = np.repeat(rng.beta(2, 12, people), weeks)
        season = np.tile([1.0, 1.2, 0.8, 1.1], people)
        had = rng.random(len(person)) > 0.2
        y = (rng.random(len(person)) < np.clip(own * season, 0, 0.9) + adds * had).astype(float)
        found = clustered(y, had, person)
        if isinstance(found, Lift):
            interval = found.interval()
            hits += interval.low <= adds <= interval.high
    console.print(
        f"step down, simulated: the known lift is within {hits / runs:.1%} of {runs} runs"
    )
    return hits / runs >= 0.93


def _assigns() -> bool:
    """Draw people into one experiment."""
    running = Running("x", 1, read(TWO_PLACEMENTS), "salt", 0)
    ids = [f"user-{n}" for n in range(200_000)]

    def all_of_them() -> None:
        for one in ids:
            running.drawn(one, 0)

    each = timed(all_of_them, times=3).cpu / len(ids) * 1e6
    console.print(f"assignment: {each:.2f} µs of processor time (aim: 3)")
    return each <= 3


def _sums(rows: int) -> bool:
    """Sum up many exposures, a twentieth of whom bought something."""
    with TemporaryDirectory() as folder:
        database = open_database(f"sqlite:///{Path(folder)}/store.db")
        store = ExperimentStore(database)
        store.plan("home-test", read(TWO_PLACEMENTS), at=START)
        saved = store.start("home-test", at=START)
        _fill(database, rows)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began = time.perf_counter()
        metric = Metric(kind="purchase", measure="value")
        took = timed(lambda: outcomes.daily(database, saved, metric, until=START + 60 * DAY))
        more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        wall = time.perf_counter() - began
        database.close()
    console.print(
        f"daily sums of {rows:,} exposures: {wall:.1f} s, {took.cpu:.1f} s of processor time "
        f"(aim: 30), {more:.0f} MiB more"
    )
    return took.cpu <= 30


def _fill(database: Database, rows: int) -> None:
    part = (
        "INSERT INTO participants (sent_as, cell, user_id, experiment_id, version, period, "
        "variant, at, placement, list_id, rung, segment, pscore) VALUES "
        "(?, ?, ?, 'home-test', 1, 0, ?, ?, 'home', '', 'hyper', '', 0.5)"
    )
    event = (
        "INSERT INTO events (event_id, user_id, sent_as, item_id, kind, at, quantity, value, "
        "simulated, source, ingested_at) VALUES (?, ?, ?, 'tea', 'purchase', ?, 1, ?, TRUE, '', 0)"
    )
    for first in range(0, rows, PAGE):
        numbers = range(first, min(rows, first + PAGE))
        with database.writing() as writing:
            writing.executemany(part, (_part(n) for n in numbers))
            writing.executemany(event, (_event(n) for n in numbers if n % 20 == 0))


def _part(n: int) -> tuple[object, ...]:
    variant = ("as_is", "tea")[n % 2]
    return f"u{n}", f"home-test:1:0:{variant}", f"u{n}", variant, START + (n * 7_919) % (28 * DAY)


def _event(n: int) -> tuple[object, ...]:
    at = START + (n * 7_919) % (28 * DAY) + DAY
    return f"e{n}", f"u{n}", f"u{n}", at, float(n % 97)


def _revenue(rng: np.random.Generator, n: int) -> Floats:
    return rng.lognormal(3.0, 1.0, n) * (rng.random(n) < 0.3)


def _arm(rng: np.random.Generator, n: int, raised: float) -> Sums:
    """Return skewed revenue of mean 5 x raised, what was spent before, and visits of mean 2."""
    before = rng.gamma(0.5, 10.0, n)
    y = raised * before * rng.gamma(2.0, 0.5, n)
    return Sums.of(y, x=before, d=rng.poisson(1.0, n).astype(np.float64) + 1.0)


if __name__ == "__main__":
    run(main)
