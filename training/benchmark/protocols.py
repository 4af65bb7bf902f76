"""Which module carries out which protocol, and what its outcome looks like beside the papers'."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Mapping
from importlib import import_module

from rich.console import Console
from rich.table import Table

from recsys.cli.console import console
from recsys.cli.progress import ConsoleSteps
from training.benchmark.outcome import Outcome
from training.benchmark.protocol_names import ProtocolName
from training.benchmark.published import PublishedTable, table_for
from training.benchmark.request import Request
from training.output_file import refuse_unwritable

MODULES = {
    ProtocolName.TOPN: "training.benchmark.topn",
    ProtocolName.LEAVE_ONE_OUT: "training.benchmark.leave_one_out",
    ProtocolName.SESSIONS: "training.benchmark.sessions",
}
"""Each has ``run(asked, progress) -> Outcome``."""


def benchmark(protocol: ProtocolName, asked: Request) -> None:
    """Carry out a protocol and print its figures, time and memory, and the published ones.

    Raises
    ------
    BadQuery
        The lists could not be written in the end, or would overwrite a file that is read.
    """
    if asked.predict:
        read = [file for file in (asked.train, asked.test) if file]
        refuse_unwritable("--predict", asked.predict, inputs=read)
    out = console()
    start = time.perf_counter()
    with ConsoleSteps(safe="nothing was written; run it again") as progress:
        outcome: Outcome = import_module(MODULES[protocol]).run(asked, progress)
    show(out, outcome, table_for(protocol, outcome.counts))
    _show_cost(out, outcome, time.perf_counter() - start)
    if asked.predict:
        out.print(f"predictions: {asked.predict}")


def show(out: Console, outcome: Outcome, published: PublishedTable | None) -> None:
    """Print the figures, with the published ones of the same data set beside them."""
    table = Table("", *outcome.figures, "source", box=None)
    if published:
        for row in published.rows:
            figures = (_figure(row.figures.get(name)) for name in outcome.figures)
            table.add_row(row.method, *figures, row.source)
    ours = (_figure(value) for value in outcome.figures.values())
    table.add_row("[bold]recsys[/]", *ours, f"measured on {outcome.measured_on}")
    counts = ", ".join(f"{count:,} {name}" for name, count in outcome.counts.items())
    out.print(f"train file: {counts}")
    if published:
        out.print(f"published on {published.data} ({published.split})")
    else:
        out.print("no published table has a train file with these counts")
    out.print(table)
    if outcome.readings:
        out.print(judged(outcome.readings))
    out.print(f"chosen: {outcome.chosen}")


def judged(readings: Mapping[str, Mapping[str, float]]) -> Table:
    """Return what each ranker got on the train file's held-out part, one column a reading."""
    table = Table("NDCG on the train file, held out", *readings, box=None)
    for name in next(iter(readings.values())):
        table.add_row(name, *(_figure(by[name]) for by in readings.values()))
    return table


def _show_cost(out: Console, outcome: Outcome, wall: float) -> None:
    phases = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in outcome.seconds.items())
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9
    out.print(f"wall time {wall:.1f} s ({phases}); peak memory {peak:.2f} GB")


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
