"""The command that answers over HTTP: ``recsys serve``."""

from __future__ import annotations

import os
import socket
import sys
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from recsys.cli.options import CONFIG, ConfigFile, settings_of
from recsys.errors import BadValue, PortInUse, StoreUnavailable
from recsys.storage.models.errors import CorruptArtifact, ModelStoreUnavailable

if TYPE_CHECKING:
    import uvicorn

    from recsys.config import Config, ServingSection

_WORKER_SECONDS = 30

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
    """Serve the champion over HTTP until Ctrl-C.

    A new champion is picked up by itself.

    Example: recsys serve --host 0.0.0.0 --workers 2
    """
    from api.runtime.logs import tell

    settings = settings_of(config)
    if config is not None:
        os.environ[CONFIG] = str(config)  # the workers read it too
    _check(settings)
    listening = _listen(
        host or settings.serving.host, settings.serving.port if port is None else port
    )
    address, chosen = listening.getsockname()[:2]
    scheme = "https" if settings.serving.tls_certificate else "http"
    tell(f"serving on {scheme}://{address}:{chosen}")
    _run(listening, settings.serving, workers=workers or settings.serving.workers)


def _check(settings: Config) -> None:
    """Find out now, and in one line, what the workers would otherwise stumble over."""
    from api.model.served import Current
    from api.runtime import clock
    from api.runtime.logs import tell
    from recsys.storage.database.open import open_store
    from recsys.storage.models.store import ModelStore

    clock.configured(settings.serving.clock_start)
    _check_certificate(settings.serving)
    database = open_store(settings.storage)
    try:
        database.read("SELECT 1")
    except StoreUnavailable as error:
        # A server may come back; a replica that starts meanwhile answers without it.
        tell(f"{error}; answering without it until then")
    finally:
        database.close()
    models_dir = settings.storage.models_dir
    try:
        missing = ModelStore.of(settings.storage).champion() is None
    except CorruptArtifact as error:
        tell(f"{error}; looking for an earlier champion")
        return
    except ModelStoreUnavailable as error:
        tell(f"{error}; answering 503 until it is there")
        return
    if missing:
        tell(f"{Current(models_dir).why_not}; answering 503 until then")


def _check_certificate(serving: ServingSection) -> None:
    import ssl

    if serving.tls_certificate:
        try:
            ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
                serving.tls_certificate, serving.tls_key
            )
        except (OSError, ssl.SSLError) as error:
            allowed = f"a certificate chain and its key in PEM ({error})"
            raise BadValue("serving.tls_certificate", serving.tls_certificate, allowed) from error


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


def _run(listening: socket.socket, serving: ServingSection, *, workers: int) -> None:
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


def _uvicorn(serving: ServingSection, workers: int) -> uvicorn.Config:
    import uvicorn

    from api.runtime.bounded_http import BoundedHttp
    from api.runtime.logs import FOR_LIBRARIES

    return uvicorn.Config(
        "api.app:create_app",
        factory=True,
        workers=workers,
        access_log=False,
        log_level="warning",
        log_config=FOR_LIBRARIES,
        server_header=False,
        ssl_certfile=serving.tls_certificate or None,
        ssl_keyfile=serving.tls_key or None,
        proxy_headers=False,
        http=BoundedHttp,
        timeout_keep_alive=max(1, round(serving.idle_seconds)),
        # A worker that starts on a busy machine is not a worker that hangs.
        timeout_worker_healthcheck=_WORKER_SECONDS,
        timeout_graceful_shutdown=serving.shutdown_seconds,
    )
