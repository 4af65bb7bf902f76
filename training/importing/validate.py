"""Rows of a file into events; what cannot be one is put aside with the reason.

A row is exactly one of: an event, a counted duplicate, or quarantined. The first reason that
holds, in the order of ``REASONS``, is the one given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from recsys.config import Config
from recsys.data.ids import MAX_ID_LENGTH
from recsys.data.kinds import MESSAGE_KINDS, MESSAGE_SENT, PURCHASE, RETURN, VOID
from recsys.data.times import DAY, EARLIEST
from training.errors import UnaccountedRows
from training.importing import identities
from training.importing.amounts import Amounts, read_amounts
from training.importing.by_content import by_content, money_by_content
from training.importing.canonical import canonical_rows, times_of
from training.importing.cells import bad_id, bad_number, first_reason, no_id
from training.importing.columns import FileColumns, event_columns
from training.importing.event_ids import event_ids
from training.importing.identities import ALIAS
from training.importing.less import LESS
from training.importing.numbers import BAD_PRICE, MOST
from training.importing.read import RawFile
from training.importing.rows import OF_ROWS
from training.importing.times import TIME_HINT, Times

AMOUNTS = ("quantity", "price", "total", *LESS)
_BAD_ID = (
    f"is longer than {MAX_ID_LENGTH} characters, holds a NUL or a broken character, or lost digits"
)

REASONS: Mapping[str, str] = {
    "left_out": "the table of its tool leaves it out: a test, a preview, no consent, a repetition",
    "no_email_key": "nobody is named but by an address, and no key hides addresses: "
    "RECSYS_PRIVACY__EMAIL_KEY",
    "no_user": "nobody is named",
    "bad_user": f"the user id {_BAD_ID}",
    "bad_item": f"the item id {_BAD_ID}",
    "bad_event_id": f"the event id {_BAD_ID}",
    "test_order": "the row says that it is a test",
    "no_time": "no time is given",
    "bad_time": f"the time is not understood ({TIME_HINT}), does not exist in its zone, or is "
    "before 1990",
    "future_time": "the time is more than a day from now",
    "reused_id": "an event id of this file comes again with other content",
    "unused_event": "the event is understood, but no model uses it",
    "unknown_kind": "the kind of event is not configured in [kinds]",
    "no_item": "an interaction names no item",
    "bad_quantity": "the quantity is no number, zero, more than a million million, or negative "
    "without being a return",
    "bad_price": BAD_PRICE,
    "zero_price": "something was bought or returned for nothing: a gift, a sample, a correction",
    "unknown_channel": "a message went through a channel that is not configured",
    "no_ref": "the outcome of a message says neither of which nor of which channel",
    "bad_pscore": "the pscore is not a probability above 0",
    **identities.REASONS,
    **OF_ROWS,
}

_OF_PEOPLE = ("identity", "previous_id", "timezone")
# What tells an event from another. No amounts, nor the kind that they make of a row: a column that
# is mapped later would make other events of the same rows.
_IDENTITY = ("user_id", "item_id", "kind_said", "order_id", "channel", "ref")


@dataclass(frozen=True, slots=True)
class Validated:
    """What became of the rows of a file.

    Attributes
    ----------
    events : DataFrame
        The fields of :class:`recsys.storage.events.log.Event` and ``title``, ``category``,
        ``price``, ``trait``; in order of time, ties as in the file.
    quarantine : DataFrame
        ``row``, ``reason`` and the columns of the file as they stood.
    duplicates : int
        Rows left out because an earlier row is the same in every column, or has the same id.
    spelling : str
        How the times were written.
    columns : FileColumns
        Which columns said what.
    unknown : mapping of str to int
        Names of kinds that were not understood, and how many rows have each.
    notes : tuple of str
        How numbers were written, and in which currency.
    currency : str
        The one that amounts are in; empty: none is named, or they were changed.
    people : DataFrame
        Rows that say who somebody is, for :func:`training.importing.identities.keep`.
    said : DataFrame
        What rows say of their person: ``user_id``, ``at`` and ``said``, as
        :class:`recsys.connectors.translate.Translated` has it.
    """

    events: pl.DataFrame
    quarantine: pl.DataFrame
    duplicates: int
    spelling: str
    columns: FileColumns
    unknown: Mapping[str, int]
    notes: tuple[str, ...]
    currency: str
    people: pl.DataFrame
    said: pl.DataFrame


def validate(raw: RawFile, config: Config, *, now: int) -> Validated:
    """Check every row of a file of events.

    Parameters
    ----------
    raw : RawFile
        The file.
    config : Config
        Column names, kinds, channels, zone, and the prefix of cancelled orders.
    now : int
        Microseconds since the epoch; times more than a day later are refused.

    Raises
    ------
    MissingColumn
        The file does not say who, on what or when.
    """
    found = event_columns(raw.frame.columns, config.data.columns, trait=config.segments.trait)
    if raw.told is None:
        found = by_content(found, raw.frame, config)
    times = times_of(raw, found, config)
    amounts = read_amounts(raw.frame, found, AMOUNTS, config)
    if raw.told is None:
        amounts = money_by_content(amounts, raw.frame, found)
    judged = _judged(raw, found, amounts, times, config, now=now)
    fresh = ~pl.col("repeated")
    bad = judged.select("place", "repeated", "reason").filter(
        fresh & pl.col("reason").is_not_null()
    )
    good = fresh & pl.col("reason").is_null()
    kept = judged.filter(good)
    if "event_id" in found or "mail" in found:
        named = pl.col("event_id")
        first = named.is_null() | named.is_first_distinct()
        reused = kept.filter(~first).with_columns(reason=pl.lit("reused_id"))
        bad = pl.concat([bad, reused.select(bad.columns)]).sort("place")
        kept = kept.filter(first)
    said = kept.filter(pl.col("said").is_not_null()).select("user_id", "at", "said")
    people = kept.filter(pl.col("identity").is_not_null())
    kept = kept.filter(pl.col("identity").is_null())
    events = _identified(kept.drop("place", "repeated", "reason", "said", *_OF_PEOPLE))
    quarantine = quarantined(raw, bad["place"], bad["reason"])
    duplicates = int(judged["repeated"].sum())
    if len(events) + len(people) + duplicates + len(quarantine) != raw.rows:
        counts = f"{len(events)} events, {duplicates} duplicates, {len(quarantine)} put aside"
        raise UnaccountedRows(raw.rows, counts)
    return Validated(
        events=events.sort("at", maintain_order=True),
        quarantine=quarantine,
        duplicates=duplicates,
        spelling=times.spelling,
        columns=found,
        unknown=counted(judged.filter(reason="unknown_kind")["name"].drop_nulls()),
        notes=amounts.notes,
        currency=amounts.currency,
        people=people,
        said=said,
    )


def _judged(
    raw: RawFile, found: FileColumns, amounts: Amounts, times: Times, config: Config, *, now: int
) -> pl.DataFrame:
    canonical = canonical_rows(raw, found, amounts, config)
    canonical = canonical.with_columns(at=times.at, **_told(raw)).with_row_index("place")
    if raw.told is None:
        canonical = _with_buyers(_as_their_order(canonical))
    # A table of a tool says what its rows are about, a column what a file is.
    lone = config.churn.critical_kind if raw.tool and not raw.tool.shape.generic else ""
    reason = pl.coalesce("refused", _reason(found, config, now=now, lone=lone))
    return canonical.with_columns(repeated=_repeated(raw, config), reason=reason).drop(
        "refused",
        "at_given",
        "bad_quantity",
        "bad_price",
        "total",
        *LESS,
        "test",
        "priced",
        "pscore_given",
        "mail",
    )


def _as_their_order(frame: pl.DataFrame) -> pl.DataFrame:
    """Return rows with who and when of their order, where the first of its lines alone says it."""
    of_order = pl.col("order_id").is_not_null() & pl.col("kind").is_in([PURCHASE, *TAKEN_BACK])
    blank = of_order & (pl.col("user_id").is_null() | pl.col("at_given").is_null())
    if not frame.select(blank.any()).item():
        return frame
    one_user = pl.col("user_id").drop_nulls().n_unique().over("order_id") == 1

    def filled(name: str) -> pl.Expr:
        first = pl.col(name).drop_nulls().first().over("order_id")
        return pl.when(blank & one_user).then(pl.coalesce(name, first)).otherwise(name).alias(name)

    return frame.with_columns(filled(name) for name in ("user_id", "at_given", "at"))


def _with_buyers(frame: pl.DataFrame) -> pl.DataFrame:
    """Return rows where what takes an order back is of its buyer, whoever is named beside it."""
    back = pl.col("kind").is_in(TAKEN_BACK) & pl.col("order_id").is_not_null()
    taken = frame.filter(back).select("order_id", other="user_id").unique()
    if not len(taken):
        return frame
    bought = frame.filter(pl.col("kind") == PURCHASE).select("order_id", "user_id").drop_nulls()
    ids = pl.col("order_id").is_in(taken["order_id"].implode())
    buyers = bought.filter(ids).unique().filter(pl.col("order_id").is_unique())
    wrong = buyers.join(taken, on="order_id").filter(~pl.col("user_id").eq_missing("other"))
    if not len(wrong):
        return frame
    known = dict(wrong.select("order_id", "user_id").iter_rows())
    buyer = pl.col("order_id").replace_strict(known, default=None, return_dtype=pl.String)
    user = pl.when(back).then(pl.coalesce(buyer, "user_id")).otherwise("user_id")
    return frame.with_columns(user_id=user)


def _repeated(raw: RawFile, config: Config) -> pl.Series:
    frame = raw.theirs
    if config.data.identical_rows == "units":
        return pl.Series([False]).new_from_index(0, len(frame))
    if raw.place is not None:
        # Two lines of one order may say the same.
        frame = frame.with_columns(raw.place.alias("\x00place"))
    # Only rows whose hash occurs twice are compared in full: comparing all takes the memory of all.
    alike = frame.hash_rows(seed=0).is_duplicated()
    suspects = frame.filter(alike)
    named = suspects.rename({name: str(place) for place, name in enumerate(frame.columns)})
    first = named.with_row_index("row").unique(subset=named.columns, keep="first")["row"]
    repeated = alike.to_numpy().copy()
    repeated[np.flatnonzero(repeated)[first.to_numpy()]] = False
    return pl.Series(repeated)


def _told(raw: RawFile) -> dict[str, pl.Series | pl.Expr]:
    """Return what each row says of its person, and why the table of its tool leaves it out."""
    if raw.told is None:
        return dict.fromkeys(("said", "refused"), pl.lit(None, pl.String))
    return {"said": raw.told.said, "refused": raw.told.refused}


def _reason(found: FileColumns, config: Config, *, now: int, lone: str) -> pl.Expr:
    """Return why each row is left out; those of the kind `lone` may name no item."""
    kind = pl.col("kind")
    outcome = kind.is_in(MESSAGE_KINDS) & (kind != MESSAGE_SENT)
    of_ours = pl.col("channel").is_in(list(config.channels.arms)).fill_null(value=False)
    has_items = "item" in found or not ("ref" in found or "pscore" in found or _itemless(config))
    money = kind.is_in(["purchase", "return"])
    rules: dict[str, pl.Expr] = {
        "no_user": no_id("user_id"),
        "bad_user": bad_id("user_id"),
        "bad_item": bad_id("item_id"),
        "bad_event_id": bad_id("event_id"),
        "test_order": pl.col("test"),
        "no_time": pl.col("at_given").is_null(),
        "bad_time": pl.col("at").is_null() | (pl.col("at") < EARLIEST),
        "future_time": pl.col("at") > now + DAY,
        "unused_event": kind == "",
        "unknown_kind": kind.is_null() | ~kind.is_in([*config.kinds, *MESSAGE_KINDS]),
        "no_item": ~kind.is_in(MESSAGE_KINDS)
        & pl.col("item_id").is_null()
        & has_items
        & (kind != lone)
        & ~(kind.is_in(TAKEN_BACK) & pl.col("order_id").is_not_null()),
        "bad_quantity": pl.col("bad_quantity")
        | ~(
            pl.col("quantity").is_between(0, MOST, closed="right")
            | ((kind == VOID) & (pl.col("quantity") == 0))
        ),
        "bad_price": pl.col("bad_price")
        | (pl.col("price") < 0)
        | (pl.col("value").abs() > MOST)
        | ~pl.col("value").is_finite(),
        "zero_price": money & (pl.col("value") == 0),
        "unknown_channel": (kind == MESSAGE_SENT) & ~of_ours,
        "no_ref": outcome & pl.col("ref").is_null() & ~of_ours,
        "bad_pscore": bad_number("pscore_given")
        | ~pl.col("pscore").is_between(0, 1, closed="right"),
    }
    about, said = pl.col("identity"), pl.col("said").is_not_null()
    of_events = {
        name: rule & about.is_null() if name not in ("no_user", "bad_user") else rule
        for name, rule in rules.items()
    }
    of_events["bad_time"] = rules["bad_time"] & (
        about.is_null() | (said & pl.col("at_given").is_not_null())
    )
    of_events["future_time"] = rules["future_time"] & (about.is_null() | said)
    alone = (about == ALIAS) & pl.col("previous_id").is_null()
    return first_reason({**of_events, "no_previous": alone})


def _itemless(config: Config) -> bool:
    return config.data.columns.item == ""


def _identified(events: pl.DataFrame) -> pl.DataFrame:
    identity = {name: events[name] for name in _IDENTITY}
    made = event_ids(events["at"].to_numpy(), identity)
    named = events.with_columns(event_id=pl.coalesce(pl.col("event_id"), made))
    return named.drop("kind_said", "name")


TAKEN_BACK = (RETURN, VOID)

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
    both = [rows_of(raw, place, reason)]
    if len(raw.broken):
        both.append(raw.broken.rename({"text": "unparsed_row"}))
    return pl.concat(both, how="diagonal").sort("row", maintain_order=True)


def rows_of(raw: RawFile, place: pl.Series, reason: pl.Series) -> pl.DataFrame:
    """Return rows of the frame as :func:`quarantined` does, without those that are broken."""
    originals = raw.theirs[place].select(
        pl.all().cast(pl.String, strict=False).name.map(_apart_from_ours)
    )
    return pl.DataFrame({"row": raw.row.gather(place), "reason": reason}).hstack(originals)


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
