"""Serving while people look at the console: ``python -m tests.bench.browsing``.

A small shop is asked by a few at once, in turns alone and while five people browse, each a page a
second.
"""

from __future__ import annotations

import http.client
import threading
import time
from typing import Annotated

import numpy as np
import typer

from api.console.access import now
from api.console.pages import PAGES
from recsys.storage.access import accounts, sessions
from recsys.storage.access.accounts import Role
from recsys.storage.database.open import open_store
from tests.bench.console_pages import STATES
from tests.bench.load import HOST, Load, get, put_load
from tests.bench.shops import Shop, shop
from tests.bench.tool import console, run
from tests.worlds import USERS

MOST = 0.05
CONNECTIONS = 2
REQUESTS = [get(f"/v1/users/{user}/recommendations") for user in USERS[:50]]


def main(
    people: Annotated[int, typer.Option(min=1, help="Who browse.")] = 5,
    rounds: Annotated[int, typer.Option(min=1, help="Alone and beside them.")] = 5,
    requests: Annotated[int, typer.Option(min=100, help="A turn.")] = 6_000,
) -> None:
    """Print p50 and p99 alone and beside people who browse."""
    with shop("sqlite") as built, built.served() as app:
        cookie = _signed_in(built)
        for name in PAGES:
            _look(app.port, cookie, name)
        time.sleep(5)
        pairs = []
        for _ in range(rounds):
            alone = _asked(app.port, requests)
            done = threading.Event()
            browsers = [
                threading.Thread(target=_browse, args=(app.port, cookie, n, done))
                for n in range(people)
            ]
            for one in browsers:
                one.start()
            beside = _asked(app.port, requests)
            done.set()
            for one in browsers:
                one.join()
            pairs.append((alone, beside))
    raise typer.Exit(not _told(pairs, people))


def _told(pairs: list[tuple[Load, Load]], people: int) -> bool:
    p50, p99 = (np.array([[one.percentile(q) for one in pair] for pair in pairs]) for q in (50, 99))
    more = float(np.median(p99[:, 1] / p99[:, 0])) - 1
    errors = sum(load.errors for pair in pairs for load in pair)
    console.print(
        f"alone p50 {np.median(p50[:, 0]):.2f} ms, p99 {np.median(p99[:, 0]):.2f} ms; beside "
        f"{people} people who browse p50 {np.median(p50[:, 1]):.2f} ms, p99 "
        f"{np.median(p99[:, 1]):.2f} ms: {more:+.0%} (aim: at most {MOST:.0%}), {errors} failed"
    )
    return more <= MOST and not errors


def _asked(port: int, requests: int) -> Load:
    return put_load(port, REQUESTS, total=requests, connections=CONNECTIONS)


def _signed_in(built: Shop) -> str:
    database = open_store(built.world.config.storage)
    accounts.add(database, "ann", Role.ADMIN, "", at=now())
    secret = sessions.begin(database, "ann", at=now())
    database.close()
    return f"recsys-console={secret}"


def _browse(port: int, cookie: str, first: int, done: threading.Event) -> None:
    pages = list(PAGES)
    while not done.wait(1.0):
        _look(port, cookie, pages[first % len(pages)])
        first += 1


def _look(port: int, cookie: str, name: str) -> None:
    connection = http.client.HTTPConnection(HOST, port, timeout=60)
    connection.request("GET", f"/console/{name}{STATES.get(name, '')}", headers={"Cookie": cookie})
    status = connection.getresponse().status
    connection.close()
    if status != http.client.OK:
        raise ValueError(f"page {name} was answered {status}")


if __name__ == "__main__":
    run(main)
