"""Nothing that was acknowledged is lost or doubled: `python -m tests.bench.chaos`.

Clients send events while the server is killed (-9) and started again, and PostgreSQL is stopped as
by a crash and started again. Whoever gets no answer sends the same batch again. In the end every
acknowledged event has to be in the log exactly once, and no answer may have been a wrong one.
"""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Annotated, Any

import orjson
import typer

from recsys.storage.database.open import open_database
from tests.bench.servers import called, free_port
from tests.bench.shops import Shop, shop
from tests.bench.tool import console, run
from tests.stores import KINDS

BATCH = 50
PAUSE_SECONDS = 0.02


@dataclass
class Clients:
    """What the clients still have to send, and what they were told."""

    port: int
    batches: list[list[str]]
    version: str
    acknowledged: set[str] = field(default_factory=set)
    statuses: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    turn: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> None:
        """Send batches until none is left, each until it is acknowledged; ask in between."""
        while batch := self._next():
            while not self._sent(batch):
                time.sleep(PAUSE_SECONDS)
            self._ask(batch[0])

    def _next(self) -> list[str] | None:
        with self.turn:
            return self.batches.pop() if self.batches else None

    def _sent(self, batch: list[str]) -> bool:
        view = {"item_id": "i03", "event": "view"}
        events = [{"user_id": _visitor(name), "message_id": name, **view} for name in batch]
        status, told = self._call("POST", "/v1/events", orjson.dumps({"batch": events}))
        if status != "200":
            return False
        with self.turn:
            self.acknowledged.update(batch)
            if told["rejected"] or told["accepted"] + told["duplicate"] != len(batch):
                self.wrong.append(f"verdicts {told}")
        return True

    def _ask(self, name: str) -> None:
        status, told = self._call("GET", f"/v1/users/{_visitor(name)}/recommendations", None)
        if status == "200" and (told["model_version"] != self.version or not told["items"]):
            self.wrong.append(f"answer {told}")
        elif status not in {"200", "503", "none"}:
            self.wrong.append(f"status {status}: {told}")

    def _call(self, method: str, path: str, body: bytes | None) -> tuple[str, Any]:
        try:
            code, answer = called(self.port, method, path, body)
            status, told = str(code), orjson.loads(answer)
        except (OSError, http.client.HTTPException, ValueError):
            status, told = "none", {}
        with self.turn:
            self.statuses[f"{method} {status}"] += 1
        return status, told


class Killed:
    """A server that is killed again and again on its port."""

    def __init__(self, built: Shop) -> None:
        self.port = free_port()
        self._environment = {**os.environ, **built.environment}
        self._start()

    def kill(self) -> None:
        """Kill it as the kernel would, and start it again."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._start()

    def end(self) -> None:
        """Ask it to end."""
        self._process.terminate()
        self._process.wait(timeout=30)

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "recsys", "serve", "--port", str(self.port)],
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


def main(
    kind: Annotated[list[str] | None, typer.Option(help="sqlite, postgresql; default both")] = None,
    events: Annotated[int, typer.Option(min=BATCH, help="Events sent.")] = 200_000,
    clients: Annotated[int, typer.Option(min=1, help="Clients.")] = 16,
    kills: Annotated[int, typer.Option(min=0, help="Times the server is killed.")] = 10,
    restarts: Annotated[int, typer.Option(min=0, help="Times PostgreSQL is.")] = 3,
) -> None:
    """Send, kill, count; ends with 1 when anything was lost, doubled or wrong."""
    bad = 0
    for one in kind or KINDS:
        with shop(one) as built:
            told = sent(built, events=events, clients=clients, kills=kills, restarts=restarts)
            lost, extra = missing(built, told)
        bad += lost + extra + len(told.wrong)
        console.print(
            f"{one}: {len(told.acknowledged):,} events acknowledged, {lost} lost, {extra} in the "
            f"log more than once or never sent, {len(told.wrong)} wrong answers; "
            f"{kills} kills, {restarts if built.server else 0} restarts of the store; "
            f"{dict(sorted(told.statuses.items()))}"
        )
        for line in told.wrong[:3]:
            console.print(line)
    raise typer.Exit(bool(bad))


def sent(built: Shop, *, events: int, clients: int, kills: int, restarts: int) -> Clients:
    """Return what the clients were told, all batches acknowledged."""
    names = [f"chaos-{n % 977}-{n}" for n in range(events)]
    batches = [names[start : start + BATCH] for start in range(0, events, BATCH)]
    server = Killed(built)
    told = Clients(server.port, batches, built.world.version)
    acts: list[Callable[[], None]] = [server.kill] * kills
    if built.server is not None:
        every = max(1, kills // (restarts + 1))
        for number in range(restarts):
            acts.insert((number + 1) * every + number, _restart(built))
    with ThreadPoolExecutor(clients) as pool:
        running = [pool.submit(told.run) for _ in range(clients)]
        for done, act in enumerate(acts, start=1):
            while len(told.acknowledged) < events * done // (len(acts) + 1):
                time.sleep(PAUSE_SECONDS)
            act()
    for each in running:
        each.result()
    server.end()
    return told


def missing(built: Shop, told: Clients) -> tuple[int, int]:
    """Return how many acknowledged events are not in the log, and how many are too many."""
    database = open_database(built.world.config.storage.url)
    rows = database.read("SELECT event_id FROM events WHERE event_id LIKE 'chaos-%'")
    logged = [event_id for (event_id,) in rows]
    database.close()
    return len(told.acknowledged - set(logged)), len(logged) - len(told.acknowledged)


def _visitor(name: str) -> str:
    return name.rpartition("-")[0]


def _restart(built: Shop) -> Callable[[], None]:
    def act() -> None:
        assert built.server is not None
        built.server.stop()
        time.sleep(0.5)
        built.server.start()

    return act


if __name__ == "__main__":
    run(main)
