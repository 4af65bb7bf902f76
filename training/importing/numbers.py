"""Numbers as people write them: decimal commas, thousands, currencies; never guessed."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from training.errors import UnclearColumn

_SIGNS = "€$£¥￥₹₺₽₩₪円元"
_CODES = {
    "€": "EUR", "£": "GBP", "₹": "INR", "₺": "TRY", "₽": "RUB", "₩": "KRW", "₪": "ILS",
    "R$": "BRL", "KC": "CZK", "KČ": "CZK", "ZŁ": "PLN", "FT": "HUF", "LEI": "RON",
    "円": "JPY", "元": "CNY", "￥": "¥",
}  # fmt: skip
MANY = frozenset({"$", "¥", "KR"})
"""Signs of several currencies: of which one, a code beside it may say."""

MOST = 1e12
"""More money or units than that are no value."""

BAD_PRICE = "the price is no number, negative, or more than a million million"
_CURRENCY = rf"(?i)[{_SIGNS}]|\b[a-z]{{3}}\b|^r\$|\bk[cč]\b|\bzł|\bkr\b|\bft\b|\blei\b"
_UNDIVIDED = r"(?i)[¥￥円₩]|\b(jpy|krw|vnd|idr|clp)\b"
"""Currencies of which nobody writes thousandths: three digits behind a sign are thousands."""
_DIGITS = {
    **{chr(zero + n): str(n) for zero in (0x0660, 0x06F0, 0xFF10) for n in range(10)},
    "\u066b": ".", "\u066c": ",", "\uff0e": ".", "\uff0c": ",",
}  # fmt: skip
_EITHER = r"^-?[1-9]\d{0,2}[.,]\d{3}$"
_POINT = r"^-?\d+(,\d{2,3})*,\d{3}\.\d*$|^-?\d+(,\d{2,3})+,\d{3}$|^-?(0|\d*)\.\d+$|^-?\d{4,}\.\d*$"
_COMMA = r"^-?\d+(\.\d{3})+,\d*$|^-?\d+(\.\d{3}){2,}$|^-?\d*,\d+$"
_GROUPED = {
    ".": r"^-?\d{1,3}(,\d{2})*(,\d{3})+(\.\d*)?$|^-?\d+(\.\d*)?$|^-?\.\d+$",
    ",": r"^-?\d{1,3}(\.\d{3})+(,\d*)?$|^-?\d+(,\d*)?$|^-?,\d+$",
}


def ascii_digits(column: pl.Series) -> pl.Series:
    """Return a column of text with Arabic, Persian and full-width digits as 0 to 9."""
    if column.str.len_bytes().sum() == column.str.len_chars().sum():
        return column
    return column.str.replace_many(_DIGITS)


def bare(text: pl.Expr) -> pl.Expr:
    """Return numbers without currencies, blanks and what else stands around them."""
    signed = text.str.replace(r"^\((.*)\)$", "-$1").str.replace("\u2212", "-", literal=True)
    digits = signed.str.replace_all(_CURRENCY, "").str.replace_all(r"[\s'\u2019\u00a0\u202f]", "")
    return digits.str.replace(r"^(\d.*)-$", "-$1")


def _is_plain(column: pl.Series) -> bool:
    """Return whether all that is given reads as a number at once."""
    return column.cast(pl.Float64, strict=False).null_count() == column.null_count()


def currency_of(column: pl.Series, *, alone: bool = False) -> pl.Series:
    """Return the currency beside each number, as its code or a sign of ``MANY``; null: none.

    A word without a number is a currency only where the column holds them `alone`.
    """
    if column.dtype != pl.String or _is_plain(column):
        return pl.Series([None], dtype=pl.String).new_from_index(0, len(column))
    beside = column.str.contains(r"\d").fill_null(value=False)
    amounts = column if alone else column.set(~beside, None)
    found = as_codes(amounts.str.extract(rf"({_CURRENCY})"))
    return found.set(found.is_in(["NAN", "INF"]).fill_null(value=False), None)


def as_codes(said: pl.Series) -> pl.Series:
    """Return currencies in capitals, signs as the code of their only currency."""
    return said.str.to_uppercase().replace(_CODES)


def decimal_sign(columns: Mapping[str, pl.Series], *, configured: str = "") -> str:
    """Return the decimal sign of a file, as its columns of numbers show it.

    Parameters
    ----------
    columns : mapping of str to Series
        All columns of numbers of one file, by their names there: they are written alike.
    configured : str
        The sign; empty: what the columns show.

    Raises
    ------
    UnclearColumn
        A number such as 1.234 can be read two ways, and nothing in the file decides it.
    """
    if configured:
        return configured
    point = comma = 0
    unclear: tuple[str, str] | None = None
    for name, column in columns.items():
        if column.dtype != pl.String:
            continue
        odd = column.filter(column.str.contains(r"[.,]"))
        if _is_plain(odd) and not odd.str.contains(_EITHER).all():
            point += len(odd)
            continue
        given = odd.to_frame("n").select(bare(pl.col("n")))["n"]
        either = given.str.contains(_EITHER)
        whole = either & odd.str.contains(_UNDIVIDED)
        point += int((whole & given.str.contains(",", literal=True)).sum())
        comma += int((whole & given.str.contains(".", literal=True)).sum())
        either &= ~whole
        point += int((given.str.contains(_POINT) & ~either).sum())
        comma += int((given.str.contains(_COMMA) & ~either).sum())
        if either.any() and unclear is None:
            unclear = (name, str(given.filter(either)[0]))
    if unclear and (not (point or comma) or (point and comma)):
        name, example = unclear
        ways = f"{example!r} can be read two ways"
        raise UnclearColumn(name, ways, 'under [data] decimal_sign = "." or ","')
    return "," if comma > point else "."


def parsed(column: pl.Series, sign: str) -> pl.Series:
    """Return a column as numbers; null where one is not written as the others are."""
    if column.dtype != pl.String:
        return column.cast(pl.Float64, strict=False)
    plain = column.cast(pl.Float64, strict=False)
    if sign == "." and plain.null_count() == column.null_count():
        return plain
    text = column.to_frame("n").select(bare(pl.col("n")))["n"]
    grouped = text.set(~text.str.contains(_GROUPED[sign]).fill_null(value=False), None)
    other = "," if sign == "." else "."
    numbers = grouped.str.replace_all(other, "", literal=True).str.replace(sign, ".", literal=True)
    found = numbers.cast(pl.Float64, strict=False)
    return found.zip_with(found.is_not_null(), plain) if sign == "." else found
