"""`python -m tests.bench.audiences`: what rules cost, for a batch and for one user."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from recsys.data.ids import IdMap
from recsys.data.interactions import UserEvents
from recsys.data.person import Person
from recsys.data.times import DAY
from recsys.segments import cohort, rule_parser
from recsys.segments.cohort import Lookup
from recsys.segments.snapshot import Crowd
from tests.recsys.segments.test_cohort import AT, CATALOGUE, GROUPS, ITEMS, KINDS

RULES = {
    "count in a window": {"event": "purchase", "count": {"gte": 3}, "within_days": 90},
    "with a condition": {
        "event": "purchase",
        "where": [{"prop": "category", "op": "eq", "value": "china"}],
    },
    "sequence": {"sequence": [{"event": "view"}, {"event": "purchase"}], "span_days": 7},
    "segment": {"segment": "rfm:champions"},
    "trait": {"trait": "country", "op": "eq", "value": "France"},
}

console = Console(highlight=False)


def main(
    users: Annotated[int, typer.Option(min=100, help="Users of the batch.")] = 20_000,
    events: Annotated[int, typer.Option(min=1, help="Events of each.")] = 50,
) -> None:
    """Print CPU time: users a second in a batch, microseconds of one user."""
    people = simulated(users, events)
    console.print(f"{users:,} simulated users with {events} events each, CPU time")
    gather = cpu_seconds(lambda: Crowd.of(people, at=AT))
    crowd, one = Crowd.of(people, at=AT), people[:1]
    table = Table("", "users/s in a batch", "µs for one user", box=None)
    table.add_row("gather", f"{users / gather:,.0f}", f"{once(lambda: Crowd.of(one, at=AT)):,.0f}")
    rules = {**RULES, "all of them": {"all": list(RULES.values())}}
    for name, found in rules.items():
        rule, lone = rule_parser.parse(found), Crowd.of(one, at=AT)
        batch = cpu_seconds(partial(cohort.decide, rule, crowd, lookup(users)))
        alone = once(partial(cohort.decide, rule, lone, lookup(1)))
        table.add_row(name, f"{users / batch:,.0f}", f"{alone:,.0f}")
    console.print(table)


def simulated(users: int, events: int) -> list[Person]:
    """Return people with random lives."""
    rng = np.random.default_rng(1)
    return [
        Person(
            str(user),
            AT,
            traits={"country": ("France", "Malta")[user % 2]},
            past=UserEvents(
                rng.integers(len(ITEMS), size=events).astype(np.int32),
                rng.integers(len(KINDS), size=events).astype(np.int8),
                np.sort(AT - rng.integers(400 * DAY, size=events)),
                np.ones(events, np.float32),
                rng.random(events) * 50,
            ),
        )
        for user in range(users)
    ]


def lookup(users: int) -> Lookup:
    """Return what rules look up."""
    return Lookup(KINDS, IdMap.of(ITEMS), CATALOGUE, GROUPS, lambda _: np.full(users, np.nan))


def cpu_seconds(work: Callable[[], object]) -> float:
    """Return the CPU time of `work`, the best of five."""
    return min(timed(work) for _ in range(5))


def once(work: Callable[[], object], *, rounds: int = 500) -> float:
    """Return the CPU time of `work` in microseconds, mean of many."""
    return timed(lambda: [work() for _ in range(rounds)]) / rounds * 1e6


def timed(work: Callable[[], object]) -> float:
    """Return the CPU time of `work` in seconds."""
    began = time.process_time()
    work()
    return time.process_time() - began


if __name__ == "__main__":
    typer.run(main)
