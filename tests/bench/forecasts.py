"""Score what `recsys churn` and `recsys value` wrote against what happened later.

``python -m tests.bench.forecasts churn --predictions P.csv --events F --cutoff DAY
--horizon-days H --active-days W`` and ``… value --predictions V.csv …``. Every run is a look at
a test window.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import polars as pl
import typer

from recsys.errors import RecsysError
from recsys.evaluation.classification import METRICS, Predictions, auc, measured
from recsys.evaluation.gini import normalised_gini
from tests.bench.tool import console
from training.forecast import purchases
from training.forecast.columns import PurchaseColumns
from training.importing.times import parse_times

DAY = 86_400_000_000
SEED = 1

app = typer.Typer()

Written = Annotated[Path, typer.Option(help="What the command wrote.")]
Events = Annotated[Path, typer.Option(help="The file it read, later rows included.")]


@app.command()
def churn(
    predictions: Written,
    events: Events,
    cutoff: Annotated[str, typer.Option()],
    horizon_days: Annotated[int, typer.Option()],
    active_days: Annotated[int, typer.Option()],
) -> None:
    """Score probabilities of churn, recency alone beside them."""
    at, rows = purchases.cutoff(cutoff), events_of(events)
    before = rows.filter(pl.col("at") < at, pl.col("at") >= at - active_days * DAY)
    back = came(rows, at, horizon_days)
    said = (
        before.group_by("user")
        .agg(recency=(at - pl.col("at").max()).cast(pl.Float64))
        .join(read(predictions), left_on="user", right_on="user_id", how="left")
        .with_columns(churned=~pl.col("user").is_in(back["user"].to_list()))
        .sort("user")
    )
    missing = said["probability"].null_count()
    others = len(read(predictions)) - (len(said) - missing)
    console.print(f"{len(said):,} active users, {missing} not predicted, {others} too many")
    said = said.drop_nulls()
    churned, p = said["churned"].to_numpy(), said["probability"].to_numpy()
    console.print(f"churned {churned.mean():.3f}; said on average {p.mean():.3f}")
    known = Predictions(churned, p, np.arange(len(p), dtype=np.int32))
    for name, metric in METRICS.items():
        console.print(f"{name:20} {measured(metric, known, seed=SEED, resamples=1_000)}")
    console.print(f"{'auc of recency':20} {auc(churned, said['recency'].to_numpy()):.4f}")


@app.command()
def value(
    predictions: Written,
    events: Events,
    cutoff: Annotated[str, typer.Option()],
    horizon_days: Annotated[int, typer.Option()],
) -> None:
    """Score expected orders and values: normalised Gini, and bias of the total."""
    at, rows = purchases.cutoff(cutoff), events_of(events)
    known = rows.filter(pl.col("at") < at).select("user").unique()
    said = (
        known.join(read(predictions), left_on="user", right_on="user_id", how="left")
        .join(came(rows, at, horizon_days), on="user", how="left")
        .with_columns(pl.col("orders", "value").fill_null(0))
        .sort("user")
    )
    console.print(f"{len(said):,} users, {said['expected_value'].null_count()} not predicted")
    said = said.drop_nulls()
    for what in ("orders", "value"):
        expected = said[f"expected_{what}"].to_numpy()
        seen = said[what].to_numpy().astype(np.float64)
        bias = expected.sum() / seen.sum() - 1
        ranked = normalised_gini(seen, expected)
        told = "not measurable" if ranked is None else f"{ranked:.4f}"
        console.print(f"{what:8} normalised Gini {told}, bias {bias:+.1%}")


def events_of(file: Path) -> pl.DataFrame:
    """Return user, at and value of every row with a user and a time."""
    columns, frame = PurchaseColumns("user_id", "timestamp", "value"), read(file)
    return pl.DataFrame(
        {
            "user": frame[columns.user].cast(pl.String),
            "at": parse_times(frame[columns.time], timezone="UTC").at,
            "value": frame[columns.value].cast(pl.Float64),
        }
    ).drop_nulls(["user", "at"])


def came(rows: pl.DataFrame, at: int, horizon_days: int) -> pl.DataFrame:
    """Return days with a row and money of every user in the window."""
    window = rows.filter(pl.col("at") >= at, pl.col("at") < at + horizon_days * DAY)
    return window.group_by("user").agg(
        orders=(pl.col("at") // DAY).n_unique(), value=pl.col("value").sum()
    )


def read(file: Path) -> pl.DataFrame:
    """Return the rows of a CSV or Parquet file."""
    if file.suffix == ".parquet":
        return pl.read_parquet(file)
    return pl.read_csv(file, schema_overrides={"user_id": pl.String})


if __name__ == "__main__":
    try:
        app()
    except RecsysError as error:
        console.print(f"error: {error}")
        sys.exit(1)
