"""Answers for whole audiences, as a file: the same answers that the API gives, in chunks."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import islice
from pathlib import Path

from api.answers.csv_cells import safe
from api.messages.message import dump, dump_lines
from api.messages.users import UserAnswer
from api.requests.query import QueryReader
from api.runtime.json import Json
from recsys.errors import BadQuery, UnreadableFile
from recsys.segments.groups import FAMILIES

CHUNK = 500

Write = Callable[[Sequence[UserAnswer]], object]
Emails = Callable[[Sequence[str]], Mapping[str, str]]
Sink = Callable[[Path, int, Emails | None], AbstractContextManager[Write]]

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
_ITEM = {"": "item_id", "_title": "title", "_price": "price", "_url": "url", "_image": "image_url"}
EMAIL = "email"
_MORE_TEXT = ("churn_band", "churn_rung", "recommendation_id", "model_version", "generated_at")


def export(
    answer: Callable[[Sequence[str]], Sequence[UserAnswer]],
    user_ids: Iterable[str],
    path: Path,
    *,
    limit: int,
    progress: Callable[[int], None],
    emails: Emails | None = None,
) -> int:
    """Write the answers about many users to a file and return how many there are.

    The file appears under its name only when it is complete. Memory is bounded by ``CHUNK``.

    Parameters
    ----------
    answer : callable
        Gives all three answers about each of some users, as the API does.
    user_ids : iterable of str
        Whom to answer about, in this order.
    path : Path
        Its ending says how: ``.jsonl`` has one answer a line, as the API gives it; ``.csv`` and
        ``.parquet`` have one row a user and columns ``item_1``, ``item_1_title``…
    limit : int
        Most items in an answer.
    progress : callable
        Told the number of users answered since it was last told.
    emails : callable or None
        Gives the addresses of users, of those who have one: then there is a column ``email``.

    Raises
    ------
    BadQuery
        An ending that is not among ``SINKS``, or no such folder.
    """
    users, total, sink = iter(user_ids), 0, SINKS[checked(path).suffix]
    with _complete(path) as partial, sink(partial, limit, emails) as write:
        while chunk := list(islice(users, CHUNK)):
            write(answer(chunk))
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
    if path.suffix not in SINKS:
        raise BadQuery("output", str(path), f"a file ending in {', '.join(SINKS)}")
    if not path.parent.is_dir():
        raise BadQuery("output", str(path), "a file in a folder that exists")
    return path


def listed(path: Path, reader: QueryReader) -> Iterator[str]:
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
                    yield reader.user_id(f"line {number + 1} of {path}", user_id)
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
        **{f"churn_{n}": getattr(churn, n) for n in ("p", "low", "high", "score", "band", "rung")},
        **{n: getattr(answer, n) for n in ("recommendation_id", "model_version", "generated_at")},
    }
    for place in range(limit):
        item = answer.items[place] if place < len(answer.items) else None
        for ending, name in _ITEM.items():
            row[f"item_{place + 1}{ending}"] = item and getattr(item, name)
    return row


def columns(limit: int, *, email: bool = False) -> tuple[str, ...]:
    """Return the columns of a row, in order."""
    items = (f"item_{n}{ending}" for n in range(1, limit + 1) for ending in _ITEM)
    return (*_TEXT, *_NUMBERS, *_MORE_TEXT, *items, *((EMAIL,) if email else ()))


@contextmanager
def _complete(path: Path) -> Iterator[Path]:
    partial = path.with_name(f".{path.name}.partial")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def _json_lines(path: Path, _: int, emails: Emails | None) -> Iterator[Write]:
    with path.open("wb") as file:
        if emails is None:
            yield lambda answers: file.write(dump_lines(answers))
        else:
            # Nothing of an answer is read again to add to it.
            yield lambda answers: file.writelines(
                dump(answer)[:-1] + b',"email":' + dump(address) + b"}\n"
                for answer, address in _addressed(answers, emails)
            )


@contextmanager
def _csv(path: Path, limit: int, emails: Emails | None) -> Iterator[Write]:
    with path.open("w", encoding="utf-8", newline="") as text:
        writer = csv.DictWriter(text, columns(limit, email=emails is not None))
        writer.writeheader()
        yield lambda answers: writer.writerows(map(safe, _rows(answers, limit, emails)))


@contextmanager
def _parquet(path: Path, limit: int, emails: Emails | None) -> Iterator[Write]:
    # Serving does without: loaded by exports to Parquet only.
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    names = columns(limit, email=emails is not None)
    numbers = {*_NUMBERS, *(name for name in names if name.endswith("_price"))}
    types = {True: pa.float64(), False: pa.string()}
    schema = pa.schema([(name, types[name in numbers]) for name in names])
    with ParquetWriter(path, schema) as writer:
        yield lambda answers: writer.write_table(
            pa.Table.from_pylist(list(_rows(answers, limit, emails)), schema=schema)
        )


def _rows(answers: Sequence[UserAnswer], limit: int, emails: Emails | None) -> Iterator[Json]:
    if emails is None:
        yield from (flat(answer, limit) for answer in answers)
        return
    for answer, address in _addressed(answers, emails):
        yield {**flat(answer, limit), EMAIL: address}


def _addressed(
    answers: Sequence[UserAnswer], emails: Emails
) -> Iterator[tuple[UserAnswer, str | None]]:
    known = emails([answer.user_id for answer in answers])
    return ((answer, known.get(answer.user_id)) for answer in answers)


SINKS: Mapping[str, Sink] = {".csv": _csv, ".jsonl": _json_lines, ".parquet": _parquet}
"""How files are written, by their endings."""
