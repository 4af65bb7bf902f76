"""The commands on the console: who may use it, and a link that lets in once."""

from __future__ import annotations

import getpass
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from recsys.cli.clock import now
from recsys.cli.options import ConfigFile, settings_of
from recsys.errors import BadQuery

if TYPE_CHECKING:
    from recsys.storage.access.accounts import Role
    from recsys.storage.database.interface import Database

app = typer.Typer(help="Accounts of the console, and links that let in once.")
user = typer.Typer(help="Who may use the console: add, list or remove accounts.")
app.add_typer(user, name="user", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The name of the account.")]


@app.callback(no_args_is_help=True)
def console() -> None:
    """Say who may use the console at /console.

    There is no console until there is an account.
    """


@user.command()
def add(
    name: Name,
    role: Annotated[
        str, typer.Option(help="viewer, marketer, analyst or admin: each may more.")
    ] = "viewer",
    *,
    link_only: Annotated[
        bool, typer.Option("--link-only", help="Without a password: only a link lets in.")
    ] = False,
    config: ConfigFile = None,
) -> None:
    """Make an account; its password is asked for, or read from what is piped in.

    A viewer sees sums, a marketer also placements, audiences and exports, an analyst also people
    and versions, an admin also keys, erasures and the audit log.

    Example: recsys console user add ann --role analyst
    """
    from recsys.storage.access import accounts
    from recsys.storage.access.audit import Action, Entry, command_line, record
    from recsys.storage.database.open import open_store

    wanted = _role(role)
    password = "" if link_only else _password()
    with closing(open_store(settings_of(config).storage)) as database:
        accounts.add(database, name, wanted, password, at=now())
        record(database, Entry(now(), command_line(), Action.ACCOUNTS, f"added {name}, {wanted}"))
        typer.echo(f"{name} is {wanted}")
        if link_only:
            typer.echo(_link(database, config, name))


@user.command("list")
def list_users(config: ConfigFile = None) -> None:
    """List the accounts."""
    from recsys.data.times import moment
    from recsys.storage.access import accounts
    from recsys.storage.database.open import open_store

    with closing(open_store(settings_of(config).storage)) as database:
        every = accounts.every(database)
    for one in every:
        entry = "a password" if one.has_password else "links only"
        typer.echo(f"{one.name}: {one.role}; {entry}; since {moment(one.created_at):%Y-%m-%d}")
    if not every:
        typer.echo("no accounts, so no console: recsys console user add NAME --role admin")


@user.command()
def remove(name: Name, config: ConfigFile = None) -> None:
    """Remove an account; whoever is signed in with it is out at once.

    Example: recsys console user remove ann
    """
    from recsys.storage.access import accounts
    from recsys.storage.access.audit import Action, Entry, command_line, record
    from recsys.storage.database.open import open_store

    with closing(open_store(settings_of(config).storage)) as database:
        accounts.remove(database, name)
        record(database, Entry(now(), command_line(), Action.ACCOUNTS, f"removed {name}"))
    typer.echo(f"{name} is removed")


@app.command()
def link(name: Name, config: ConfigFile = None) -> None:
    """Print a link that lets an account in once, within half an hour.

    Example: recsys console link ann
    """
    from recsys.storage.database.open import open_store

    with closing(open_store(settings_of(config).storage)) as database:
        typer.echo(_link(database, config, name))


def _link(database: Database, config: ConfigFile, name: str) -> str:
    from recsys.storage.access import accounts

    serving = settings_of(config).serving
    base = serving.public_url or f"http://{serving.host}:{serving.port}"
    return f"{base}/console/enter?secret={accounts.link(database, name, at=now())}"


def _role(said: str) -> Role:
    from recsys.storage.access.accounts import Role

    if said not in set(Role):
        raise BadQuery("role", said, ", ".join(Role))
    return Role(said)


def _password() -> str:
    if sys.stdin.isatty():
        said = getpass.getpass("Password (12 characters or more): ")
    else:
        said = sys.stdin.readline().rstrip("\r\n")
    if not said:
        raise BadQuery("password", "", "a password, typed or piped in, or --link-only")
    return said
