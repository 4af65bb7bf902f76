"""How fast churn features, scores and reasons are: ``python -m tests.bench.churn [EVENTS]``.

Draws purchases of a tenth as many users from a seed. CPU seconds are the figure, for a machine
may be busy; the snapshot is measured on one core, and on two processes that halve the users.
"""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
from rich.console import Console

from recsys.algorithms import additive
from recsys.algorithms.additive import AdditiveSettings
from recsys.churn import labels, one_to_one, snapshot
from recsys.churn.hyper import HyperChurn
from recsys.churn.labels import Definition
from recsys.churn.one_to_one import OneToOneChurn
from recsys.churn.risk import ChurnQuery, reasons
from recsys.data.ids import IdMap
from recsys.data.interactions import NO_EVENTS, Interactions, UserEvents
from recsys.data.person import Person
from recsys.data.times import DAY

EVENTS = 2_000_000
SEED = 7
DAYS = 400
ASKED = 2_000
DEFINITION = Definition("purchase", 28, 90)
AIM_EVENTS, AIM_BATCH_MS, AIM_LIVE_MS = 1_000_000, 0.1, 1.0

console = Console(highlight=False)


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds of one thing, by the wall and by the processor."""

    wall: float
    cpu: float


def drawn(n_events: int, *, seed: int) -> Interactions:
    """Return purchases, views and returns at random times of a tenth as many users."""
    rng = np.random.default_rng(seed)
    n_users = max(n_events // 10, 1)
    events = UserEvents(
        item_row=np.zeros(n_events, np.int32),
        kind=rng.choice(3, n_events, p=[0.2, 0.75, 0.05]).astype(np.int8),
        at=rng.integers(0, DAYS * DAY, n_events),
        quantity=np.ones(n_events, np.float32),
        value=rng.gamma(2, 10, n_events),
    )
    users = IdMap.of(f"{row:09}" for row in range(n_users))
    owner = rng.integers(n_users, size=n_events).astype(np.int32)
    kinds = ("view", "purchase", "return")
    return Interactions.of(users, IdMap.of(["item"]), kinds, user_row=owner, events=events)


def timed(what: object, times: int = 1) -> Took:
    """Return the best of some runs of a function without arguments."""
    took = []
    for _ in range(times):
        wall, cpu = time.perf_counter(), time.process_time()
        what()  # type: ignore[operator]
        took.append(Took(time.perf_counter() - wall, time.process_time() - cpu))
    return min(took, key=lambda each: each.cpu)


def fitted(table: Interactions) -> OneToOneChurn:
    """Return the propensities of all users, learnt from the first 5,000 of them."""
    few = table.where(table.user_row < 5_000)
    at = DAYS * DAY
    rows = labels.closed(few, DEFINITION, until=at, n=4)
    settings = AdditiveSettings()
    model = additive.fit(
        rows.features, rows.churned, user_row=rows.user_row, settings=settings, seed=SEED
    )
    return one_to_one.taken(model, table, DEFINITION, at=at, level_sd=0.1, z=1.96)


def explained(own: OneToOneChurn, n: int) -> float:
    """Explain the first `n` users in a batch; return how far reasons are off the logit."""
    features = own.features[:n]
    known = ~np.isnan(own.p[:n])
    model = own.propensity.model
    added, off = model.contributions(features), 0.0
    logit = model.logit(features)
    for row in np.flatnonzero(known).tolist():
        told = reasons(features[row], added[row], "purchase")
        total = sum(reason.contribution for reason in told)
        off = max(off, abs(model.mean_logit + total - float(logit[row])))
    return off


def halves(table: Interactions) -> list[Interactions]:
    """Return the events of even and of odd users."""
    odd = table.user_row % 2 == 1
    return [table.where(~odd), table.where(odd)]


def taken(table: Interactions) -> int:
    """Take the snapshot in another process; return how many events it read."""
    snapshot.of_all(table, "purchase", at=DAYS * DAY)
    return len(table)


def main() -> None:
    """Measure with as many events as the command line says."""
    n_events = int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS
    table, at = drawn(n_events, seed=SEED), DAYS * DAY
    console.print(f"{n_events:,} events, {len(table.users):,} users; load {os.getloadavg()[0]:.1f}")
    took = timed(lambda: snapshot.of_all(table, "purchase", at=at), 3)
    console.print(
        f"snapshot, one core: {n_events / took.cpu:,.0f} events/s of CPU, "
        f"{n_events / took.wall:,.0f} by the wall"
    )
    with ProcessPoolExecutor(2) as pool:
        parts = halves(table)
        list(pool.map(taken, parts))
        wall = timed(lambda: list(pool.map(taken, parts)), 2).wall
    console.print(
        f"snapshot, two processes, sending the events included: {n_events / wall:,.0f} events/s "
        f"by the wall (aim: {AIM_EVENTS:,})"
    )
    own = fitted(table)
    off = 0.0

    def batch() -> None:
        nonlocal off
        off = explained(own, ASKED)

    took = timed(batch, 3)
    console.print(
        f"score and reasons in batch: {took.cpu / ASKED * 1e3:.3f} ms a user "
        f"(aim: {AIM_BATCH_MS}); reasons are off the logit by at most {off:.1e}"
    )
    rung = HyperChurn(own.propensity)
    people = [
        Person(str(row), at, user_row=row, past=table.of_user(row), live=table.of_user(row + 1))
        for row in range(ASKED)
        if len(table.of_user(row)) and table.of_user(row + 1) is not NO_EVENTS
    ]
    took = timed(lambda: [rung.answer(person, ChurnQuery()) for person in people], 3)
    console.print(f"live: {took.cpu / len(people) * 1e3:.3f} ms a user (aim: {AIM_LIVE_MS})")


if __name__ == "__main__":
    main()
