"""The commands about the store: ``recsys storage upgrade``, ``prune``, ``backup`` and so on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import typer

from recsys.cli import clock
from recsys.cli.options import ConfigFile, settings_of
from recsys.cli.progress import ConsoleSteps

SAFE_PRUNED = "what was deleted stays deleted, nothing is half deleted; run it again"

SAFE_COPIED = "the store is what it was before; run it again"

if TYPE_CHECKING:
    from recsys.config import Config
    from recsys.storage.privacy.vault import Vault

app = typer.Typer(help="Look after the store of events, profiles and consents.")


@app.callback(no_args_is_help=True)
def storage() -> None:
    """Upgrade, prune, back up, restore or copy the store, merge or erase users."""


@app.command()
def upgrade(config: ConfigFile = None) -> None:
    """Make the tables, or bring them up to date.

    A SQLite file is by itself when it is opened; a server only by this.

    Example: recsys storage upgrade
    """
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
    """Delete events older than their kind is kept.

    That is set in data.retention_days: views for two years, messages for three, orders for good.
    Lists that placements showed, and what was seen of them, go after data.exposure_days.

    Example: RECSYS_DATA__RETENTION_DAYS__VIEW=400 recsys storage prune
    """
    from recsys.storage.database.open import open_store
    from recsys.storage.hooks import log as hook_log
    from recsys.storage.privacy import retention

    settings = settings_of(config)
    now = clock.now()
    with closing(open_store(settings.storage)) as database, ConsoleSteps(safe=SAFE_PRUNED) as steps:
        steps.begin("delete old events")
        gone = retention.prune_exposures(database, settings.data.exposure_days, now=now)
        if bodies := hook_log.prune(database, settings.data.hook_days, now=now):
            gone["hooks"] = bodies
        gone |= retention.prune(database, settings.data.retention_days, now=now)
    for kind, count in gone.items():
        typer.echo(f"{kind}: {count:,} deleted")
    if not gone:
        typer.echo("nothing to delete: data.retention_days names no kind")


@app.command()
def erase(
    user_id: Annotated[str, typer.Argument(help="Whose events, traits and consents go.")],
    config: ConfigFile = None,
) -> None:
    """Delete all that is kept about a user, and print the receipt.

    For good: what comes later about this id is rejected.

    Example: recsys storage erase USER
    """
    from recsys.data.times import moment
    from recsys.storage.access import audit
    from recsys.storage.database.open import open_store
    from recsys.storage.privacy import erasure

    now, by = clock.now(), audit.command_line()
    with closing(open_store(settings_of(config).storage)) as database:
        receipt = erasure.erase(database, user_id, at=now, receipt_id=str(uuid4()), by=by)
    rows = ", ".join(f"{table} {count:,}" for table, count in receipt.removed.items())
    when = moment(receipt.at).isoformat(timespec="seconds")
    typer.echo(f"erased at {when}: {rows} (receipt {receipt.receipt_id})")


@app.command()
def merge(
    previous_id: Annotated[str, typer.Argument(help="The id that is no user of its own any more.")],
    user_id: Annotated[str, typer.Argument(help="Whose its events are from now on.")],
    config: ConfigFile = None,
) -> None:
    """Make a known user the same person as another.

    It can be undone: recsys storage unmerge. Of two ids that nothing is known of, there is nothing
    to merge: that is refused.

    Example: recsys storage merge PREVIOUS USER
    """
    from recsys.errors import BadQuery
    from recsys.storage.access import audit
    from recsys.storage.database.open import open_store
    from recsys.storage.users import merges

    with closing(open_store(settings_of(config).storage)) as database:
        now, by = clock.now(), audit.command_line()
        unknown = [one for one in (previous_id, user_id) if not merges.seen(database, one)]
        if len(unknown) == len((previous_id, user_id)):
            raise BadQuery("previous_id", previous_id, f"a known id: neither it nor {user_id} is")
        outcome = merges.merge(
            database, previous_id, user_id, at=now, authority=merges.Authority(by=by)
        )
    if outcome is not merges.MergeOutcome.MERGED:
        typer.echo("nothing to do: they are one already, or one was erased")
        return
    of_one = f"; nothing is known of {unknown[0]} so far" if unknown else ""
    typer.echo(f"merged{of_one}")


@app.command()
def unmerge(
    user_id: Annotated[str, typer.Argument(help="The id that became another user.")],
    config: ConfigFile = None,
) -> None:
    """Make an id that became another user a user of its own again.

    What was sent under it is its own again; denials said meanwhile hold for both.

    Example: recsys storage unmerge PREVIOUS
    """
    from recsys.storage.access import audit
    from recsys.storage.database.open import open_store
    from recsys.storage.users import merges

    with closing(open_store(settings_of(config).storage)) as database:
        now, by = clock.now(), audit.command_line()
        undone = merges.unmerge(database, user_id, at=now, by=by)
    typer.echo(
        f"{undone.user_id} was {undone.former_owner}, and is a user of its own again: "
        f"{undone.events:,} events, {undone.decisions:,} decisions"
    )


@app.command("new-key")
def new_key() -> None:
    """Print a fresh encryption key, which is kept nowhere.

    It is for RECSYS_STORAGE__ENCRYPTION_KEYS.

    Example: recsys storage new-key
    """
    from recsys.storage.privacy.vault import new_key as made

    typer.echo(made())


@app.command()
def rotate(config: ConfigFile = None) -> None:
    """Encrypt all that is sealed anew, by the first key.

    The others can go then.

    Example: RECSYS_STORAGE__ENCRYPTION_KEYS=NEW,OLD recsys storage rotate
    """
    from recsys.storage.database.open import open_store
    from recsys.storage.users import sensitive
    from recsys.storage.webhooks.endpoints import Endpoints

    settings = settings_of(config)
    vault = _vault(settings)
    with closing(open_store(settings.storage)) as database:
        count = sensitive.rotate(database, vault) + Endpoints(database, vault).seal_anew()
    typer.echo(f"{count:,} values are encrypted by the first key")


@app.command()
def find(
    trait: Annotated[str, typer.Argument(help="A sensitive trait: email.")],
    value: Annotated[str, typer.Argument(help="Its value, in any case.")],
    config: ConfigFile = None,
) -> None:
    """Print the ids of whoever has a value of a sensitive trait.

    Who asks for erasure gives an address, not an id.

    Example: recsys storage find email ann@shop.example
    """
    from recsys.storage.access import audit
    from recsys.storage.access.audit import Action, Entry
    from recsys.storage.database.open import open_store
    from recsys.storage.users import sensitive

    settings = settings_of(config)
    vault = _vault(settings)
    with closing(open_store(settings.storage)) as database:
        now, who = clock.now(), audit.command_line()
        audit.record(database, Entry(now, who, Action.EXPORTED, f"who has some {trait}"))
        found = sensitive.find(database, vault, trait, value)
    for user_id in found:
        typer.echo(user_id)
    if not found:
        typer.echo("nobody", err=True)


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="Written anew, whole or not at all.")],
    config: ConfigFile = None,
) -> None:
    """Write all that the store holds into one file.

    As it is at this moment, while it serves.

    Example: recsys storage backup shop.backup
    """
    from recsys.storage.backup import backup as backups
    from recsys.storage.database.open import open_store

    with closing(open_store(settings_of(config).storage)) as database, _steps("back up"):
        backups.back_up(database, file, progress=typer.echo)
    typer.echo(f"{file}: written, read again and found the same")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="What `recsys storage backup` wrote.")],
    erased: Annotated[
        list[Path] | None,
        typer.Option("--receipts", help="Files of receipts: who was erased since. Repeatable."),
    ] = None,
    config: ConfigFile = None,
) -> None:
    """Put a backup in the place of the store.

    Whoever was erased since the backup is erased again.

    Example: recsys storage restore shop.backup
    """
    from recsys.errors import UnreadableFile
    from recsys.storage.backup import backup as backups
    from recsys.storage.privacy import receipts

    for given in erased or []:
        if not given.is_file():
            raise UnreadableFile(given, "there is no such file")
    known = [one for given in erased or [] for one in receipts.read(given)]
    url = settings_of(config).storage.url
    with _steps("restore"):
        count = backups.restore(url, file, erased=known, progress=typer.echo)
    typer.echo(f"restored from {file}; {count:,} erased ids stay erased")
    if not count:
        typer.echo(
            "WARNING: no receipt of any erasure was found, neither in the old store nor beside it. "
            "Whoever was erased after this backup is back: restore again with --receipts FILE.",
            err=True,
        )


@app.command()
def copy(
    to: Annotated[str, typer.Option("--to", help="Address of an empty store of any kind.")],
    config: ConfigFile = None,
) -> None:
    """Copy the store into an empty one.

    From a SQLite file to a server, or back.

    Example: recsys storage copy --to postgresql://user@host/name
    """
    from recsys.storage.backup import backup as backups
    from recsys.storage.database.open import open_store

    with closing(open_store(settings_of(config).storage)) as database, _steps("copy"):
        backups.copy(database, to, progress=typer.echo)
    typer.echo("copied, read again and found the same")


def _vault(settings: Config) -> Vault:
    from recsys.errors import BadValue
    from recsys.storage.privacy import vault

    found = vault.of(settings.storage.encryption_keys)
    if found is None:
        needed = "at least one key: set RECSYS_STORAGE__ENCRYPTION_KEYS"
        raise BadValue("storage.encryption_keys", "empty", needed)
    return found


@contextmanager
def _steps(step: str) -> Iterator[None]:
    with ConsoleSteps(safe=SAFE_COPIED) as steps:
        steps.begin(step)
        yield
