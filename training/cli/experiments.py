"""The commands on experiments: list, show, plan, start, stop, decide, report, restore."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recsys.cli.clock import of_service
from recsys.cli.console import console
from recsys.cli.options import ConfigFile, settings_of

if TYPE_CHECKING:
    from recsys.experiments.report import Report
    from recsys.storage.database.interface import Database
    from recsys.storage.experiments.forecast import PowerForecast
    from recsys.storage.experiments.steps import RungLift
    from recsys.storage.experiments.store import SavedExperiment

app = typer.Typer(help="Who gets which variant, and what came of it.")

Name = Annotated[str, typer.Argument(help="An experiment, as `recsys experiments list` names it.")]


@app.callback(no_args_is_help=True)
def experiments() -> None:
    """Plan, start, stop, decide or read experiments."""


@app.command("list")
def list_experiments(config: ConfigFile = None) -> None:
    """List all experiments, and the rungs that lost online."""
    from rich.table import Table

    from recsys.storage.experiments import holdout
    from recsys.storage.experiments.store import ExperimentStore

    with _store(config) as database:
        known = holdout.every(database, settings_of(config))
        removed = ExperimentStore(database).removed()
    table = Table("experiment", "version", "status", "over", "primary metric", "variants", box=None)
    for name in sorted(known):
        saved = known[name]
        arms = ", ".join(f"{arm} {share:.0%}" for arm, share in saved.experiment.arms)
        table.add_row(
            name, str(saved.version), saved.status, saved.experiment.over,
            saved.experiment.primary.title, arms,
        )  # fmt: skip
    console().print(table if known else "no experiments: recsys experiments plan NAME FILE")
    for rung, why in removed.items():
        console().print(f"rung {rung} was taken out: {why}")


@app.command()
def show(experiment_id: Name, config: ConfigFile = None) -> None:
    """Print an experiment, as plan reads it."""
    import orjson

    from recsys.storage.experiments import holdout

    with _store(config) as database:
        saved = holdout.get(database, settings_of(config), experiment_id)
    typer.echo(orjson.dumps(saved.experiment.said(), option=orjson.OPT_INDENT_2).decode())


@app.command()
def plan(
    experiment_id: Annotated[str, typer.Argument(help="Its name.")],
    file: Annotated[Path, typer.Argument(help="JSON: what is compared, among whom, by what.")],
    config: ConfigFile = None,
) -> None:
    """Save an experiment, and say how long it will take.

    Example: recsys experiments plan step-down step-down.json
    """
    from recsys.experiments.experiment import checked_name, read
    from recsys.storage.experiments.forecast import forecast
    from recsys.storage.experiments.store import ExperimentStore
    from recsys.storage.files.cohorts import read_json

    name, wanted = checked_name(experiment_id), read(read_json(file))
    with _store(config) as database:
        saved = ExperimentStore(database).plan(name, wanted, at=_now(config))
        said = forecast(database, wanted, now=_now(config))
    typer.echo(f"{name}: version {saved.version}, {saved.status}")
    typer.echo(_foretold(said))


@app.command()
def start(experiment_id: Name, config: ConfigFile = None) -> None:
    """Start an experiment that eight weeks can decide."""
    from recsys.storage.experiments.forecast import check, forecast
    from recsys.storage.experiments.store import ExperimentStore

    with _store(config) as database:
        store = ExperimentStore(database)
        saved = store.get(experiment_id)
        said = forecast(database, saved.experiment, now=_now(config))
        check(experiment_id, saved.experiment, said)
        started = store.start(experiment_id, at=_now(config))
    typer.echo(f"{experiment_id}: version {started.version} runs")
    typer.echo(_foretold(said))


@app.command()
def stop(experiment_id: Name, config: ConfigFile = None) -> None:
    """Let nobody take part any more; results are read on."""
    from recsys.storage.experiments.store import ExperimentStore

    with _store(config) as database:
        ExperimentStore(database).stop(experiment_id, at=_now(config))
    typer.echo(f"{experiment_id}: stopped")


@app.command()
def decide(
    experiment_id: Name,
    variant: Annotated[str, typer.Argument(help="The variant that won.")],
    config: ConfigFile = None,
) -> None:
    """Note which variant won: the experiment ends."""
    from recsys.storage.experiments.store import ExperimentStore

    with _store(config) as database:
        ExperimentStore(database).decide(experiment_id, variant, at=_now(config))
    typer.echo(f"{experiment_id}: decided for {variant}")


@app.command()
def report(
    experiment_id: Name,
    *,
    html: Annotated[Path | None, typer.Option("--html", help="Draw it into this file.")] = None,
    remove: Annotated[
        bool,
        typer.Option("--remove", help="Take rungs out now that lose; a service does it by itself."),
    ] = False,
    config: ConfigFile = None,
) -> None:
    """Say what an experiment found; `holdout` is what it is all worth.

    Example: recsys experiments report step-down --remove
    """
    from recsys.experiments.experiment import STEPS
    from recsys.storage.experiments import holdout, outcomes, steps
    from recsys.storage.experiments.settle import settle
    from recsys.storage.experiments.store import ExperimentStore
    from training.report import experiments as page

    with _store(config) as database:
        settings = settings_of(config)
        at, saved = of_service(settings), holdout.get(database, settings, experiment_id)
        found = outcomes.read(database, saved, now=at)
        is_step = saved.experiment.over in STEPS
        lifts = steps.lifts(database, saved, now=at) if is_step else ()
        lost = settle(ExperimentStore(database), saved, now=at) if remove else {}
    _print(saved, found, lifts)
    for rung, why in lost.items():
        console().print(f"rung {rung} is taken out: {why}")
    if html is not None:
        page.write(saved, found, lifts, html)
        console().print(f"report: {html}", soft_wrap=True)


@app.command()
def restore(
    rung: Annotated[str, typer.Argument(help="A rung that was taken out.")],
    config: ConfigFile = None,
) -> None:
    """Put a rung back that lost online."""
    from recsys.errors import BadQuery
    from recsys.ladder import RungName
    from recsys.storage.experiments.store import ExperimentStore

    if rung not in set(RungName):
        raise BadQuery("rung", rung, ", ".join(RungName))
    with _store(config) as database:
        ExperimentStore(database).restore(rung, at=_now(config))
    typer.echo(f"rung {rung} is asked again")


def _foretold(said: PowerForecast) -> str:
    if not said.people_each:
        return "nobody has any of the primary metric in its window: nothing can be foretold"
    return (
        f"each variant needs {said.people_each:,} people: {said.days:,} days "
        f"at {said.people_a_day:,.1f} a day; by the horizon a lift of "
        f"{said.seen_at_horizon:.1%} is seen"
    )


def _print(saved: SavedExperiment, found: Report, lifts: tuple[RungLift, ...]) -> None:
    out = console()
    if saved.experiment.simulated:
        out.print("simulated: people and outcomes are made up, this is no measurement")
    out.print(f"{saved.experiment_id} version {saved.version}, {saved.status}: {found.state.words}")
    people = ", ".join(f"{arm} {count:,}" for arm, count in found.people.items())
    out.print(f"day {found.days}, {found.days_left} left; people: {people}")
    if found.health.multiple:
        out.print(f"{found.health.multiple:,} people had two variants: they are left out")
    out.print(_compared(found))
    if lifts:
        out.print(_lifts(lifts))


def _compared(found: Report) -> Any:
    from rich.table import Table

    table = Table("variant", "metric", "role", "lift", "chance", "", box=None)
    for one in found.compared:
        chance = f"{one.reading.chance:.0%}" if one.reading else ""
        lift = getattr(one.relative, "why", None) or str(one.relative)
        table.add_row(one.variant, one.metric, one.role, lift, chance, one.found.words)
    return table


def _lifts(lifts: tuple[RungLift, ...]) -> Any:
    from rich.table import Table

    table = Table("rung", "placement", "segment", "person-weeks", "what it adds", box=None)
    for one in lifts:
        added = getattr(one.lift, "why", None) or str(one.lift)
        table.add_row(
            one.rung, one.placement or "all", one.segment or "all", f"{one.weeks:,}", added
        )
    return table


def _now(config: Path | None) -> int:
    return of_service(settings_of(config))


@contextmanager
def _store(config: Path | None) -> Iterator[Database]:
    from recsys.storage.database.open import open_store

    database = open_store(settings_of(config).storage)
    try:
        yield database
    finally:
        database.close()
