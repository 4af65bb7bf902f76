"""Stores for tests: each test gets an empty one of each kind."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import psycopg
from sqlalchemy import create_engine, text

from recsys.storage.database import schema
from recsys.storage.database.tables import METADATA
from tests.postgres import cluster

KINDS = ("sqlite", "postgresql")


@contextmanager
def postgres_url() -> Iterator[str]:
    """Yield the address of a server with the tables in a schema of their own.

    Raises
    ------
    NoPostgres
        There is no server and none can be started.
    """
    given = os.environ.get("RECSYS_TEST_POSTGRES")
    if given:
        with _own_schema(given) as url:
            yield url
        return
    with cluster() as server:
        schema.upgrade_postgres(server.url)
        yield server.url


def empty(url: str) -> None:
    """Take everything out of the tables and start their sequences anew."""
    tables = ", ".join(METADATA.tables)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"TRUNCATE {tables} RESTART IDENTITY")


def fill(url: str, file: Path) -> None:
    """Put all that is in a SQLite file, with its places in the log, into empty tables."""
    empty(url)
    source = create_engine(f"sqlite:///{file}")
    target = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    with source.connect() as here, target.begin() as there:
        for table in METADATA.sorted_tables:
            rows = [dict(row) for row in here.execute(table.select()).mappings()]
            if rows:
                there.execute(table.insert(), rows)
            if "seq" in table.c and rows:
                last = max(row["seq"] for row in rows)
                there.execute(
                    text(f"SELECT setval(pg_get_serial_sequence('{table.name}', 'seq'), {last})")
                )
    source.dispose()
    target.dispose()


@contextmanager
def _own_schema(server: str) -> Iterator[str]:
    name = f"recsys_test_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
        url = f"{server}{'&' if '?' in server else '?'}options=-csearch_path%3D{name}"
        try:
            schema.upgrade_postgres(url)
            yield url
        finally:
            with suppress(psycopg.Error):
                connection.execute(f"DROP SCHEMA {name} CASCADE")
