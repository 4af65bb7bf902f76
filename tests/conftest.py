"""What many tests stand on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from recsys.storage.database.interface import Database
    from tests.postgres import Cluster
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


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server with empty tables."""
    from tests import stores
    from tests.postgres import NoPostgres

    try:
        with stores.postgres_url() as url:
            yield url
    except NoPostgres as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    """A PostgreSQL server with empty tables that the tests of one module may stop."""
    from recsys.storage.database import schema
    from tests.postgres import NoPostgres, cluster

    try:
        with cluster() as own:
            schema.upgrade_postgres(own.url)
            yield own
    except NoPostgres as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def spark() -> Iterator[str]:
    """Where a session of Spark is, which all tests share: it takes seconds to begin."""
    from recsys.engines.spark import Spark
    from tests import sparks

    sparks.needed()

    with Spark("local[2]"):
        yield "local[2]"


@pytest.fixture(scope="session")
def s3() -> Iterator[dict[str, str]]:
    """The environment in which an S3 server is found; it has the bucket ``models``."""
    from tests import s3

    with s3.server() as environment, pytest.MonkeyPatch.context() as patch:
        s3.make_bucket(environment["AWS_ENDPOINT_URL"], "models")
        for name, value in environment.items():
            patch.setenv(name, value)
        yield environment


@pytest.fixture
def bucket(s3: dict[str, str], tmp_path: Path) -> str:
    """An address of object storage with nothing there."""
    return f"s3://models/{tmp_path.parent.name}/{tmp_path.name}"


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty store, of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/store.db"
    from tests import stores

    url: str = request.getfixturevalue("postgres")
    stores.empty(url)
    return url


@pytest.fixture
def database(store_url: str) -> Iterator[Database]:
    """An empty store, of each kind in turn."""
    from recsys.storage.database.open import open_database

    opened = open_database(store_url)
    yield opened
    opened.close()
