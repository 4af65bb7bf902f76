"""`python -m tests.bench.audiences`: what rules cost, for a batch and for one user."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated

import numpy as np
import typer
from rich.table import Table

from recsys.data.ids import IdMap
from recsys.data.person import Person
from recsys.data.times import DAY
from recsys.segments import cohort, rule_parser
from recsys.segments.cohort import Lookup
from recsys.segments.snapshot import Crowd
from tests.bench.random_events import drawn
from tests.bench.tool import console, run, timed
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


def main(
    users: Annotated[int, typer.Option(min=100, help="Users of the batch.")] = 20_000,
    events: Annotated[int, typer.Option(min=1, help="Events of each.")] = 50,
) -> None:
    """Print CPU time: users a second in a batch, microseconds of one user."""
    people = simulated(users, events)
    console.print(f"{users:,} simulated users with {events} events each, CPU time")
    table = Table("", "users/s in a batch", "µs for one user", box=None)
    gathered = [partial(Crowd.of, some, at=AT) for some in (people, people[:1])]
    table.add_row("gather", *figures(gathered[0], gathered[1], users))
    crowd, lone = (gather() for gather in gathered)
    for name, spelling in {**RULES, "all of them": {"all": list(RULES.values())}}.items():
        rule = rule_parser.parse(spelling)
        batch = partial(cohort.decide, rule, crowd, lookup(users))
        table.add_row(name, *figures(batch, partial(cohort.decide, rule, lone, lookup(1)), users))
    console.print(table)


def figures(batch: Callable[[], object], alone: Callable[[], object], users: int) -> list[str]:
    """Return users a second of a batch, and microseconds of one user, mean of many."""
    once = timed(lambda: [alone() for _ in range(500)]).cpu / 500
    return [f"{users / timed(batch, 5).cpu:,.0f}", f"{once * 1e6:,.0f}"]


def simulated(users: int, events: int) -> list[Person]:
    """Return people with random lives."""
    rng = np.random.default_rng(1)
    return [
        Person(
            str(user),
            AT,
            traits={"country": ("France", "Malta")[user % 2]},
            past=drawn(
                rng,
                events,
                n_items=len(ITEMS),
                between=(AT - 400 * DAY, AT),
                kinds=np.full(len(KINDS), 1 / len(KINDS)),
            ),
        )
        for user in range(users)
    ]


def lookup(users: int) -> Lookup:
    """Return what rules look up."""
    return Lookup(
        KINDS,
        IdMap.of(ITEMS),
        CATALOGUE,
        GROUPS,
        lambda _: np.full(users, np.nan),
        lambda _: np.zeros(users, bool),
    )


if __name__ == "__main__":
    run(main)
