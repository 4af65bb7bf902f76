"""Lists that placements showed: what an impression, a click, a page or a mailing refers to.

A list is kept under its ``recommendation_id``. One that has pages is frozen until its cursors end;
one that was made for a mailing is the list of that mailing for good.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import orjson

from recsys.storage.database.interface import Database, Row, Writing, of_keys, within
from recsys.storage.users import aliases
from recsys.storage.users.aliases import NOBODY

Record = Mapping[str, Any]

_COLUMNS = (
    "list_id", "user_id", "placement_id", "version", "model_version", "rung", "at", "items", "head",
    "send_key", "secret", "until",
)  # fmt: skip
COLUMNS = ", ".join(_COLUMNS)
_BY_ID = f"SELECT {COLUMNS} FROM lists WHERE list_id = ?"  # noqa: S608 - names from the code
_BY_KEY = f"SELECT {COLUMNS} FROM lists WHERE send_key = ?"  # noqa: S608
_BY_KEYS = f"SELECT {COLUMNS} FROM lists WHERE send_key IN ({{keys}})"  # noqa: S608


@dataclass(frozen=True, slots=True)
class ShownList:
    """A list that was shown.

    Attributes
    ----------
    list_id : str
        Its ``recommendation_id``.
    user_id : str
        For whom; empty for nobody in particular.
    placement_id, version : str, int
        By which version of which placement.
    model_version, rung : str
        From where; `rung` is empty where every rung failed.
    at : int
        When, microseconds since the epoch.
    items : tuple of mapping
        In their order, each with ``item_id`` and ``rank`` from 1; what else was said of it.
    head : mapping
        The answer without its items.
    send_key : str or None
        The mailing that it was made for.
    secret : str
        Signs its cursors; empty where it has no pages.
    until : int
        When its cursors end, microseconds since the epoch; 0 without pages.
    """

    list_id: str
    user_id: str
    placement_id: str
    version: int
    model_version: str
    rung: str
    at: int
    items: tuple[Record, ...]
    head: Record
    send_key: str | None = None
    secret: str = ""
    until: int = 0


class ListLog:
    """The lists in an open store. Safe to use from several threads."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def put(self, shown: Sequence[ShownList]) -> list[bool]:
        """Keep lists, durably, and return which were new; of erased users nothing is kept.

        Raises
        ------
        StoreUnavailable
            Nothing was kept.
        """
        with self.database.writing() as writing:
            owned = _owned(writing, shown)
            rows = [_row(one) for one in owned if one is not None]
            new = iter(writing.insert_new("lists", _COLUMNS, rows))
        return [one is not None and next(new) for one in owned]

    def put_once(self, shown: Sequence[ShownList]) -> list[ShownList]:
        """Keep lists of mailings, durably, and return those that the mailings have.

        Of each that is the first one that was kept by its ``send_key``. The list of an erased user
        is returned and not kept.

        Raises
        ------
        StoreUnavailable
            Nothing was kept.
        """
        with self.database.writing() as writing:
            before = _of_mailings(writing, {one.send_key for one in shown if one.send_key})
            new = {one.send_key: one for one in reversed(shown) if one.send_key not in before}
            owned = _owned(writing, list(new.values()))
            rows = [_row(one) for one in owned if one is not None]
            writing.insert_new("lists", _COLUMNS, rows)
        return [before.get(one.send_key) or new[one.send_key] for one in shown]

    def get(self, list_id: str) -> ShownList | None:
        """Return a list, None where there is none of that id.

        Raises
        ------
        StoreUnavailable
            The store cannot be read.
        """
        rows = self.database.read(_BY_ID, (list_id,))
        return _of(rows[0]) if rows else None

    def of_mailing(self, send_key: str) -> ShownList | None:
        """Return the list of a mailing, None where there is none yet.

        Raises
        ------
        StoreUnavailable
            The store cannot be read.
        """
        rows = self.database.read(_BY_KEY, (send_key,))
        return _of(rows[0]) if rows else None

    def origins(self, list_ids: Collection[str]) -> dict[str, tuple[str, str]]:
        """Return the placement and the rung of lists; those that are not kept are left out.

        Raises
        ------
        StoreUnavailable
            The store cannot be read.
        """
        marks = ", ".join("?" * len(list_ids))
        statement = f"SELECT list_id, placement_id, rung FROM lists WHERE list_id IN ({marks})"  # noqa: S608
        rows = self.database.read(statement, tuple(list_ids)) if list_ids else []
        return {one: (placement, rung) for one, placement, rung in rows}

    def renew(self, list_id: str, *, until: int) -> None:
        """Let the cursors of a list end later.

        Raises
        ------
        StoreUnavailable
            They end when they did.
        """
        with self.database.writing() as writing:
            writing.execute(
                "UPDATE lists SET until = ?1 WHERE list_id = ?2 AND until < ?1", (until, list_id)
            )


def _of_mailings(writing: Writing, send_keys: Collection[str]) -> dict[str | None, ShownList]:
    """Return the lists that mailings have already, by their keys."""
    found = map(_of, of_keys(within(writing), _BY_KEYS, send_keys))
    return {one.send_key: one for one in found}


def _owned(writing: Writing, shown: Sequence[ShownList]) -> list[ShownList | None]:
    became = aliases.known_as(writing, {one.user_id for one in shown if one.user_id})
    owners = [became.get(one.user_id, one.user_id) if one.user_id else None for one in shown]
    return [
        one if owner is None else None if owner == NOBODY else replace(one, user_id=owner)
        for one, owner in zip(shown, owners, strict=True)
    ]


def _row(shown: ShownList) -> Row:
    values = {field.name: getattr(shown, field.name) for field in fields(ShownList)}
    for name in ("items", "head"):
        values[name] = orjson.dumps(values[name]).decode()
    return tuple(values[name] for name in _COLUMNS)


def _of(row: Row) -> ShownList:
    values = dict(zip(_COLUMNS, row, strict=True))
    items, head = (orjson.loads(values[name]) for name in ("items", "head"))
    return ShownList(**{**values, "items": tuple(items), "head": head})
