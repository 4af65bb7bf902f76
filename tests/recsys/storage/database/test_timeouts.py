"""A server that is down is looked for by one thread, until it is back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from recsys.storage.database.timeouts import Outage


class Server:
    """Answers the third try, and tells when it was tried."""

    def __init__(self) -> None:
        self.tries: list[str] = []
        self.back = threading.Event()

    def reached(self) -> bool:
        self.tries.append(threading.current_thread().name)
        if len(self.tries) < 3:
            return False
        self.back.set()
        return True


@pytest.fixture
def begun() -> Iterator[Callable[[Callable[[], bool]], Outage]]:
    made: list[Outage] = []

    def begin(reached: Callable[[], bool]) -> Outage:
        made.append(Outage(reached))
        made[-1].begin()
        return made[-1]

    yield begin
    for outage in made:
        outage.close()


def test_it_lasts_until_the_server_answers(begun: Callable[..., Outage]) -> None:
    server = Server()
    outage = begun(server.reached)
    assert outage.lasts
    assert server.back.wait(30)
    while outage.lasts:
        threading.Event().wait(0.01)
    assert len(server.tries) == 3


def test_one_thread_looks_however_many_notice(begun: Callable[..., Outage]) -> None:
    server = Server()
    outage = begun(server.reached)
    for _ in range(10):
        outage.begin()
    assert server.back.wait(30)
    assert set(server.tries) == {"store-outage"}
    assert len(server.tries) == 3


def test_a_closed_store_is_not_looked_for() -> None:
    server = Server()
    outage = Outage(server.reached)
    outage.close()
    outage.begin()
    assert not outage.lasts
    assert server.tries == []
