"""Columns of a file as clean text, ids and numbers, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from recsys.config import Config
from recsys.data.kinds import MESSAGE_FAILED, MESSAGE_KINDS, MESSAGE_SENT, kind_of, message_of
from recsys.data.surfaces import DEVICE, MOST_CHARACTERS, PLACEMENT
from training.importing.columns import FileColumns
from training.importing.read import RawFile
from training.importing.times import Times, parse_times

MAX_ID_BYTES = 256

MISSING_IDS = ("", "nan", "null", "none", "n/a", "undefined")


def text_of(found: FileColumns, meaning: str) -> pl.Expr:
    """Return a column as text without outer blanks; null where empty or not in the file."""
    if meaning not in found:
        return pl.lit(None, pl.String).alias(meaning)
    text = pl.col(found.columns[meaning][0]).cast(pl.String, strict=False).str.strip_chars()
    return pl.when(text != "").then(text).alias(meaning)


def id_of(frame: pl.DataFrame, found: FileColumns, meaning: str) -> pl.Expr:
    """Return ids as text, from the first of their columns that is filled; null where none is.

    A column of whole numbers that some tool made floats reads ``17850``, not ``17850.0``.
    """
    spelled = [_ids(frame, name) for name in found.columns.get(meaning, ())]
    return pl.coalesce(spelled) if spelled else pl.lit(None, pl.String)


def no_id(name: str) -> pl.Expr:
    """Whether an id is missing, or a word that some tool wrote for a missing one."""
    return pl.col(name).is_null() | pl.col(name).str.to_lowercase().is_in(MISSING_IDS)


def bad_id(name: str) -> pl.Expr:
    """Whether an id is longer than ``MAX_ID_BYTES`` or holds a NUL."""
    column = pl.col(name)
    return (column.str.len_bytes() > MAX_ID_BYTES) | column.str.contains("\x00", literal=True)


def bad_number(name: str) -> pl.Expr:
    """Whether something was given that is not a finite number."""
    finite = pl.col(name).cast(pl.Float64, strict=False).is_finite().fill_null(value=False)
    return pl.col(name).is_not_null() & ~finite


def first_reason(rules: dict[str, pl.Expr]) -> pl.Expr:
    """Return the name of the first rule that a row breaks; null where it breaks none."""
    return pl.coalesce(
        pl.when(rule.fill_null(value=False)).then(pl.lit(name)) for name, rule in rules.items()
    )


def _ids(frame: pl.DataFrame, name: str) -> pl.Expr:
    column = pl.col(name)
    given = frame[name].drop_nulls()
    if frame.schema[name].is_float() and given.is_finite().all() and (given == given.round()).all():
        return column.cast(pl.Int64, strict=False).cast(pl.String)
    text = column.cast(pl.String, strict=False).str.strip_chars()
    if frame.schema[name] == pl.String and given.str.contains(r"^\d+\.0$").all():
        text = text.str.strip_suffix(".0")
    return pl.when(text != "").then(text)


def _times(raw: RawFile, found: FileColumns, config: Config) -> Times:
    return parse_times(
        raw.frame[found.columns["at"][0]],
        timezone=config.data.timezone,
        time_format=config.data.time_format,
    )


def _canonical(raw: RawFile, found: FileColumns, config: Config) -> pl.DataFrame:
    frame = raw.frame.select(
        id_of(raw.frame, found, "user").alias("user_id"),
        id_of(raw.frame, found, "item").alias("item_id"),
        id_of(raw.frame, found, "event_id").alias("event_id"),
        id_of(raw.frame, found, "order").alias("order_id"),
        id_of(raw.frame, found, "ref").alias("ref"),
        id_of(raw.frame, found, "mail").alias("mail"),
        text_of(found, "kind").alias("kind"),
        text_of(found, "channel").alias("channel"),
        text_of(found, "title").alias("title"),
        text_of(found, "category").str.split("|").list.first().alias("category"),
        text_of(found, "trait").alias("trait"),
        text_of(found, "quantity").alias("quantity_given"),
        text_of(found, "price").alias("price_given"),
        text_of(found, "pscore").alias("pscore_given"),
        _flag(found, "simulated"),
        _flag(found, "machine"),
        properties(found),
        at_given=text_of(found, "at"),
    )
    return _signed(_numbers(joined_by_mail(_with_kinds(frame, config))), config)


def _flag(found: FileColumns, meaning: str) -> pl.Expr:
    return text_of(found, meaning).str.to_lowercase().is_in(["true", "1"]).fill_null(value=False)


def _with_kinds(frame: pl.DataFrame, config: Config) -> pl.DataFrame:
    given = [name for name in frame["kind"].unique(maintain_order=True) if name is not None]
    own = {kind.lower(): kind for kind in config.kinds}
    kinds = [own.get(name.lower()) or message_of(name)[0] or kind_of(name) for name in given]
    arms = list(config.channels.arms)
    return frame.with_columns(
        channel_said(given, arms),
        pl.col("kind")
        .replace_strict(given, kinds, default=None, return_dtype=pl.String)
        .fill_null(config.data.default_kind),
    )


def _numbers(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(
        quantity=pl.col("quantity_given").cast(pl.Float64, strict=False).fill_null(1.0),
        price=pl.col("price_given").cast(pl.Float64, strict=False),
        pscore=pl.col("pscore_given").cast(pl.Float64, strict=False),
    )


def _signed(frame: pl.DataFrame, config: Config) -> pl.DataFrame:
    prefix = config.data.cancelled_order_prefix
    cancelled = pl.col("order_id").str.starts_with(prefix) if prefix else pl.lit(value=False)
    taken_back = (pl.col("kind") == "purchase") & ((pl.col("quantity") < 0) | cancelled)
    return (
        frame.with_columns(
            kind_said="kind",
            kind=pl.when(taken_back.fill_null(value=False))
            .then(pl.lit("return"))
            .otherwise(pl.col("kind")),
        )
        .with_columns(
            quantity=pl.when(pl.col("kind") == "return")
            .then(pl.col("quantity").abs())
            .otherwise(pl.col("quantity"))
        )
        .with_columns(value=pl.col("quantity") * pl.col("price"))
    )


def channel_said(names: Sequence[str], arms: Sequence[str]) -> pl.Expr:
    """Return the ``channel`` of each row; where that is none of `arms`, what its ``kind`` names.

    Segment's calls have a channel of their own, ``server`` for example.

    Parameters
    ----------
    names : sequence of str
        All that the column ``kind`` holds, as the file spells it.
    arms : sequence of str
        The configured channels.
    """
    channels = [message_of(name)[1] or None for name in names]
    named = pl.col("kind").replace_strict(names, channels, default=None, return_dtype=pl.String)
    named = pl.when(pl.col("mail").is_not_null()).then(pl.lit("email")).otherwise(named)
    unknown = ~pl.col("channel").is_in(arms).fill_null(value=False)
    by_name = unknown & named.is_in(arms).fill_null(value=False)
    return pl.when(by_name).then(named).otherwise("channel").alias("channel")


def joined_by_mail(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the rows; those of one ``mail`` to one user name its message by one id.

    That a message was sent, or failed, is always told by a machine: nothing is made of that.
    """
    kind = pl.col("kind")
    mail = pl.format("email:{}:{}", "mail", "user_id")
    outcome = kind.is_in(MESSAGE_KINDS) & (kind != MESSAGE_SENT)
    sent = kind == MESSAGE_SENT
    return frame.with_columns(
        event_id=pl.when(sent).then(pl.coalesce(mail, "event_id")).otherwise("event_id"),
        ref=pl.when(outcome).then(pl.coalesce("ref", mail)).otherwise("ref"),
        machine=pl.col("machine") & ~kind.is_in([MESSAGE_SENT, MESSAGE_FAILED]),
    )


def properties(found: FileColumns) -> pl.Expr:
    """Return the properties of each event, a JSON object as text; null where it says neither."""
    said = [
        text_of(found, name).str.to_lowercase().str.slice(0, MOST_CHARACTERS).alias(name)
        for name in (DEVICE, PLACEMENT)
        if name in found
    ]
    if not said:
        return pl.lit(None, pl.String).alias("properties")
    some = pl.any_horizontal(each.is_not_null() for each in said)
    return pl.when(some).then(pl.struct(said).struct.json_encode()).alias("properties")
