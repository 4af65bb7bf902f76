"""Every tool that needs no file of its own still runs, at its smallest setting."""

from __future__ import annotations

from types import ModuleType

import pytest
from typer import Typer
from typer.testing import CliRunner

from tests.bench import (
    audiences,
    channel_worlds,
    chaos,
    churn,
    console_pages,
    decisions,
    hyper,
    importing,
    ingest,
    rungs,
    swap,
    training,
    workers,
)

SMALLEST = {
    audiences: "--users 100 --events 5",
    channel_worlds: "--users 500 --seeds 1 --only alike",
    console_pages: "--people 100 --events 1000 --rounds 1",
    chaos: "--kind sqlite --events 100 --clients 2 --kills 1",
    churn: "--events 100000",
    decisions: "--decisions 1000",
    hyper: "--items 300 --repeats 3",
    importing: "--rows 1000",
    ingest: "--kind sqlite --batches 10 --singles 100 --rounds 1",
    rungs: "--users 60 --shops 1",
    swap: "--swaps 1 --workers 1 --every-seconds 0.1",
    workers: "--requests 100 --rounds 1",
    training: "--users 40 --events 400",
}


@pytest.mark.slow
@pytest.mark.parametrize("tool", SMALLEST, ids=lambda tool: tool.__name__.rpartition(".")[2])
def test_it_runs(tool: ModuleType) -> None:
    app = Typer()
    app.command()(tool.main)
    result = CliRunner().invoke(app, SMALLEST[tool].split(), catch_exceptions=False)
    assert result.exit_code == 0, result.output
