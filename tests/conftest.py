"""What many tests stand on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from tests.worlds import World


# How long an example takes says more about the machine than about the code, and the gate must say
# the same twice. New examples are searched for with RECSYS_FUZZ=1.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.register_profile("fuzz", deadline=None)
settings.load_profile("fuzz" if "RECSYS_FUZZ" in os.environ else "steady")


@pytest.fixture(scope="session")
def built_world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The small shop, built once; tests that write take a copy."""
    # Most tests need no models: they should not wait for the libraries that fit them.
    from tests import worlds

    return worlds.build(tmp_path_factory.mktemp("world"))


@pytest.fixture
def world(built_world: World, tmp_path: Path) -> World:
    """A shop of one's own."""
    return built_world.copy(tmp_path)
