"""Where the rows of delimited text begin, what parts their fields, and how these are called."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from recsys.data.fields import EVENT
from training.importing.quotes import QUOTE, Grammar, is_data

SEPARATORS = (",", ";", "\t", "|", "::", "\x01", "^", "~")
UNIT = "\x1f"
"""Stands for a separator of several characters while the fields are taken apart."""

_SAMPLE_BYTES = 262_144
_SAMPLE_LINES = 200
_MOST_HEADER_LINES = 5
_SURELY = 3
"""A comment with so many separators, as many as a row, is the header."""
_SEP = re.compile(r"sep=(.+)", re.IGNORECASE)

HEADERLESS = {
    ("ratings", "::", 4): ("user_id", "movie_id", "rating", "timestamp"),
    ("movies", "::", 3): ("movie_id", "title", "genres"),
    ("u", "\t", 4): ("user_id", "item_id", "rating", "timestamp"),
    ("userid-timestamp-artid-artname-traid-traname", "\t", 6): (
        "user_id", "timestamp", "artist_id", "artist_name", "track_id", "track_name",
    ),
}  # fmt: skip
"""Well-known files without a header: by name, separator and number of fields."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How delimited text is laid out.

    Attributes
    ----------
    separator : str
        Between two fields.
    names : tuple of str
        Of the fields; "1", "2"… where nothing names them.
    start : int
        The byte where the rows begin.
    notes : tuple of str
        What was noticed.
    """

    separator: str
    names: tuple[str, ...]
    start: int
    notes: tuple[str, ...]


def layout(
    path: Path, content: bytes, *, separator: str = "", header: Sequence[str] = ()
) -> Layout:
    """Find out how text is laid out.

    Parameters
    ----------
    path : Path
        Its name: some well-known files have no header.
    content : bytes
        UTF-8.
    separator : str
        Between two fields; empty: the one that the first lines show.
    header : sequence of str
        What the fields are called in a file without a header; empty: the first line says it.
    """
    lines = _first_lines(content)
    first, said = _preamble(lines)
    notes = [f"the first {first} lines are no rows: {lines[0][:60]!r}"] if first else []
    separator = separator or said or _separator(lines[first:])
    first += _title_lines(lines[first:], separator, notes)
    if separator != ",":
        notes.append(f"columns are separated by {separator!r}")
    fields, taken = _header(lines[first:], separator)
    start = sum(len(line.encode()) + 1 for line in lines[:first])
    names = tuple(name.strip().lstrip("\ufeff") for name in fields)
    if header or not _is_header(names, [_split(one, separator) for one in lines[first + 1 :][:50]]):
        known = HEADERLESS.get((_stem(path), separator, len(fields)))
        given = tuple(header) or known or tuple(str(n + 1) for n in range(len(fields)))
        if tuple(header) != names:
            taken = 0
            notes.append(_headerless(given, tuple(header), fields))
        names = given
    start += sum(len(line.encode()) + 1 for line in lines[first : first + taken])
    return Layout(separator, _distinct(names), start, tuple(notes))


def _first_lines(content: bytes) -> list[str]:
    text = content[:_SAMPLE_BYTES].decode(errors="replace")
    lines = text.split("\n")
    if len(content) > _SAMPLE_BYTES and len(lines) > 1:
        lines.pop()  # cut in the middle
    return lines[:_SAMPLE_LINES]


def _preamble(lines: Sequence[str]) -> tuple[int, str]:
    """Return how many lines stand before the table, and the separator that one of them names."""
    said, count = "", 0
    for line in lines:
        text = line.strip()
        if match := _SEP.fullmatch(text.strip(QUOTE)):
            said = "\t" if match[1] == "\\t" else match[1]
        elif text and not text.startswith("#"):
            break
        count += 1
    if count and count < len(lines) and _is_commented_header(lines[count - 1], lines[count]):
        count -= 1
    return (count if count < len(lines) else 0), said


def _is_commented_header(comment: str, line: str) -> bool:
    line = _outside_quotes(line)
    return any(
        comment.count(one) == line.count(one) >= _SURELY
        or (comment.count(one) == line.count(one) >= 1 and _first(comment, one) in EVENT)
        for one in SEPARATORS
    )


def _first(comment: str, separator: str) -> str:
    return comment.lstrip("# ").split(separator)[0].strip()


def _separator(lines: Sequence[str]) -> str:
    """Return what parts the fields of most lines into as many as those of the header."""
    sample = [line for line in (_outside_quotes(one) for one in lines) if line.strip()][:100]
    best, most = ",", (0.0, 0)
    for one in (*SEPARATORS, " "):
        counts = Counter(line.strip("\r").count(one) for line in sample)
        count, times = max(counts.items(), key=lambda pair: (pair[1], pair[0]), default=(0, 0))
        share = times / max(len(sample), 1)
        if one == " " and (most[1] > 0 or share < 1):
            continue
        first = sample[0].count(one) if sample else 0
        score = (share if count else 0.0, max(count, first))
        if max(count, first) and score > most:
            best, most = one, score
    return best


def _outside_quotes(line: str) -> str:
    return re.sub(r'"[^"]*"', "", line)


def _title_lines(lines: Sequence[str], separator: str, notes: list[str]) -> int:
    """Return how many lines before the header are a title: far fewer fields than the rows have."""
    counts = [_outside_quotes(line).count(separator) for line in lines if line.strip()]
    usual = Counter(counts).most_common(1)[0][0] if counts else 0
    if usual < 2 or counts[0] * 2 >= usual:
        return 0
    title = next(
        (n for n, line in enumerate(lines) if _outside_quotes(line).count(separator) >= usual), 0
    )
    if title:
        notes.append(f"the first {title} lines are no rows: {lines[0].strip()[:60]!r}")
    return title


def _header(lines: Sequence[str], separator: str) -> tuple[list[str], int]:
    for taken in range(1, _MOST_HEADER_LINES + 1):
        line = "\n".join(one.strip("\r") for one in lines[:taken])
        fields = _split_strictly(line, separator)
        if fields is not None:
            return fields, taken
    return _split(lines[0], separator) if lines else [], 1


def _split_strictly(line: str, separator: str) -> list[str] | None:
    return Grammar(UNIT if len(separator) > 1 else separator).split(_united(line, separator))


def _split(line: str, separator: str) -> list[str]:
    united = _united(line.strip("\r"), separator)
    return Grammar(UNIT if len(separator) > 1 else separator).as_it_stands(united)


def _united(line: str, separator: str) -> str:
    return line.replace(separator, UNIT) if len(separator) > 1 else line


def _is_header(names: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Return whether a line names fields: it does unless it is as much data as those below it."""
    if any(name in EVENT for name in names) or not rows:
        return not all(map(is_data, names))
    if [*names] in ([str(n) for n in range(len(names))], [str(n + 1) for n in range(len(names))]):
        return True
    data = [
        place
        for place in range(len(names))
        if all(is_data(row[place]) for row in rows if len(row) == len(names))
    ]
    return not data or not all(is_data(names[place]) for place in data)


def _headerless(given: Sequence[str], header: Sequence[str], fields: Sequence[str]) -> str:
    said = "as configured" if header else "as this file is known" * (given[0] != "1")
    named = f"its columns are {', '.join(given)}" + (f", {said}" if said else "")
    return f"the file has no header; {named} ({', '.join(fields)[:60]}…)"


def _stem(path: Path) -> str:
    return path.name.split(".")[0].lower()


def _distinct(names: Sequence[str]) -> tuple[str, ...]:
    seen: Counter[str] = Counter()
    found = []
    for name in names:
        found.append(f"{name}_duplicated_{seen[name] - 1}" if seen[name] else name)
        seen[name] += 1
    return tuple(found)
