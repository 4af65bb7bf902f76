"""How many users an export answers in a second of a processor: `python -m tests.bench.exports`.

All three questions, as `recsys export` writes them; each turn is a process of its own that has
answered some users before it is timed. With ``--against`` another tree of the project takes turns
with this one, on the same champion.
"""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from tests.bench.tool import console, run, timed

ROOT = Path(__file__).parents[2]
SAMPLE = Path("training/sample/recsys.toml")
AIM = 8_000
WARM = 100


def main(
    config: Annotated[Path, typer.Option(help="Configuration with a champion.")] = SAMPLE,
    users: Annotated[int, typer.Option(min=WARM, help="How many, evenly spread.")] = 4_000,
    ending: Annotated[str, typer.Option(help="csv, jsonl or parquet")] = "jsonl",
    rounds: Annotated[int, typer.Option(min=1, help="Turns of each tree.")] = 5,
    against: Annotated[Path | None, typer.Option(help="Another tree of the project.")] = None,
    *,
    once: Annotated[bool, typer.Option("--once", help="One turn, here: print users/s.")] = False,
) -> None:
    """Print the median of the turns, the least and the most."""
    if once:
        console.print(f"{rate(config, users, ending):.1f}")
        return
    trees = [ROOT] if against is None else [against, ROOT]
    found: dict[Path, list[float]] = {tree: [] for tree in trees}
    arguments = ["--config", str(config), "--users", str(users), "--ending", ending, "--once"]
    for _ in range(rounds):
        for tree in trees:
            found[tree].append(_turn(tree, arguments))
    for tree, rates in found.items():
        name = "this tree" if tree == ROOT else str(tree)
        console.print(
            f"{name}: {median(rates):,.0f} users a CPU second to {ending}, "
            f"from {min(rates):,.0f} to {max(rates):,.0f} (aim: {AIM:,})"
        )


def rate(config: Path, users: int, ending: str) -> float:
    """Return how many users an export answers in a second of this process."""
    # What a turn of another tree has none of is not asked for before.
    from api.answers.selection import Selection
    from api.cli.export import ExportJob
    from api.runtime import logs
    from api.runtime.metrics import Metrics
    from api.service import Service
    from recsys.storage.files.config import read_config

    service = Service.opened(
        read_config(config, os.environ), metrics=Metrics(), logger=logs.worries()
    )
    job = ExportJob(Selection(service, service.current.serving, service.reader.said({})))
    known = job.selection.known
    ids = [known[row] for row in range(0, len(known), max(len(known) // users, 1))][:users]
    with TemporaryDirectory() as folder:
        file = Path(folder) / f"users.{ending}"
        job.write(list(islice(ids, WARM)), None, file, channel="", email=False)
        took = timed(lambda: job.write(ids, None, file, channel="", email=False))
    service.log.database.close()
    return len(ids) / took.cpu


def _turn(tree: Path, arguments: list[str]) -> float:
    command = [sys.executable, "-P", str(Path(__file__)), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(tree.absolute())}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


if __name__ == "__main__":
    run(main)
