"""Any file with a user, a time and an amount, as purchases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl

from recsys.data import netting
from recsys.data.ids import NO_ITEM, IdMap
from recsys.data.interactions import Interactions, UserEvents
from recsys.data.kinds import PURCHASE, RETURN, RETURN_DAYS, VOID
from recsys.data.order_states import NOT_CANCELLED, is_void
from recsys.data.times import DAY, EARLIEST, micros
from recsys.errors import BadQuery
from training.errors import NoUsableRow, UnclearColumn
from training.forecast.columns import FoundColumns, PurchaseColumns, found_columns
from training.importing.cells import bad_id
from training.importing.numbers import MOST, currency_of, decimal_sign, parsed
from training.importing.read import read_file
from training.importing.times import parse_times

KINDS = (PURCHASE, RETURN, VOID)
OF_ORDERS = ("order", "item", "quantity", "state", "cancelled_at")
MEANINGS = ("user", "time that is understood", "number")


@dataclass(frozen=True, slots=True)
class PurchaseFile:
    """The purchases of a file before a cut-off.

    Attributes
    ----------
    interactions : Interactions
        Purchases without what was taken back, and as returns what has a negative amount and took
        nothing back that is known.
    taken_back : int
        Rows that took something back or were, and so are not among them.
    skipped : int
        Rows without a user, or whose time or amount is none.
    why : str
        What they lack and how often, with an example; empty if none was skipped.
    later : int
        Rows at or after the cut-off, not looked at any further.
    first, last : datetime
        Of what is before the cut-off, in UTC.
    spelling : str
        How the times were read.
    others : int
        Rows that say that they are something else than a purchase.
    money : str
        Which columns the amounts are from.
    """

    interactions: Interactions
    taken_back: int
    skipped: int
    why: str
    later: int
    first: datetime
    last: datetime
    spelling: str
    others: int
    money: str


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


def read(file: Path, columns: PurchaseColumns, *, before: int) -> PurchaseFile:
    """Return what happened before an instant; nothing else of the file is kept.

    Raises
    ------
    UnreadableFile
        See :func:`training.importing.read.read_file`.
    BadQuery
        The file has no column of that name, or its amounts can be read two ways or are in several
        currencies.
    NoUsableRow
        None has a user, a time and an amount, or none of those is before the cut-off.
    """
    frame = _without_blanks(read_file(file).frame)
    found = found_columns(frame.columns, columns)
    every, frame = len(frame), frame.filter(~found.others(frame))
    times = parse_times(found.times(frame), timezone="UTC", time_format=columns.time_format)
    rows = pl.DataFrame(
        {
            "user": found.users(frame),
            "at": times.at,
            "value": _money(frame, found, columns),
            **_about_orders(frame, found),
        }
    )
    good = rows.select(
        user=pl.col("user").is_not_null() & ~bad_id("user"),
        at=pl.col("at") >= EARLIEST,
        value=pl.col("value").is_finite() & (pl.col("value").abs() <= MOST),
    ).fill_null(value=False)
    usable = rows.filter(good["user"] & good["at"] & good["value"])
    why = _skipped(good, [frame[name] for name in (found.user[0], found.time[0], found.money[0])])
    if not len(usable):
        raise NoUsableRow(file, why)
    earlier = usable.filter(pl.col("at") < before)
    first, last = (_day(usable["at"].min()), _day(usable["at"].max()))
    if not len(earlier):
        span = f"they go from {first:%Y-%m-%d} to {last:%Y-%m-%d}, {times.spelling}"
        raise NoUsableRow(file, f"none is before the cut-off, {span}")
    table = _table(earlier)
    net = netting.net(table, within=int(RETURN_DAYS * DAY))
    return PurchaseFile(
        interactions=net,
        taken_back=len(table) - len(net),
        skipped=len(rows) - len(usable),
        why=why,
        later=len(usable) - len(earlier),
        first=first,
        last=_day(earlier["at"].max()),
        spelling=times.spelling,
        others=every - len(rows),
        money=found.money_said,
    )


def _without_blanks(frame: pl.DataFrame) -> pl.DataFrame:
    names = [name.strip() for name in frame.columns]
    if len(set(names)) < len(names):
        return frame
    return frame.rename(dict(zip(frame.columns, names, strict=True)))


def _about_orders(frame: pl.DataFrame, found: FoundColumns) -> dict[str, pl.Series]:
    """Return what else tells which order was taken back, of columns with a recognised name.

    ``order`` and ``item`` as text, ``quantity`` as a number, all null where there is none; and
    ``void``, whether its state says that an order did not come about.
    """
    column_of = found.rest.columns
    text = {
        name: frame[column_of[name][0]].cast(pl.String).str.strip_chars()
        if name in column_of
        else pl.repeat(None, len(frame), dtype=pl.String, eager=True)
        for name in OF_ORDERS
    }
    states = text["state"].fill_null("")
    ends = [state for state in states.unique() if is_void(state)]
    quantity = _amounts(text["quantity"]).abs()
    cancelled = text["cancelled_at"].fill_null("").str.to_lowercase()
    void = states.is_in(ends) | ~cancelled.is_in(sorted(NOT_CANCELLED))
    # exports tell the state of an order in the first of its lines only
    of_order = set(text["order"].filter(void).drop_nulls())
    return {
        "order": text["order"],
        "item": text["item"],
        "quantity": quantity,
        "void": void | text["order"].is_in(list(of_order)).fill_null(value=False),
    }


def _money(frame: pl.DataFrame, found: FoundColumns, columns: PurchaseColumns) -> pl.Series:
    """Return the money of each row: price times quantity where there is a price, else the total."""
    texts = {name: _stripped(frame[name]) for name in found.money}
    named = " and ".join(texts)
    said = sorted({one for text in texts.values() for one in currency_of(text).drop_nulls()})
    for name in found.rest.of("currency"):
        beside = sorted(currency_of(_stripped(frame[name]), alone=True).drop_nulls().unique())
        said, named = (beside, name) if len(beside) > 1 else (said, named)
    if len(said) > 1:
        allowed = f"amounts in one currency; the column has {', '.join(said)}: change all into one"
        raise BadQuery("--value", named, allowed)
    units = {found.quantity: _stripped(frame[found.quantity])} if found.quantity else {}
    try:
        sign = decimal_sign(texts | units, configured=columns.decimal_sign)
    except UnclearColumn as unclear:
        allowed = f'{unclear.why}: add --decimal-sign "." or ","'
        raise BadQuery("--value", named, allowed) from unclear
    money = {name: parsed(text, sign) for name, text in texts.items()}
    if found.price and units:
        money[found.price] *= parsed(units[found.quantity], sign).fill_null(1.0)
    return pl.select(pl.coalesce(*money.values())).to_series()


def _stripped(given: pl.Series) -> pl.Series:
    return given.str.strip_chars() if given.dtype == pl.String else given


def _amounts(given: pl.Series) -> pl.Series:
    return _stripped(given).cast(pl.Float64, strict=False)


def _day(at: object) -> datetime:
    return datetime.fromtimestamp(int(at) / 1e6, UTC)  # type: ignore[call-overload]


def _skipped(good: pl.DataFrame, given: Sequence[pl.Series]) -> str:
    """Return what rows lack, how many of them, and what stands there instead in one of them."""
    reasons = []
    for name, what, column in zip(good.columns, MEANINGS, given, strict=True):
        bad = column.filter(~good[name])
        if len(bad):
            example = next(iter(bad.drop_nulls()), None)
            such = "" if example is None else f", such as {str(example)!r}"
            reasons.append(f"{len(bad):,} have no {what} in {column.name!r}{such}")
    return "; ".join(reasons)


def _table(rows: pl.DataFrame) -> Interactions:
    # the order of the rows of the file must not matter, to the last bit of a sum
    rows = rows.sort("user", "at", "value", "order", "item", "quantity", "void")
    users = IdMap.of(rows["user"].unique().to_list())
    items = IdMap.of(rows["item"].drop_nulls().unique().to_list())
    value = rows["value"].to_numpy()
    kind = np.where(value < 0, KINDS.index(RETURN), KINDS.index(PURCHASE))
    kind[rows["void"].to_numpy()] = KINDS.index(VOID)
    quantity = rows["quantity"].fill_null(1.0).to_numpy()
    events = UserEvents(
        # ids are in order of their bytes in both, so that the rank is the row
        item_row=_row_of(rows["item"]).fill_null(NO_ITEM).to_numpy(),
        kind=kind.astype(np.int8),
        at=rows["at"].to_numpy(),
        quantity=np.where(quantity > 0, quantity, 1.0).astype(np.float32),
        value=np.abs(value),
    )
    user_row = _row_of(rows["user"]).to_numpy()
    table = Interactions.of(users, items, KINDS, user_row=user_row, events=events)
    number = cache(netting.order_number)
    orders = np.fromiter(map(number, rows["order"]), np.int64, len(rows))
    return replace(table, order=orders) if orders.any() else table


def _row_of(ids: pl.Series) -> pl.Series:
    return (ids.rank("dense").cast(pl.Int64) - 1).cast(pl.Int32)
