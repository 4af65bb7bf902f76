"""From nothing to answers: import, simulate, train, serve, ask."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

from rich.console import Console
from rich.table import Table

from recsys.cli import clock
from recsys.cli.progress import ConsoleSteps, stopping
from recsys.config import Config
from recsys.errors import PortInUse
from recsys.storage.access import accounts
from recsys.storage.access.accounts import Role
from recsys.storage.database.open import open_store
from recsys.storage.files.config import read_config
from recsys.storage.users.consents import Consents
from training.demo import experiment as simulated
from training.demo.messages import SOURCE, simulate
from training.event_log import open_log
from training.importing.events import import_events
from training.importing.report import rendered
from training.load import load

SAMPLE = Path(__file__).parent.parent / "sample" / "online_retail.parquet"
DEMO_DIR = Path("var/demo")
CONFIG = Path(__file__).parent.parent / "sample" / "recsys.toml"
READY_SECONDS = 30.0

KNOWN, NEW, UNKNOWN = "12747", "demo-new-user", "demo-unknown-user"
VIEWED = ("22423", "22699")  # a cake stand, a teacup: what the new user looks at before asking


def refuse_taken(port: int) -> None:
    """Find out now what would otherwise be known after two minutes.

    Raises
    ------
    PortInUse
        Something listens on the port.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise PortInUse("127.0.0.1", port, error.strerror or str(error)) from error


def prepare(console: Console) -> Config:
    """Import the shipped shop into a fresh folder, simulate messages; return the configuration."""
    config = read_config(CONFIG, os.environ)
    shutil.rmtree(DEMO_DIR, ignore_errors=True)
    steps = ConsoleSteps(safe="run it again: the demo starts over in var/demo each time")
    with open_log(config) as log, steps:
        imported = import_events(SAMPLE, config, log, now=clock.now(), watch=steps)
        steps.begin("simulate a message log (the shop has none)")
        data = load(log, config)
        messages = simulate(
            data.interactions, data.trait, timezone=config.data.timezone, seed=config.training.seed
        )
        Consents(log.database).record(messages.consents)
        log.append_columns(messages.events, now=clock.now(), source=SOURCE)
    console.print(rendered(imported))
    return config


def experiment(console: Console, config: Config) -> None:
    """Let a simulated experiment have run for some weeks, so that there is one to look at."""
    steps = ConsoleSteps(safe="run it again: the demo starts over in var/demo each time")
    with closing(open_store(config.storage)) as database, steps:
        steps.begin("simulate an experiment of some weeks (the shop ran none)")
        saved = simulated.run(database, until=clock.of_service(config))
    console.print(
        f"experiment {saved.experiment_id}, simulated: "
        f"recsys experiments report {saved.experiment_id} --config {CONFIG}",
        soft_wrap=True,
    )


def serve(console: Console, *, port: int) -> None:
    """Serve what was trained until stopped, and show what it answers."""
    with stopping(), serving(port=port, config=CONFIG) as server:
        show_answers(console, port=port)
        console.print(f"\nThe console, by a link that lets in once: {console_link(port)}")
        console.print("\nServing until Ctrl-C.")
        server.wait()


def console_link(port: int) -> str:
    """Return the address that lets one in to the console as its admin, once."""
    with closing(open_store(read_config(CONFIG, os.environ).storage)) as database:
        if not accounts.there_is_one(database):
            accounts.add(database, "demo", Role.ADMIN, "", at=clock.now())
        secret = accounts.link(database, "demo", at=clock.now())
    return f"http://127.0.0.1:{port}/console/enter?secret={secret}"


@contextmanager
def serving(*, port: int, config: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run the API in a process of its own; it ends with the block.

    Raises
    ------
    RuntimeError
        The server ended, or was not ready in ``READY_SECONDS``; it has said why itself.
    """
    server = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", "recsys", "serve", "--port", str(port)],
        env={**os.environ, "RECSYS_CONFIG": str(config)},
    )
    try:
        _wait_until_ready(server, f"http://127.0.0.1:{port}/health/ready")
        yield server
    finally:
        server.terminate()
        server.wait()


def show_answers(console: Console, *, port: int) -> None:
    """Ask for a known, a new and an unknown user, and print what came back."""
    base = f"http://127.0.0.1:{port}"
    batch = [{"user_id": NEW, "item_id": item, "event": "Product Viewed"} for item in VIEWED]
    _call(f"{base}/v1/events", {"batch": batch})
    for user_id, who in (
        (KNOWN, "in the model"),
        (NEW, f"not in the model; looked at {len(VIEWED)} items a moment ago"),
        (UNKNOWN, "never seen"),
    ):
        console.print(_panel(user_id, who, _call(f"{base}/v1/users/{quote(user_id)}?limit=3")))
    console.print("\nTry:")
    for path in (
        f"/v1/users/{KNOWN}",
        f"/v1/users/{KNOWN}/recommendations?limit=5",
        f"/v1/items/{VIEWED[0]}/similar",
        "/v1/segments",
        "/docs",
    ):
        console.print(f"  {base}{path}", highlight=False)


def _wait_until_ready(server: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            _call(url)
        except (URLError, ConnectionError):
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the server did not become ready; see what it printed above")


def _call(url: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    data = None if body is None else json.dumps(body).encode()
    request = Request(url, data, {"Content-Type": "application/json"})  # noqa: S310 - our server
    with urlopen(request, timeout=10) as response:  # noqa: S310 - our own server on loopback
        answer: dict[str, Any] = json.load(response)
    return answer


def _panel(user_id: str, who: str, answer: dict[str, Any]) -> Table:
    channel, churn = answer["channel"], answer["churn"]
    table = Table(title=f"{user_id} — {who}", title_justify="left", show_header=True)
    for heading in ("question", "answer", "rung", "why"):
        table.add_column(heading, overflow="fold")
    for item in answer["items"]:
        because = "; ".join(item["reasons"])
        table.add_row(
            f"item {item['rank']}", item["title"] or item["item_id"], item["rung"], because
        )
    simulated = " (simulated log)" if channel["simulated"] else ""
    table.add_row(
        "channel", f"{channel['best']}{simulated}", channel["rung"], channel["rung_reason"]
    )
    risk = f"{churn['p']:.0%} in {churn['horizon_days']} days, {churn['band']}"
    table.add_row("churn", risk, churn["rung"], churn["rung_reason"])
    return table
