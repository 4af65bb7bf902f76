"""Run the sessions protocol alone: ``python -m training.benchmark TRAIN [TEST]``."""

from __future__ import annotations

import resource
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from training.benchmark.sessions import run
from training.progress import ConsoleSteps


def main(
    train: Path,
    test: Annotated[Path | None, typer.Argument()] = None,
    k: int = 20,
    predict: Path | None = None,
    seed: int = 0,
) -> None:
    """Print figures in percent, wall time and peak memory."""
    console, start = Console(highlight=False), time.perf_counter()
    with ConsoleSteps(console) as progress:
        outcome = run(train, test, k=k, predict=predict, seed=seed, progress=progress)
    console.print(f"{dict(outcome.figures)} on {outcome.measured_on}")
    console.print(f"chosen: {outcome.chosen}")
    phases = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in outcome.seconds.items())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    console.print(f"{time.perf_counter() - start:.1f} s ({phases}); peak memory {peak:.2f} GB")


if __name__ == "__main__":
    typer.run(main)
