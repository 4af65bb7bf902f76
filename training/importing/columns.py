"""Which column of a file says what.

Recognised without configuration: the names of AWS Personalize, Gorse, and Segment and Amplitude
exports, whatever their case and punctuation. Everything else is named in ``[data.columns]``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from recsys.config import Columns
from recsys.errors import MissingColumn

EVENT_SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "user": ("user_id", "user", "anonymous_id"),
    "item": (
        "item_id",
        "item",
        "product_id",
        "sku",
        "properties.product_id",
        "properties.sku",
        "event_properties.product_id",
        "event_properties.item_id",
    ),
    "at": ("timestamp", "at", "event_time", "client_event_time", "time", "datetime"),
    "kind": ("event_type", "kind", "event", "feedback_type"),
    "quantity": ("quantity", "properties.quantity", "event_properties.quantity"),
    "price": ("price", "properties.price", "event_properties.price"),
    "order": ("order_id", "properties.order_id", "event_properties.order_id"),
    "title": ("title", "name", "properties.name"),
    "category": ("category", "categories", "properties.category"),
    "trait": (),
    "device": (
        "device",
        "device_type",
        "context.device.type",
        "properties.device",
        "properties.device_type",
        "event_properties.device",
    ),
    "placement": ("placement", "properties.placement", "event_properties.placement"),
    "event_id": ("message_id", "event_id", "insert_id", "uuid"),
    "channel": ("channel",),
    "ref": ("ref", "message_ref", "decision_id", "properties.decision_id"),
    "mail": ("email_id", "properties.email_id"),
    "pscore": ("pscore", "properties.pscore"),
    "simulated": ("simulated",),
    "machine": ("machine", "is_bot", "properties.machine"),
}
MESSAGES = frozenset({"ref", "pscore", "mail", "channel"})
"""Meanings of which a log of messages has at least one: it needs no items."""
ITEM_SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "item": ("item_id", "item", "product_id", "sku"),
    "title": ("title", "name"),
    "category": ("category", "categories"),
    "price": ("price",),
    "url": ("url",),
    "image_url": ("image_url", "image"),
    "available": ("available", "in_stock"),
    "hidden": ("is_hidden", "hidden"),
}
USER_SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "user": ("user_id", "user"),
    "timezone": ("timezone", "context.timezone"),
}
CONSENT_SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "user": ("user_id", "user"),
    "purpose": ("purpose",),
    "channel": ("channel",),
    "state": ("state", "granted"),
    "at": ("at", "timestamp"),
    "basis": ("basis",),
    "source": ("source",),
    "text_version": ("text_version",),
}
SEVERAL = frozenset({"user", "item"})
"""Meanings that a row may spell in one of several columns; the first that is filled counts."""

NEEDED = frozenset({"user", "item", "at"})
"""Meanings that are read under the configured name only, where one is configured."""


@dataclass(frozen=True, slots=True)
class FileColumns:
    """The columns of a file by meaning (first spelling first), and those without one."""

    columns: Mapping[str, tuple[str, ...]]
    ignored: tuple[str, ...]

    def __contains__(self, meaning: str) -> bool:
        return meaning in self.columns


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
    spellings = {
        **EVENT_SPELLINGS,
        "trait": (trait, f"traits.{trait}", f"user_properties.{trait}"),
    }
    chosen = {meaning: name for meaning, name in named if name is not None}
    found = find(header, spellings, chosen)
    message_log = not MESSAGES.isdisjoint(found.columns) or chosen.get("item") == ""
    for meaning in ("user", "at") if message_log else ("user", "item", "at"):
        require(meaning, found, header, spellings)
    return found


def find(
    header: Sequence[str],
    spellings: Mapping[str, Iterable[str]],
    chosen: Mapping[str, str],
) -> FileColumns:
    """Find the columns of a file by meaning; a `chosen` empty name means there is none.

    Raises
    ------
    MissingColumn
        A name chosen for one of ``NEEDED`` is not in the file.
    """
    by_name: dict[str, str] = {}
    for name in header:
        by_name.setdefault(_plain(name), name)
    columns = {}
    for meaning, names in spellings.items():
        hits = _chosen(meaning, chosen[meaning], header) if meaning in chosen else None
        if hits is None:
            hits = tuple(by_name[_plain(n)] for n in names if _plain(n) in by_name)
        if hits:
            columns[meaning] = hits if meaning in SEVERAL else hits[:1]
    used = {name for hits in columns.values() for name in hits}
    return FileColumns(columns, tuple(name for name in header if name not in used))


def require(
    meaning: str,
    found: FileColumns,
    header: Sequence[str],
    spellings: Mapping[str, Iterable[str]],
) -> None:
    """Refuse a file without a column for `meaning`.

    Raises
    ------
    MissingColumn
        There is none; names the spellings that would be recognised.
    """
    if meaning not in found:
        raise MissingColumn(meaning, found=header, accepted=spellings[meaning])


def _chosen(meaning: str, name: str, header: Sequence[str]) -> tuple[str, ...] | None:
    if not name:
        return ()
    if name in header:
        return (name,)
    if meaning in NEEDED:
        raise MissingColumn(meaning, found=header, accepted=[name])
    return None


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9.]", "", name.lower())
