"""Answers for whole audiences, as a file: the same answers that the API gives, in chunks."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from api.messages.message import dump
from api.messages.users import UserAnswer
from api.requests.query import identifier
from api.runtime.json import Json
from recsys.errors import BadQuery, UnreadableFile
from recsys.segments.groups import FAMILIES

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetWriter

CHUNK = 500
FORMATS = (".csv", ".jsonl", ".parquet")

_TEXT = (
    "user_id",
    "segment",
    *FAMILIES,
    "cohorts",
    "items_rung",
    "channel",
    "channel_send_at",
    "channel_rung",
)
_NUMBERS = ("churn_p", "churn_low", "churn_high", "churn_score")
_CHURN = ("p", "low", "high", "score", "band", "rung")
_ABOUT = ("recommendation_id", "model_version", "generated_at")
_MORE_TEXT = ("churn_band", "churn_rung", *_ABOUT)


class Sink(Protocol):
    """Where chunks of answers go."""

    def write(self, answers: Sequence[UserAnswer]) -> None:
        """Write some answers."""


def export(
    answer: Callable[[str], UserAnswer],
    user_ids: Iterable[str],
    path: Path,
    *,
    limit: int,
    progress: Callable[[int], None],
) -> int:
    """Write the answers about many users to a file and return how many there are.

    The file appears under its name only when it is complete. Memory is bounded by ``CHUNK``.

    Parameters
    ----------
    answer : callable
        Gives all three answers about a user, as the API does.
    user_ids : iterable of str
        Whom to answer about, in this order.
    path : Path
        Its ending says how: ``.jsonl`` has one answer a line, as the API gives it; ``.csv`` and
        ``.parquet`` have one row a user and columns ``item_1``, ``item_1_title``…
    limit : int
        Most items in an answer.
    progress : callable
        Told the number of users answered since it was last told.

    Raises
    ------
    BadQuery
        An ending that is not among ``FORMATS``.
    """
    users, total = iter(user_ids), 0
    with _complete(path) as partial, _sink(partial, path.suffix, limit) as sink:
        while chunk := list(islice(users, CHUNK)):
            sink.write([answer(user) for user in chunk])
            total += len(chunk)
            progress(len(chunk))
    return total


def checked(path: Path | None) -> Path:
    """Return a file that can be written in the end.

    Raises
    ------
    BadQuery
        None, an unknown ending, or no such folder.
    """
    if path is None:
        raise BadQuery("output", "", "a file, or --preview")
    if path.suffix not in FORMATS:
        raise BadQuery("output", str(path), f"a file ending in {', '.join(FORMATS)}")
    if not path.parent.is_dir():
        raise BadQuery("output", str(path), "a file in a folder that exists")
    return path


def listed(path: Path) -> Iterator[str]:
    """Yield the user ids in a text file, one a line; empty lines and a header are left out.

    Raises
    ------
    UnreadableFile
        It cannot be read.
    BadQuery
        A line that is no user id.
    """
    try:
        with path.open(encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines):
                if (user_id := line.strip()) and (number or user_id.lower() != "user_id"):
                    yield identifier(f"line {number + 1} of {path}", user_id)
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableFile(path, str(error)) from error


def flat(answer: UserAnswer, limit: int) -> Json:
    """Return an answer as one row: every column is there, empty (None) where nothing is known."""
    channel, churn, membership = answer.channel, answer.churn, answer.membership
    row: Json = {
        "user_id": answer.user_id,
        "segment": answer.segment,
        **{family: getattr(membership, family) for family in FAMILIES},
        "cohorts": " ".join(cohort.name for cohort in membership.cohorts) or None,
        "items_rung": answer.rung,
        "channel": channel.best,
        "channel_send_at": channel.send_at,
        "channel_rung": channel.rung,
        **{f"churn_{name}": getattr(churn, name) for name in _CHURN},
        **{name: getattr(answer, name) for name in _ABOUT},
    }
    for place in range(limit):
        item = answer.items[place] if place < len(answer.items) else None
        row[f"item_{place + 1}"] = item and item.item_id
        row[f"item_{place + 1}_title"] = item and item.title
        row[f"item_{place + 1}_price"] = item and item.price
    return row


def columns(limit: int) -> tuple[str, ...]:
    """Return the columns of a row, in order."""
    items = (f"item_{n}{part}" for n in range(1, limit + 1) for part in ("", "_title", "_price"))
    return (*_TEXT, *_NUMBERS, *_MORE_TEXT, *items)


class _Lines:
    def __init__(self, file: Any) -> None:
        self._file = file

    def write(self, answers: Sequence[UserAnswer]) -> None:
        self._file.write(b"".join(dump(answer) + b"\n" for answer in answers))


class _Csv:
    def __init__(self, file: TextIO, limit: int) -> None:
        self._limit = limit
        self._writer = csv.DictWriter(file, columns(limit))
        self._writer.writeheader()

    def write(self, answers: Sequence[UserAnswer]) -> None:
        self._writer.writerows(flat(answer, self._limit) for answer in answers)


class _Parquet:
    def __init__(self, writer: ParquetWriter, limit: int) -> None:
        self._writer = writer
        self._limit = limit

    def write(self, answers: Sequence[UserAnswer]) -> None:
        import pyarrow as pa

        rows = [flat(answer, self._limit) for answer in answers]
        self._writer.write_table(pa.Table.from_pylist(rows, schema=self._writer.schema))


@contextmanager
def _complete(path: Path) -> Iterator[Path]:
    partial = path.with_name(f".{path.name}.partial")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def _sink(path: Path, suffix: str, limit: int) -> Iterator[Sink]:
    if suffix == ".jsonl":
        with path.open("wb") as file:
            yield _Lines(file)
    elif suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as text:
            yield _Csv(text, limit)
    elif suffix == ".parquet":
        with _parquet_writer(path, limit) as writer:
            yield _Parquet(writer, limit)
    else:
        checked(path.with_suffix(suffix))


def _parquet_writer(path: Path, limit: int) -> ParquetWriter:
    # Serving does without: loaded by exports to Parquet only.
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    numbers = {*_NUMBERS, *(name for name in columns(limit) if name.endswith("_price"))}
    types = {True: pa.float64(), False: pa.string()}
    schema = pa.schema([(name, types[name in numbers]) for name in columns(limit)])
    return ParquetWriter(path, schema)
