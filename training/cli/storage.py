"""The commands about the store: ``recsys storage upgrade``, ``prune`` and ``erase``."""

from __future__ import annotations

import time
from typing import Annotated
from uuid import uuid4

import typer

from recsys.cli.options import ConfigFile, settings_of
from recsys.cli.progress import ConsoleSteps

SAFE_PRUNED = "what was deleted stays deleted, nothing is half deleted; run it again"

app = typer.Typer(help="Look after the store of events, profiles and consents.")


@app.callback(no_args_is_help=True)
def storage() -> None:
    """Upgrade the store, prune old events, or erase a user."""


@app.command()
def upgrade(config: ConfigFile = None) -> None:
    """Make the tables, or bring them up to date; a SQLite file is by itself when it is opened."""
    from recsys.storage.database import schema
    from recsys.storage.database.interface import POSTGRES
    from recsys.storage.database.open import open_store

    storage = settings_of(config).storage
    if storage.url.startswith(POSTGRES):
        before = schema.upgrade_postgres(storage.url) or "no tables"
    else:
        open_store(storage).close()
        before = "whatever it was"
    typer.echo(f"schema {schema.HEAD} (before: {before})")


@app.command()
def prune(config: ConfigFile = None) -> None:
    """Delete events older than `data.retention_days` keeps their kind."""
    from recsys.storage.database.open import open_store
    from recsys.storage.privacy import retention

    settings = settings_of(config)
    database = open_store(settings.storage)
    try:
        now = time.time_ns() // 1_000
        with ConsoleSteps(safe=SAFE_PRUNED) as steps:
            steps.begin("delete old events")
            gone = retention.prune(database, settings.data.retention_days, now=now)
    finally:
        database.close()
    for kind, count in gone.items():
        typer.echo(f"{kind}: {count:,} deleted")
    if not gone:
        typer.echo("nothing to delete: data.retention_days names no kind")


@app.command()
def erase(
    user_id: Annotated[str, typer.Argument(help="Whose events, traits and consents go.")],
    config: ConfigFile = None,
) -> None:
    """Delete everything kept about a user, for good, and print the receipt."""
    from recsys.data.times import moment
    from recsys.storage.database.open import open_store
    from recsys.storage.privacy import erasure

    database = open_store(settings_of(config).storage)
    try:
        now = time.time_ns() // 1_000
        receipt = erasure.erase(database, user_id, at=now, receipt_id=str(uuid4()))
    finally:
        database.close()
    rows = ", ".join(f"{table} {count:,}" for table, count in receipt.removed.items())
    when = moment(receipt.at).isoformat(timespec="seconds")
    typer.echo(f"erased at {when}: {rows} (receipt {receipt.receipt_id})")
