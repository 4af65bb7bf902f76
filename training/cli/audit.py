"""The command that prints and keeps what a data protection officer asks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from recsys.cli import clock
from recsys.cli.options import ConfigFile, settings_of

app = typer.Typer()

DAY = 86_400_000_000


@app.command()
def audit(
    days: Annotated[float, typer.Option(min=0, help="How far back who looked is told.")] = 365,
    config: ConfigFile = None,
) -> None:
    """Print what is held on people, and who looked at it.

    On how many, on which basis, how old it is, and what was erased. The same is
    kept as a file of the day in storage.reports_dir, to compare.

    Example: recsys audit --days 30
    """
    from recsys.storage.database.open import open_store
    from recsys.storage.privacy.inventory import inventory

    settings = settings_of(config)
    now = clock.of_service(settings)
    with closing(open_store(settings.storage)) as database:
        found = inventory(
            database, settings, now=now, since=now - int(days * DAY), keys_at=clock.now()
        )
    file = Path(settings.storage.reports_dir) / f"audit-{found['taken_at'][:10]}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2))
    for line in _lines(found):
        typer.echo(line)
    typer.echo(f"kept in {file}")


def _lines(found: dict[str, Any]) -> Iterator[str]:
    yield f"store {found['store']}, {found['taken_at']}: {found['people']:,} people"
    for kind, held in found["events"].items():
        kept = "for good" if held["kept_days"] is None else f"{held['kept_days']:,} days"
        yield (
            f"{kind}: {held['events']:,} events of {held['people']:,} people, "
            f"{held['oldest']} to {held['newest']}, kept {kept}"
        )
    if simulated := found["simulated"]["events"]:
        people = found["simulated"]["people"]
        yield f"simulated, and counted nowhere else: {simulated:,} events under {people:,} ids"
    decisions = found["decisions"]
    yield f"profiles: {found['profiles']:,}; decisions: {decisions['count']:,}"
    consents = found["consents"]
    every = {"profiling": consents["profiling"], **consents["marketing"]}
    for purpose, said in every.items():
        yield (
            f"consent to {purpose}: {said['granted']:,} granted, {said['denied']:,} denied, "
            f"{said['silent']:,} said nothing, which means {said['silence_means']}"
        )
    for basis, count in consents["granted_on"].items():
        yield f"granted on {basis}: {count:,}"
    erased = found["erased"]
    yield f"erased: {erased['people']:,} people, the last {erased['last'] or 'never'}"
    for one in found["access"]:
        yield f"{one['who']} {one['did'].replace('_', ' ')}: {one['times']:,}, last {one['last']}"
    for key in found["keys"]:
        state = "holds" if key["holds"] else "holds no more"
        used = key["last_used"] or "never"
        yield f"key {key['label']} ({', '.join(key['opens'])}) {state}, last used {used}"
