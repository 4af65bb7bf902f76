"""Files that failed once, read again: ``python -m tests.bench.cases [FOLDER]``.

FOLDER (``tests/cases`` if none is named) holds a folder a case: its files, a ``recsys.toml`` where
it needs one, and what is right, as an ``expected.toml`` or in words as a README. Printed is what
became of every file: read right, refused with what to do, or wrong; without an ``expected.toml``
the facts, beside the words. Ends with 1 where one is wrong.

An ``expected.toml`` says in words what is ``right``, what the files are ``about`` (``events`` if it
does not say, ``items`` or ``purchases``), and in a table for each file the facts that matter, of
those of :class:`Facts`; or ``refused``, a part of the message.
"""

from __future__ import annotations

import sys
import time
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import polars as pl
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from recsys.config import Config
from recsys.errors import RecsysError
from recsys.storage.database.sqlite import SqliteDatabase
from recsys.storage.files.config import read_config
from recsys.storage.users.profiles import Profiles
from training.errors import MissingColumn
from training.forecast import purchases
from training.forecast.columns import PurchaseColumns
from training.importing.items import import_items
from training.importing.read import configured, read_file
from training.importing.sniff import EXCEL, JSON, TEXT, XML, suffix_of
from training.importing.validate import counted, validate

OURS = Path(__file__).parents[1] / "cases"
KNOWN = (*TEXT, *JSON, *EXCEL, *XML, ".parquet")
SETTINGS, EXPECTED = "recsys.toml", "expected.toml"
SHOWN = 5
AVAILABILITY, AMOUNTS = frozenset({"availability", "available"}), frozenset({"value"})
"""Columns by which a file that is not of events shows what it is about."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What became of a file: rows by kind and by reason, who and what, money and times in order."""

    rows: int = 0
    kinds: Mapping[str, int] = field(default_factory=dict)
    aside: Mapping[str, int] = field(default_factory=dict)
    twice: int = 0
    people: int = 0
    users: list[str] = field(default_factory=list)
    items: list[str] = field(default_factory=list)
    orders: list[str] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    times: list[str] = field(default_factory=list)
    titles: Mapping[str, str] = field(default_factory=dict)
    available: Mapping[str, bool] = field(default_factory=dict)
    refused: str = ""

    def __str__(self) -> str:
        if self.refused:
            return f"refused: {self.refused}"
        said = {one.name: getattr(self, one.name) for one in fields(self)}
        return "; ".join(f"{name} {_short(value)}" for name, value in said.items() if value)


class Read(NamedTuple):
    """A file that was read: its case, what is right in words, its facts, and what is wrong."""

    case: str
    file: str
    right: str
    facts: Facts
    verdict: str


def facts_of(file: Path, about: str) -> Facts:
    """Return what becomes of a file of events, of items, or of a forecast's purchases."""
    settings = file.parent / SETTINGS
    config = read_config(settings if settings.exists() else None, {})
    read = {"events": _of_events, "items": _of_items, "purchases": _of_purchases}
    try:
        return read[about](file, config)
    except MissingColumn as error:
        other = "items" if AVAILABILITY & set(error.found) else "purchases"
        if about == "events" and {*AMOUNTS, *AVAILABILITY} & set(error.found):
            return facts_of(file, other)
        return Facts(refused=str(error))
    except RecsysError as error:
        return Facts(refused=str(error))


def read_again(folder: Path) -> Iterator[Read]:
    """Yield every file of every case below a folder."""
    for case in sorted(each for each in folder.iterdir() if each.is_dir()):
        told = _expected(case)
        for file in sorted(each for each in case.iterdir() if suffix_of(each) in KNOWN):
            expected = told.get(file.name)
            facts = facts_of(file, str(told.get("about", "events")))
            yield Read(case.name, file.name, told["right"], facts, _verdict(facts, expected))


def main() -> int:
    """Print the table, and return 1 where something is wrong."""
    table = Table("case", "file", "verdict", "what became of it", "what is right", show_lines=True)
    read = list(read_again(Path(sys.argv[1]) if len(sys.argv) > 1 else OURS))
    for each in read:
        said = (each.case, each.file, each.verdict, str(each.facts), each.right)
        table.add_row(*map(escape, said))
    console = Console(width=200, highlight=False)
    console.print(table)
    wrong = sum(each.verdict.startswith("WRONG") for each in read)
    console.print(f"{len(read)} files, {wrong} wrong")
    return int(wrong > 0)


def _verdict(facts: Facts, expected: Mapping[str, Any] | None) -> str:
    if expected is None:
        return ""
    if refused := expected.get("refused"):
        return "refused with what to do" if refused in facts.refused else "WRONG: not refused so"
    wrong = [
        f"{name} is {getattr(facts, name)}, right is {value}"
        for name, value in expected.items()
        if getattr(facts, name) != value
    ]
    return f"WRONG: {'; '.join(wrong)}" if wrong or facts.refused else "read right"


def _expected(case: Path) -> dict[str, Any]:
    file = case / EXPECTED
    if file.exists():
        return tomllib.loads(file.read_text(encoding="utf-8"))
    words = (readme.read_text(encoding="utf-8").strip() for readme in case.glob("README*"))
    return {"right": " ".join(words)}


def _of_events(file: Path, config: Config) -> Facts:
    raw = read_file(file, configured(config.data))
    valid = validate(raw, config, now=time.time_ns() // 1_000)
    events = valid.events
    named = events.filter(pl.col("title").is_not_null()).unique("item_id", keep="last")
    return Facts(
        rows=raw.rows,
        kinds=counted(events["kind"]),
        aside=counted(valid.quarantine["reason"]),
        twice=valid.duplicates,
        people=len(valid.people),
        users=_distinct(events["user_id"]),
        items=_distinct(events["item_id"]),
        orders=_distinct(events["order_id"]),
        values=events["value"].drop_nulls().to_list(),
        times=[datetime.fromtimestamp(at / 1e6, UTC).isoformat()[:-6] for at in events["at"]],
        titles=dict(named.select("item_id", "title").iter_rows()),
    )


def _of_items(file: Path, config: Config) -> Facts:
    with TemporaryDirectory() as folder:
        storage = config.storage.model_copy(update={"quarantine_dir": f"{folder}/aside"})
        database = SqliteDatabase(Path(folder) / "store.db")
        profiles = Profiles(database)
        own = config.model_copy(update={"storage": storage})
        report = import_items(file, own, profiles, now=time.time_ns() // 1_000)
        items = profiles.items()
        database.close()
    return Facts(
        rows=report.rows,
        aside=report.quarantined,
        items=sorted(items),
        values=[item.price for item in items.values() if item.price is not None],
        titles={name: item.title for name, item in items.items()},
        available={
            name: item.available for name, item in items.items() if item.available is not None
        },
    )


def _of_purchases(file: Path, _config: Config) -> Facts:
    read = purchases.read(file, PurchaseColumns(), before=time.time_ns() // 1_000)
    table = read.interactions
    return Facts(
        rows=len(table) + read.taken_back + read.skipped + read.later,
        kinds=counted(pl.Series("kind", [table.kinds[kind] for kind in table.kind.tolist()])),
        users=[table.users[row] for row in sorted(set(table.user_row.tolist()))],
        values=table.value.tolist(),
    )


def _distinct(column: pl.Series) -> list[str]:
    return sorted(column.drop_nulls().unique())


def _short(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {each}" for name, each in [*value.items()][:SHOWN])
    if isinstance(value, list):
        return f"{', '.join(map(str, value[:SHOWN]))}{'…' * (len(value) > SHOWN)}"
    return str(value)


if __name__ == "__main__":
    sys.exit(main())
