"""What lasts is not searched for garbage, and what no longer serves is freed all the same."""

from __future__ import annotations

import gc
import weakref

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.model.champion import arrays
from api.runtime import gc_freeze
from tests.api.conftest import Api
from tests.api.model.test_champion import newer_version, serving, until
from tests.worlds import World


class Ring:
    """Garbage that only a search finds."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def _thawed() -> None:
    gc_freeze.thaw()


def test_a_server_freezes_what_it_loaded_until_it_ends(world: World) -> None:
    with TestClient(create_app(world.config)):
        assert gc.get_freeze_count() > 10_000
    assert gc.get_freeze_count() == 0


def test_frozen_garbage_is_freed_when_the_heap_settles() -> None:
    ring = weakref.ref(Ring())
    gc_freeze.freeze()
    gc.collect()
    assert ring() is not None
    gc_freeze.settle()
    assert ring() is None


def test_a_version_that_no_longer_serves_leaves_the_memory(api: Api) -> None:
    before = weakref.ref(next(arrays(api.service.current.serving.answering.bundle)))
    assert before() is not None
    after = newer_version(api.world)
    assert until(lambda: serving(api) == after)
    assert until(lambda: before() is None)
    assert until(lambda: gc.get_freeze_count() > 10_000)
