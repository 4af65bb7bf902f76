"""The server as a process: ready, killed, restarted, its port taken."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.worlds import World

COMMAND = (sys.executable, "-c", "from recsys.__main__ import app; app()", "serve")
PATIENCE = 60.0
"""Seconds that a busy machine may take; nobody waits longer than necessary."""


@dataclass
class Server:
    """A server and where it listens."""

    process: subprocess.Popen[bytes]
    port: int
    trusting: ssl.SSLContext | None = None

    def call(self, path: str, body: Any = None) -> tuple[int, Any]:
        data = None if body is None else json.dumps(body).encode()
        scheme = "https" if self.trusting else "http"
        request = Request(f"{scheme}://127.0.0.1:{self.port}{path}", data)  # noqa: S310 - ours
        try:
            with urlopen(request, timeout=PATIENCE, context=self.trusting) as got:  # noqa: S310
                return got.status, json.load(got)
        except HTTPError as error:
            with closing(error):
                return error.code, json.load(error)


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(world: World, **settings: object) -> Mapping[str, str]:
    storage = world.config.storage
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("RECSYS_")},
        "RECSYS_STORAGE__URL": storage.url,
        "RECSYS_STORAGE__MODELS_DIR": storage.models_dir,
        "RECSYS_SERVING__CLOCK_START": "2026-01-01T12:00:00Z",
        "PYTHONPATH": str(Path(__file__).parents[2]),
        **{f"RECSYS_SERVING__{name.upper()}": str(value) for name, value in settings.items()},
    }


@contextmanager
def served(
    world: World, *arguments: str, trusting: ssl.SSLContext | None = None, **settings: object
) -> Iterator[Server]:
    """Serve a world until the end of the block; ready when it begins."""
    port = free_port()
    process = subprocess.Popen(
        [*COMMAND, "--port", str(port), *arguments],
        env=environment(world, **settings),
        cwd=world.folder,
        stderr=subprocess.DEVNULL,
    )
    server = Server(process, port, trusting)
    try:
        wait_until_ready(server)
        yield server
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)


def wait_until_ready(server: Server) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        assert server.process.poll() is None, "the server ended"
        try:
            if server.call("/health/ready")[0] == 200:
                return
        except OSError:
            time.sleep(0.02)
    pytest.fail("not ready in time")


@pytest.mark.slow
def test_an_event_outlives_a_kill_right_after_its_answer(world: World) -> None:
    event = {"user_id": "fresh", "item_id": "i03", "event": "view", "message_id": "m1"}
    with served(world) as server:
        status, answer = server.call("/v1/events", event)
        server.process.send_signal(signal.SIGKILL)
        assert (status, answer["accepted"]) == (200, 1)
        server.process.wait(timeout=PATIENCE)
    with served(world) as server:
        assert server.call("/v1/events", event)[1]["duplicate"] == 1
        assert server.call("/v1/users/fresh/recommendations")[1]["rung"] == "hyper"


@pytest.mark.slow
def test_two_workers_answer_and_end_together(world: World) -> None:
    with served(world, "--workers", "2") as server:
        assert server.call("/v1/users/team%2Fa")[1]["user_id"] == "team/a"
        event = {"user_id": "fresh", "item_id": "i03", "event": "view"}
        assert server.call("/v1/events", event)[1]["accepted"] == 1
        rungs = {server.call("/v1/users/fresh/recommendations")[1]["rung"] for _ in range(20)}
        assert rungs == {"hyper"}


@pytest.mark.slow
def test_a_port_in_use_is_one_clear_line(world: World) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-m", "recsys", "serve", "--port", port],
            env=environment(world),
            cwd=world.folder,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if "error" in line]
    assert f"127.0.0.1:{port}" in line
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_every_worker_shows_the_figures_of_all_and_a_dead_one_leaves(world: World) -> None:
    def figures(server: Server) -> dict[str, float]:
        with urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=PATIENCE) as got:
            lines = got.read().decode().splitlines()
        return {k: float(v) for k, _, v in (x.rpartition(" ") for x in lines if x[0] != "#")}

    count = 'recsys_events_total{verdict="accepted"}'
    serves = f'recsys_model_info{{version="{world.version}"}}'
    with served(world, "--workers", "2") as server:
        for number in range(30):
            event = {"user_id": f"u{number}", "item_id": "i03", "event": "view"}
            assert server.call("/v1/events", event)[1]["accepted"] == 1
        assert {figures(server)[count] for _ in range(10)} == {30.0}
        deadline = time.monotonic() + PATIENCE
        while figures(server)[serves] != 2.0:
            assert time.monotonic() < deadline, "both workers serve the version"
            time.sleep(0.05)
