"""Rows that cannot be used: kept in a file, with their place and the reason."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from training.data_in.read import RawFile

_OURS = frozenset({"row", "reason", "unparsed_row"})


def quarantined(raw: RawFile, place: pl.Series, reason: pl.Series) -> pl.DataFrame:
    """Return the bad rows of a file, in its order.

    Parameters
    ----------
    raw : RawFile
        The file; its broken rows are among the bad ones.
    place : Series of int
        Positions of bad rows in its frame.
    reason : Series of str
        Why, for each of them.

    Returns
    -------
    DataFrame
        ``row`` in the file, ``reason``, and its columns as they stood (a column of the file with
        one of these names is called ``…_in_file``).
    """
    originals = raw.frame[place].select(
        pl.all().cast(pl.String, strict=False).name.map(_apart_from_ours)
    )
    head = pl.DataFrame({"row": raw.row.gather(place), "reason": reason})
    both = [head.hstack(originals)]
    if len(raw.broken):
        both.append(raw.broken.rename({"text": "unparsed_row"}))
    return pl.concat(both, how="diagonal").sort("row", maintain_order=True)


def put_aside(raw: RawFile, quarantine: pl.DataFrame, folder: Path) -> str:
    """Write quarantined rows and return the file's path; empty when there are none.

    The name is told by the content of the imported file: importing again overwrites it.
    """
    if not len(quarantine):
        return ""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{raw.path.name.split('.')[0]}-{raw.sha256[:12]}.csv"
    quarantine.write_csv(file)
    return str(file)


def counted(column: pl.Series) -> Mapping[str, int]:
    """Return how often each value occurs, most frequent first, then by name."""
    name = column.name
    counts = column.to_frame().group_by(name).len("rows")
    return dict(counts.sort("rows", name, descending=[True, False]).iter_rows())


def _apart_from_ours(name: str) -> str:
    return f"{name}_in_file" if name in _OURS else name
