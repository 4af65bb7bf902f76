"""The commands for any file with users, times and amounts: churn, value."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:
    from training.forecast.purchases import Read

app = typer.Typer()

SEED = 1

EventsFile = Annotated[
    Path, typer.Option("--events", help="CSV, JSON lines (either also .gz) or Parquet.")
]
Cutoff = Annotated[
    str, typer.Option(help="A day or a time; nothing at or after it is looked at (UTC).")
]
HorizonDays = Annotated[int, typer.Option(min=1, help="How far ahead.")]
Out = Annotated[Path, typer.Option(help="Where the forecast goes; CSV, or Parquet by its ending.")]
User = Annotated[str, typer.Option(help="Column of the users.")]
Time = Annotated[str, typer.Option(help="Column of the times.")]
Value = Annotated[str, typer.Option(help="Column of the amounts; several rows an order are fine.")]


@app.command()
def churn(  # noqa: PLR0913 - each is an option of the command
    events: EventsFile,
    cutoff: Cutoff,
    horizon_days: HorizonDays,
    out: Out,
    *,
    active_days: Annotated[
        int | None,
        typer.Option(min=1, help="Users with an event in so many days. Default: the horizon."),
    ] = None,
    user: User = "user_id",
    time: Time = "timestamp",
    value: Value = "value",
) -> None:
    """Write how likely each active user of a file is to stay away (user_id,probability)."""
    from recsys.churn.labels import Definition
    from training.forecast import churn as forecasting
    from training.forecast import purchases

    at, read = _read(events, cutoff, {"user": user, "time": time, "value": value})
    definition = Definition(purchases.PURCHASE, horizon_days, active_days or horizon_days)
    found = forecasting.forecast(read.interactions, definition, at=at, seed=SEED)
    users = [read.interactions.users[row] for row in found.user_row.tolist()]
    _write({"user_id": users, "probability": found.p}, out)
    _say(read, len(users), out, found.how, found.warnings)


@app.command()
def value(  # noqa: PLR0913 - each is an option of the command
    events: EventsFile,
    cutoff: Cutoff,
    horizon_days: HorizonDays,
    out: Out,
    *,
    user: User = "user_id",
    time: Time = "timestamp",
    value: Value = "value",
) -> None:
    """Write what each user of a file will order and spend (user_id,expected_orders,…value)."""
    import numpy as np

    from training.forecast import purchases
    from training.forecast import value as forecasting

    at, read = _read(events, cutoff, {"user": user, "time": time, "value": value})
    found = forecasting.forecast(
        read.interactions, purchases.PURCHASE, at=at, horizon_days=horizon_days, seed=SEED
    )
    users = list(read.interactions.users)
    columns = {"expected_orders": found.orders, "expected_value": found.value}
    # who only ever returned things is expected to buy nothing
    said = {name: np.zeros(len(users)) for name in columns}
    for name, column in columns.items():
        said[name][found.user_row] = column
    _write({"user_id": users, **said}, out)
    _say(read, len(users), out, found.how)


def _read(events: Path, cutoff: str, columns: Mapping[str, str]) -> tuple[int, Read]:
    from training.forecast import purchases

    at = purchases.cutoff(cutoff)
    return at, purchases.read(events, purchases.Columns(**columns), before=at)


def _write(columns: Mapping[str, object], out: Path) -> None:
    import polars as pl

    schema = {name: pl.String if name == "user_id" else pl.Float64 for name in columns}
    frame = pl.DataFrame(columns, schema=schema)
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.suffix == ".parquet":
        frame.write_parquet(out)
    else:
        frame.write_csv(out)


def _say(read: Read, n_users: int, out: Path, how: str, warnings: tuple[str, ...] = ()) -> None:
    console = Console(highlight=False)
    console.print(
        f"{len(read.interactions):,} rows before the cut-off; not looked at: {read.later:,} at or "
        f"after it, {read.skipped:,} without a user, a time or an amount"
    )
    console.print(f"{out}: {n_users:,} users; {how}")
    for warning in warnings:
        console.print(f"[yellow]the level may be off:[/] {warning}")
