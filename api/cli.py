"""The command that answers over HTTP: ``recsys serve``."""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from api.settings import ConfigFile, settings_of
from recsys.config import Config
from recsys.errors import CorruptArtifact, PortInUse

if TYPE_CHECKING:
    import uvicorn


app = typer.Typer(help="Answer over HTTP.")


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
    settings = settings_of(config)
    _check(settings)
    listening = _listen(
        host or settings.serving.host, settings.serving.port if port is None else port
    )
    address, chosen = listening.getsockname()[:2]
    typer.echo(f"serving on http://{address}:{chosen}", err=True)
    _run(listening, workers=workers or settings.serving.workers)


def _check(settings: Config) -> None:
    """Find out now, and in one line, what the workers would otherwise stumble over."""
    from api.service import Service
    from recsys.storage.stores import open_store

    service = Service(settings)
    open_store(settings.storage).close()
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


def _run(listening: socket.socket, *, workers: int) -> None:
    import uvicorn
    from uvicorn.supervisors import Multiprocess

    config = _uvicorn(workers)
    server = uvicorn.Server(config)
    if workers == 1:
        server.run(sockets=[listening])
    else:
        Multiprocess(config, sockets=[listening]).run()
    if workers == 1 and not server.started:
        sys.exit(1)


def _uvicorn(workers: int) -> uvicorn.Config:
    import uvicorn

    return uvicorn.Config(
        "api.app:create_app",
        factory=True,
        workers=workers,
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
    )
