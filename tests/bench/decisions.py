"""`python -m tests.bench.decisions`: a million fuzzed decisions of ten arms, lawful and fast.

Everybody decided for is one of a crowd that grants, denies, unsubscribes, merges, parts and is
erased in a store meanwhile, by clocks that are apart; its words say a second time what may be used.

One by one, as the API decides, and all at once, as training does and as whole audiences are decided
for; the seconds of the latter hold everything from people to decisions.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice
from tempfile import TemporaryDirectory
from typing import Annotated

import numpy as np
import typer
from msgspec import structs

from recsys.channel.decide import decide_all
from recsys.channel.models import ChannelQuery
from recsys.channel.recipients import Recipients
from recsys.data.person import Person
from recsys.data.times import SECOND
from recsys.storage.database.interface import Database
from recsys.storage.database.open import open_database
from tests.adversary.ledger import Crowd
from tests.bench.tool import console, run, timed
from tests.present import present
from tests.recsys.channel import fuzz
from tests.recsys.items.shop import raised

A_CROWD, A_STEP, NOW = 20_000, 10, 10_000_000_000


def main(
    decisions: Annotated[int, typer.Option(min=1_000, help="How many.")] = 1_000_000,
    seed: Annotated[int, typer.Option(help="Of the people.")] = 3,
) -> None:
    """Decide, check every decision against the law, and time the deciding alone."""
    ladder, wrongs, explored = fuzz.ladder(), Counter[str](), 0
    nanoseconds = np.empty(decisions, np.int64)
    steps = Counter[str]()
    for number, (person, query, unlawful) in enumerate(remembered(decisions, seed, steps)):
        wrongs.update(unlawful)
        began = time.perf_counter_ns()
        choice = ladder.climb(person, query, on_failure=raised).answer
        nanoseconds[number] = time.perf_counter_ns() - began
        wrongs.update(fuzz.wrongs(person, choice) if choice else ["no answer"])
        explored += choice is not None and choice.explored
    share, error = explored / decisions, math.sqrt(fuzz.EPSILON * (1 - fuzz.EPSILON) / decisions)
    off = (share - fuzz.EPSILON) / error
    p50, p99 = np.percentile(nanoseconds, [50, 99]) / 1e6
    console.print(
        f"{decisions:,} of {fuzz.N_ARMS} arms; against the law: {dict(wrongs)} (aim: none)"
    )
    console.print(f"meanwhile: {dict(steps)}")
    console.print(f"explored: {share:.5f}, {off:+.2f} errors from {fuzz.EPSILON} (aim: within 3)")
    console.print(f"one by one: p50 {p50:.3f} ms, p99 {p99:.3f} ms (aim: p50 at most 1)")
    asked = list(fuzz.people(min(decisions, 100_000), seed=seed))
    rate = len(asked) / timed(lambda: decide_at_once(asked)).cpu
    console.print(f"at once: {rate:,.0f} a CPU second (aim: 10,000 a core)")
    raise typer.Exit(bool(wrongs) or abs(off) > 3)


def remembered(
    decisions: int, seed: int, steps: Counter[str]
) -> Iterator[tuple[Person, ChannelQuery, list[str]]]:
    """Yield people with the consents of somebody in a store, and what is wrong with those."""
    asked = fuzz.people(decisions, seed=seed)
    for number in range(0, decisions, A_CROWD):
        with TemporaryDirectory() as folder, closing(database_in(folder)) as database:
            crowd = Crowd(database, fuzz.TERMS.names, seed=seed + number)
            for place, (person, query) in enumerate(islice(asked, A_CROWD)):
                now = NOW + place * SECOND
                if place % A_STEP == 0:
                    crowd.step(now)
                user, state = crowd.ask(now)
                profiling = person.profiling and state.profiling is not False
                found = structs.replace(
                    person, user_id=user, channels=state.channels, profiling=profiling
                )
                yield found, query, crowd.wrongs(user, state)
            steps.update(crowd.taken)


def database_in(folder: str) -> Database:
    """Return an empty store in a folder."""
    return open_database(f"sqlite:///{folder}/store.db")


def decide_at_once(asked: Sequence[tuple[Person, ChannelQuery]]) -> None:
    """Decide for all in one call."""
    crowd = Recipients.of([person for person, _ in asked], fuzz.TERMS)
    lots = np.array([present(query.lot).drawn(person.user_id) for person, query in asked])
    decide_all(fuzz.ladder(), crowd, epsilon=fuzz.EPSILON, lots=lots)


if __name__ == "__main__":
    run(main)
