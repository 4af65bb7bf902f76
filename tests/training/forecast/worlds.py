"""Files of purchases in a world where users quit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from recsys.data.times import DAY
from tests.recsys.churn.worlds import dying_world

BEGIN = datetime(2020, 1, 1, tzinfo=UTC)


def frame(n_users: int, n_days: int, *, seed: int = 1) -> pl.DataFrame:
    world = dying_world(n_users, n_days, seed=seed)
    days = (world.at / DAY).tolist()
    return pl.DataFrame(
        {
            "user_id": [world.users[row] for row in world.user_row.tolist()],
            "timestamp": [
                (BEGIN + timedelta(days=day)).replace(tzinfo=None).isoformat() for day in days
            ],
            "value": [5.0 + row % 11 for row in world.user_row.tolist()],
        }
    )


def written(rows: pl.DataFrame, file: Path) -> Path:
    if file.suffix == ".parquet":
        rows.write_parquet(file)
    else:
        rows.write_csv(file)
    return file


def day(number: int) -> str:
    return f"{BEGIN + timedelta(days=number):%Y-%m-%d}"
