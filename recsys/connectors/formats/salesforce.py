"""Salesforce: an id has 15 characters, or 18 where three more spell its capitals; both are one."""

from __future__ import annotations

import polars as pl

COLUMNS = ("Id", "ContactId", "LeadId")
SHORT = 15
_PART = 5
_SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def frame(theirs: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with ids of 18 characters."""
    return theirs.with_columns(_long(theirs[name]) for name in COLUMNS if name in theirs.columns)


def _long(ids: pl.Series) -> pl.Series:
    short = ids.filter(ids.str.len_chars() == SHORT).unique().to_list()
    return ids.replace(short, [of_18(one) for one in short])


def of_18(short: str) -> str:
    """Return the 18 characters of an id of 15: each five of them spell one more by their capitals.

    Examples
    --------
    >>> of_18("001A0000006Vm9r")
    '001A0000006Vm9rIAC'
    """
    parts = [short[start : start + _PART] for start in range(0, SHORT, _PART)]
    bits = (sum(sign.isupper() << place for place, sign in enumerate(part)) for part in parts)
    return short + "".join(_SIGNS[number] for number in bits)
