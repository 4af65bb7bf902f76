"""Files of items into the profiles: feeds of shops, exports of products, any table of items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from recsys.config import Config
from recsys.storage.users.profiles import ItemFacts, Profiles
from training.importing.amounts import Amounts, read_amounts
from training.importing.cells import bad_id, id_of, no_id, text_of
from training.importing.columns import ITEMS, FileColumns
from training.importing.numbers import MOST
from training.importing.profiles import ProfileFile, ProfileReport, imported, source_of
from training.importing.read import RawFile
from training.importing.times import parse_times

MOST_CHARACTERS, MOST_NAME = 200, 64
"""Longest value and longest name of an attribute."""

HAD = frozenset(
    {
        "true", "1", "yes", "y", "available", "instock", "onlineonly", "instoreonly", "limited",
        "limitedavailability", "lowstock", "preorder", "presale", "backorder", "madetoorder",
        "active", "enabled", "published", "publish", "visible",
    }
)  # fmt: skip
NOT_HAD = frozenset(
    {
        "false", "0", "no", "n", "-1", "unavailable", "notavailable", "outofstock", "soldout",
        "nostock", "discontinued", "draft", "archived", "archive", "inactive", "disabled",
        "hidden", "unpublished", "private", "trash", "deleted", "pending", "unlisted",
    }
)  # fmt: skip
"""Words for what can be bought and for what cannot, without blanks, ``_`` and ``-``."""

_FACTS = ("title", "category", "url", "image_url")
_WORDS = ("available", "hidden", "status", "published", "policy")
_SOLD_ON = ("continue", "notify", "1", "true", "yes")


def import_items(path: Path, config: Config, profiles: Profiles, *, now: int) -> ProfileReport:
    """Import titles, categories, prices, addresses and availability of items.

    Google's merchant feeds (text or XML) and exports of Shopify and WooCommerce are read as they
    are. Variants have what only the first row of their product says. Drafts, what is not published
    and what is sold out are not available; what can be ordered before it is there, is. A sale
    price is the price while it holds.

    Every other column is an attribute by its own name, unless it holds longer texts than
    ``MOST_CHARACTERS``: those are not used, and the report says so.

    Raises
    ------
    DataError
        The file cannot be read or names no item; a price can be read two ways, or prices are in
        several currencies.
    StoreUnavailable
        Nothing was written.
    """
    source = source_of(path, "items", config, ITEMS, needed=("item",))
    raw, found = source.raw, source.found
    amounts = read_amounts(raw.frame, found, ("price", "sale_price", "stock"), config)
    attributes = _attributes(raw.frame, found.ignored)
    frame = _facts(raw, found, amounts, attributes).with_columns(
        _price(raw, found, amounts, config, now=now),
        bad_price=amounts.bad("price", "sale_price"),
        bad_available=_no_word(pl.col("available")),
        available=_available(found),
    )
    rules = {
        "more_pictures": pl.col("picture_only"),
        "no_item": no_id("item_id"),
        "bad_item": bad_id("item_id"),
        "bad_price": pl.col("bad_price") | ~pl.col("price").is_between(0, MOST),
        "bad_available": pl.col("bad_available"),
    }

    def write(good: pl.DataFrame) -> int:
        facts = good.select(
            "item_id",
            *(pl.col(name).fill_null("") for name in _FACTS),
            "price",
            pl.lit(now).alias("price_at"),
            "available",
            "attributes",
        )
        profiles.put_items(
            ItemFacts._make((*row, _said(texts))) for *row, texts in facts.iter_rows()
        )
        return len(good)

    return _reported(imported(source, frame, rules=rules, write=write), source, amounts, attributes)


def _reported(
    report: ProfileReport, source: ProfileFile, amounts: Amounts, attributes: tuple[str, ...]
) -> ProfileReport:
    unused = tuple(name for name in report.ignored if name not in attributes)
    notes = (*source.raw.notes, *amounts.notes)
    return replace(report, ignored=unused, attributes=attributes, notes=notes)


def _facts(
    raw: RawFile, found: FileColumns, amounts: Amounts, attributes: Sequence[str]
) -> pl.DataFrame:
    """Return ids, words and attributes; variants have those of their product that they lack."""
    frame = raw.frame.select(
        id_of(raw.frame, found, "item", "handle").alias("item_id"),
        id_of(raw.frame, found, "handle", "group").alias("group"),
        *(text_of(found, name) for name in ("title", "url", "image_url", "tracker")),
        text_of(found, "category").str.split("|").list.first().str.strip_chars(),
        *(_word(text_of(found, name)) for name in _WORDS),
        pl.struct(_text(name) for name in attributes).alias("attributes")
        if attributes
        else pl.lit(None).alias("attributes"),
        variant=id_of(raw.frame, found, "item"),
    ).with_columns(amounts.of["stock"].alias("stock"), priced=amounts.given["price"])
    of_product = (*_FACTS, "status", "published")
    first = (pl.col(name).drop_nulls().first().over("group") for name in of_product)
    alone = pl.col("variant").is_null() & pl.col("title").is_null() & ~pl.col("priced")
    return frame.with_columns(
        *(
            pl.when(pl.col("group").is_null()).then(name).otherwise(pl.coalesce(name, whole))
            for name, whole in zip(of_product, first, strict=True)
        ),
        picture_only=alone & pl.col("group").is_not_null(),
    )


def _price(
    raw: RawFile, found: FileColumns, amounts: Amounts, config: Config, *, now: int
) -> pl.Series:
    price, sale = amounts.of["price"], amounts.of["sale_price"]
    if not len(sale.drop_nulls()):
        return price.alias("price")
    holds = sale.is_not_null() & (sale > 0).fill_null(value=False)
    if "sale_dates" in found:
        span = raw.frame.select(text_of(found, "sale_dates")).to_series()
        ends = span.str.split_exact("/", 1).struct.unnest()
        begin, end = (
            parse_times(ends[name], timezone=config.data.timezone).at for name in ends.columns
        )
        holds &= span.is_null() | ((begin <= now) & (now < end)).fill_null(value=False)
    return sale.zip_with(holds, price).alias("price")


def _available(found: FileColumns) -> pl.Expr:
    """Return whether an item can be had, null where nothing is said.

    Stock counts where it is tracked, and not for what is sold without any.
    """
    tracked = pl.col("tracker").is_not_null() if "tracker" in found else pl.lit(value=True)
    said, hidden, stock = pl.col("available"), pl.col("hidden"), pl.col("stock")
    counted = tracked & ~pl.col("policy").is_in(_SOLD_ON).fill_null(value=False)
    stock = pl.when(counted).then(stock)
    amount = said.cast(pl.Float64, strict=False)
    words = [one.is_in(NOT_HAD) for one in (said, pl.col("status"), pl.col("published"))]
    gone = pl.any_horizontal(*words, hidden.is_in(HAD), stock <= 0, amount <= 0)
    told = pl.any_horizontal(
        one.is_not_null() for one in (said, hidden, pl.col("status"), pl.col("published"), stock)
    )
    return pl.when(gone).then(pl.lit(value=False)).when(told).then(pl.lit(value=True))


def _no_word(said: pl.Expr) -> pl.Expr:
    number = said.cast(pl.Float64, strict=False).is_not_null()
    return said.is_not_null() & ~number & ~said.is_in([*HAD, *NOT_HAD])


def _word(text: pl.Expr) -> pl.Expr:
    plain = text.str.to_lowercase().str.replace(r"^https?://schema\.org/", "")
    return plain.str.replace_all(r"([a-z])[\s_-]+", "$1")


def _attributes(frame: pl.DataFrame, names: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that are attributes: short texts with a short name."""
    longest = (
        frame.select(_text(name).str.len_chars().max() for name in names).row(0) if names else ()
    )
    return tuple(
        name
        for name, most in zip(names, longest, strict=True)
        if (most or 0) <= MOST_CHARACTERS and 0 < len(name) <= MOST_NAME
    )


def _text(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.String, strict=False).str.strip_chars()


def _said(texts: Mapping[str, str | None] | None) -> dict[str, str]:
    return {name: text for name, text in (texts or {}).items() if text}
