"""Profiles: what is known of items and users."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, Self

import numpy as np
import orjson

from recsys.config import Config
from recsys.data.catalogue import Catalogue
from recsys.data.ids import IdMap
from recsys.placements.fields import ItemFields
from recsys.storage.database.interface import Database, Writing
from recsys.storage.privacy import vault
from recsys.storage.privacy.vault import Vault, unsealed
from recsys.storage.users import aliases, changes, sensitive
from recsys.storage.users.aliases import NOBODY

_NONE: Mapping[str, str] = MappingProxyType({})


User = tuple[str, Mapping[str, str], str]
"""An id, its traits, and its time zone or nothing."""


class ItemFacts(NamedTuple):
    """What the store knows of an item. Empty or None means not known, and overwrites nothing.

    ``price`` is money per unit, ``price_at`` when it was seen (microseconds since the epoch): an
    older price never replaces a later one. ``attributes`` are texts of any name.
    """

    item_id: str
    title: str = ""
    category: str = ""
    url: str = ""
    image_url: str = ""
    price: float | None = None
    price_at: int = 0
    available: bool | None = None
    attributes: Mapping[str, str] = _NONE


_UPSERT_ITEM = """
INSERT INTO items
    (item_id, title, category, url, image_url, price, price_at, available, attributes, changed)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (item_id) DO UPDATE SET
    title = CASE WHEN excluded.title = '' THEN items.title ELSE excluded.title END,
    category = CASE WHEN excluded.category = '' THEN items.category ELSE excluded.category END,
    url = CASE WHEN excluded.url = '' THEN items.url ELSE excluded.url END,
    image_url = CASE WHEN excluded.image_url = '' THEN items.image_url ELSE excluded.image_url END,
    price = CASE WHEN excluded.price IS NOT NULL AND excluded.price_at >= items.price_at
        THEN excluded.price ELSE items.price END,
    price_at = CASE WHEN excluded.price IS NOT NULL AND excluded.price_at >= items.price_at
        THEN excluded.price_at ELSE items.price_at END,
    attributes = {merged},
    changed = excluded.changed
"""

_LAST_CHANGE = "SELECT coalesce(max(changed), 0) FROM items"

_AVAILABLE = "UPDATE items SET available = ? WHERE item_id = ?"

_UPSERT_USER = """
INSERT INTO users (user_id, traits, timezone, anonymous) VALUES (?, ?, ?, ?)
ON CONFLICT (user_id) DO UPDATE SET
    traits = {merged},
    anonymous = users.anonymous AND excluded.anonymous,
    timezone = CASE WHEN excluded.timezone = '' THEN users.timezone ELSE excluded.timezone END
"""


class Profiles:
    """The profiles in an open store. Safe to use from several threads.

    Parameters
    ----------
    database : Database
        Where they are kept.
    sealing : Vault or None
        Seals sensitive traits; None: none are kept.
    sensitive : collection of str
        Names of the traits that are sealed.
    """

    def __init__(
        self, database: Database, *, sealing: Vault | None = None, sensitive: Collection[str] = ()
    ) -> None:
        self.database = database
        self._vault = sealing
        self._sensitive = sensitive

    @classmethod
    def of(cls, database: Database, config: Config) -> Self:
        """Return the profiles in a store, sealed by the keys and for the traits configured."""
        found = vault.of(config.storage.encryption_keys)
        return cls(database, sealing=found, sensitive=config.privacy.sensitive_traits)

    def put_items(self, items: Iterable[ItemFacts]) -> None:
        """Add items, or complete what is known of them.

        Raises
        ------
        StoreUnavailable
            Nothing was written.
        """
        given = list(items)
        said = [(item.available, item.item_id) for item in given if item.available is not None]
        merged = self.database.merged("items.attributes", "excluded.attributes")
        with self.database.writing() as writing:
            change = 1 + writing.execute(_LAST_CHANGE).fetchone()[0]
            rows = (_row(item, change) for item in given)
            writing.executemany(_UPSERT_ITEM.format(merged=merged), rows)
            writing.executemany(_AVAILABLE, said)

    def put_users(
        self,
        users: Iterable[User],
        *,
        anonymous: Collection[str] = (),
    ) -> int:
        """Add users as (id, traits, time zone or empty), or complete what is known of them.

        Of erased users nothing is kept; returned is how many were written. `anonymous` are ids of
        devices among them.

        Raises
        ------
        StoreUnavailable
            Nothing was written.
        """
        people = list(users)
        given = [(user, _json(self._sealed(traits)), zone) for user, traits, zone in people]
        merged = self.database.merged("users.traits", "excluded.traits")
        with self.database.writing() as writing:
            owners = aliases.known_as(writing, {user for user, _, _ in given})
            rows = [(owners.get(u, u), *rest, u in anonymous) for u, *rest in given]
            written = [row for row in rows if row[0] != NOBODY]
            writing.executemany(_UPSERT_USER.format(merged=merged), written)
            self._note(writing, people, owners)
            changes.note(writing, {str(user) for user, *_ in written})
        return len(written)

    def _note(self, writing: Writing, people: Sequence[User], owners: Mapping[str, str]) -> None:
        if self._vault is None:
            return
        for user, traits, _ in people:
            owner = owners.get(user, user)
            said = {name: one for name, one in traits.items() if name in self._sensitive}
            if said and owner != NOBODY:
                sensitive.note(writing, owner, said, self._vault)

    def _sealed(self, traits: Mapping[str, str]) -> dict[str, str]:
        plain = {name: value for name, value in traits.items() if name not in self._sensitive}
        if self._vault is None:
            return plain
        secret = {name: traits[name] for name in traits.keys() - plain.keys()}
        return plain | {name: self._vault.seal(value) for name, value in secret.items()}

    def items(self) -> dict[str, ItemFacts]:
        """Return what is known of every item, by id.

        Raises
        ------
        StoreUnavailable
            The store cannot be read.
        """
        rows = self.database.read(
            f"SELECT {', '.join(ItemFacts._fields)} FROM items ORDER BY item_id"  # noqa: S608
        )
        return {
            row[0]: ItemFacts._make((*row[:-2], bool(row[-2]), _attributes(row[-1])))
            for row in rows
        }

    def last_change(self) -> int:
        """Return a number that ascends whenever something is said of an item, 0 before the first.

        Raises
        ------
        StoreUnavailable
            The store cannot be read.
        """
        return int(self.database.read(_LAST_CHANGE)[0][0])

    def users(self) -> dict[str, tuple[dict[str, str], str]]:
        """Return the traits and the time zone of every user, by id; nothing that is sealed.

        Raises
        ------
        StoreUnavailable
            The store cannot be read.
        """
        rows = self.database.read("SELECT user_id, traits, timezone FROM users ORDER BY user_id")
        return {user: (unsealed(orjson.loads(traits)), zone) for user, traits, zone in rows}


def _json(traits: Mapping[str, str]) -> str:
    return orjson.dumps(dict(traits), option=orjson.OPT_SORT_KEYS).decode() if traits else "{}"


def _row(item: ItemFacts, change: int) -> tuple[Any, ...]:
    # A price that is not known was seen at no time; whether it can be had is said in a second step.
    price_at = 0 if item.price is None else item.price_at
    return (*item[:6], price_at, True, _json(item.attributes), change)


def _attributes(said: str) -> Mapping[str, str]:
    found: Mapping[str, str] = _NONE if said == "{}" else orjson.loads(said)
    return found


def catalogue(
    items: IdMap, facts: Mapping[str, ItemFacts], unavailable: Collection[str]
) -> Catalogue:
    """Return what is known of items, in their rows; nobody may have the `unavailable` ones."""
    known = [facts.get(item, ItemFacts(item)) for item in items]
    prices = [np.nan if fact.price is None else fact.price for fact in known]
    can_be_had = [fact.available is not False and fact.item_id not in unavailable for fact in known]
    return Catalogue(
        title=tuple(fact.title for fact in known),
        category=tuple(fact.category for fact in known),
        url=tuple(fact.url for fact in known),
        image_url=tuple(fact.image_url for fact in known),
        price=np.array(prices, np.float32),
        available=np.array(can_be_had, bool),
    )


def item_fields(
    items: IdMap, facts: Mapping[str, ItemFacts], unavailable: Collection[str]
) -> ItemFields:
    """Return what rules may ask of items, in their rows: the catalogue, and all attributes."""
    names = sorted({name for fact in facts.values() for name in fact.attributes})
    known = [facts[item].attributes if item in facts else _NONE for item in items]
    attributes = {name: [said.get(name, "") for said in known] for name in names}
    return ItemFields.of(items, catalogue(items, facts, unavailable), attributes)
