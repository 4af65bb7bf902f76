"""The commands for any file with users, times and amounts: churn, value."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recsys.cli.console import console
from recsys.cli.progress import ConsoleSteps

if TYPE_CHECKING:
    from training.forecast.purchases import PurchaseFile

app = typer.Typer()

SEED = 1
ENDINGS = (".csv", ".csv.gz", ".parquet")
MANY_SKIPPED = 0.05

EventsFile = Annotated[
    Path, typer.Option("--events", help="CSV, JSON lines (either also .gz) or Parquet.")
]
Cutoff = Annotated[
    str, typer.Option(help="A day or a time; nothing at or after it is looked at (UTC).")
]
HorizonDays = Annotated[int, typer.Option(min=1, max=3_650, help="How far ahead.")]
Out = Annotated[
    Path, typer.Option(help="Where the forecast goes: CSV (also .gz) or Parquet, by its ending.")
]
User = Annotated[
    str, typer.Option(help="Column of the users. Default: the one that recsys import finds.")
]
Time = Annotated[
    str, typer.Option(help="Column of the times. Default: the one that recsys import finds.")
]
Value = Annotated[
    str,
    typer.Option(
        help="Column of the amounts; several rows an order are fine. Default: value, else price "
        "times quantity, else the total of a line, as recsys import finds them."
    ),
]
TimeFormat = Annotated[
    str, typer.Option(help="strptime format of the times, where they could be read in two ways.")
]

DecimalSign = Annotated[
    str, typer.Option(help='"." or ",", where the amounts could be read in two ways.')
]


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
    user: User = "",
    time: Time = "",
    value: Value = "",
    time_format: TimeFormat = "",
    decimal_sign: DecimalSign = "",
) -> None:
    """Write how likely each user of a file is to stay away.

    Of the active ones: user_id,probability. Needs no training run and no configuration, only
    users, times and amounts.

    Example: recsys churn --events F.csv --cutoff 2011-09-09 --horizon-days 90 --out P.csv
    """
    from recsys.churn.labels import Definition
    from recsys.data.kinds import PURCHASE
    from training.forecast import churn as forecasting

    columns = (user, time, value, time_format, decimal_sign)
    definition = Definition(PURCHASE, horizon_days, active_days or horizon_days)
    with _steps(out) as steps:
        at, read = _read(events, cutoff, columns, out, steps)
        steps.begin("fit and forecast")
        found = forecasting.forecast(read.interactions, definition, at=at, seed=SEED)
        users = [read.interactions.users[row] for row in found.user_row.tolist()]
        steps.begin("write")
        _write({"user_id": users, "probability": found.p}, out)
    _say(read, len(users), out, found.how, found.warnings)


@app.command()
def value(  # noqa: PLR0913 - each is an option of the command
    events: EventsFile,
    cutoff: Cutoff,
    horizon_days: HorizonDays,
    out: Out,
    *,
    user: User = "",
    time: Time = "",
    value: Value = "",
    time_format: TimeFormat = "",
    decimal_sign: DecimalSign = "",
) -> None:
    """Write what each user of a file will order and spend.

    user_id,expected_orders,expected_value. Needs no training run and no configuration, only users,
    times and amounts.

    Example: recsys value --events F.csv --cutoff 2011-09-09 --horizon-days 90 --out V.csv
    """
    import numpy as np

    from recsys.data.kinds import PURCHASE
    from training.forecast import value as forecasting

    columns = (user, time, value, time_format, decimal_sign)
    with _steps(out) as steps:
        at, read = _read(events, cutoff, columns, out, steps)
        steps.begin("fit and forecast")
        found = forecasting.forecast(
            read.interactions, PURCHASE, at=at, horizon_days=horizon_days, seed=SEED
        )
        users = list(read.interactions.users)
        expected = {"expected_orders": found.orders, "expected_value": found.value}
        # who only ever returned things is expected to buy nothing
        said = {name: np.zeros(len(users)) for name in expected}
        for name, column in expected.items():
            said[name][found.user_row] = column
        steps.begin("write")
        _write({"user_id": users, **said}, out)
    _say(read, len(users), out, found.how)


def _steps(out: Path) -> ConsoleSteps:
    incomplete = {"write": f"{out} may be incomplete; run it again"}
    return ConsoleSteps(safe=f"{out} was not written; run it again", safe_from=incomplete)


def _read(
    events: Path, cutoff: str, columns: tuple[str, ...], out: Path, steps: ConsoleSteps
) -> tuple[int, PurchaseFile]:
    from training.forecast import purchases
    from training.forecast.columns import PurchaseColumns
    from training.output_file import refuse_unwritable

    refuse_unwritable("--out", out, inputs=[events], endings=ENDINGS)
    at = purchases.cutoff(cutoff)
    steps.begin(f"read {events.name}")
    return at, purchases.read(events, PurchaseColumns(*columns), before=at)


def _write(columns: Mapping[str, object], out: Path) -> None:
    import gzip

    import polars as pl

    schema = {name: pl.String if name == "user_id" else pl.Float64 for name in columns}
    frame = pl.DataFrame(columns, schema=schema)
    if out.suffix.lower() == ".parquet":
        frame.write_parquet(out)
    elif out.suffix.lower() == ".gz":
        out.write_bytes(gzip.compress(frame.write_csv().encode()))
    else:
        frame.write_csv(out)


def _say(
    read: PurchaseFile, n_users: int, out: Path, how: str, warnings: tuple[str, ...] = ()
) -> None:
    from rich.markup import escape

    tell = partial(console().print, soft_wrap=True)
    rows = len(read.interactions)
    tell(
        f"{rows:,} rows before the cut-off, {read.first:%Y-%m-%d} to {read.last:%Y-%m-%d}, "
        f"{read.spelling}; amounts: {read.money}; not looked at: {read.later:,} at or after it, "
        f"{read.skipped:,} without a user, a time or an amount, {read.others:,} of another kind; "
        f"taken back: {read.taken_back:,}"
    )
    if read.skipped > MANY_SKIPPED * (rows + read.later + read.skipped):
        tell(f"[yellow]many rows were left out:[/] {escape(read.why)}")
    tell(f"{escape(str(out))}: {n_users:,} users; {how}")
    for warning in warnings if n_users else ():
        tell(f"[yellow]the level may be off:[/] {warning}")
