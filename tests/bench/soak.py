"""Memory under lasting load: `python -m tests.bench.soak` (ten minutes, one worker).

Events and questions of ever new users at full load; after a warm-up the resident memory has to stay
flat within 5 %: highest over lowest of the averages of ten parts of the time.
"""

from __future__ import annotations

import os
import time
from itertools import count
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from tests.bench.load import get, post, put_load
from tests.bench.servers import Server
from tests.bench.shops import shop
from tests.bench.tool import console, run
from tests.worlds import ITEMS

PARTS = 10
BATCH = 20
ASKED = 200


def main(
    seconds: Annotated[float, typer.Option(min=5, help="After the warm-up.")] = 600.0,
    warm_seconds: Annotated[float, typer.Option(min=1, help="Warm-up.")] = 60.0,
    kind: Annotated[str, typer.Option(help="sqlite or postgresql")] = "sqlite",
    recall: Annotated[int, typer.Option(help="serving.recall: small, so that it is full.")] = 5_000,
) -> None:
    """Measure; ends with 1 when memory grew or an answer failed."""
    with shop(kind) as built, built.served(RECSYS_SERVING__RECALL=str(recall)) as app:
        numbers = count()
        warm, _ = load_for(app, warm_seconds, numbers)
        errors, sizes = load_for(app, seconds, numbers)
        sent = next(numbers)
    parts = [float(np.mean(part)) for part in np.array_split(sizes, min(PARTS, len(sizes)))]
    spread = max(parts) / min(parts) - 1
    console.print(
        f"{kind}: {sent:,} rounds of {BATCH * 10} events and {ASKED} answers, "
        f"{warm + errors} failed; resident {parts[0] / 2**20:.1f} → {parts[-1] / 2**20:.1f} MiB, "
        f"highest part {spread:.1%} above the lowest (aim: 5 %)"
    )
    raise typer.Exit(spread > 0.05 or errors > 0)


def load_for(app: Server, seconds: float, numbers: count[int]) -> tuple[int, list[int]]:
    """Put load on the server for a time; return failures, and its memory after each round."""
    sizes, errors, until = [], 0, time.monotonic() + seconds
    while time.monotonic() < until:
        number = next(numbers)
        written = put_load(app.port, _events(number), total=10, connections=4)
        asked = put_load(app.port, _questions(number), total=ASKED, connections=8)
        errors += written.errors + asked.errors
        sizes.append(resident_bytes(app.process_id))
    return errors, sizes


def resident_bytes(process_id: int) -> int:
    """Return the resident memory of a process without what it maps of files.

    Pages of a mapped file come and go with the disk cache of the machine.
    """
    resident, shared = Path(f"/proc/{process_id}/statm").read_text().split()[1:3]
    return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")


def _events(number: int) -> list[bytes]:
    users = (f"visitor-{number}-{n}" for n in range(10))
    lives = ([{"user_id": u, "item_id": i, "event": "view"} for i in ITEMS[:BATCH]] for u in users)
    return [post("/v1/events", {"batch": batch}) for batch in lives]


def _questions(number: int) -> list[bytes]:
    return [get(f"/v1/users/visitor-{number}-{n}") for n in range(12)]


if __name__ == "__main__":
    run(main)
