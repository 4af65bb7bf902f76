"""A PostgreSQL server: many processes on many hosts over one store.

Writers take turns at an advisory lock, as they do at a SQLite file: sequence numbers become visible
in their order, and whoever was told “logged” is seen by every later read of any process.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson
import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import ConnectionPool, PoolTimeout

from recsys.errors import StoreUnavailable
from recsys.storage.database import schema
from recsys.storage.database.interface import Limits, Read, Row, Scalar, first_of, plain, refuse_url
from recsys.storage.database.timeouts import Outage, Watch

_TURN = 7_236_781
# “Logged” means on the disk, even where the server would say so earlier.
_BEGIN = """
SELECT pg_advisory_xact_lock(%s), CASE WHEN current_setting('synchronous_commit') = 'off'
    THEN set_config('synchronous_commit', 'on', true) END
"""
_NUMBERED = re.compile(r"\?(\d+)")
_COPY_ROWS = 50_000

# What goes wrong is raised, and logged by whoever asked.
logging.getLogger("psycopg.pool").setLevel(logging.ERROR)

Connection = psycopg.Connection[Row]


class PostgresDatabase:
    """A store on a server; connected at the first statement.

    After a failure to reach the server, further statements fail at once until it is back, which is
    found out in the background: nobody waits in line for what is down.

    Parameters
    ----------
    url : str
        ``postgresql://…``; what it leaves out comes from libpq's own variables and files.
    limits : Limits
        Connections and time-outs.

    Raises
    ------
    BadValue
        No such address.
    """

    local = False
    receipts: Path | None = None

    def __init__(self, url: str, limits: Limits) -> None:
        try:
            named = conninfo_to_dict(url)
        except psycopg.ProgrammingError as error:
            raise refuse_url(url) from error
        self.place = f"postgresql://{named.get('host', '')}/{named.get('dbname', '')}"
        self.url = url
        self._outage = Outage(self._reached)
        self._checked = self._closed = False
        self._opening = threading.Lock()
        options = f"{named.get('options', '')} -c statement_timeout={limits.statement_ms}"
        self._watch = Watch((limits.statement_ms + limits.connect_ms) / 1_000)
        self._how: dict[str, Any] = {
            "autocommit": True,
            "connect_timeout": max(2, limits.connect_ms // 1_000),
            "options": options.strip(),
            "tcp_user_timeout": limits.statement_ms + limits.connect_ms,
        }
        self._pool = ConnectionPool(
            url,
            min_size=0,
            max_size=limits.connections,
            timeout=limits.connect_ms / 1_000,
            reconnect_timeout=limits.connect_ms / 1_000,
            open=False,
            kwargs=self._how,
        )

    def read(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        """Return all rows of a query; a connection that went stale is replaced and asked again.

        Raises
        ------
        StoreUnavailable
            The server cannot be reached or takes too long.
        """
        text, numbered = translated(statement)
        bound = _bound(values, numbered=numbered)
        with self._explained():
            with self._connection() as connection:
                if (rows := _rows(connection, text, bound)) is not None:
                    return rows
            self._pool.check()
            with self._connection() as connection:
                return connection.execute(text, bound).fetchall()

    @contextmanager
    def snapshot(self) -> Iterator[Read]:
        """Read what was there at one instant, whoever writes during the block, however long.

        Raises
        ------
        StoreUnavailable
            The server cannot be reached.
        """
        with self._explained(), self._usable() as connection, connection.transaction():
            self._watch.end(connection)
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            connection.execute("SET LOCAL statement_timeout = 0")
            yield PostgresWriting(connection, unwatched=self._watch.end).fetch

    @contextmanager
    def writing(self) -> Iterator[PostgresWriting]:
        """Run one transaction, durable at the end of the block, undone when the block raises.

        Raises
        ------
        StoreUnavailable
            The server cannot be reached, is full or read-only, or another writer took too long.
        """
        with self._explained(), self._usable() as connection, connection.transaction():
            connection.execute(_BEGIN, (_TURN,))
            yield PostgresWriting(connection, unwatched=self._watch.end)

    def version(self) -> None:
        """Return None: to ask costs as much as to read."""

    def merged(self, old: str, new: str) -> str:
        """Return the expression for a JSON object `old` with the members of `new` put over it."""
        return f"CAST(CAST({old} AS jsonb) || CAST({new} AS jsonb) AS text)"

    def tidy(self) -> None:
        """Refresh the statistics of the planner."""
        with self._explained(), self._connection() as connection:
            connection.execute("ANALYZE")

    def close(self) -> None:
        """Let go of all connections."""
        with self._opening:
            self._closed = True
        self._outage.close()
        self._pool.close()

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        if self._outage.lasts:
            raise StoreUnavailable(f"{self.place}: cannot be reached")
        if self._pool.closed:
            with self._opening:
                if self._closed:
                    raise StoreUnavailable(f"{self.place}: closed")
                self._pool.open()
        with self._pool.connection() as connection:
            if not self._checked:
                schema.check_postgres(connection, self.place)
                self._checked = True
            with self._watch.over(connection):
                yield connection

    @contextmanager
    def _usable(self) -> Iterator[Connection]:
        # Before the first statement of a transaction a stale connection can still be replaced.
        with self._connection() as connection:
            if _answers(connection):
                yield connection
                return
        self._pool.check()
        with self._connection() as connection:
            yield connection

    def _reached(self) -> bool:
        try:
            with psycopg.connect(self.url, **self._how) as found, self._watch.over(found):
                return _answers(found)
        except psycopg.Error:
            return False

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (psycopg.Error, PoolTimeout) as error:
            if isinstance(error, (PoolTimeout, psycopg.OperationalError)) and not isinstance(
                error, (psycopg.errors.QueryCanceled, psycopg.errors.LockNotAvailable)
            ):
                self._outage.begin()
            why = str(error).strip().splitlines()
            raise StoreUnavailable(f"{self.place}: {why[0] if why else 'no answer'}") from error


class PostgresWriting:
    """A transaction on a server: see :class:`recsys.storage.database.Writing`."""

    def __init__(self, connection: Connection, *, unwatched: Callable[[Connection], None]) -> None:
        self._connection = connection
        self._unwatched = unwatched

    def execute(self, statement: str, values: Sequence[Any] = ()) -> psycopg.Cursor[Row]:
        """Run a statement."""
        text, numbered = translated(statement)
        return self._connection.execute(text, _bound(values, numbered=numbered))

    def fetch(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        """Run a query and return all rows."""
        return self.execute(statement, values).fetchall()

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]]) -> psycopg.Cursor[Row]:
        """Run a statement for each row; ``rowcount`` is that of all together."""
        text, numbered = translated(statement)
        cursor = self._connection.cursor()
        cursor.executemany(text, [_bound(row, numbered=numbered) for row in rows])
        return cursor

    def insert_new(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> list[bool]:
        """Insert rows but those whose key, two columns, is there; return which were new."""
        # One value for all rows, typed by the table itself.
        names = ", ".join(columns)
        found = self._connection.execute(
            f"INSERT INTO {table} ({names}) "  # noqa: S608 - names from the code
            f"SELECT {names} FROM json_populate_recordset(NULL::{table}, %s) "
            f"ON CONFLICT DO NOTHING RETURNING {columns[0]}, {columns[1]}",
            (orjson.dumps([dict(zip(columns, row, strict=True)) for row in rows]).decode(),),
        )
        return first_of(set(found), rows)

    def load(
        self,
        table: str,
        columns: Mapping[str, Sequence[Any]],
        *,
        same: Mapping[str, Scalar],
        progress: Callable[[int], object],
    ) -> int:
        """Insert many rows but those that conflict, and return how many were new."""
        names = ", ".join(columns)
        self._unwatched(self._connection)
        self._connection.execute("SET LOCAL statement_timeout = 0")
        self._connection.execute(
            f"CREATE TEMP TABLE incoming ON COMMIT DROP AS SELECT {names} FROM {table} WITH NO DATA"  # noqa: S608
        )
        count = len(next(iter(columns.values())))
        with self._connection.cursor().copy(f"COPY incoming ({names}) FROM STDIN") as copy:
            for start in range(0, count, _COPY_ROWS):
                parts = (_null(plain(c[start : start + _COPY_ROWS])) for c in columns.values())
                for row in zip(*parts, strict=True):
                    copy.write_row(row)
                progress(min(start + _COPY_ROWS, count))
        constants = "".join(", %s" for _ in same)
        done = psycopg.ClientCursor(self._connection).execute(
            f"INSERT INTO {table} ({', '.join((*columns, *same))}) "  # noqa: S608
            f"SELECT {names}{constants} FROM incoming ON CONFLICT DO NOTHING",
            tuple(same.values()),
        )
        self._connection.execute("DROP TABLE incoming")
        # Reads of what came in at once would else be planned by what was there before.
        self._connection.execute(f"ANALYZE {table}")
        return done.rowcount

    def next_seqs(self, table: str, count: int) -> Sequence[int]:
        """Return the next `count` sequence numbers of a table, ascending; they are then taken."""
        found = self._connection.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'seq')) FROM generate_series(1, %s)",
            (table, count),
        )
        return sorted(seq for (seq,) in found)

    def continue_seqs(self, table: str) -> None:
        """Count on from the highest ``seq`` in a table, however it came there."""
        self._connection.execute(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'seq'), max(seq)) "  # noqa: S608
            f"FROM {table} HAVING max(seq) IS NOT NULL"
        )


@lru_cache(256)
def translated(statement: str) -> tuple[str, bool]:
    """Return a portable statement in the driver's spelling, and whether its values are numbered."""
    text = statement.replace("%", "%%")
    if _NUMBERED.search(text):
        return _NUMBERED.sub(r"%(v\1)s", text), True
    return text.replace("?", "%s"), False


def _rows(connection: Connection, text: str, bound: Any) -> list[Row] | None:
    """Return the rows of a query, None when the connection turned out to be stale."""
    try:
        return connection.execute(text, bound).fetchall()
    except psycopg.OperationalError:
        if not connection.closed:
            raise
        return None


def _answers(connection: Connection) -> bool:
    try:
        connection.execute("")
    except psycopg.OperationalError:
        return False
    return True


def _bound(values: Sequence[Any], *, numbered: bool) -> Any:
    if numbered:
        return {f"v{place}": value for place, value in enumerate(values, start=1)}
    return tuple(values)


def _null(column: Sequence[Any]) -> Sequence[Any]:
    return [None if value != value else value for value in column]
