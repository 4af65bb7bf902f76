"""The commands on keys: who may ask the API for what."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from recsys.cli import clock
from recsys.cli.options import ConfigFile, settings_of

if TYPE_CHECKING:
    from recsys.storage.access.keys import Key, Right
    from recsys.storage.database.interface import Database

app = typer.Typer(help="The keys to the API: make, list, revoke or expire them.")

Label = Annotated[str, typer.Argument(help="The name of the key.")]

DAY = 86_400_000_000


@app.callback(no_args_is_help=True)
def keys() -> None:
    """Make, list, revoke or expire keys to the API.

    As soon as there is one, all but the health of the process asks for one.
    """


@app.command()
def create(
    label: Label,
    scope: Annotated[
        list[str], typer.Option(help="What it opens: browser, read, write, export, admin. Repeat.")
    ],
    origin: Annotated[
        list[str] | None, typer.Option(help="A page that may use it: https://shop.example. Repeat.")
    ] = None,
    days: Annotated[float | None, typer.Option(min=0, help="How long it holds.")] = None,
    config: ConfigFile = None,
) -> None:
    """Make a key and print it: it is kept nowhere.

    Example: recsys keys create shop --scope read --scope write --days 365
    """
    from recsys.storage.access import keys as access

    now = clock.now()
    key = access.Key(
        label,
        frozenset(_right(one) for one in scope),
        tuple(_origin(one) for one in origin or ()),
        created_at=now,
        expires_at=None if days is None else now + int(days * DAY),
    )
    with _changing(config, f"made {label}") as database:
        typer.echo(access.create(database, key))


@app.command("list")
def list_keys(config: ConfigFile = None) -> None:
    """List the keys of the store.

    Those of the environment are not among them.
    """
    from recsys.storage.access import keys as access
    from recsys.storage.database.open import open_store

    with closing(open_store(settings_of(config).storage)) as database:
        every = access.every(database).values()
    for key in every:
        typer.echo(_line(key, now=clock.now()))
    if not every:
        typer.echo("no keys: recsys keys create LABEL --scope read")


@app.command()
def revoke(label: Label, config: ConfigFile = None) -> None:
    """Let a key open nothing from now on.

    A running API takes it up within seconds.

    Example: recsys keys revoke LABEL
    """
    from recsys.storage.access import keys as access

    with _changing(config, f"revoked {label}") as database:
        access.revoke(database, label, at=clock.now())
    typer.echo(f"{label} is revoked")


@app.command()
def expire(
    label: Label,
    days: Annotated[float, typer.Option(min=0, help="From now.")] = 0,
    config: ConfigFile = None,
) -> None:
    """Let a key open nothing some days from now.

    So its successor can be handed out first.

    Example: recsys keys expire LABEL --days 7
    """
    from recsys.storage.access import keys as access

    at = clock.now() + int(days * DAY)
    with _changing(config, f"expires {label}") as database:
        access.expire(database, label, at=at)
    typer.echo(f"{label} holds until {_when(at)}")


@contextmanager
def _changing(config: ConfigFile, what: str) -> Iterator[Database]:
    from recsys.storage.access import audit
    from recsys.storage.database.open import open_store

    with closing(open_store(settings_of(config).storage)) as database:
        yield database
        audit.record(
            database, audit.Entry(clock.now(), audit.command_line(), audit.Action.KEYS, what)
        )


def _right(said: str) -> Right:
    from recsys.errors import BadQuery
    from recsys.storage.access.keys import Right

    if said not in set(Right):
        raise BadQuery("scope", said, ", ".join(Right))
    return Right(said)


def _origin(said: str) -> str:
    from urllib.parse import urlsplit

    from recsys.errors import BadQuery

    parts = urlsplit(said)
    if parts.scheme not in {"http", "https"} or said != f"{parts.scheme}://{parts.netloc}":
        raise BadQuery("origin", said, "scheme and host, as browsers say it: https://shop.example")
    return said.lower()


def _line(key: Key, *, now: int) -> str:
    state = "revoked" if key.revoked_at else "holds" if key.holds(now) else "expired"
    parts = [
        f"{key.label}: {', '.join(sorted(key.rights))}; {state}",
        f"until {_when(key.expires_at)}" if key.expires_at else "",
        f"for {', '.join(key.origins)}" if key.origins else "",
        f"last used {_when(key.last_used_at)}" if key.last_used_at else "never used",
    ]
    return "; ".join(part for part in parts if part)


def _when(at: int) -> str:
    from recsys.data.times import moment

    return moment(at).isoformat(timespec="seconds")
