"""`python -m tests.bench.placements`: what rules cost, and how fast impressions are durable.

A placement with three rules (a filter, a boost, a cap) against the same list without, user by user
in turns, so that whatever else the machine does falls on both. It serves the configuration's
champion and writes nothing there; impressions go to a store of their own.
"""

from __future__ import annotations

import dataclasses
import os
import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import numpy as np
import typer
from msgspec.structs import replace

from api.messages.message import dump
from api.runtime import logs
from api.runtime.metrics import Metrics
from api.service import Service
from recsys.placements.placement import read
from recsys.placements.versions import Placements, PlacementVersion
from recsys.storage.database.open import open_database
from recsys.storage.decisions.exposures import Exposure, ExposureLog, Seen
from recsys.storage.files.config import read_config
from tests.bench.tool import console, run, timed

SAMPLE = Path("training/sample/recsys.toml")
RULES = {
    "filter": {"field": "price", "op": "lt", "value": 50},
    "boosts": [{"filter": {"field": "title", "op": "contains", "value": "RED"}, "factor": 1.5}],
    "caps": {"price": 2},
}
PLAIN, RULED = "plain", "ruled"
IMPRESSIONS = 200_000


def main(
    config: Annotated[Path, typer.Option(help="Configuration with a champion.")] = SAMPLE,
    users: Annotated[int, typer.Option(min=10, help="Known users asked for.")] = 1_000,
    rounds: Annotated[int, typer.Option(min=1, help="Times each; the fastest counts.")] = 5,
    batch: Annotated[int, typer.Option(min=1, help="Impressions a transaction.")] = 1_000,
) -> None:
    """Measure lists with and without rules, and impressions per second."""
    settings = read_config(config, os.environ)
    service = Service.opened(settings, metrics=Metrics(), logger=logs.worries())
    plain, ruled = _lists(service, users, rounds)
    cost = np.median(ruled / plain) - 1
    console.print(f"without rules: median {np.median(plain) / 1e3:.0f} µs of processor time")
    console.print(
        f"with three rules: median {np.median(ruled) / 1e3:.0f} µs, {cost:+.1%} (aim: 15 %)"
    )
    with TemporaryDirectory() as folder:
        log = ExposureLog(open_database(f"sqlite:///{folder}/store.db"))
        took = timed(lambda: _impressions(log, batch))
    rate = IMPRESSIONS / took.wall
    console.print(f"impressions, {batch:,} a transaction: {rate:,.0f}/s durable (aim: 10,000)")
    raise typer.Exit(cost > 0.15 or rate < 10_000)


def _lists(service: Service, users: int, rounds: int) -> tuple[np.ndarray, np.ndarray]:
    """Return nanoseconds of processor time for each user, without and with rules."""
    placing, serving, at = service.placing, service.current.serving, service.clock()
    saved = [PlacementVersion(PLAIN, 1, read({}), 0), PlacementVersion(RULED, 1, read(RULES), 0)]
    placing.current._known = dataclasses.replace(
        placing.current._known, placements=Placements(saved)
    )
    known = serving.answering.bundle.interactions.users
    asked = [known[row] for row in np.linspace(0, len(known) - 1, users).astype(int).tolist()]
    best = np.full((2, users), np.iinfo(np.int64).max)
    query = service.reader.query(b"")
    for _ in range(rounds):
        for place, user in enumerate(asked):
            for which, name in enumerate((PLAIN, RULED)):
                ask = partial(
                    placing.desk.shown, serving, name, replace(query, user_id=user), at=at
                )
                began = time.thread_time_ns()
                dump(ask())
                took = time.thread_time_ns() - began
                best[which, place] = min(best[which, place], took)
    return best[0], best[1]


def _impressions(log: ExposureLog, batch: int) -> None:
    for start in range(0, IMPRESSIONS, batch):
        log.append(
            [
                Exposure(f"list-{n // 10}", f"user-{n // 50}", Seen.IMPRESSION, f"i{n % 10}", 1, n)
                for n in range(start, start + batch)
            ]
        )


if __name__ == "__main__":
    run(main)
