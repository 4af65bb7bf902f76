"""What the tools have in common: one way to run, to time and to print."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import typer
from rich.console import Console

from recsys.errors import RecsysError

console = Console(highlight=False, width=150)


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds by the wall and by this process's processor time; the latter minds others less."""

    wall: float
    cpu: float


def run(main: Callable[..., None]) -> None:
    """Run the command line of a tool: the machine first, an error of the project in one line."""
    console.print(machine())
    try:
        typer.run(main)
    except RecsysError as error:
        console.print(f"error: {error}")
        sys.exit(1)


def machine() -> str:
    """Say what this is measured on."""
    system = f"{platform.system()} {platform.machine()}"
    python = f"Python {platform.python_version()}"
    load = f"load average {os.getloadavg()[0]:.1f}"
    return f"{system}, {os.cpu_count()} cores, {python}, {load}"


def timed(work: Callable[[], object], times: int = 1) -> Took:
    """Return what `work` took, the best of some times by processor time."""
    runs = []
    for _ in range(times):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        runs.append(Took(time.perf_counter() - wall, time.process_time() - cpu))
    return min(runs, key=lambda run: run.cpu)
