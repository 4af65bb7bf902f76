"""Which tables a store has: made at once where there are none, else migrated by Alembic.

A SQLite file is brought up to date by whoever opens it. A server is brought up to date by
``recsys storage upgrade``, because other hosts may run older code.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recsys.errors import StoreUnavailable

if TYPE_CHECKING:
    import psycopg
    from sqlalchemy import Connection

HEAD = "0022"
"""The revision that this code works with: the last one in ``migrations/versions``."""

_MIGRATIONS = Path(__file__).parent / "migrations"
_FIRST = "0001"
_WAIT_SECONDS = 30.0
_LOCK = 7_236_782
_REVISION = "SELECT version_num FROM alembic_version"


def prepare_sqlite(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables of a new file, or migrate an older one; two openers do it once.

    Raises
    ------
    StoreUnavailable
        Later code made the file.
    """
    revision = _sqlite_revision(connection)
    if revision == HEAD:
        return
    _refuse_later(revision, str(path))
    if _is_empty(connection):
        _make_sqlite(connection)
    else:
        _migrate_sqlite(path)


def check_postgres(connection: psycopg.Connection[Any], place: str) -> None:
    """Refuse a server whose tables are not those that this code works with.

    Raises
    ------
    StoreUnavailable
        They are missing, older or later.
    """
    found = _postgres_revision(connection)
    _refuse_later(found, place)
    if found != HEAD:
        has = f"has schema {found}" if found else "has no tables yet"
        raise StoreUnavailable(
            f"{place} {has}, this code needs {HEAD}: run `recsys storage upgrade`"
        )


def upgrade_postgres(url: str) -> str:
    """Make or migrate the tables on a server, and return the revision found before, or empty.

    Raises
    ------
    StoreUnavailable
        The server cannot be reached, or later code made its tables.
    """
    import psycopg
    from sqlalchemy import create_engine, text
    from sqlalchemy.pool import NullPool

    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(url), poolclass=NullPool
    )
    place = url.rpartition("@")[2]
    try:
        with engine.begin() as connection:
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            driver: Any = connection.connection.driver_connection
            found = _postgres_revision(driver)
            _refuse_later(found, place)
            _migrate(connection)
    except psycopg.Error as error:
        raise StoreUnavailable(f"{place}: {error}") from error
    except Exception as error:
        if isinstance(cause := error.__cause__, psycopg.Error):
            raise StoreUnavailable(f"{place}: {cause}") from error
        raise
    return found


def _sqlite_revision(connection: sqlite3.Connection) -> str:
    try:
        row = connection.execute(_REVISION).fetchone()
    except sqlite3.OperationalError as error:
        if "no such table" not in str(error):
            raise
        return ""
    return str(row[0]) if row else ""


def _postgres_revision(connection: psycopg.Connection[Any]) -> str:
    if connection.execute("SELECT to_regclass('alembic_version')").fetchone() == (None,):
        return ""
    row = connection.execute(_REVISION).fetchone()
    return str(row[0]) if row else ""


def _refuse_later(found: str, place: str) -> None:
    if found > HEAD:
        raise StoreUnavailable(f"{place} has schema {found}, this code knows {HEAD}")


def _is_empty(connection: sqlite3.Connection) -> bool:
    (count,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    return int(count) == 0


def _make_sqlite(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        if _is_empty(connection):
            for statement in _tables():
                connection.execute(statement)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


@cache
def _tables() -> tuple[str, ...]:
    # Loaded only when a store is made: a worker of the API starts without SQLAlchemy.
    from sqlalchemy.dialects import sqlite
    from sqlalchemy.schema import CreateIndex, CreateTable

    from recsys.storage.database.tables import METADATA

    dialect = sqlite.dialect()
    made = []
    for table in METADATA.sorted_tables:
        made.append(str(CreateTable(table).compile(dialect=dialect)))
        made += [
            str(CreateIndex(index).compile(dialect=dialect))
            for index in sorted(table.indexes, key=lambda index: str(index.name))
        ]
    stamp = "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"
    return (*made, stamp, f"INSERT INTO alembic_version VALUES ('{HEAD}')")  # noqa: S608


def _migrate_sqlite(path: Path) -> None:
    from sqlalchemy import create_engine
    from sqlalchemy.pool import StaticPool

    with closing(sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None)) as own:
        engine = create_engine("sqlite://", creator=lambda: own, poolclass=StaticPool)
        with engine.begin() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            _migrate(connection)
        engine.dispose()


def _migrate(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import inspect

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    tables = inspect(connection).get_table_names()
    if "events" in tables and "alembic_version" not in tables:
        # Made before there were migrations.
        command.stamp(config, _FIRST)
    command.upgrade(config, HEAD)
