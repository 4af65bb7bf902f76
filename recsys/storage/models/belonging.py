"""A store and a model version belong together: what one knows of people the other must know too.

A new or another store knows nobody's denial and nobody's erasure, and its events have other places
than those that the version has seen.
"""

from __future__ import annotations

from uuid import uuid4

from recsys.bundle import Manifest
from recsys.storage.database.interface import Database

_ID = "SELECT value FROM store WHERE name = 'id'"
_LAST = "SELECT coalesce(max(seq), 0) FROM events"


def store_id(database: Database) -> str:
    """Return the id of a store; one that has none gets one, which backups and copies keep.

    Raises
    ------
    StoreUnavailable
        The store cannot be read, or not be written where it has none yet.
    """
    if rows := database.read(_ID):
        return str(rows[0][0])
    with database.writing() as writing:
        writing.execute(
            "INSERT INTO store (name, value) VALUES ('id', ?) ON CONFLICT DO NOTHING",
            (str(uuid4()),),
        )
    return str(database.read(_ID)[0][0])


def why_not(database: Database, manifest: Manifest) -> str:
    """Return why a version must not answer from a store, empty where they belong together.

    Of a version that older code made only the watermark is known.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    rows = database.read(_ID)
    own = str(rows[0][0]) if rows else "none"
    if manifest.store and manifest.store != own:
        return f"it was trained on the store {manifest.store}, and this one is {own}"
    last = int(database.read(_LAST)[0][0])
    if last < manifest.watermark:
        return f"it has seen {manifest.watermark:,} places of the log, and this store has {last:,}"
    return ""
