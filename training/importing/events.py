"""A file of events into the log: read, check, put bad rows aside, log, report."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path

import orjson
import polars as pl

from recsys.config import Config
from recsys.data.kinds import MESSAGE_SENT, is_sending
from recsys.data.times import DAY
from recsys.storage.database.interface import of_keys
from recsys.storage.events.currency import OneCurrency
from recsys.storage.events.imports import imports
from recsys.storage.events.log import EventLog
from recsys.storage.privacy.erasure import erased_after
from recsys.storage.users import sayings
from recsys.storage.users.profiles import ItemFacts, Profiles
from recsys.storage.users.sayings import Saying
from training.errors import UnclearColumn
from training.importing.identities import keep
from training.importing.read import RawFile, of_tools, read_file
from training.importing.refunds import since_logged
from training.importing.report import ImportReport
from training.importing.tool_words import in_our_words
from training.importing.unread import unread
from training.importing.validate import Validated, counted, put_aside, rows_of, validate
from training.progress import Steps

# Fields that are null in nearly every file are bound only where the file has them.
_ALWAYS = ("event_id", "user_id", "item_id", "kind", "at", "quantity", "value", "order_id")
_SELDOM = ("channel", "ref", "pscore", "simulated", "machine", "anonymous", "properties")


class Unwatched:
    """Nobody looks."""

    def begin(self, step: str) -> None:
        """Do nothing."""

    def detail(self, text: str) -> None:
        """Do nothing."""


def import_events(
    path: Path,
    config: Config,
    log: EventLog,
    *,
    now: int,
    watch: Steps | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> ImportReport:
    """Import a file of events. Importing it again, or one that overlaps, logs only what is new.

    Rows without an id of their own are known by user, item, kind, time and order (and their place
    among equal ones): read again with one more column mapped, they stay as they were logged first.

    Titles, categories and prices of items and the trait of users go to the profiles as well.

    Parameters
    ----------
    path : Path
        CSV, JSON lines or Parquet.
    config : Config
        How to read and check it, and where bad rows go.
    log : EventLog
        Where events go, in one transaction.
    now : int
        Time of arrival, microseconds since the epoch.
    watch : Steps or None
        Told of the steps.
    clock : callable
        Seconds, for the throughput in the report.

    Raises
    ------
    DataError
        The file cannot be read or lacks a column.
    StoreUnavailable
        Nothing was logged.
    """
    watch = watch or Unwatched()
    started = clock()
    watch.begin(f"read {path.name}")
    raw, config = in_our_words(read_file(path, of_tools(config.data)), config)
    watch.begin(f"check {raw.rows:,} rows")
    valid = validate(raw, config, now=now)
    _refuse_other_currency(valid, log)
    checked = clock()
    watch.begin(f"log {len(valid.events):,} events")
    erased, before = _of_erased(valid.events, log), log.last_seq()
    refunds = since_logged(valid.events, log.database)
    logged = _logged(valid.events, log, path.name, now=now, watch=watch)
    refunded = _columns_logged(refunds, log, path.name, now=now)
    watch.begin("profiles")
    people = keep(valid.people, log.database, trait=config.segments.trait, now=now)
    said = _kept(raw, valid.said, log, config, now=now)
    refused = rows_of(raw, people.place, people.reason)
    quarantine = pl.concat([valid.quarantine, refused], how="diagonal").sort("row")
    quarantine_file = put_aside(raw, quarantine, Path(config.storage.quarantine_dir))
    _put_profiles(valid.events, Profiles(log.database), config.segments.trait)
    report = replace(
        _report(raw, valid, config, logged=logged, quarantine_file=quarantine_file),
        people=people.rows,
        quarantined=counted(quarantine["reason"]),
        known=len(valid.events) - logged - erased,
        erased=erased,
        refunded=refunded,
        late=_late(log, raw.tool.name if raw.tool else path.name, after=before),
        traits=said.traits,
        consents=said.consents,
        outcomes=said.outcomes,
        checked_per_second=raw.rows / max(checked - started, 1e-9),
        rows_per_second=raw.rows / max(clock() - started, 1e-9),
    )
    _remember(report, log, now=now)
    return report


def _refuse_other_currency(valid: Validated, log: EventLog) -> None:
    """Refuse a file of amounts in another currency than those that the store holds."""
    code = valid.currency
    own = OneCurrency(log.database).beside(code) if code else code
    if code != own:
        where = ", ".join(valid.columns.of("currency")) or "price"
        why = f"amounts in {code} are not added up to those in the store, in {own}"
        setting = f"under [data] what one is worth: rates = {{ {own} = 1.0, {code} = … }}"
        raise UnclearColumn(where, why, setting)


def _kept(
    raw: RawFile, said: pl.DataFrame, log: EventLog, config: Config, *, now: int
) -> sayings.Kept:
    if raw.tool is None or not len(said):
        return sayings.Kept()
    rows = (Saying(*row) for row in said.unique(maintain_order=True).iter_rows())
    return sayings.keep(log.database, config, rows, source=raw.tool.name, now=now)


def _late(log: EventLog, source: str, *, after: int) -> int | None:
    before = next((one for one in imports(log.database) if one.source == source), None)
    if before is None or before.newest is None:
        return None
    statement = "SELECT count(*) FROM events WHERE seq > ? AND at < ?"
    return int(log.database.read(statement, (after, before.newest))[0][0])


def bot_like(events: pl.DataFrame, most_per_day: int) -> tuple[tuple[str, int], ...]:
    """Return users with more than `most_per_day` events on a UTC day, and their highest count."""
    daily = events.group_by("user_id", pl.col("at") // DAY).len("events")
    worst = daily.group_by("user_id").agg(pl.col("events").max())
    busy = worst.filter(pl.col("events") > most_per_day)
    return tuple(busy.sort("events", "user_id", descending=[True, False]).iter_rows())


def _of_erased(events: pl.DataFrame, log: EventLog) -> int:
    users = [user for user, _ in erased_after(log.database, 0)]
    return events.filter(pl.col("user_id").is_in(users)).height if users else 0


def _logged(events: pl.DataFrame, log: EventLog, source: str, *, now: int, watch: Steps) -> int:
    events = events.filter(~_logged_before(events["former_id"], log))
    total = len(events)
    columns = [*_ALWAYS, *(name for name in _SELDOM if _said(events[name]))]
    return log.append_columns(
        {name: events[name] for name in columns},
        now=now,
        source=source,
        progress=lambda done: watch.detail(f"{done / max(total, 1):.0%}"),
    )


def _columns_logged(events: pl.DataFrame, log: EventLog, source: str, *, now: int) -> int:
    if not len(events):
        return 0
    return log.append_columns(events.to_dict(), now=now, source=source)


def _logged_before(former_id: pl.Series, log: EventLog) -> pl.Series:
    """Return which events are in the log by the id that an earlier version gave them."""
    given = former_id.drop_nulls().unique().to_list()
    statement = "SELECT event_id FROM events WHERE event_id IN ({keys})"
    known = [event_id for (event_id,) in of_keys(log.database.read, statement, given)]
    return former_id.is_in(known).fill_null(value=False)


def _said(column: pl.Series) -> bool:
    return bool(column.any()) if column.dtype == pl.Boolean else column.count() > 0


def _put_profiles(events: pl.DataFrame, profiles: Profiles, trait: str) -> None:
    profiles.put_items(ItemFacts(*row) for row in _items(events).iter_rows())
    users = (
        events.filter(pl.col("trait").is_not_null())
        .group_by("user_id")
        .agg(pl.col("trait").last())
        .sort("user_id")
    )
    profiles.put_users((user, {trait: value}, "") for user, value in users.iter_rows())


def _items(events: pl.DataFrame) -> pl.DataFrame:
    """Return, per item, the fields of ``ItemFacts``: most frequent words, latest price."""
    items = events.filter(pl.col("item_id").is_not_null())
    facts = items.select("item_id").unique()
    for name in ("title", "category"):
        facts = facts.join(_most_frequent(items, name), on="item_id", how="left")
    priced = items.filter(pl.col("price") > 0).group_by("item_id")
    prices = priced.agg(pl.col("price").last(), pl.col("at").last().alias("price_at"))
    return (
        facts.join(prices, on="item_id", how="left")
        .sort("item_id")
        .select(
            "item_id",
            pl.col("title").fill_null(""),
            pl.col("category").fill_null(""),
            pl.lit("").alias("url"),
            pl.lit("").alias("image_url"),
            "price",
            pl.col("price_at").fill_null(0),
            pl.lit(None).alias("available"),
        )
    )


def _most_frequent(items: pl.DataFrame, name: str) -> pl.DataFrame:
    counted = items.filter(pl.col(name).is_not_null()).group_by("item_id", name).len("times")
    ranked = counted.sort("item_id", "times", name, descending=[False, True, False])
    return ranked.unique("item_id", keep="first", maintain_order=True).drop("times")


def _report(
    raw: RawFile, valid: Validated, config: Config, *, logged: int, quarantine_file: str
) -> ImportReport:
    events = valid.events
    return ImportReport(
        file=raw.path.name,
        sha256=raw.sha256,
        rows=raw.rows,
        logged=logged,
        known=len(events) - logged,
        erased=0,
        people=0,
        tool="" if raw.tool is None else raw.tool.name,
        unknown=valid.unknown,
        duplicates=valid.duplicates,
        quarantined=counted(valid.quarantine["reason"]),
        quarantine_file=quarantine_file,
        kinds=counted(events["kind"]),
        users=events["user_id"].n_unique(),
        items=events["item_id"].drop_nulls().n_unique(),
        first=events["at"].min() if len(events) else None,  # type: ignore[arg-type]
        last=events["at"].max() if len(events) else None,  # type: ignore[arg-type]
        times=valid.spelling,
        bots=bot_like(events, config.data.bot_events_per_day),
        read_as=tuple(f"{ours} ← {', '.join(t)}" for ours, t in valid.columns.columns.items()),
        ignored=valid.columns.ignored,
        notes=(
            *raw.notes,
            *valid.notes,
            *unread(valid.columns, raw.theirs, valid.spelling, valid.events["kind"]),
            *_guests(raw, valid),
            *_unknown(valid),
        ),
        checked_per_second=0.0,
        rows_per_second=0.0,
    )


def _guests(raw: RawFile, valid: Validated) -> Iterator[str]:
    """Yield which user ids stand beside so many addresses that they are nobody's."""
    columns = [valid.columns.of(meaning)[:1] for meaning in ("user", "email")]
    if not all(columns):
        return
    user, email = (pl.col(name).cast(pl.String, strict=False) for (name,) in columns)
    beside = raw.frame.select(user=user, email=email.str.to_lowercase()).drop_nulls()
    addresses = beside.group_by("user").agg(pl.col("email").n_unique())
    for name, many in addresses.filter(pl.col("email") > 1).sort("email").tail(3).iter_rows():
        yield (
            f"user {name!r} stands beside {many:,} e-mail addresses: where it stands for guests, "
            f"write in recsys.toml [data] guests = [{json.dumps(name)}]"
        )


def _unknown(valid: Validated) -> Iterator[str]:
    for name, rows in islice(valid.unknown.items(), 10):
        kind = MESSAGE_SENT if is_sending(name) else "view"
        why = "says that a message left, not that it arrived" if is_sending(name) else "is unknown"
        yield (
            f"{rows:,} rows are called {name!r}, which {why}: write in recsys.toml "
            f'[data.names] {json.dumps(name)} = "{kind}" (or another kind; "" leaves them out)'
        )


def _remember(report: ImportReport, log: EventLog, *, now: int) -> None:
    text = orjson.dumps(asdict(report)).decode()
    with log.database.writing() as connection:
        connection.execute(
            "INSERT INTO imports (sha256, report, at) VALUES (?, ?, ?)", (report.sha256, text, now)
        )
    log.database.tidy()
