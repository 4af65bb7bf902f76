"""The placements in a store: each version is kept, the latest in force serves."""

from __future__ import annotations

import json

from recsys.placements.placement import Placement, read
from recsys.placements.versions import Placements, PlacementVersion
from recsys.storage.database.interface import Database

_ALL = "SELECT placement_id, version, body, at FROM placements ORDER BY seq"
_LAST = "SELECT coalesce(max(version), 0) FROM placements WHERE placement_id = ?"
_BODY = "SELECT body, at FROM placements WHERE placement_id = ? AND version = ?"
_INSERT = "INSERT INTO placements (placement_id, version, body, at) VALUES (?, ?, ?, ?)"


class PlacementStore:
    """The placements in an open store. Safe to use from several threads."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def put(self, placement_id: str, placement: Placement, *, at: int) -> PlacementVersion:
        """Save a placement as its next version, and return it; the same again is no new version.

        Raises
        ------
        StoreUnavailable
            Nothing was saved.
        """
        body = json.dumps(placement.said(), ensure_ascii=False, sort_keys=True)
        with self.database.writing() as writing:
            (last,) = writing.execute(_LAST, (placement_id,)).fetchone()
            if last:
                before, since = writing.execute(_BODY, (placement_id, last)).fetchone()
                if before == body:
                    return PlacementVersion(placement_id, last, placement, since)
            writing.execute(_INSERT, (placement_id, last + 1, body, at))
        return PlacementVersion(placement_id, last + 1, placement, at)

    def all(self) -> Placements:
        """Return all placements, every version.

        Raises
        ------
        StoreUnavailable
            The store cannot be read.
        """
        rows = self.database.read(_ALL)
        return Placements(
            PlacementVersion(placement_id, version, read(json.loads(body)), at)
            for placement_id, version, body, at in rows
        )

    def last_seq(self) -> int:
        """Return a number that ascends with each version that is saved, 0 before the first.

        Raises
        ------
        StoreUnavailable
            The store cannot be read.
        """
        return int(self.database.read("SELECT coalesce(max(seq), 0) FROM placements")[0][0])
