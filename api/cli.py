"""The commands that answer: ``recsys serve`` and ``recsys export``."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from recsys.config import Config, Serving
from recsys.errors import CorruptArtifact, PortInUse, StoreUnavailable
from recsys.storage.config_file import read_config

if TYPE_CHECKING:
    import uvicorn

    from api.render import Json
    from api.service import Service

app = typer.Typer(help="Answer: over HTTP, or into a file.")

ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="Default: RECSYS_CONFIG, else ./recsys.toml.")
]


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address. Default: serving.host.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Default: serving.port; 0: any free one.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes. Default: serving.workers.")
    ] = None,
    config: ConfigFile = None,
) -> None:
    """Serve the champion over HTTP until Ctrl-C; a new champion is picked up by itself."""
    settings = _settings(config)
    _check(settings)
    listening = _listen(
        host or settings.serving.host, settings.serving.port if port is None else port
    )
    address, chosen = listening.getsockname()[:2]
    typer.echo(f"serving on http://{address}:{chosen}", err=True)
    _run(listening, settings.serving, workers=workers or settings.serving.workers)


@app.command()
def export(
    output: Annotated[Path, typer.Argument(help="The ending says how: .csv, .jsonl or .parquet.")],
    users: Annotated[
        Path | None, typer.Option(help="A file with a user id a line. Default: all known users.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Items for each user.")] = None,
    exclude: Annotated[
        list[str] | None, typer.Option(help="An item to leave out; repeat it.")
    ] = None,
    config: ConfigFile = None,
) -> None:
    """Write items, channel and churn for all known users, or for those in a file."""
    from api import export as exporting

    settings = _settings(config)
    exporting.check(output)
    with _opened(settings) as service:
        serving = service.current.serving
        said = {} if limit is None else {"limit": str(limit)}
        asked = service.reader.said(said, excluded=tuple(exclude or ()))
        ids = (
            serving.answering.bundle.interactions.users
            if users is None
            else list(exporting.listed(users))
        )

        def answer(user_id: str) -> Json:
            return service.desk.everything(serving, user_id, asked, at=service.clock())

        with _progress(len(ids)) as advance:
            total = exporting.export(answer, ids, output, limit=asked.limit, progress=advance)
    typer.echo(f"{total:,} users written to {output} from model {serving.answering.version}")


def _settings(config: Path | None) -> Config:
    named = config or (Path(env) if (env := os.environ.get("RECSYS_CONFIG")) else None)
    if config is not None:
        # The workers read it too.
        os.environ["RECSYS_CONFIG"] = str(config)
    return read_config(named, os.environ)


def _check(settings: Config) -> None:
    """Find out now, and in one line, what the workers would otherwise stumble over."""
    from api.service import Service
    from recsys.storage.stores import open_store

    service = Service(settings)
    database = open_store(settings.storage)
    try:
        database.read("SELECT 1")
    except StoreUnavailable as error:
        # A server may come back; a replica that starts meanwhile answers without it.
        typer.echo(f"{error}; answering without it until then", err=True)
    finally:
        database.close()
    try:
        missing = service.store.champion() is None
    except CorruptArtifact as error:
        typer.echo(f"{error}; looking for an earlier champion", err=True)
        return
    if missing:
        typer.echo(f"{service.why_not_serving()}; answering 503 until then", err=True)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        # Bound by another server or not is known only now.
        listening.listen(2_048)
    except OSError as error:
        listening.close()
        raise PortInUse(host, port, error.strerror or str(error)) from error
    listening.set_inheritable(True)
    return listening


def _run(listening: socket.socket, serving: Serving, *, workers: int) -> None:
    import uvicorn
    from uvicorn.supervisors import Multiprocess

    config = _uvicorn(serving, workers)
    if workers > 1:
        with TemporaryDirectory(prefix="recsys-metrics-") as folder:
            # Read by the workers when they start: each shows the figures of all.
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
            Multiprocess(config, sockets=[listening]).run()
        return
    server = uvicorn.Server(config)
    server.run(sockets=[listening])
    if not server.started:
        sys.exit(1)


def _uvicorn(serving: Serving, workers: int) -> uvicorn.Config:
    import uvicorn

    return uvicorn.Config(
        "api.app:create_app",
        factory=True,
        workers=workers,
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=serving.shutdown_seconds,
    )


@contextmanager
def _opened(settings: Config) -> Iterator[Service]:
    from api.service import Service

    service = Service(settings)
    service.load()
    try:
        yield service
    finally:
        service.log.database.close()


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None]]:
    columns = (
        TextColumn("answering"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("answering", total=total)
        yield lambda users: bar.advance(task, users)
