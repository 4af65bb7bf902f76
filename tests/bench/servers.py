"""Servers for the time of a benchmark, each in a process of its own on a free port."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import orjson

READY_SECONDS = 60.0
POLL_SECONDS = 0.005


class NotReady(RuntimeError):
    """A server that ended or did not answer in time."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server, and how long it took from its start to its first 200."""

    port: int
    process_id: int
    ready_seconds: float

    def cpu_seconds(self) -> float:
        """Return the processor time used so far, that of its workers too.

        NaN where the system does not tell.
        """
        return sum(_cpu_seconds(one) for one in (self.process_id, *_workers(self.process_id)))

    def get(self, path: str) -> tuple[int, bytes]:
        """Return status and body of one GET request."""
        return called(self.port, "GET", path)

    def post(self, path: str, body: object) -> Any:
        """Return what a POST request is answered with.

        Raises
        ------
        ValueError
            It was not answered with 200.
        """
        status, answer = called(self.port, "POST", path, orjson.dumps(body))
        if status != http.client.OK:
            raise ValueError(f"{path} was answered {status}: {answer[:300]!r}")
        return orjson.loads(answer)


def called(port: int, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    """Return status and body of one request to this machine."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=120)) as connection:
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, answer.read()


@contextmanager
def serving(
    command: Sequence[str], *, ready: str, environment: Mapping[str, str]
) -> Iterator[Server]:
    """Run ``python -m command…`` with its port put for ``{port}`` until the block ends.

    Raises
    ------
    NotReady
        It did not answer 200 on the path `ready` in ``READY_SECONDS``; with what it printed.
    """
    port = free_port()
    words = [word.format(port=port) for word in command]
    with TemporaryFile() as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", *words],
            env={**os.environ, **environment},
            stdout=output,
            stderr=output,
        )
        try:
            yield Server(port, process.pid, _wait(process, port, ready, started))
        except NotReady as error:
            output.seek(0)
            raise NotReady(f"{error}\n{output.read().decode(errors='replace')}") from error
        finally:
            _end(process)


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _cpu_seconds(process_id: int) -> float:
    # What clock_getcpuclockid(3) returns on Linux; /proc counts in hundredths of a second.
    try:
        return time.clock_gettime(~process_id << 3 | 2)
    except OSError:
        return float("nan")


def _workers(process_id: int) -> list[int]:
    children = Path(f"/proc/{process_id}/task/{process_id}/children")
    return [int(child) for child in children.read_text().split()] if children.exists() else []


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait(process: subprocess.Popen[bytes], port: int, path: str, started: float) -> float:
    server, said = Server(port, process.pid, 0.0), ""
    while time.perf_counter() - started < READY_SECONDS:
        if process.poll() is not None:
            raise NotReady(f"the server ended with code {process.returncode}")
        try:
            status, body = server.get(path)
        except OSError:
            time.sleep(POLL_SECONDS)
            continue
        if status == 200:
            return time.perf_counter() - started
        said = f": {status} {body[:300]!r}"
        time.sleep(POLL_SECONDS)
    raise NotReady(f"{path} was not 200 within {READY_SECONDS:.0f} s{said}")
