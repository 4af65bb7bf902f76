"""Any file with a user, a time and an amount, as purchases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from recsys.errors import BadQuery, NothingToLearnFrom
from recsys.events import NO_ITEM, IdMap, Interactions, UserEvents, micros
from training.data_in.read import read_file
from training.data_in.times import parse_times

PURCHASE = "purchase"
RETURN = "return"
KINDS = (PURCHASE, RETURN)


@dataclass(frozen=True, slots=True)
class Columns:
    """What the columns of the file are called."""

    user: str = "user_id"
    time: str = "timestamp"
    value: str = "value"


@dataclass(frozen=True, slots=True)
class Read:
    """The purchases of a file before a cut-off.

    Attributes
    ----------
    interactions : Interactions
        Purchases, and as returns what has a negative amount.
    skipped : int
        Rows without a user, or whose time or amount is none.
    later : int
        Rows at or after the cut-off, not looked at any further.
    """

    interactions: Interactions
    skipped: int
    later: int


def cutoff(text: str) -> int:
    """Return the instant that a day or a time names, UTC unless it says otherwise (microseconds).

    Raises
    ------
    BadQuery
        It is neither.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadQuery("--cutoff", text, "a day like 2011-09-09, or a time of it") from error
    return micros(at if at.tzinfo else at.replace(tzinfo=UTC))


def read(file: Path, columns: Columns, *, before: int) -> Read:
    """Return what happened before an instant; nothing else of the file is kept.

    Raises
    ------
    UnreadableFile
        See :func:`training.data_in.read.read_file`.
    BadQuery
        The file has no column of that name.
    NothingToLearnFrom
        No usable row is before the cut-off.
    """
    frame = read_file(file).frame
    for option, name in (("--user", columns.user), ("--time", columns.time)):
        _require(frame, option, name)
    _require(frame, "--value", columns.value)
    at = parse_times(frame[columns.time], timezone="UTC").at
    rows = pl.DataFrame(
        {
            "user": frame[columns.user].cast(pl.String),
            "at": at,
            "value": frame[columns.value].cast(pl.Float64, strict=False),
        }
    )
    usable = rows.filter(
        pl.col("user").str.len_chars() > 0, pl.col("at").is_not_null(), pl.col("value").is_finite()
    )
    known = usable.filter(pl.col("at") < before)
    if not len(known):
        raise NothingToLearnFrom("usable rows before the cut-off", found=0, needed=1)
    return Read(_table(known), len(rows) - len(usable), len(usable) - len(known))


def _require(frame: pl.DataFrame, option: str, name: str) -> None:
    if name not in frame.columns:
        raise BadQuery(option, name, f"a column of the file: {', '.join(frame.columns)}")


def _table(rows: pl.DataFrame) -> Interactions:
    # the order of the rows of the file must not matter, to the last bit of a sum
    rows = rows.sort("user", "at", "value")
    users = IdMap.of(rows["user"].unique().to_list())
    value = rows["value"].to_numpy()
    events = UserEvents(
        item_row=np.full(len(rows), NO_ITEM, np.int32),
        kind=np.where(value < 0, KINDS.index(RETURN), KINDS.index(PURCHASE)).astype(np.int8),
        at=rows["at"].to_numpy(),
        quantity=np.ones(len(rows), np.float32),
        value=np.abs(value),
    )
    # both order ids by their bytes, so that the rank is the row
    user_row = (rows["user"].rank("dense") - 1).cast(pl.Int32).to_numpy()
    return Interactions.of(users, IdMap.of([]), KINDS, user_row=user_row, events=events)
