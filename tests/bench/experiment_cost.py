"""What five running experiments add to an answer: ``python -m tests.bench.experiment_cost``.

Two services over the same small shop answer the same people in turn, one with five experiments and
a holdout, one with none: asked again, and asked afresh. The time is that of the processor for a
whole request but for the socket. A larger shop takes longer for an answer, and as long for a draw.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from starlette.testclient import TestClient
from starlette.types import Message, Scope

from api.app import Application, create_app
from api.service import Service
from recsys.config import Config
from recsys.experiments.experiment import read
from recsys.experiments.sums import Floats
from recsys.storage.files.config import read_config
from tests.bench.tool import console, run
from tests.recsys.experiments.cases import PURCHASE, stepping
from tests.worlds import END, build

ASKED = (
    "/recommendations",
    "/recommendations?exclude={}",
    "/channel?device={}",
    "?exclude={}",
)
"""What is ready made, and what is made afresh as nobody asked the same before."""

PEOPLE = 40
MOST = 0.03


def main(
    rounds: Annotated[int, typer.Option(min=10, help="Of all people, each service.")] = 400,
    shop: Annotated[
        Path | None,
        typer.Option("--config", help="A trained shop on SQLite instead of a small one."),
    ] = None,
) -> None:
    """Print what an answer takes without and with experiments, and what they add."""
    with tempfile.TemporaryDirectory() as folder:
        config = build(Path(folder)).config if shop is None else read_config(shop, os.environ)
        apps = [
            create_app(one, clock=lambda: END)
            for one in (
                _copied(config, folder, "without"),
                _held_out(_copied(config, folder, "with")),
            )
        ]
        with TestClient(apps[0]), TestClient(apps[1]):
            start(apps[1].service)
            good = [_told(asked, (apps[0], apps[1]), rounds) for asked in ASKED]
    raise typer.Exit(not all(good))


def start(service: Service) -> None:
    """Start one over rungs, one over channels, steps both ways and one over versions.

    Their variants answer alike but for the few who step: what differs is the work around answers.
    """
    store, models = service.experiments.store, service.current.version or ""
    for name, said in {
        "channels": _two("channel", arms=["email", "push", "sms"]),
        "down": stepping(epsilon=0.02),
        "rungs": _two("items", ceiling="hyper"),
        "up": {**stepping(over="step_up", epsilon=0.02), "rung": "hyper"},
        "versions": _two("model", model=models),
    }.items():
        store.plan(name, read(said), at=END)
        store.start(name, at=END)
    service.experiments.catch_up()


def _told(asked: str, both: tuple[Application, Application], rounds: int) -> bool:
    pairs = asyncio.run(_paired(asked, both, rounds))
    each = 1e6 * pairs / PEOPLE
    ratio = each[:, 1] / each[:, 0] - 1
    found = float(np.median(ratio))
    half = 1.96 * 1.2533 * float(ratio.std()) / np.sqrt(rounds)
    console.print(
        f"{asked}: {np.median(each[:, 0]):.0f} µs without, {np.median(each[:, 1]):.0f} µs with: "
        f"{found:+.1%} ± {half:.1%} (aim: at most {MOST:.0%})"
    )
    return found <= MOST


async def _paired(asked: str, both: tuple[Application, Application], rounds: int) -> Floats:
    for app in both:
        await _round(app, asked.format(-1))
    taken = []
    for number in range(rounds):
        order = (0, 1) if number % 2 else (1, 0)
        of = {which: await _round(both[which], asked.format(number)) for which in order}
        taken.append([of[0], of[1]])
    return np.array(taken)


async def _round(app: Application, asked: str) -> float:
    """Return the seconds of processor time in which everybody is answered once."""
    users = app.service.current.serving.answering.bundle.interactions.users
    plain = [users[row] for row in range(len(users)) if users[row].isalnum()]
    scopes = [_scope(user, asked) for user in plain[:PEOPLE]]
    began = time.process_time()
    for scope in scopes:
        await app(scope, _receive, _send)
    return time.process_time() - began


def _scope(user: str, asked: str) -> Scope:
    path, _, query = asked.partition("?")
    path = f"/v1/users/{user}{path}"
    return {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(),
        "query_string": query.encode(), "headers": [], "scheme": "http", "root_path": "",
        "http_version": "1.1", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
    }  # fmt: skip


async def _receive() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _send(message: Message) -> None:
    assert message.get("status", 200) == 200, message


def _copied(config: Config, folder: str, name: str) -> Config:
    """Return the configuration with a copy of its store."""
    url = config.storage.url.removeprefix("sqlite:///")
    copy = Path(folder) / f"{name}.db"
    copy.write_bytes(Path(url).read_bytes())
    storage = config.storage.model_copy(update={"url": f"sqlite:///{copy}"})
    return config.model_copy(update={"storage": storage})


def _two(over: str, **second: object) -> dict[str, Any]:
    variants = [{"name": "as_is", "weight": 0.5}, {"name": "other", "weight": 0.5, **second}]
    return {"over": over, "variants": variants, "primary": PURCHASE}


def _held_out(config: Config) -> Config:
    said = {"holdout_percent": 2.0, "holdout_salt": "any text"}
    experiments = config.experiments.model_copy(update=said)
    return config.model_copy(update={"experiments": experiments})


if __name__ == "__main__":
    run(main)
