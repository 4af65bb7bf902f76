"""The embedded database: durable, one writer at a time, honest when it cannot."""

from __future__ import annotations

import gc
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest

from recsys.errors import BadValue, StoreUnavailable
from recsys.storage.database import sqlite as module
from recsys.storage.database.open import open_database
from recsys.storage.database.schema import HEAD
from recsys.storage.database.sqlite import SqliteDatabase

INSERT = "INSERT INTO users (user_id, traits, timezone) VALUES (?, '{}', '')"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SqliteDatabase]:
    opened = SqliteDatabase(tmp_path / "deep" / "er" / "store.db")
    yield opened
    opened.close()


def users(database: SqliteDatabase) -> list[str]:
    return [user for (user,) in database.read("SELECT user_id FROM users")]


def test_the_folder_and_the_file_are_made(database: SqliteDatabase) -> None:
    assert database.path.exists()
    assert users(database) == []


@pytest.mark.parametrize("url", ["mysql://here", "sqlite:///", "sqlite:///:memory:", "x.db"])
def test_an_address_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(BadValue, match=r"storage\.url"):
        open_database(url)


def test_an_absolute_address_is_understood(tmp_path: Path) -> None:
    opened = open_database(f"sqlite:///{tmp_path}/store.db")
    opened.close()
    assert (tmp_path / "store.db").exists()


def test_a_store_is_opened_again_with_what_is_in_it(tmp_path: Path) -> None:
    for user in "ab":
        opened = SqliteDatabase(tmp_path / "store.db")
        with opened.writing() as connection:
            connection.execute(INSERT, (user,))
        opened.close()
    opened = SqliteDatabase(tmp_path / "store.db")
    assert users(opened) == ["a", "b"]
    opened.close()


def test_a_block_that_raises_leaves_nothing(database: SqliteDatabase) -> None:
    with pytest.raises(StoreUnavailable, match="NOT NULL"):
        _write_two(database)
    assert users(database) == []
    with database.writing() as connection:
        connection.execute(INSERT, ("b",))
    assert users(database) == ["b"]


def _write_two(database: SqliteDatabase) -> None:
    with database.writing() as connection:
        connection.executemany(INSERT, [("a",), (None,)])


def test_writes_are_as_durable_as_the_disk(database: SqliteDatabase) -> None:
    with database.writing() as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_reader_cannot_write(database: SqliteDatabase) -> None:
    with pytest.raises(StoreUnavailable, match="readonly"):
        database.read(INSERT, ("a",))


def test_each_thread_reads_through_its_own_connection(database: SqliteDatabase) -> None:
    seen = [database._reader(), database._reader()]
    thread = threading.Thread(target=lambda: seen.append(database._reader()))
    thread.start()
    thread.join()
    assert seen[0] is seen[1]
    assert seen[2] is not seen[0]


def test_threads_take_turns(database: SqliteDatabase) -> None:
    def write(name: str) -> None:
        for n in range(20):
            with database.writing() as connection:
                connection.execute(INSERT, (f"{name}{n}",))

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(users(database)) == 80


def test_two_processes_take_turns(database: SqliteDatabase) -> None:
    other = SqliteDatabase(database.path)
    with other.writing() as connection:
        connection.execute(INSERT, ("a",))
        waiting = threading.Thread(target=_write, args=(database, "b"))
        waiting.start()
        waiting.join(0.05)
        assert waiting.is_alive()
    waiting.join()
    assert sorted(users(other)) == ["a", "b"]
    other.close()


def _write(database: SqliteDatabase, user: str) -> None:
    with database.writing() as connection:
        connection.execute(INSERT, (user,))


def test_a_store_that_stays_locked_is_unavailable(
    database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_TURN_SECONDS", 0.01)
    other = SqliteDatabase(database.path)
    with other.writing(), pytest.raises(StoreUnavailable, match="locked"):
        _write(database, "a")
    _write(database, "b")
    assert users(database) == ["b"]
    other.close()


def test_a_full_disk_is_unavailable_and_loses_nothing(database: SqliteDatabase) -> None:
    _write(database, "a")
    with database.writing() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(StoreUnavailable, match="full"):
        _write(database, "x" * 100_000)
    assert users(database) == ["a"]


def test_a_file_that_is_gone_takes_no_writes(database: SqliteDatabase) -> None:
    database.path.unlink()
    with pytest.raises(StoreUnavailable):
        _write(database, "a")


def test_a_file_that_was_replaced_takes_no_writes(database: SqliteDatabase) -> None:
    copy = database.path.with_suffix(".copy")
    copy.write_bytes(database.path.read_bytes())
    copy.replace(database.path)
    with pytest.raises(StoreUnavailable, match="replaced"):
        _write(database, "a")


def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_bytes(b"certainly not a database" * 100)
    with pytest.raises(StoreUnavailable, match="not a database"):
        SqliteDatabase(tmp_path / "store.db")


def test_a_folder_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailable):
        SqliteDatabase(tmp_path / "file" / "store.db")


def test_a_store_made_by_later_code_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "store.db") as connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES ('0099')")
    connection.close()
    with pytest.raises(StoreUnavailable, match=f"schema 0099, this code knows {HEAD}"):
        SqliteDatabase(tmp_path / "store.db")


def test_two_openers_of_a_new_store_make_it_once(tmp_path: Path) -> None:
    opened: list[SqliteDatabase] = []
    threads = [
        threading.Thread(target=lambda: opened.append(SqliteDatabase(tmp_path / "store.db")))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 6
    for database in opened:
        database.close()


def test_tidying_moves_the_log_into_the_file(database: SqliteDatabase) -> None:
    _write(database, "a")
    database.tidy()
    assert Path(f"{database.path}-wal").stat().st_size == 0
    assert users(database) == ["a"]


def test_the_log_does_not_grow_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LOG_PAGES", 40)
    opened = SqliteDatabase(tmp_path / "store.db")
    log = Path(f"{opened.path}-wal")
    opened.tidy()
    longest = 0
    for number in range(60):
        _write(opened, f"{number:05d}" + "x" * 10_000)
        longest = max(longest, log.stat().st_size)
    opened.close()
    # A commit may go past the bound, by what it writes itself.
    assert 40 * 4_096 < longest < 2 * 40 * 4_096


def test_a_store_may_be_closed_while_threads_read_and_write(tmp_path: Path) -> None:
    """Closing a connection that another thread is in ends the process."""
    for number in range(20):
        opened = SqliteDatabase(tmp_path / f"{number}.db")
        with ThreadPoolExecutor(4) as pool:
            reads = [pool.submit(_until_refused, users, opened) for _ in range(2)]
            writes = [pool.submit(_until_refused, _write, opened, "a") for _ in range(2)]
            time.sleep(0.01)
            opened.close()
            assert sum(each.result(timeout=10) for each in reads) > 0
            assert sum(each.result(timeout=10) for each in writes) > 0


def test_a_store_that_nobody_holds_any_more_is_closed(tmp_path: Path) -> None:
    opened = SqliteDatabase(tmp_path / "events.db")
    users(opened)
    assert _open_in(tmp_path)
    del opened
    gc.collect()
    assert not _open_in(tmp_path)


def _open_in(folder: Path) -> list[Path]:
    found = []
    for file in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            found.append(file.readlink())
    return [file for file in found if file.is_relative_to(folder)]


def _until_refused(act: Callable[..., object], *args: object) -> int:
    for done in count():
        try:
            act(*args)
        except StoreUnavailable:
            return done
    raise AssertionError
