"""Units and money of the rows of a file, in one currency."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from recsys.config import Config
from training.errors import UnclearColumn
from training.importing.cells import text_of
from training.importing.columns import FileColumns
from training.importing.numbers import (
    MANY,
    as_codes,
    ascii_digits,
    currency_of,
    decimal_sign,
    parsed,
)

UNITS = ("quantity", "stock")


@dataclass(frozen=True, slots=True)
class Amounts:
    """The numbers of a file, by meaning.

    Attributes
    ----------
    of : mapping of str to Series of float64
        Null where none is given, or what is given is no number.
    given : mapping of str to Series of bool
        Whether something is given.
    notes : tuple of str
        How the numbers are written, where that is not plain, and in which currency.
    currency : str
        The code of the one that all amounts are in; empty: none is named, or they were changed.
    """

    of: Mapping[str, pl.Series]
    given: Mapping[str, pl.Series]
    notes: tuple[str, ...]
    currency: str = ""

    def bad(self, *meanings: str) -> pl.Series:
        """Return whether one of them is given and no finite number."""
        said = {f"{name} given": self.given[name] for name in meanings}
        found = pl.DataFrame({**said, **{name: self.of[name] for name in meanings}})
        wrong = (
            pl.col(f"{name} given") & ~pl.col(name).is_finite().fill_null(value=False)
            for name in meanings
        )
        return found.select(pl.any_horizontal(*wrong)).to_series()


def read_amounts(
    frame: pl.DataFrame, found: FileColumns, meanings: Sequence[str], config: Config
) -> Amounts:
    """Read the columns of some meanings: ``UNITS`` as they are, all others as money.

    Raises
    ------
    UnclearColumn
        A number can be read two ways, or amounts are in several currencies and the configuration
        does not say what one of each is worth.
    """
    texts = {name: _cells(frame, found, name) for name in meanings if name in found}
    money = [name for name in texts if name not in UNITS]
    named = {_in_file(found, name): text for name, text in texts.items()}
    sign = decimal_sign(named, configured=config.data.decimal_sign)
    numbers = {name: parsed(text, sign) for name, text in texts.items()}
    beside = {name: texts[name] for name in money} | {"currency": _cells(frame, found, "currency")}
    currency = _without_vague(
        {name: currency_of(text, alone=name == "currency") for name, text in beside.items()}
    )
    said = {name: sorted(one.drop_nulls().unique()) for name, one in currency.items()}
    rate = _rates(currency, said, found, config)
    if rate is not None:
        numbers.update({name: numbers[name] * rate for name in money})
    given = {name: text.is_not_null() for name, text in texts.items()}
    nothing, never = (pl.Series([one]).new_from_index(0, len(frame)) for one in (None, False))
    numbers = {name: nothing.cast(pl.Float64) for name in meanings} | numbers
    given = dict.fromkeys(meanings, never) | given
    codes = {one for each in said.values() for one in each} - MANY
    own = "" if rate is not None else "".join(codes)
    return Amounts(numbers, given, _notes(sign, said, found, rated=rate is not None), own)


def _cells(frame: pl.DataFrame, found: FileColumns, meaning: str) -> pl.Series:
    """Return the cells of a meaning: numbers where the file holds numbers, else text."""
    names = found.of(meaning)
    if not names:
        return pl.Series(meaning, [None], dtype=pl.String).new_from_index(0, len(frame))
    if all(frame.schema[name].is_numeric() for name in names):
        return frame.select(pl.coalesce(names).cast(pl.Float64).alias(meaning)).to_series()
    return ascii_digits(frame.select(text_of(found, meaning)).to_series())


def _without_vague(currency: Mapping[str, pl.Series]) -> dict[str, pl.Series]:
    """Return currencies by meaning, a sign of many as what a code beside it in its row says."""
    frame = pl.DataFrame(dict(currency))
    code = pl.coalesce(pl.when(~pl.col(name).is_in(MANY)).then(name) for name in currency)
    clear = (
        pl.when(pl.col(name).is_in(MANY)).then(pl.coalesce(code, name)).otherwise(name).alias(name)
        for name in currency
    )
    return frame.select(*clear).to_dict(as_series=True)


def _rates(
    currency: Mapping[str, pl.Series],
    said: Mapping[str, Sequence[str]],
    found: FileColumns,
    config: Config,
) -> pl.Series | None:
    """Return what one unit of each row's currency is worth; None where all have the same."""
    all_said = {one for each in said.values() for one in each}
    names = as_codes(pl.Series([*config.data.rates], dtype=pl.String))
    rates = dict(zip(names, config.data.rates.values(), strict=True))
    if len(all_said) < 2 and not rates:
        return None
    if not all_said <= rates.keys():
        where = ", ".join(_in_file(found, name) for name, each in said.items() if each)
        example = ", ".join(f"{_toml_key(one)} = …" for one in sorted(all_said))
        why = f"amounts in {', '.join(sorted(all_said))} are not added up"
        raise UnclearColumn(where, why, f"under [data] what one is worth: rates = {{ {example} }}")
    own = pl.select(pl.coalesce(*currency.values())).to_series()
    return own.replace_strict(rates, default=None, return_dtype=pl.Float64)


def _notes(
    sign: str, said: Mapping[str, Sequence[str]], found: FileColumns, *, rated: bool
) -> tuple[str, ...]:
    notes = ["numbers have a decimal comma"] if sign == "," else []
    notes += [
        f"{_in_file(found, name)} is in {', '.join(each)}" + ", changed by data.rates" * rated
        for name, each in said.items()
        if each
    ]
    return tuple(notes)


def _in_file(found: FileColumns, meaning: str) -> str:
    return ", ".join(found.of(meaning)) or meaning


def _toml_key(name: str) -> str:
    return name if name.isascii() and name.isalnum() else json.dumps(name, ensure_ascii=False)
