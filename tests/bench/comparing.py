"""A route of the real app against a bare route that returns the same bytes, turn by turn."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from secrets import token_urlsafe
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np

from tests.bench.bare import BODY
from tests.bench.load import Load, get, put_load
from tests.bench.servers import Server, serving

BARE = (
    *("uvicorn", "tests.bench.bare:create_app", "--factory", "--port", "{port}"),
    *("--log-level", "warning", "--no-access-log", "--no-server-header"),
)
APP = ("recsys", "serve", "--port", "{port}", "--workers", "1")
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
READY = "/health/ready"


@dataclass(frozen=True, slots=True)
class Plan:
    """How much load, and how often."""

    rounds: int
    requests: int
    connections: int


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of the bare route and one of the real one, and the servers' time for a request.

    Processor time (microseconds) is less disturbed by a busy machine than requests a second.
    """

    bare: Load
    real: Load
    bare_cpu_us: float
    real_cpu_us: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the turns came to.

    Attributes
    ----------
    path : str
        The first path asked for.
    body_bytes : int
        Size of the answers (median), and of the bare one.
    rungs : mapping of str to int
        How many of the sampled answers came from which rung.
    turns : tuple of Turn
        In order, bare first.
    """

    path: str
    body_bytes: int
    rungs: Mapping[str, int]
    turns: tuple[Turn, ...]

    @property
    def throughput_ratio(self) -> tuple[float, float, float]:
        """Requests/s of the real route over the bare one: median, lowest and highest turn."""
        return _spread([turn.real.per_second / turn.bare.per_second for turn in self.turns])

    @property
    def cpu_ratio(self) -> tuple[float, float, float]:
        """Processor time for a request to the bare route over the real one, in the same way."""
        return _spread([turn.bare_cpu_us / turn.real_cpu_us for turn in self.turns])

    @property
    def p99_ratio(self) -> tuple[float, float, float]:
        """99th percentile latency of the real route over the bare one, in the same way."""
        return _spread([turn.real.percentile(99) / turn.bare.percentile(99) for turn in self.turns])


def compare(
    app: Server, paths: Sequence[str], plan: Plan, *, rung: str | None = None
) -> Comparison:
    """Put the same load on the app's `paths` and on a bare route, in turns.

    Paths that another rung than `rung` answers are left out.

    Raises
    ------
    ValueError
        A path that is not answered with 200, or none that `rung` answers.
    """
    answers = {path: _body(app, path) for path in paths}
    paths = [path for path, body in answers.items() if rung in (None, _rung(body))]
    if not paths:
        raise ValueError(
            f"no answer comes from rung {rung}: {Counter(map(_rung, answers.values()))}"
        )
    bodies = [answers[path] for path in paths]
    sizes = [len(body) for body in bodies]
    typical = bodies[int(np.argsort(sizes)[len(sizes) // 2])]
    with TemporaryDirectory() as folder:
        file = Path(folder) / "body.json"
        file.write_bytes(typical)
        environment = {**ONE_THREAD, BODY: str(file)}
        with serving(BARE, ready="/", environment=environment) as bare:
            real, floor = [get(path) for path in paths], [get("/")]
            _put(bare, floor, plan, part=0.1)
            _put(app, real, plan, part=0.1)
            turns = tuple(_turn(bare, floor, app, real, plan) for _ in range(plan.rounds))
    return Comparison(paths[0], len(typical), Counter(map(_rung, bodies)), turns)


def ready_seconds(config: Path, *, times: int) -> list[float]:
    """Return how long the app took from its start to its first ready answer, each time."""
    seconds = []
    for _ in range(times):
        with app_serving(config) as server:
            seconds.append(server.ready_seconds)
    return seconds


def app_serving(config: Path, **settings: str) -> AbstractContextManager[Server]:
    """Run the app on a configuration, and on other settings of serving, for the time of a block."""
    more = {f"RECSYS_SERVING__{name.upper()}": value for name, value in settings.items()}
    return serving(APP, ready=READY, environment={"RECSYS_CONFIG": str(config), **more})


def guards(config: Path, paths: Sequence[str], plan: Plan) -> list[tuple[float, float]]:
    """Return what keys and limits cost: requests/s and processor time over those without, by turn.

    A server with a key and a limit that nobody reaches, and one with neither, in turns.
    """
    key = token_urlsafe()
    settings = {
        "read_keys_sha256": json.dumps([sha256(key.encode()).hexdigest()]),
        "requests_per_minute": str(10**9),
    }
    with app_serving(config) as open_to_all, app_serving(config, **settings) as guarded:
        free, asked = [get(path) for path in paths], [get(path, key=key) for path in paths]
        _put(open_to_all, free, plan, part=0.1)
        _put(guarded, asked, plan, part=0.1)
        turns = [_turn(open_to_all, free, guarded, asked, plan) for _ in range(plan.rounds)]
    if failed := sum(turn.bare.errors + turn.real.errors for turn in turns):
        raise ValueError(f"{failed} requests failed")
    return [
        (turn.real.per_second / turn.bare.per_second, turn.real_cpu_us / turn.bare_cpu_us)
        for turn in turns
    ]


def blas_threads(app: Server) -> Mapping[str, int]:
    """Return the threads of every BLAS pool that the app's readiness names."""
    _, body = app.get(READY)
    pools: Mapping[str, int] = json.loads(body).get("blas_threads", {})
    return pools


def _turn(
    bare: Server, floor: Sequence[bytes], app: Server, real: Sequence[bytes], plan: Plan
) -> Turn:
    before = bare.cpu_seconds(), app.cpu_seconds()
    loads = _put(bare, floor, plan), _put(app, real, plan)
    used = bare.cpu_seconds() - before[0], app.cpu_seconds() - before[1]
    return Turn(*loads, *(seconds / plan.requests * 1e6 for seconds in used))


def _put(server: Server, requests: Sequence[bytes], plan: Plan, *, part: float = 1.0) -> Load:
    total = max(int(plan.requests * part), plan.connections)
    return put_load(server.port, requests, total=total, connections=plan.connections)


def _body(app: Server, path: str) -> bytes:
    status, body = app.get(path)
    if status != 200:
        raise ValueError(f"{path} was answered {status}: {body[:300]!r}")
    return body


def _rung(body: bytes) -> str:
    try:
        return str(json.loads(body).get("rung", "?"))
    except (ValueError, AttributeError):
        return "?"


def _spread(ratios: Sequence[float]) -> tuple[float, float, float]:
    return median(ratios), min(ratios), max(ratios)
