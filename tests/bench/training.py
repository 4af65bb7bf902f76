"""`python -m tests.bench.training`: what `recsys train` costs on a shop of a size.

A seeded, simulated world: users and items by power laws, tastes in groups, a year of views and
purchases. It is imported and trained on by the real commands, in processes of their own, and what
they took is told, training step by step: processor time of all processes, and the most memory.
With ``--note`` it is added to a file that `python -m tests.bench.training_curve` draws.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import numpy as np
import polars as pl
import typer

from tests.bench.tool import console, run

BEGIN, YEAR = 1_735_689_600, 365 * 86_400
GROUPS = 40
FAITHFUL = 0.7
"""Share of events with an item of the user's own group."""
BOUGHT = 0.35
STEEP = 2.5
"""Of the power laws: the head takes the more, the larger."""


def main(
    users: Annotated[int, typer.Option(help="How many.")] = 400,
    events: Annotated[int, typer.Option(help="How many, of all of them.")] = 5_500,
    items: Annotated[int, typer.Option(help="0: ten times the root of the events.")] = 0,
    engine: Annotated[str, typer.Option(help="training.engine; empty: as it comes.")] = "",
    seed: Annotated[int, typer.Option(help="Of the world.")] = 7,
    note: Annotated[Path | None, typer.Option(help="A line of JSON is added to this file.")] = None,
) -> None:
    """Make a world, import it, train on it, tell what it took."""
    items = items or int(10 * events**0.5)
    with TemporaryDirectory(prefix="recsys-bench-") as folder:
        file = Path(folder) / "events.parquet"
        drawn(users, events, items, seed=seed).write_parquet(file)
        settings = f'[training]\nengine = "{engine}"\n' if engine else ""
        (Path(folder) / "recsys.toml").write_text(settings)
        imported, _ = _told(["import", str(file)], Path(folder))
        _, told = _told(["train"], Path(folder))
    steps = [Step.read(*found) for found in STEP.findall(told)]
    for step in steps:
        console.print(f"  {step.name}: {step.cpu:.1f} CPU-s, {step.wall:.1f} s")
    if note is not None and steps:
        size = {"events": events, "users": users, "items": items, "engine": engine}
        cpu = {step.name: step.cpu for step in steps}
        line = {**size, "import_cpu": imported, "cpu": cpu, "peak_mb": steps[-1].peak_mb}
        with note.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(line) + "\n")


STEP = re.compile(r"(?m)^(\S.*?): ([\d.]+) s, ([\d.]+) s of processors, ([\d,]+) MB at most")


@dataclass(frozen=True, slots=True)
class Step:
    """What a step of training took, and the most memory of all processes up to its end."""

    name: str
    wall: float
    cpu: float
    peak_mb: int

    @classmethod
    def read(cls, name: str, wall: str, cpu: str, peak: str) -> Step:
        return cls(name.split(":")[0], float(wall), float(cpu), int(peak.replace(",", "")))


def drawn(users: int, events: int, items: int, *, seed: int) -> pl.DataFrame:
    """Return the events of a world: who, what, when and how."""
    rng = np.random.default_rng(seed)
    user = (users * rng.random(events) ** STEEP).astype(np.int64)
    item = (items * rng.random(events) ** STEEP).astype(np.int64)
    faithful = rng.random(events) < FAITHFUL
    item[faithful] += user[faithful] % GROUPS - item[faithful] % GROUPS
    at = BEGIN + np.sort(rng.integers(0, YEAR, events))
    return pl.DataFrame(
        {
            "user_id": np.char.add("u", user.astype(str)),
            "item_id": np.char.add("i", np.clip(item, 0, items - 1).astype(str)),
            "timestamp": at,
            "kind": np.where(rng.random(events) < BOUGHT, "purchase", "view"),
            "price": np.exp(rng.normal(2.5, 0.6, events)).round(2),
        }
    )


def _told(command: list[str], folder: Path) -> tuple[float, str]:
    """Run a command, say what it took, and return its processor time and what it printed."""
    began = time.perf_counter()
    out = folder / "out.txt"
    with out.open("w", encoding="utf-8") as file:
        done = subprocess.Popen(
            [sys.executable, "-m", "recsys", *command],
            cwd=folder,
            env={
                **os.environ,
                "COLUMNS": "300",
                "PYTHONPATH": os.pathsep.join([str(Path.cwd()), *sys.path[1:]]),
            },
            stdout=file,
            stderr=subprocess.DEVNULL,
        )
        _, status, usage = os.wait4(done.pid, 0)
    done.returncode = os.waitstatus_to_exitcode(status)
    cpu = usage.ru_utime + usage.ru_stime
    console.print(
        f"recsys {command[0]}: {cpu:.1f} CPU-s, "
        f"{time.perf_counter() - began:.1f} s, largest process {usage.ru_maxrss / 1024:,.0f} MB, "
        f"exit {done.returncode}"
    )
    return cpu, out.read_text(encoding="utf-8")


if __name__ == "__main__":
    run(main)
