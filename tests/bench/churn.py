"""How fast churn features, scores and reasons are: `python -m tests.bench.churn`.

Draws purchases of a tenth as many users from a seed. The snapshot is measured on one core, and on
two processes that halve the users.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Annotated

import numpy as np
import typer

from recsys.algorithms import additive
from recsys.algorithms.additive import AdditiveSettings
from recsys.churn import labels, one_to_one, snapshot
from recsys.churn.hyper import HyperChurn
from recsys.churn.labels import Definition
from recsys.churn.one_to_one import OneToOneChurn, Propensity
from recsys.churn.risk import ChurnQuery, reasons
from recsys.data.ids import IdMap
from recsys.data.interactions import NO_EVENTS, Interactions
from recsys.data.kinds import Reading
from recsys.data.person import Person
from recsys.data.times import DAY
from tests.bench.random_events import drawn
from tests.bench.tool import console, run, timed

SEED = 7
AT = 400 * DAY
ASKED = 2_000
DEFINITION = Definition("purchase", 28, 90)
KINDS = ("view", "purchase", "return")


def main(
    events: Annotated[int, typer.Option(min=100_000, help="Events drawn.")] = 2_000_000,
) -> None:
    """Measure the snapshot, scores and reasons in batch, and the live rung."""
    table = shop(events, seed=SEED)
    took = timed(lambda: snapshot.of_all(table, "purchase", at=AT), 3)
    console.print(f"snapshot of {events:,} events, one core: {events / took.cpu:,.0f} a CPU second")
    with ProcessPoolExecutor(2) as pool:
        parts = [table.where(table.user_row % 2 == odd) for odd in (0, 1)]
        wall = min(timed(lambda: list(pool.map(taken, parts))).wall for _ in range(3))
    console.print(
        f"two processes, sending included: {events / wall:,.0f} a second (aim: 1,000,000)"
    )
    own = fitted(table)
    cpu = timed(lambda: list(off_the_logit(own)), 3).cpu
    console.print(
        f"score and reasons in batch: {cpu / ASKED * 1e3:.3f} ms a user (aim: 0.1); "
        f"reasons are off the logit by at most {max(off_the_logit(own)):.1e}"
    )
    rung, people = HyperChurn(own.propensity), list(active(table))
    cpu = timed(lambda: [rung.answer(person, ChurnQuery()) for person in people], 3).cpu
    console.print(f"live: {cpu / len(people) * 1e3:.3f} ms a user (aim: 1)")


def shop(n_events: int, *, seed: int) -> Interactions:
    """Return views, purchases and returns at random times of a tenth as many users."""
    rng = np.random.default_rng(seed)
    n_users = n_events // 10
    return Interactions.of(
        IdMap.of(f"{row:09}" for row in range(n_users)),
        IdMap.of(["item"]),
        KINDS,
        user_row=rng.integers(n_users, size=n_events).astype(np.int32),
        events=drawn(rng, n_events, n_items=1, between=(0, AT), kinds=(0.2, 0.75, 0.05)),
    )


def taken(table: Interactions) -> int:
    """Take the snapshot in another process; return how many events it read."""
    snapshot.of_all(table, "purchase", at=AT)
    return len(table)


def fitted(table: Interactions) -> OneToOneChurn:
    """Return the propensities of all users, learnt from the first 5,000 of them."""
    rows = labels.closed(table.where(table.user_row < 5_000), DEFINITION, until=AT, n=4)
    model = additive.fit(
        rows.features, rows.churned, user_row=rows.user_row, settings=AdditiveSettings(), seed=SEED
    )
    propensity = Propensity(model, Reading(table.kinds, "purchase"), DEFINITION, 0.1, 1.96)
    return one_to_one.taken(propensity, table, at=AT)


def off_the_logit(own: OneToOneChurn) -> Iterator[float]:
    """Explain the first users; yield how far each one's reasons are off the logit."""
    features, model = own.features[:ASKED], own.propensity.model
    added, logit = model.contributions(features), model.logit(features)
    for row in np.flatnonzero(~np.isnan(own.p[:ASKED])).tolist():
        (told,) = reasons(features[row, None], added[row, None], "purchase")
        total = sum(reason.contribution for reason in told)
        yield abs(model.mean_logit + total - float(logit[row]))


def active(table: Interactions) -> Iterator[Person]:
    """Yield users with a past, to whom what another one did is live."""
    for row in range(ASKED):
        past, live = table.of_user(row), table.of_user(row + 1)
        if len(past) and live is not NO_EVENTS:
            yield Person(str(row), AT, user_row=row, past=past, live=live)


if __name__ == "__main__":
    run(main)
