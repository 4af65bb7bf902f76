"""Lines with quotes into records: a stray or unclosed quote costs its own line at most.

A field may span lines (RFC 4180). Where the lines of a span are rows by themselves, the quote that
opened it was none: 19" is an inch, and no row is swallowed by it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

QUOTE = '"'
MOST_LINES = 1_000
"""A field spans no more lines than that."""

SURE = 3
"""So many lines in a span that are rows by themselves show that it is none."""

_DATA = re.compile(r"[\d\s.,:/+\-TZ]*\d[\d\s.,:/+\-TZ]*")


@dataclass(frozen=True, slots=True)
class RowShape:
    """What a row looks like.

    Attributes
    ----------
    separator : str
        Between two fields.
    fields : int
        In a row.
    data : tuple of int
        The fields that are numbers or times in (nearly) every row.
    """

    separator: str
    fields: int
    data: tuple[int, ...] = ()

    def fits(self, line: str) -> bool:
        """Return whether a line is a row by itself, its quotes taken as they stand."""
        parts = line.split(self.separator)
        return len(parts) == self.fields and all(is_data(parts[place]) for place in self.data)


@dataclass(slots=True)
class Records:
    """What lines with quotes hold; a line is a number from 0.

    Attributes
    ----------
    rows : list of (line, fields)
        Of each record, the line it starts at.
    spans : dict of int to int
        Lines of the records that have several, by the line they start at.
    stray : list of int
        Lines with a quote that opens or closes nothing, read as they stand.
    escaped : int
        Lines whose quotes are escaped by a backslash.
    """

    rows: list[tuple[int, list[str]]] = field(default_factory=list)
    spans: dict[int, int] = field(default_factory=dict)
    stray: list[int] = field(default_factory=list)
    escaped: int = 0


def records(lines: Sequence[str], quoted: Sequence[int], shape: RowShape) -> Records:
    """Take lines apart that hold quotes, and those that belong to them.

    Parameters
    ----------
    lines : sequence of str
        All lines.
    quoted : sequence of int
        Those with a quote, ascending.
    shape : Shape
        Of a row.
    """
    grammar, found, end = Grammar(shape.separator), Records(), 0
    for line in quoted:
        if line < end:
            continue
        end = line + 1
        text = lines[line]
        if (fields := grammar.split(text)) is not None:
            found.rows.append((line, fields))
        elif (fields := grammar.unescaped(text)) is not None:
            found.rows.append((line, fields))
            found.escaped += 1
        elif (span := _span(lines, line, shape)) and (
            fields := grammar.split("\n".join(lines[line : line + span]))
        ) is not None:
            found.rows.append((line, fields))
            found.spans[line] = span
            end = line + span
        else:
            found.rows.append((line, grammar.as_it_stands(text)))
            found.stray.append(line)
    return found


def is_data(text: str) -> bool:
    """Return whether a field is a number or a time."""
    return _DATA.fullmatch(text.strip().strip(QUOTE)) is not None


class Grammar:
    """Takes records apart.

    Parameters
    ----------
    separator : str
        Between two fields, one character.
    """

    def __init__(self, separator: str) -> None:
        one = re.escape(separator)
        bare, ends = rf'([^{one}"]*)', rf"(?={one}|\Z)"
        self._separator = separator
        self._strict = re.compile(rf'(?: *"([^"]*(?:""[^"]*)*)" *|{bare}){ends}')
        self._escaped = re.compile(
            rf'(?: *"([^"\\]*(?:(?:\\.|"")[^"\\]*)*)" *|{bare}){ends}', re.DOTALL
        )

    def split(self, text: str) -> list[str] | None:
        """Return the fields of a record; None where a quote stands where none may."""
        return self._split(text, self._strict)

    def unescaped(self, text: str) -> list[str] | None:
        r"""Return the fields of a record whose quotes are written ``\"``; None for another."""
        fields = self._split(text, self._escaped) if '\\"' in text else None
        return None if fields is None else [re.sub(r"\\(.)", r"\1", one) for one in fields]

    def as_it_stands(self, text: str) -> list[str]:
        """Return the fields of a line; quotes around less than a field are part of it."""
        fields, start = [], 0
        while start <= len(text):
            found = self._strict.match(text, start)
            if found is None:
                end = text.find(self._separator, start)
                end = len(text) if end < 0 else end
                fields.append(text[start:end])
            else:
                end = found.end()
                fields.append(_value(found))
            start = end + 1
        return fields

    def _split(self, text: str, pattern: re.Pattern[str]) -> list[str] | None:
        fields, start = [], 0
        while start <= len(text):
            found = pattern.match(text, start)
            if found is None:
                return None
            fields.append(_value(found))
            start = found.end() + 1
        return fields


def _value(found: re.Match[str]) -> str:
    quoted: str | None = found[1]
    return found[2] if quoted is None else quoted.replace('""', QUOTE)


def _span(lines: Sequence[str], start: int, shape: RowShape) -> int:
    """Return how many lines the record at `start` has; 0 where its quote opens none."""
    quotes = lines[start].count(QUOTE)
    if quotes % 2 == 0:
        return 0
    rows = 0
    for number in range(start + 1, min(start + MOST_LINES, len(lines))):
        line = lines[number]
        quotes += line.count(QUOTE)
        own = shape.fits(line)
        between = number - start - 1
        if quotes % 2 == 0:
            swallowed = rows > between / 2 or (own and shape.fits(lines[start]))
            return 0 if swallowed else number - start + 1
        rows += own
        if rows >= SURE and rows > (between + 1) / 2:
            return 0
    return 0
