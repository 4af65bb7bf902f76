"""What a later export says was paid back of orders that are in the log: a return of that money."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from recsys.data.kinds import PURCHASE, RETURN
from recsys.data.netting import NEARLY_NOTHING
from recsys.storage.database.interface import Database, of_keys
from training.importing.event_ids import event_ids

_CENT = 0.005
_LOGGED = {"event_id": pl.String, "owner": pl.String, "worth": pl.Float64}
_BACK = {"owner": pl.String, "order_id": pl.String, "back": pl.Float64}


def since_logged(events: pl.DataFrame, database: Database) -> pl.DataFrame:
    """Return a return of money for each order that is worth less than what is logged of it.

    Less by what its returns in the log take back already: importing a file again finds nothing.

    Parameters
    ----------
    events : DataFrame
        As :class:`training.importing.validate.Validated` has them; orders of which something was
        paid back have ``paid_back`` lines.
    database : Database
        With the log, before they are logged.

    Returns
    -------
    DataFrame
        ``event_id``, ``user_id``, ``kind``, ``at``, ``value`` and ``order_id``.
    """
    orders = events.filter("paid_back").select("user_id", "order_id").drop_nulls().unique()
    bought = events.filter(pl.col("kind") == PURCHASE).join(
        orders, on=["user_id", "order_id"], how="semi"
    )
    lines = bought.join(_logged(database, bought["event_id"].to_list()), on="event_id")
    back = _came_back(database, lines["owner"].unique().to_list())
    worth = lines.group_by("owner", "order_id").agg(
        pl.col("at").max(), pl.col("worth").sum(), now=pl.col("value").sum()
    )
    left = worth.join(back, on=["owner", "order_id"], how="left").with_columns(
        value=pl.col("worth") - pl.col("back").fill_null(0.0) - pl.col("now")
    )
    less = left.filter(pl.col("value") > pl.max_horizontal(_CENT, NEARLY_NOTHING * left["worth"]))
    less = less.sort("at", "order_id")
    said = {"order": less["order_id"], "owner": less["owner"], "left": less["now"]}
    return less.select(
        pl.lit(event_ids(less["at"].to_numpy(), said)).alias("event_id"),
        pl.col("owner").alias("user_id"),
        pl.lit(RETURN).alias("kind"),
        *("at", "value", "order_id"),
    )


def _logged(database: Database, event_ids: Sequence[str]) -> pl.DataFrame:
    statement = "SELECT event_id, user_id, value FROM events WHERE event_id IN ({keys})"
    rows = list(of_keys(database.read, statement, event_ids))
    return pl.DataFrame(rows, _LOGGED, orient="row")


def _came_back(database: Database, owners: Sequence[str]) -> pl.DataFrame:
    statement = (
        "SELECT user_id, order_id, sum(value) FROM events WHERE user_id IN ({keys}) "
        "AND kind = 'return' GROUP BY user_id, order_id"
    )
    rows = list(of_keys(database.read, statement, owners))
    return pl.DataFrame(rows, _BACK, orient="row")
