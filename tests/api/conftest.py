"""An API over the small shop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.service import Service
from recsys.config import Config
from recsys.data.times import HOUR
from tests import stores
from tests.worlds import END, World

NOON = END + 12 * HOUR


@dataclass
class SetClock:
    """A clock that tests set by hand."""

    at: int = NOON

    def __call__(self) -> int:
        return self.at


@dataclass
class Api:
    """A running API, its client and what tests may turn."""

    client: TestClient
    service: Service
    clock: SetClock
    world: World

    @property
    def config(self) -> Config:
        return self.world.config


def running(world: World) -> Iterator[Api]:
    """Start the API on a world, and stop it."""
    clock = SetClock()
    app = create_app(world.config, clock=clock)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield Api(client, app.service, clock, world)


@pytest.fixture
def api(world: World) -> Iterator[Api]:
    """The API on a shop of its own: tests may write."""
    yield from running(world)


@pytest.fixture(scope="session")
def shared_api(built_world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The API for tests that only read."""
    yield from running(built_world.copy(tmp_path_factory.mktemp("shared")))


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, world: World) -> World:
    """A shop of one's own, with its log in each kind of store in turn."""
    if request.param == "sqlite":
        return world
    url: str = request.getfixturevalue("postgres")
    stores.fill(url, world.folder / "events.db")
    return world.on(url)


@pytest.fixture
def here(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world that the environment points to."""
    storage = world.config.storage
    monkeypatch.setenv("RECSYS_STORAGE__URL", storage.url)
    monkeypatch.setenv("RECSYS_STORAGE__MODELS_DIR", storage.models_dir)
    monkeypatch.setenv("RECSYS_SERVING__CLOCK_START", "2026-01-01T12:00:00Z")
    monkeypatch.delenv("RECSYS_CONFIG", raising=False)
    monkeypatch.chdir(world.folder)
    return world


class Idle:
    """Somebody who does in the background what the service has to, and does nothing."""

    def __init__(self, *_: object) -> None:
        pass

    async def follow(self, *_: object) -> None:
        pass


@pytest.fixture
def idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is exported, sent or looked at but by the test itself."""
    for name in ("Exports", "Delivery", "Watcher"):
        monkeypatch.setattr(f"api.app.{name}", Idle)
