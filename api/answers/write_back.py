"""What recsys knows of users, as the import of a tool wants it: changed rows only, no consents."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from itertools import count, islice
from pathlib import Path
from typing import Any

import orjson

from api.answers.csv_cells import safe
from api.messages.users import UserAnswer
from recsys.connectors.tool import Out
from recsys.errors import BadQuery
from recsys.storage.hooks.delivered import Delivered

CHUNK = 500
MOST_GONE = 0.3
"""Of those that a tool has: if more would be cleared, somebody asked for the wrong audience."""

WORTH_DAYS = 90
"""How far ahead a user's worth is written."""

_UNCHANGED = frozenset({"model_version", "computed_at"})
"""What says nothing new by itself."""

_MOST_BYTES = 255
CLV = f"clv_{WORTH_DAYS}d"
_ITEM = {"id": "item_id", "title": "title", "url": "url", "image": "image_url", "price": "price"}

Emails = Callable[[Sequence[str]], Mapping[str, str]]
Worth = Callable[[Sequence[str]], Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class ToolTarget:
    """A tool that is written to.

    Attributes
    ----------
    name : str
        Of the tool.
    out : Out
        How it wants it.
    emails : callable
        Addresses of users by id, of those that have one.
    worth : callable
        Money expected of users within ``WORTH_DAYS``, by id, of those of whom it is known.
    """

    name: str
    out: Out
    emails: Emails
    worth: Worth


@dataclass(frozen=True, slots=True)
class Wish:
    """Whether rows that did not change are written, and more than ``MOST_GONE`` may be cleared."""

    everything: bool = False
    force: bool = False


@dataclass(frozen=True, slots=True)
class WroteBack:
    """How many rows are new or changed, cleared, as they were, and of users without an address.

    Attributes
    ----------
    written : bool
        False where nothing changed and a file was there: it was left as it is.
    kept : Path or None
        Where the file is now that was there before.
    """

    changed: int
    cleared: int
    unchanged: int
    nameless: int
    written: bool = True
    kept: Path | None = None


def write(
    answers: Iterable[UserAnswer],
    path: Path,
    target: ToolTarget,
    *,
    limit: int,
    known: Delivered,
    may: Wish,
) -> tuple[WroteBack, dict[str, str]]:
    """Write what changed since the last file for a tool.

    A file that is there holds rows that nobody else has: it is kept under another name, and stays
    where it is when nothing changed.

    Parameters
    ----------
    answers : iterable of UserAnswer
        Of everybody who is to be known there.
    path : Path
        ``.csv``: a row a user; ``.jsonl``: a line for each call, of as many users as it may have.
    target : Target
        The tool.
    limit : int
        Most items of each.
    known : Delivered
        What the tool has.
    may : Wish
        What else is asked for.

    Returns
    -------
    (WroteBack, dict of str to str)
        Counts, and what the tool has when it has taken the file: a hash by user.

    Raises
    ------
    BadQuery
        It would clear too many, or the ending is unknown; nothing was written.
    """
    if path.suffix not in _SINKS:
        raise BadQuery("output", str(path), f"a file ending in {', '.join(_SINKS)}")
    has: dict[str, str] = {}
    counts = {"changed": 0, "unchanged": 0, "nameless": 0}
    partial = path.with_name(f".{path.name}.partial")
    try:
        with _SINKS[path.suffix](partial, target.out, limit) as put:
            for user_id, key, row in _rows(answers, target, limit):
                if not key:
                    counts["nameless"] += 1
                    continue
                has[user_id] = _hash(row)
                changed = may.everything or known.get(user_id) != has[user_id]
                counts["changed" if changed else "unchanged"] += 1
                if changed:
                    put(key, row)
            cleared = _clear(known.keys() - has.keys(), known, target, put, force=may.force)
        written = bool(counts["changed"] or cleared or not path.exists())
        kept = _put_aside(path) if written else None
        if written:
            partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return WroteBack(cleared=cleared, **counts, written=written, kept=kept), has


def _put_aside(path: Path) -> Path | None:
    """Name a file that is there ``name.1.csv``, or the next number that is free."""
    if not path.exists():
        return None
    names = (path.with_name(f"{path.stem}.{n}{path.suffix}") for n in count(1))
    return path.rename(next(name for name in names if not name.exists()))


def columns(out: Out, limit: int) -> dict[str, str]:
    """Return what a tool calls each of our columns.

    Examples
    --------
    >>> columns(Out("email", case="capitals"), 1)["rec_1_title"]
    'RSREC1TITL'
    """
    return {name: _spelled(name, out) for name in _names(limit)}


def _names(limit: int) -> Iterator[str]:
    yield from ("segment", "churn_p", "churn_band", "churn_reason", CLV, "best_channel", "send_at")
    for place in range(1, limit + 1):
        yield from (f"rec_{place}_{part}" for part in _ITEM)
    yield from ("model_version", "computed_at")


def _spelled(name: str, out: Out) -> str:
    match out.case:
        case "capitals":
            return f"RS{name}".upper().replace("_", "")[:10]
        case "salesforce":
            return f"rs_{name}__c"
    return f"rs_{name}"


def _rows(
    answers: Iterable[UserAnswer], target: ToolTarget, limit: int
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    every = iter(answers)
    while chunk := list(islice(every, CHUNK)):
        ids = [answer.user_id for answer in chunk]
        by_email = target.out.key_is == "email"
        keys = target.emails(ids) if by_email else dict(zip(ids, ids, strict=True))
        money = target.worth(ids)
        for answer in chunk:
            user_id = answer.user_id
            yield user_id, keys.get(user_id, ""), _row(answer, money.get(user_id), limit)


def _row(answer: UserAnswer, money: float | None, limit: int) -> dict[str, Any]:
    channel, churn = answer.channel, answer.churn
    row = {
        "segment": answer.segment,
        "churn_p": churn.p,
        "churn_band": churn.band,
        "churn_reason": churn.reasons[0].words if churn.reasons else None,
        CLV: money,
        "best_channel": channel.best,
        "send_at": channel.send_at,
        "model_version": answer.model_version,
        "computed_at": answer.generated_at,
    }
    for place in range(limit):
        item = answer.items[place] if place < len(answer.items) else None
        for part, name in _ITEM.items():
            row[f"rec_{place + 1}_{part}"] = getattr(item, name) if item else None
    return row


def _hash(row: Mapping[str, Any]) -> str:
    said = {name: value for name, value in row.items() if name not in _UNCHANGED}
    return sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]


def _clear(
    gone: Collection[str],
    known: Delivered,
    target: ToolTarget,
    put: Callable[[str, Mapping[str, Any]], None],
    *,
    force: bool,
) -> int:
    if known and len(gone) > MOST_GONE * len(known) and not force:
        raise BadQuery(
            "output",
            f"{len(gone):,} of {len(known):,} users would be cleared there",
            f"at most {MOST_GONE:.0%}, or --force",
        )
    ids = sorted(gone)
    keys = dict(zip(ids, ids, strict=True))
    if target.out.key_is == "email":
        keys = dict(target.emails(ids))
    for user_id in ids:
        if key := keys.get(user_id):
            put(key, {})
    return len(ids)


def _cell(value: Any, out: Out) -> Any:
    if value is None or value == "":
        return out.clears
    if out.case == "capitals" and isinstance(value, str):
        return value.encode()[:_MOST_BYTES].decode("utf-8", "ignore")
    return value


@contextmanager
def _csv(path: Path, out: Out, limit: int) -> Iterator[Callable[[str, Mapping[str, Any]], None]]:
    names = columns(out, limit)
    with path.open("w", encoding="utf-8", newline="") as text:
        writer = csv.writer(text, lineterminator=out.ending)
        writer.writerow([out.key, *names.values()])

        def put(key: str, row: Mapping[str, Any]) -> None:
            cells = safe(row)
            writer.writerow([key, *(_cell(cells.get(name), out) for name in names)])

        yield put


@contextmanager
def _json_lines(
    path: Path, out: Out, limit: int
) -> Iterator[Callable[[str, Mapping[str, Any]], None]]:
    names, waiting = columns(out, limit), list[dict[str, Any]]()
    with path.open("w", encoding="utf-8") as text:

        def flush() -> None:
            if waiting:
                text.write(json.dumps(waiting, ensure_ascii=False) + "\n")
                waiting.clear()

        def put(key: str, row: Mapping[str, Any]) -> None:
            cells = {theirs: _cell(row.get(ours), out) for ours, theirs in names.items()}
            waiting.append({out.key: key, **cells})
            if len(waiting) == out.batch:
                flush()

        yield put
        flush()


_SINKS = {".csv": _csv, ".jsonl": _json_lines}
