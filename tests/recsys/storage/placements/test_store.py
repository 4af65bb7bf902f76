"""Placements in the store: versions are kept, the same again is no new one."""

from __future__ import annotations

from recsys.placements.placement import Placement, read
from recsys.storage.database.interface import Database
from recsys.storage.placements.store import PlacementStore

HOME = read({"filter": {"field": "category", "op": "eq", "value": "Tee ☕"}, "limit": 5})


def test_each_version_is_kept_and_found_again(database: Database) -> None:
    store = PlacementStore(database)
    assert [store.put("home", HOME, at=1).version, store.put("cart", HOME, at=2).version] == [1, 1]
    assert store.put("home", Placement(limit=3), at=3).version == 2
    found = PlacementStore(database).all()
    assert found.names == ("cart", "default", "home")
    assert [(one.version, one.placement, one.at) for one in found.versions("home")] == [
        (2, Placement(limit=3), 3),
        (1, HOME, 1),
    ]


def test_the_same_again_is_no_new_version(database: Database) -> None:
    store = PlacementStore(database)
    first = store.put("home", HOME, at=1)
    before = store.last_seq()
    assert store.put("home", HOME, at=9) == first
    assert store.last_seq() == before
    assert store.put("home", Placement(), at=10).version == 2
    assert store.last_seq() > before
