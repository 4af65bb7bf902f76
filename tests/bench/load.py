"""A bounded load generator for servers on this machine, quick enough not to be the bottleneck.

Each connection keeps one request in flight and sends the next when the answer is complete, so
latency is measured under as many requests at once as there are connections (a closed loop). At a
given rate (an open loop) each request has its time, and its latency counts from then on, whether a
connection was free or not.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import orjson
from numpy.typing import NDArray

try:
    from uvloop import run as run_loop
except ImportError:
    from asyncio import run as run_loop  # type: ignore[assignment]

HOST = "127.0.0.1"
HEAD_END = b"\r\n\r\n"
LENGTH = b"\r\ncontent-length:"


@dataclass(frozen=True, slots=True)
class Load:
    """What a run of requests came to.

    Attributes
    ----------
    seconds : float
        From the first request to the last answer.
    latency_ms : float64, shape (n_answers,)
        Of every complete answer, whatever its status.
    statuses : mapping of int to int
        How many answers had which status.
    failures : mapping of str to int
        Requests without a complete answer, by what went wrong.
    """

    seconds: float
    latency_ms: NDArray[np.float64]
    statuses: Mapping[int, int]
    failures: Mapping[str, int]

    @property
    def per_second(self) -> float:
        """Complete answers a second."""
        return len(self.latency_ms) / self.seconds

    @property
    def errors(self) -> int:
        """Requests that failed or were answered with anything but 2xx."""
        bad = sum(n for status, n in self.statuses.items() if not 200 <= status < 300)
        return bad + sum(self.failures.values())

    def percentile(self, q: float) -> float:
        """Return the latency in milliseconds below which `q` percent of the answers came."""
        return float(np.percentile(self.latency_ms, q)) if len(self.latency_ms) else float("nan")


def get(path: str, *, key: str = "") -> bytes:
    """Return the bytes of a GET request that keeps its connection, with a key if there is one."""
    said = f"X-API-Key: {key}\r\n" if key else ""
    return f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n{said}\r\n".encode()


def post(path: str, body: object) -> bytes:
    """Return the bytes of a POST request with a body as JSON that keeps its connection."""
    content = orjson.dumps(body)
    head = f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {len(content)}\r\n\r\n"
    return head.encode() + content


def put_load(
    port: int,
    requests: Sequence[bytes],
    *,
    total: int,
    connections: int,
    per_second: float | None = None,
    timeout_s: float = 120.0,
) -> Load:
    """Send `total` requests, taking turns through `requests`, and wait for all answers.

    They go out as fast as they are answered, or `per_second` at even distances.

    Raises
    ------
    ValueError
        There is nothing to send.
    """
    if not requests or total < 1 or connections < 1:
        raise ValueError("at least one request and one connection are needed")
    apart_ns = int(1e9 / per_second) if per_second else 0
    plan = Plan(requests, total=total, connections=min(connections, total), apart_ns=apart_ns)
    return run_loop(_run(plan, port, timeout_s))


class Plan:
    """What is still to be sent, and what came of the rest; shared by all connections."""

    def __init__(
        self, requests: Sequence[bytes], *, total: int, connections: int, apart_ns: int = 0
    ) -> None:
        self.connections = connections
        self.total = total
        self.done = asyncio.Event()
        self.latency_ns: list[int] = []
        self.statuses: Counter[int] = Counter()
        self.failures: Counter[str] = Counter()
        self._requests = requests
        self._apart_ns = apart_ns
        self._start_ns = 0
        self._sent = 0
        self._open = connections

    def next(self) -> tuple[bytes, int] | None:
        """Return the next request and its time (``perf_counter_ns``), None when all were sent."""
        if self._sent >= self.total:
            return None
        if not self._sent:
            self._start_ns = time.perf_counter_ns()
        request = self._requests[self._sent % len(self._requests)]
        due = self._start_ns + self._sent * self._apart_ns
        self._sent += 1
        return request, due if self._apart_ns else time.perf_counter_ns()

    def closed(self) -> None:
        """Note that a connection ended."""
        self._open -= 1
        if not self._open:
            self.done.set()

    def result(self, seconds: float) -> Load:
        """Return what came of it; requests without an answer are failures."""
        missing = self.total - len(self.latency_ns) - sum(self.failures.values())
        if missing:
            self.failures["no answer in time or no connection left"] += missing
        latency_ms = np.array(self.latency_ns, np.float64) / 1e6
        return Load(seconds, latency_ms, dict(self.statuses), dict(self.failures))


class Connection(asyncio.Protocol):
    """One connection with one request in flight."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._transport: asyncio.Transport | None = None
        self._sent_at = 0
        self._answer = b""
        self._end = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self._send()

    def data_received(self, data: bytes) -> None:
        answer = self._answer = self._answer + data if self._answer else data
        if not self._end:
            head = answer.find(HEAD_END)
            if head < 0:
                return
            length = content_length(answer[: head + 2])
            if length is None:
                self._fail("an answer without a length")
                return
            self._end = head + len(HEAD_END) + length
        if len(answer) >= self._end:
            self._plan.latency_ns.append(time.perf_counter_ns() - self._sent_at)
            self._plan.statuses[int(answer[9:12])] += 1
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._sent_at:
            self._plan.failures["connection lost"] += 1
        self._plan.closed()

    def _send(self) -> None:
        assert self._transport is not None
        self._answer, self._end, self._sent_at = b"", 0, 0
        found = self._plan.next()
        if found is None:
            self._transport.close()
            return
        request, self._sent_at = found
        early = self._sent_at - time.perf_counter_ns()
        if early <= 0:
            self._transport.write(request)
        else:
            asyncio.get_running_loop().call_later(early / 1e9, self._transport.write, request)

    def _fail(self, why: str) -> None:
        assert self._transport is not None
        self._plan.failures[why] += 1
        self._sent_at = 0
        self._transport.abort()


def content_length(head: bytes) -> int | None:
    """Return the length that the head of an answer (up to its last CRLF) announces, or None."""
    start = head.find(LENGTH)
    if start < 0:
        head = head.lower()
        start = head.find(LENGTH)
    if start < 0:
        return None
    start += len(LENGTH)
    return int(head[start : head.index(b"\r\n", start)])


async def _run(plan: Plan, port: int, timeout_s: float) -> Load:
    loop = asyncio.get_running_loop()
    start = time.perf_counter()
    transports = []
    try:
        async with asyncio.timeout(timeout_s):
            for _ in range(plan.connections):
                made, _protocol = await loop.create_connection(lambda: Connection(plan), HOST, port)
                transports.append(made)
            await plan.done.wait()
    except TimeoutError:
        for made in transports:
            made.abort()
    except OSError as error:
        plan.failures[f"cannot connect: {error.strerror}"] += 1
    return plan.result(time.perf_counter() - start)
