"""The load generator counts what really came back."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from tests.bench.load import Load, content_length, get, put_load

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"


class Canned(asyncio.Protocol):
    """Answers requests with the given pieces, one after the other; None hangs up."""

    def __init__(self, pieces: list[bytes | None]) -> None:
        self.pieces = pieces

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        for piece in self.pieces:
            if piece is None:
                self.transport.abort()
            else:
                self.transport.write(piece)


@contextmanager
def answering(*pieces: bytes | None) -> Iterator[int]:
    """Run a canned server in a thread and yield its port."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(
        loop.create_server(lambda: Canned(list(pieces)), "127.0.0.1", 0)
    )
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


def test_requests_go_out_at_the_rate_asked_for() -> None:
    with answering(OK) as port:
        load = put_load(port, [get("/a")], total=41, connections=3, per_second=200.0)
    assert load.statuses == {200: 41}
    assert load.seconds >= 0.9 * 40 / 200  # within what a timer is off by


def test_waiting_for_a_connection_counts_when_each_request_has_its_time() -> None:
    with answering() as port:
        load = put_load(
            port, [get("/a")], total=3, connections=1, per_second=1_000.0, timeout_s=0.2
        )
    assert load.errors == 3


def test_every_request_is_answered_once() -> None:
    with answering(OK) as port:
        load = put_load(port, [get("/a"), get("/b")], total=101, connections=7)
    assert load.statuses == {200: 101}
    assert load.errors == 0
    assert len(load.latency_ms) == 101
    assert load.per_second > 0
    assert 0 < load.percentile(50) <= load.percentile(99)


def test_an_answer_may_come_in_pieces() -> None:
    with answering(OK[:10], OK[10:30], OK[30:]) as port:
        assert put_load(port, [get("/")], total=20, connections=2).statuses == {200: 20}


def test_other_statuses_are_errors() -> None:
    with answering(NOT_FOUND) as port:
        load = put_load(port, [get("/")], total=10, connections=2)
    assert load.statuses == {404: 10}
    assert load.errors == 10


def test_a_lost_connection_is_an_error_and_so_is_what_was_never_sent() -> None:
    with answering(OK[:10], None) as port:
        load = put_load(port, [get("/")], total=10, connections=2)
    assert load.statuses == {}
    assert load.failures["connection lost"] == 2
    assert load.errors == 10
    assert np.isnan(load.percentile(99))


def test_an_answer_without_a_length_is_an_error() -> None:
    with answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n") as port:
        load = put_load(port, [get("/")], total=3, connections=3)
    assert load.failures == {"an answer without a length": 3}


def test_a_server_that_says_nothing_is_given_up() -> None:
    with answering() as port:
        load = put_load(port, [get("/")], total=4, connections=2, timeout_s=0.1)
    assert load.errors == 4


def test_nobody_listening_is_an_error() -> None:
    with answering() as port:
        pass
    load = put_load(port, [get("/")], total=4, connections=2)
    assert load.errors == 4


def test_nothing_to_send_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one request"):
        put_load(80, [], total=1, connections=1)


@pytest.mark.parametrize(
    ("head", "length"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\n", 12),
        (b"HTTP/1.1 200 OK\r\nCONTENT-LENGTH:0\r\nx: y\r\n", 0),
        (b"HTTP/1.1 200 OK\r\nx-content-length: 3\r\n", None),
        (b"HTTP/1.1 200 OK\r\n", None),
    ],
)
def test_the_length_is_read_in_any_spelling(head: bytes, length: int | None) -> None:
    assert content_length(head) == length


def test_percentiles_are_those_of_the_answers() -> None:
    load = Load(2.0, np.arange(1.0, 101.0), {200: 99, 500: 1}, {})
    assert load.per_second == 50
    assert load.percentile(50) == 50.5
    assert load.errors == 1
