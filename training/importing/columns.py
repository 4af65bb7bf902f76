"""Which column of a file says what.

Events: by the names of :mod:`recsys.data.fields`, whatever their case and punctuation, at the top,
below ``properties.`` or in a list of products. Everything else is named in ``[data.columns]``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from recsys.config import Columns
from recsys.data.fields import EVENT, LISTS, PRODUCT, WRAPPERS, Names, plain
from training.errors import MissingColumn
from training.importing.spellings import NAMES_OF_PEOPLE, ONLY_CLOCKS, folded, further

MESSAGES = frozenset({"ref", "pscore", "mail", "channel"})
"""Meanings of which a log of messages has at least one: it needs no items."""
ITEMS = Names(
    {
        "item": ("item_id", "item", "product_id", "variant_sku", "sku", "offer_id", "id"),
        "handle": ("handle",),
        "group": ("item_group_id",),
        "title": ("title", "name", "product_name"),
        "category": ("category", "categories", "product_type", "product_category",
                     "google_product_category"),
        "price": ("price", "variant_price", "regular_price"),
        "sale_price": ("sale_price",),
        "sale_dates": ("sale_price_effective_date",),
        "currency": ("currency", "currency_code", "price_currency"),
        "url": ("url", "link", "permalink"),
        "image_url": ("image_url", "image_link", "image_src", "image", "images"),
        "available": ("available", "availability", "in_stock", "stock_status"),
        "hidden": ("is_hidden", "hidden"),
        "status": ("status", "product_status"),
        "published": ("published", "is_published", "is_active", "active", "enabled"),
        "stock": ("stock", "stock_quantity", "variant_inventory_qty", "inventory_quantity",
                  "quantity"),
        "tracker": ("variant_inventory_tracker",),
        "policy": ("variant_inventory_policy", "backorders_allowed"),
    }
)  # fmt: skip
USERS = Names(
    {
        "user": ("user_id", "user"),
        "timezone": ("timezone", "context.timezone"),
    }
)
CONSENTS = Names(
    {
        "user": ("user_id", "user"),
        "purpose": ("purpose",),
        "channel": ("channel",),
        "state": ("state", "granted"),
        "at": ("at", "timestamp"),
        "basis": ("basis",),
        "source": ("source",),
        "text_version": ("text_version",),
    }
)

REVIEWS = frozenset({"text", "reviewtext", "reviewbody", "reviewcontent", "reviewtitle"})
"""Beside one of these and stars a ``title`` is that of the review."""

NEEDED = frozenset({"user", "item", "at"})
"""Meanings that are read under the configured name only, where one is configured."""

OF_ALL = frozenset({"state", "cancelled_at", "email"})
"""Meanings of which each column counts: an order is none where one of its states says so."""

PRODUCT_IDS = frozenset({"productid", "sku"})
"""Beside one of these ``name`` is the name of a product; elsewhere it may be anybody's."""


@dataclass(frozen=True, slots=True)
class FileColumns:
    """The columns of a file by meaning (those that win first), and those without one."""

    columns: Mapping[str, tuple[str, ...]]
    ignored: tuple[str, ...]

    def __contains__(self, meaning: str) -> bool:
        return meaning in self.columns

    def of(self, *meanings: str) -> tuple[str, ...]:
        """Return the columns of some meanings, in their order."""
        return tuple(name for meaning in meanings for name in self.columns.get(meaning, ()))


def event_columns(header: Sequence[str], named: Columns, *, trait: str) -> FileColumns:
    """Find the columns of a file of events.

    An item column is needed unless the file may be a log of messages (it has one of ``MESSAGES``)
    or the configuration says ``item = ""``.

    Parameters
    ----------
    header : sequence of str
        The columns of the file.
    named : Columns
        Names from the configuration; they win over every recognised spelling. An optional column
        that a file does not have under that name may still have a recognised one, or be missing.
    trait : str
        Name of the user trait, recognised as it is and below ``traits.``.

    Raises
    ------
    MissingColumn
        Nothing says who, on what or when; or a configured name for one of these is not in the file.
    """
    traits = Names({"trait": (trait, f"traits.{trait}", f"user_properties.{trait}")})
    recognised = {**_recognised(header, EVENT), **_recognised(header, traits)}
    if titles := _product_names(header):
        recognised["title"] = (*recognised.get("title", ()), *titles)
    recognised.setdefault("order", _order_ids(header))
    if "event_id" not in recognised and not {"call", "sent", "received"}.isdisjoint(recognised):
        # Segment's warehouses call it so; elsewhere an id may be that of anything.
        recognised["event_id"] = tuple(name for name in header if _unwrapped(name) == "id")
    recognised = _without_others(header, _with_further(header, recognised))
    chosen = {meaning: name for meaning, name in named if name is not None}
    if plain(chosen.get("price", "")).endswith("total"):
        # The money of a line is not that of one unit, whatever the configuration calls it.
        chosen["total"] = chosen.pop("price")
    if "user" in chosen:
        recognised.pop("anonymous", None)
    found = _found(header, recognised, chosen)
    message_log = not MESSAGES.isdisjoint(found.columns) or chosen.get("item") == ""
    if not found.of("user", "anonymous", "email"):
        require("user", found, header, EVENT)
    of_people = "call" in found and bool(found.of("anonymous", "previous"))
    for meaning in ("at",) if message_log or of_people else ("item", "at"):
        require(meaning, found, header, EVENT)
    return found


def _with_further(
    header: Sequence[str], recognised: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """Return columns by meaning; where none has the usual name, one that exports call so.

    Every column counts that says the state of an order or an address, and a date beside a time of
    the day.
    """
    used = {name for names in recognised.values() for name in names}
    both = dict(recognised)
    others = further([name for name in header if name not in used])
    if {"email"} & (recognised.keys() | others.keys()):
        ids = [name for name in others.get("user", ()) if folded(name) not in NAMES_OF_PEOPLE]
        others["user"] = tuple(ids)
    for meaning, names in others.items():
        usual = recognised.get(meaning, ())
        if meaning == "at" and all(folded(name) in ONLY_CLOCKS for name in usual):
            both["at"] = (*names[:1], *usual)
        elif meaning in OF_ALL:
            both[meaning] = (*usual, *_without_parts(names))
        elif not usual and meaning != "kind":  # That its cells tell.
            both[meaning] = names[:1]
    if not {"total", "price"} & both.keys() and {"quantity", "currency"} & both.keys():
        # Alone it may be of units.
        both["total"] = tuple(name for name in header if folded(name) == "amount")
    return both


def _without_parts(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the columns that say of whole orders that they came back, where one says ``fully``."""
    return names[:1] if folded(names[0]) == "fullyrefunded" else names


def find(header: Sequence[str], names: Names, chosen: Mapping[str, str]) -> FileColumns:
    """Find the columns of a file by meaning; a `chosen` empty name means there is none.

    Raises
    ------
    MissingColumn
        A name chosen for one of ``NEEDED`` is not in the file.
    """
    return _found(header, _recognised(header, names), chosen)


def require(meaning: str, found: FileColumns, header: Sequence[str], names: Names) -> None:
    """Refuse a file without a column for `meaning`.

    Raises
    ------
    MissingColumn
        There is none; names the spellings that would be recognised.
    """
    if meaning not in found:
        raise MissingColumn(meaning, found=header, accepted=names.table[meaning])


def listed(column: str) -> str:
    """Return the field of a product in a list that a column holds; empty for other columns."""
    first, _, rest = _unwrapped(column).partition(".")
    return rest if first in LISTS else ""


def _unwrapped(column: str) -> str:
    name = plain(column)
    first, _, rest = name.partition(".")
    return rest if rest and first in WRAPPERS else name


def _recognised(header: Sequence[str], names: Names) -> dict[str, tuple[str, ...]]:
    places: dict[str, list[tuple[int, int, int]]] = {}
    for number, column in enumerate(header):
        name, field = _unwrapped(column), listed(column)
        place = PRODUCT.place(field) if field else names.place(name)
        if place is not None and place.meaning in names.table:
            rank = place.rank - (len(header) if field else 0)
            key = (rank, int(name != plain(column)), number)
            places.setdefault(place.meaning, []).append(key)
    return {
        meaning: tuple(header[number] for *_, number in sorted(keys))
        for meaning, keys in places.items()
    }


def _without_others(
    header: Sequence[str], recognised: dict[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """Return columns by meaning without those that mean something else in such a file."""
    known = set(map(_unwrapped, header))
    without = dict(recognised)
    if "rating" in recognised and known & REVIEWS:
        without.pop("title", None)
    if "feedbacktype" in known:
        # Gorse's value says how much somebody liked something: it is no money.
        without["total"] = tuple(c for c in recognised.get("total", ()) if plain(c) != "value")
    return without


def _product_names(header: Sequence[str]) -> tuple[str, ...]:
    known = {plain(column) for column in header}
    levels = {name: name.rpartition(".")[0] for name in known if _unwrapped(name) == "name"}
    beside = {
        name
        for name, level in levels.items()
        if any(f"{level}.{each}".lstrip(".") in known for each in PRODUCT_IDS)
    }
    return tuple(column for column in header if plain(column) in beside)


def _order_ids(header: Sequence[str]) -> tuple[str, ...]:
    """Return what names an order beside its lines: the ``id`` above a list, a shop's ``Name``."""
    known = {plain(column): column for column in header}
    if "lineitemname" in known and "name" in known:
        return (known["name"],)
    lists = {_unwrapped(column).partition(".")[0] for column in header if listed(column)}
    return (known["id"],) if "id" in known and lists - {"products"} else ()


def _found(
    header: Sequence[str], recognised: Mapping[str, tuple[str, ...]], chosen: Mapping[str, str]
) -> FileColumns:
    columns = {
        meaning: hits
        for meaning in dict.fromkeys((*recognised, *chosen))
        if (hits := _hits(meaning, header, recognised.get(meaning, ()), chosen))
    }
    used = {name for hits in columns.values() for name in hits}
    return FileColumns(columns, tuple(name for name in header if name not in used))


def _hits(
    meaning: str, header: Sequence[str], recognised: tuple[str, ...], chosen: Mapping[str, str]
) -> tuple[str, ...]:
    if meaning not in chosen:
        return recognised
    name = chosen[meaning]
    if not name:
        return ()
    if name in header:
        return (name,)
    if meaning in NEEDED:
        raise MissingColumn(meaning, found=header, accepted=[name])
    return recognised
