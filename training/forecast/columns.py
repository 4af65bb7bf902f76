"""Which columns of a file say who bought, when and for how much: those that an import finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from recsys.config import Config
from recsys.data.fields import EVENT
from recsys.data.kinds import PURCHASE, RETURN, meant
from recsys.errors import BadQuery
from training.importing.cells import ids_of, text_of
from training.importing.columns import FileColumns, find
from training.importing.times import with_clocks

VALUE = "value"
"""A column of this name is the money of a row, whatever else there is."""

_WHO = ("user", "anonymous", "email")


@dataclass(frozen=True, slots=True)
class PurchaseColumns:
    """What the columns of the file are called, and how its times and numbers are written.

    An empty name is the column that `recsys import` would find: of the money ``value``, else
    price times quantity, else the total of a line. A format of times is tried first; the decimal
    sign is what the file shows where it is empty.
    """

    user: str = ""
    time: str = ""
    value: str = ""
    time_format: str = ""
    decimal_sign: str = ""


@dataclass(frozen=True, slots=True)
class FoundColumns:
    """The columns of a file by what they say, the one that wins first.

    Attributes
    ----------
    user, time, value : tuple of str
        Of who, when and the whole amount; `value` is empty where only prices tell it.
    price, quantity : str
        Of one unit, and how many; empty where there is none, or the amount is told.
    rest : FileColumns
        What the other columns say.
    """

    user: tuple[str, ...]
    time: tuple[str, ...]
    value: tuple[str, ...]
    price: str
    quantity: str
    rest: FileColumns

    @property
    def money(self) -> tuple[str, ...]:
        """Those that hold money: of one currency, with one decimal sign."""
        return (self.price, *self.value) if self.price else self.value

    @property
    def money_said(self) -> str:
        """What the amounts are from, in words."""
        price = f"{self.price} times {self.quantity}" if self.quantity else self.price
        return ", else ".join(filter(None, (price, *self.value)))

    def users(self, frame: pl.DataFrame) -> pl.Series:
        """Return who it was in each row, null where nobody is named."""
        return frame.select(pl.coalesce(ids_of(frame, one) for one in self.user)).to_series()

    def times(self, frame: pl.DataFrame) -> pl.Series:
        """Return when each row was, as the file spells it; a day joined with a clock beside it."""
        return with_clocks([frame[name] for name in self.time])[0]

    def others(self, frame: pl.DataFrame) -> pl.Series:
        """Return which rows say that they are something else than a purchase or a return."""
        if "kind" not in self.rest:
            return pl.repeat(value=False, n=len(frame), eager=True)
        kinds, name = tuple(Config().kinds), frame.select(text_of(self.rest, "kind")).to_series()
        said = {one: meant(one, "", kinds, has_item=True) for one in name.drop_nulls().unique()}
        other = [one for one, kind in said.items() if kind not in (None, PURCHASE, RETURN)]
        return name.is_in(other).fill_null(value=False)


def found_columns(header: Sequence[str], named: PurchaseColumns) -> FoundColumns:
    """Find the columns of a file.

    Raises
    ------
    BadQuery
        Nothing says who, when or for how much; or a named column is not in the file.
    """
    own = {"--user": named.user, "--time": named.time, "--value": named.value}
    for option, name in own.items():
        if name and name not in header:
            raise BadQuery(option, name, f"a column of the file: {', '.join(header)}")
    chosen = {meaning: n for meaning, n in (("user", named.user), ("at", named.time)) if n}
    taken = {*filter(None, own.values())}
    rest = find([name for name in header if name not in taken], EVENT, {})
    user, time = (
        (chosen[meaning],) if meaning in chosen else rest.of(*meanings)
        for meaning, meanings in (("user", _WHO), ("at", ("at",)))
    )
    price, value = "", (named.value,) if named.value else rest.of("total")
    if not named.value and VALUE in header:
        value = (VALUE,)
    elif not named.value and "price" in rest:
        price = rest.of("price")[0]
    for option, meanings, hits in (
        ("--user", _WHO, user), ("--time", ("at",), time),
        ("--value", ("price", "total"), (*value, *filter(None, [price]))),
    ):  # fmt: skip
        if not hits:
            raise BadQuery(option, "", _allowed(header, meanings))
    quantity = next(iter(rest.of("quantity")), "") if price else ""
    return FoundColumns(user, time, value, price, quantity, rest)


def _allowed(header: Sequence[str], meanings: Sequence[str]) -> str:
    names = ", ".join(name for meaning in meanings for name in EVENT.table[meaning])
    return f"a column of the file: {', '.join(header)}; without a name, one called {names}"
