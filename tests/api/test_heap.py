"""What lasts is not searched for garbage, and what no longer serves is freed all the same."""

from __future__ import annotations

import gc
import weakref

import pytest
from fastapi.testclient import TestClient

from api import heap
from api.app import create_app
from api.champion import arrays
from tests.api.conftest import Api
from tests.api.test_champion import newer_version, serving, until
from tests.worlds import World


class Ring:
    """Garbage that only a search finds."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def _thawed() -> None:
    heap.thaw()


def test_a_server_freezes_what_it_loaded_until_it_ends(world: World) -> None:
    with TestClient(create_app(world.config)):
        assert gc.get_freeze_count() > 10_000
    assert gc.get_freeze_count() == 0


def test_frozen_garbage_is_freed_when_the_heap_settles() -> None:
    ring = weakref.ref(Ring())
    heap.freeze()
    gc.collect()
    assert ring() is not None
    heap.settle()
    assert ring() is None


def test_a_version_that_no_longer_serves_leaves_the_memory(api: Api) -> None:
    before = weakref.ref(next(arrays(api.service.current.serving.answering.bundle)))
    assert before() is not None
    after = newer_version(api.world)
    assert until(lambda: serving(api) == after)
    assert until(lambda: before() is None)
    assert gc.get_freeze_count() > 10_000
