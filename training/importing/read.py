"""Files into frames: CSV, JSON lines, Parquet; plain or gzipped text."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import polars as pl

from recsys.errors import UnreadableFile
from training.importing.json_lines import read_json_lines

BROKEN_SCHEMA = {"row": pl.Int64, "reason": pl.String, "text": pl.String}
SEPARATORS = ",;\t|"
FORMATS = "csv, tsv, jsonl, ndjson (each also .gz), parquet"


@dataclass(frozen=True, slots=True)
class RawFile:
    """The rows of a file as they stand, and those that could not even be split into columns.

    Attributes
    ----------
    path : Path
        Where it is.
    sha256 : str
        Of its bytes.
    frame : DataFrame
        The columns of the file under their own names; text files give text.
    row : Series of int64
        For each row of `frame`, its row in the file, the first one after a header is 1.
    broken : DataFrame
        ``row``, ``reason`` and the ``text`` of rows that are not in `frame`.
    notes : tuple of str
        What was noticed while reading.
    place : Series of int64 or None
        For each row of `frame`, its place in the list of products of one event, null for others;
        None where the file has no lists.
    """

    path: Path
    sha256: str
    frame: pl.DataFrame
    row: pl.Series
    broken: pl.DataFrame
    notes: tuple[str, ...]
    place: pl.Series | None = None

    @property
    def rows(self) -> int:
        """Rows in the file; an order of several products in one line counts for each of them."""
        return len(self.frame) + len(self.broken)


class Parts(NamedTuple):
    """What a reader makes of the bytes of a file: fields of :class:`RawFile`."""

    frame: pl.DataFrame
    row: pl.Series
    broken: pl.DataFrame
    notes: tuple[str, ...] = ()
    place: pl.Series | None = None


def read_file(path: Path) -> RawFile:
    """Read a file whose format its name tells.

    Raises
    ------
    UnreadableFile
        It does not exist, is a folder, empty, of an unknown format, or broken as a whole.
    """
    reader = _reader(path)
    content = _content(path)
    text = _unzipped(path, content) if path.suffix == ".gz" else content
    try:
        parts = reader(text)
    except (pl.exceptions.PolarsError, csv.Error, OSError) as error:
        raise UnreadableFile(path, str(error).splitlines()[0]) from error
    if not len(parts.frame) and not len(parts.broken):
        raise UnreadableFile(path, "it has no rows")
    if not len(parts.frame):
        raise UnreadableFile(path, f"no row of it can be read: {parts.broken['reason'][0]}")
    return RawFile(path, sha256(content).hexdigest(), *parts)


def refuse_unreadable(path: Path) -> None:
    """Refuse what the name alone shows to be unreadable, before anything else is done.

    Raises
    ------
    UnreadableFile
        It does not exist, is a folder, or is of an unknown format.
    """
    _reader(path)


def _reader(path: Path) -> Callable[[bytes], Parts]:
    if path.is_dir():
        raise UnreadableFile(path, "it is a folder; name a file in it")
    if not path.exists():
        raise UnreadableFile(path, "there is no such file")
    suffix = path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix
    if suffix not in READERS:
        raise UnreadableFile(path, f"unknown format {path.suffix!r}; known: {FORMATS}")
    return READERS[suffix]


def _content(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UnreadableFile(path, error.strerror or str(error)) from error
    if not content:
        raise UnreadableFile(path, "it is empty")
    return content


def _unzipped(path: Path, content: bytes) -> bytes:
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableFile(path, f"broken gzip: {error}") from error


def _csv(content: bytes) -> Parts:
    header = content[: content.find(b"\n") if b"\n" in content else None].decode(errors="replace")
    separator = max(SEPARATORS, key=header.count)
    notes = [] if separator == "," else [f"columns are separated by {separator!r}"]
    try:
        frame = pl.read_csv(content, separator=separator, infer_schema=False)
    except pl.exceptions.ComputeError:
        # Some row is not like the header: slowly, but losing none of the others.
        text, encoding = _decoded(content)
        frame, row, broken = _csv_row_by_row(text, separator)
        notes += encoding
    else:
        row, broken = _numbered(len(frame)), pl.DataFrame(schema=BROKEN_SCHEMA)
    blank = frame.select(pl.all_horizontal(pl.all().is_null())).to_series()
    if blank.any():
        notes.append(f"{blank.sum():,} blank lines, not counted as rows")
        frame, row = frame.filter(~blank), row.filter(~blank)
    return Parts(frame, row, broken, tuple(notes))


def _decoded(content: bytes) -> tuple[str, list[str]]:
    try:
        return content.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace"), ["not UTF-8: read as Windows-1252"]


def _csv_row_by_row(text: str, separator: str) -> tuple[pl.DataFrame, pl.Series, pl.DataFrame]:
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    header = next(rows)
    good: list[list[str | None]] = []
    numbers: list[int] = []
    broken: list[tuple[int, str, str]] = []
    try:
        for number, row in enumerate(rows, start=1):
            if len(row) > len(header):
                broken.append((number, "too_many_fields", separator.join(row)))
                continue
            numbers.append(number)
            good.append([value or None for value in row] + [None] * (len(header) - len(row)))
    except csv.Error as error:
        # A quote that never closes would swallow the rest of the file.
        raise csv.Error(f"line {rows.line_num}: {error}") from error
    schema = dict.fromkeys(header, pl.String)
    return (
        pl.DataFrame(good, schema=schema, orient="row"),
        pl.Series(numbers, dtype=pl.Int64),
        pl.DataFrame(broken, schema=BROKEN_SCHEMA, orient="row"),
    )


def _json_lines(content: bytes) -> Parts:
    frame, row, place, broken = read_json_lines(content)
    text = pl.DataFrame(broken, schema=BROKEN_SCHEMA, orient="row")
    return Parts(frame, row, text, place=place)


def _parquet(content: bytes) -> Parts:
    frame = pl.read_parquet(content)
    while structs := [name for name, dtype in frame.schema.items() if dtype == pl.Struct]:
        frame = frame.unnest(structs, separator=".")
    lists = [name for name, dtype in frame.schema.items() if dtype in (pl.List, pl.Array)]
    frame = frame.with_columns(
        pl.col(name).cast(pl.List(pl.String), strict=False).list.join("|") for name in lists
    )
    frame = frame.with_columns(
        _unpacked(frame[n]) for n, t in frame.schema.items() if t == pl.Binary
    )
    return Parts(frame, _numbered(len(frame)), pl.DataFrame(schema=BROKEN_SCHEMA))


def _unpacked(column: pl.Series) -> pl.Series:
    """Return bytes as the text they are, or in hexadecimal where some are none (binary ids)."""
    try:
        return column.cast(pl.String)
    except pl.exceptions.ComputeError:
        return column.bin.encode("hex")


def _numbered(rows: int) -> pl.Series:
    return pl.int_range(1, rows + 1, dtype=pl.Int64, eager=True)


READERS: Mapping[str, Callable[[bytes], Parts]] = {
    ".csv": _csv,
    ".tsv": _csv,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".parquet": _parquet,
}
