"""A small synthetic shop behind a real server on either kind of store, for the time of a bench."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from recsys.storage.database import schema
from tests import stores
from tests.bench.servers import Server, serving
from tests.postgres import Cluster, cluster
from tests.worlds import World, build

DURABLE = "-c fsync=on -c synchronous_commit=on"


@dataclass(frozen=True, slots=True)
class Shop:
    """A trained shop, and the server its store is on, if any."""

    world: World
    server: Cluster | None

    @contextmanager
    def served(self, *arguments: str, **environment: str) -> Iterator[Server]:
        """Serve it until the end of the block; ready when it begins."""
        command = ("recsys", "serve", "--port", "{port}", *arguments)
        with serving(
            command, ready="/health/ready", environment={**self.environment, **environment}
        ) as app:
            yield app

    @property
    def environment(self) -> Mapping[str, str]:
        """What tells a process of the project to work on this shop."""
        storage = self.world.config.storage
        return {
            "RECSYS_STORAGE__URL": storage.url,
            "RECSYS_STORAGE__MODELS_DIR": storage.models_dir,
            "RECSYS_SERVING__CLOCK_START": "2026-01-01T12:00:00Z",
        }


@contextmanager
def shop(kind: str) -> Iterator[Shop]:
    """Build a shop on a store of a kind: ``sqlite`` or ``postgresql`` (a server of its own).

    Raises
    ------
    NoPostgres
        PostgreSQL is not installed.
    """
    with TemporaryDirectory(prefix="recsys-bench-") as folder:
        world = build(Path(folder))
        if kind == "sqlite":
            yield Shop(world, None)
            return
        with cluster(DURABLE) as server:
            schema.upgrade_postgres(server.url)
            stores.fill(server.url, world.folder / "events.db")
            yield Shop(world.on(server.url), server)
