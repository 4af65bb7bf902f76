"""Delimited text into rows: every line is a row, part of one, blank, or put aside."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
import polars as pl

from training.errors import UnaccountedRows
from training.importing.layout import UNIT, Layout
from training.importing.quotes import QUOTE, Grammar, Records, RowShape, is_data, records
from training.importing.rows import BROKEN_SCHEMA, Rows, none_broken, numbered

_SAMPLE = 1_000
_MOSTLY = 0.95


def read_delimited(content: bytes, layout: Layout) -> Rows:
    """Read the rows below the header.

    Fast where no quote stands where none may, or could swallow a row, and all are like the header;
    else line by line, losing none.

    Parameters
    ----------
    content : bytes
        UTF-8.
    layout : Layout
        Where rows begin, and what their fields are.
    """
    body = content[layout.start :]
    separator = layout.separator
    if len(separator) > 1:
        body, separator = body.replace(separator.encode(), UNIT.encode()), UNIT
    names = layout.names
    if b'"' in body and b'="' in body:
        body = _without_formulas(body, separator)
    rows = _at_once(body, separator, names)
    if rows is None:
        rows = _line_by_line(body.decode(errors="replace"), separator, names)
    return rows._replace(notes=(*layout.notes, *rows.notes))


def _without_formulas(body: bytes, separator: str) -> bytes:
    """Return text whose fields ``="00123"``, by which a spreadsheet keeps zeros, are that text."""
    ends = re.escape(separator).encode()
    field = rb'(?:="([^"\r\n]*)"|"=""([^"\r\n]*)""")'
    return re.sub(
        rb"(?m)(^|(?<=" + ends + rb"))" + field + rb"(?=" + ends + rb"|\r?$)",
        lambda found: b'"%s"' % (found[2] or found[3] or b""),
        body,
    )


def _at_once(body: bytes, separator: str, names: Sequence[str]) -> Rows | None:
    """Return the rows where all are like the header; None where some are not."""
    lines = body.count(b"\n") + (not body.endswith(b"\n") and len(body) > 0)
    bare = b'"' not in body
    if bare and body.count(separator.encode()) != lines * (len(names) - 1):
        return None
    within = 0 if bare else _breaks_in_fields(body, separator, len(names))
    if within is None:
        return None
    try:
        frame = pl.read_csv(
            body,
            separator=separator,
            has_header=False,
            schema=dict.fromkeys(names, pl.String),
            quote_char=None if bare else QUOTE,
        )
    except pl.exceptions.PolarsError:
        return None
    if len(frame) != lines - within:
        return None
    return _without_blanks(frame, numbered(len(frame)), none_broken())


def _breaks_in_fields(body: bytes, separator: str, fields: int) -> int | None:
    """Return how many line breaks stand within quotes; None where a quote may be none.

    All quotes have to open or close fields, or to be doubled. No line within may have as many
    fields as a row: it may be one that a stray quote swallows.
    """
    octets = np.frombuffer(body, np.uint8)
    quotes = np.flatnonzero(octets == ord(QUOTE))
    if len(quotes) % 2 or b'\\"' in body:
        return None
    opening, closing = quotes[::2], quotes[1::2]
    before = octets[np.maximum(opening - 1, 0)]
    after = octets[np.minimum(closing + 1, len(octets) - 1)]
    allowed = np.array([ord(separator), ord("\n"), ord("\r"), ord(QUOTE)], np.uint8)
    if not (np.isin(before, allowed) | (opening == 0)).all():
        return None
    if not (np.isin(after, allowed) | (closing == len(octets) - 1)).all():
        return None
    breaks = np.flatnonzero(octets == ord("\n"))
    first, last = np.searchsorted(breaks, opening), np.searchsorted(breaks, closing)
    spanning = np.flatnonzero(first < last)
    ends = np.append(breaks, len(octets))
    for line in (n for s in spanning for n in range(int(first[s]) + 1, int(last[s]) + 1)):
        if body.count(separator.encode(), breaks[line - 1], ends[line]) >= fields - 1:
            return None
    return int((last - first).sum())


def _without_blanks(
    frame: pl.DataFrame, row: pl.Series, broken: pl.DataFrame, notes: Sequence[str] = ()
) -> Rows:
    blank = frame.select(pl.all_horizontal(pl.all().is_null() | (pl.all() == ""))).to_series()
    if not blank.any():
        return Rows(frame, row, broken, tuple(notes))
    said = f"{blank.sum():,} blank lines, not counted as rows"
    return Rows(frame.filter(~blank), row.filter(~blank), broken, (*notes, said))


def _line_by_line(text: str, separator: str, names: Sequence[str]) -> Rows:
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    if "\r" in text:
        lines = [line.removesuffix("\r") for line in lines]
    quoted = [number for number, line in enumerate(lines) if QUOTE in line]
    shape = RowShape(separator, len(names), _data_fields(lines, separator, len(names)))
    found = records(lines, quoted, shape)
    good, broken = _plain_rows(lines, found, shape, set(quoted))
    for line, fields in found.rows:
        _sort_in(good, broken, line, fields, found, shape)
    spans = sum(span - 1 for span in found.spans.values())
    if len(good) + len(broken) + spans != len(lines):
        counts = f"{len(good)} rows, {len(broken)} put aside, {spans} within rows"
        raise UnaccountedRows(len(lines), counts)
    return _as_rows(good, broken, names, found)


def _data_fields(lines: Sequence[str], separator: str, fields: int) -> tuple[int, ...]:
    """Return the fields that are numbers or times in nearly every row of a sample."""
    grammar = Grammar(separator)
    split = (grammar.split(line) for line in lines if line)
    sample = list(islice((row for row in split if row and len(row) == fields), _SAMPLE))
    return tuple(
        place
        for place in range(fields)
        if sample and sum(is_data(row[place]) for row in sample) >= _MOSTLY * len(sample)
    )


Good = list[tuple[int, list[str]]]
Broken = list[tuple[int, str, str]]


def _plain_rows(
    lines: Sequence[str], found: Records, shape: RowShape, quoted: set[int]
) -> tuple[Good, Broken]:
    """Return the lines without a quote, but those inside a field: rows and what is none."""
    good: Good = []
    broken: Broken = []
    inside = {n for start, span in found.spans.items() for n in range(start, start + span)}
    torn = -1
    for number, line in enumerate(lines):
        if number in quoted or number in inside:
            continue
        fields = line.split(shape.separator)
        follows = lines[number + 1] if number + 1 < len(lines) else ""
        if number == torn:
            broken.append((number, "torn_row", line))
        elif _is_torn(fields, follows, shape) and number + 1 not in quoted:
            broken.append((number, "torn_row", line))
            torn = number + 1
        else:
            _sort_in(good, broken, number, fields, found, shape)
    return good, broken


def _is_torn(fields: Sequence[str], follows: str, shape: RowShape) -> bool:
    """Return whether a line and the next one are a row together, and the next is none alone."""
    if len(fields) >= shape.fields or not shape.data:
        return False
    rest = follows.split(shape.separator)
    if len(fields) + len(rest) - 1 != shape.fields or len(rest) >= shape.fields:
        return False
    return any(
        place < len(fields)
        and is_data(fields[place])
        and not (place < len(rest) and is_data(rest[place]))
        for place in shape.data
    )


def _sort_in(
    good: Good, broken: Broken, line: int, fields: list[str], found: Records, shape: RowShape
) -> None:
    stray, more = line in found.stray, fields[shape.fields :]
    if stray and len(fields) != shape.fields:
        broken.append((line, "stray_quote", shape.separator.join(fields)))
    elif any(one.strip() for one in more):
        broken.append((line, "too_many_fields", shape.separator.join(fields)))
    else:
        blanks = [""] * (shape.fields - len(fields))
        good.append((line, [*fields[: shape.fields], *blanks]))


def _as_rows(good: Good, broken: Broken, names: Sequence[str], found: Records) -> Rows:
    good.sort(key=lambda row: row[0])
    rows = [[value or None for value in fields] for _, fields in good]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
    row = _numbers([line for line, _ in good], found)
    aside = [
        (number, reason, text)
        for number, (_, reason, text) in zip(
            _numbers([line for line, *_ in sorted(broken)], found), sorted(broken), strict=True
        )
    ]
    notes = tuple(_notes(found))
    return _without_blanks(
        frame,
        pl.Series(row, dtype=pl.Int64),
        pl.DataFrame(aside, schema=BROKEN_SCHEMA, orient="row"),
        notes,
    )


def _numbers(lines: Sequence[int], found: Records) -> list[int]:
    """Return the number of the record at each line, from 1; a record may have several lines."""
    starts = np.array(sorted(found.spans), np.int64)
    more = np.array([found.spans[start] - 1 for start in sorted(found.spans)], np.int64)
    before = np.concatenate([[0], np.cumsum(more)])
    at = np.array(lines, np.int64)
    numbers: list[int] = (at + 1 - before[np.searchsorted(starts, at)]).tolist()
    return numbers


def _notes(found: Records) -> Iterator[str]:
    if found.stray:
        first = min(found.stray) + 1
        yield (
            f"{len(found.stray):,} lines hold a quote that opens or closes nothing, line {first:,} "
            "below the header first: read as they stand where that gives a row, else put aside"
        )
    if found.escaped:
        yield f"{found.escaped:,} lines write quotes with a backslash"
