"""`python -m tests.bench.decisions`: a million fuzzed decisions of ten arms, lawful and fast.

One by one, as the API decides, and all at once, as training does and as whole audiences are decided
for; the seconds of the latter hold everything from people to decisions.
"""

from __future__ import annotations

import math
import os
import sys
import time
from collections import Counter
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from recsys.channel.decide import decide_all
from recsys.channel.recipients import Recipients
from recsys.ladder import RungName
from tests.recsys.channel import fuzz

console = Console(highlight=False)


def main(
    decisions: Annotated[int, typer.Option(min=1_000, help="How many.")] = 1_000_000,
    seed: Annotated[int, typer.Option(help="Of the people.")] = 3,
) -> None:
    """Decide, check every decision against the law, and time the deciding alone."""
    ladder, wrongs, explored = fuzz.ladder(), Counter[str](), 0
    nanoseconds = np.empty(decisions, np.int64)
    for number, (person, query) in enumerate(fuzz.people(decisions, seed=seed)):
        began = time.perf_counter_ns()
        choice = ladder.climb(person, query, on_failure=_fail).answer
        nanoseconds[number] = time.perf_counter_ns() - began
        if choice is None:
            wrongs["no answer"] += 1
            continue
        wrongs.update(fuzz.wrongs(person, choice))
        explored += choice.explored
    share, error = explored / decisions, math.sqrt(fuzz.EPSILON * (1 - fuzz.EPSILON) / decisions)
    off = (share - fuzz.EPSILON) / error
    p50, p99 = np.percentile(nanoseconds, [50, 99]) / 1e6
    load = " ".join(f"{figure:.1f}" for figure in os.getloadavg())
    console.print(f"{decisions:,} decisions, {fuzz.N_ARMS} arms; load average {load}")
    console.print(f"against the law: {dict(wrongs) or 'none'} (aim: none)")
    console.print(f"explored: {share:.5f}, {off:+.2f} errors from {fuzz.EPSILON} (aim: within 3)")
    console.print(f"p50 {p50:.3f} ms, p99 {p99:.3f} ms (aim: p50 at most 1)")
    console.print(f"{decisions / nanoseconds.sum() * 1e9:,.0f} decisions/s one by one")
    show_batch(min(decisions, 100_000), seed)
    if wrongs or abs(off) > 3:
        sys.exit(1)


def show_batch(decisions: int, seed: int) -> None:
    """Decide for all at once, in one process."""
    asked = list(fuzz.people(decisions, seed=seed))
    people, queries = zip(*asked, strict=True)
    ladder, began, cpu = fuzz.ladder(), time.perf_counter(), time.process_time()
    crowd = Recipients.of(people, fuzz.TERMS)
    lots = np.array([q.lot.drawn(p.user_id) for p, q in zip(people, queries, strict=True)])
    decide_all(ladder, crowd, epsilon=fuzz.EPSILON, lots=lots)
    wall, busy = time.perf_counter() - began, time.process_time() - cpu
    console.print(
        f"{decisions / wall:,.0f} decisions/s at once in one process, "
        f"{decisions / busy:,.0f} by CPU time (aim: 20,000 on two cores)"
    )


def _fail(_rung: RungName, error: Exception) -> None:
    raise error


if __name__ == "__main__":
    typer.run(main)
