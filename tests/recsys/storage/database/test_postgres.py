"""What a server does that a file does not: it goes away, it comes back, it is slow."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from recsys.errors import BadValue, StoreUnavailable
from recsys.storage.database.interface import Database, Limits, Scalar
from recsys.storage.database.open import open_database
from recsys.storage.database.postgres import PostgresDatabase, translated
from recsys.storage.events.event import Event
from recsys.storage.events.log import EventLog
from tests.postgres import Cluster

# Long enough for a busy machine to connect in, short beside what each test would take without them.
LIMITS = Limits(connections=2, connect_ms=2_000, statement_ms=1_000)


@pytest.fixture
def log(server: Cluster) -> Iterator[EventLog]:
    opened = open_database(server.url, LIMITS)
    yield EventLog(opened)
    opened.close()


def view(event_id: str) -> Event:
    return Event(event_id, "ann", "view", 1, item_id="tea")


def test_values_stand_where_the_driver_wants_them() -> None:
    assert translated("a = ? AND b LIKE '%' || ?") == ("a = %s AND b LIKE '%%' || %s", False)
    assert translated("a = ?2 OR b = ?1 OR c = ?2") == (
        "a = %(v2)s OR b = %(v1)s OR c = %(v2)s",
        True,
    )


@pytest.mark.parametrize("url", ["postgresql://a b c", "postgresql://me:secret@host/x?nonsense=1"])
def test_an_address_with_a_mistake_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(BadValue, match=r"storage\.url") as refused:
        open_database(url)
    assert "secret" not in str(refused.value)


def test_a_server_is_named_without_its_password() -> None:
    opened = open_database("postgresql://me:secret@127.0.0.1:1/shop")
    with pytest.raises(StoreUnavailable) as told:
        opened.read("SELECT 1")
    assert opened.place == "postgresql://127.0.0.1/shop"
    assert "secret" not in str(told.value)
    opened.close()


@pytest.mark.slow
def test_whoever_is_down_is_not_waited_for_again_and_again(server: Cluster, log: EventLog) -> None:
    log.append([view("before")], now=1)
    server.stop()
    with pytest.raises(StoreUnavailable):
        log.last_seq()
    waited = []
    for _ in range(60):
        began = time.perf_counter()
        with pytest.raises(StoreUnavailable):
            log.last_seq()
        waited.append(time.perf_counter() - began)
        threading.Event().wait(0.05)
    # Whoever looked for the server would wait for 2 s.
    assert max(waited) < 1
    with pytest.raises(StoreUnavailable):
        log.append([view("lost")], now=1)
    server.start()
    _until_it_answers(log)
    assert log.append([view("before"), view("after")], now=2) == ["duplicate", "accepted"]


def _until_it_answers(log: EventLog) -> None:
    deadline, why = time.monotonic() + 120, ""
    while time.monotonic() < deadline:
        try:
            log.last_seq()
        except StoreUnavailable as error:
            why = str(error)
            threading.Event().wait(0.05)
        else:
            return
    pytest.fail(f"it never came back: {why}")


@pytest.mark.slow
def test_a_restart_between_two_statements_is_not_noticed(server: Cluster, log: EventLog) -> None:
    for number, restarted in enumerate(("read", "write")):
        log.append([view(f"{restarted}-before")], now=1)
        log.last_seq()
        server.stop("fast")
        server.start()
        if number:
            assert log.append([view("x")], now=2) == ["accepted"]
        else:
            assert log.last_seq() > 0


def test_a_statement_that_takes_too_long_is_given_up(log: EventLog) -> None:
    began = time.perf_counter()
    with pytest.raises(StoreUnavailable, match="timeout"):
        log.database.read("SELECT pg_sleep(60)")
    assert time.perf_counter() - began < 30
    assert log.database.read("SELECT 1") == [(1,)]


@pytest.mark.slow
def test_a_connection_that_hangs_is_cut_off_and_replaced(server: Cluster, log: EventLog) -> None:
    (pid,) = log.database.read("SELECT pg_backend_pid()")[0]
    os.kill(pid, signal.SIGSTOP)
    began = time.perf_counter()
    try:
        assert log.last_seq() >= 0
        assert time.perf_counter() - began > 2
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_writer_that_holds_its_turn_too_long_costs_the_others_their_write(
    server: Cluster, log: EventLog
) -> None:
    other = PostgresDatabase(server.url, Limits())
    with other.writing(), pytest.raises(StoreUnavailable):
        log.append([view("turned-away")], now=1)
    other.close()
    assert log.append([view("turned-away")], now=2) == ["accepted"]


def test_events_become_visible_in_the_order_of_their_places(server: Cluster) -> None:
    opened = open_database(server.url)
    log, seen, done = EventLog(opened), [log_seq(opened)], threading.Event()

    def write(name: str) -> None:
        for number in range(25):
            log.append([view(f"{name}{number}")], now=1)

    def watch() -> None:
        # A watermark is complete: nothing appears below what was the highest place once.
        while not done.is_set():
            (row,) = opened.read("SELECT max(seq), count(*) FROM events")
            seen.append(row)

    writers = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    watcher = threading.Thread(target=watch)
    for thread in (watcher, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    watcher.join()
    for top, count in seen:
        (below,) = opened.read("SELECT count(*) FROM events WHERE seq <= ?", (top,))
        assert below == (count,)
    opened.close()


def test_a_store_may_be_closed_while_threads_read_and_write(server: Cluster) -> None:
    for _ in range(5):
        opened = open_database(server.url)
        with ThreadPoolExecutor(4) as pool:
            ends = [pool.submit(until_refused, log_seq, opened) for _ in range(2)]
            ends += [pool.submit(until_refused, append, opened) for _ in range(2)]
            time.sleep(0.1)
            opened.close()
            assert all("closed" in end.result(timeout=10) for end in ends)


def until_refused(act: Callable[[Database], object], opened: Database) -> str:
    while True:
        try:
            act(opened)
        except StoreUnavailable as told:
            return str(told)


def append(opened: Database) -> None:
    EventLog(opened).append([view("a")], now=1)


def test_reads_are_planned_by_what_came_in_at_once(server: Cluster) -> None:
    opened = open_database(server.url)
    columns = {"item_id": ["a", "b", "c"]}
    same: dict[str, Scalar] = {
        "title": "",
        "category": "",
        "url": "",
        "image_url": "",
        "price_at": 0,
        "available": True,
    }
    with opened.writing() as writing:
        writing.load("items", columns, same=same, progress=lambda _: None)
    assert opened.read("SELECT reltuples FROM pg_class WHERE relname = 'items'") == [(3.0,)]
    opened.close()


def log_seq(opened: Database) -> tuple[int, int]:
    (row,) = opened.read("SELECT coalesce(max(seq), 0), count(*) FROM events")
    return row
