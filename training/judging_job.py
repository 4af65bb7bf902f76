"""The jobs behind `recsys evaluate`, `recsys backtest` and `recsys compare`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from recsys.bundle import Bundle, Manifest
from recsys.config import Config, Training
from recsys.data.times import moment
from recsys.evaluation.per_user import PerUser
from recsys.ladder import Question
from recsys.storage.models.store import ModelStore, Registered
from training import gate
from training import measurement as pauses
from training.churn import backtest as matured
from training.churn.backtest import Matured
from training.data import TrainingData
from training.items.backtest import rolling
from training.load import load, open_log
from training.progress import ConsoleSteps
from training.report import churn_backtest as matured_page
from training.report import items_backtest as pages


def evaluate(config: Config, console: Console, *, windows: int, report_file: Path) -> None:
    """Judge the item ladder on the last windows, print the tables and draw the page."""
    with open_log(config) as log, ConsoleSteps(console) as steps:
        steps.begin("load")
        data = load(log, config)
        steps.begin("choose, fit and judge each window")
        tests = tuple(rolling(data, config, windows=windows, progress=steps.detail))
    for test in tests:
        for table in pages.tables(test):
            console.print(table)
            console.print()
    _warn_of_pause(console, data, config)
    pages.write(tests, report_file)
    console.print(f"report: {report_file}")


def backtest(config: Config, console: Console, *, windows: int, report_file: Path) -> None:
    """Judge churn on windows that have closed, print the tables and draw the page."""
    store = ModelStore(Path(config.storage.models_dir))
    with open_log(config) as log, ConsoleSteps(console) as steps:
        steps.begin("load")
        data = load(log, config)
        steps.begin("train as before each window, and judge")
        anew = matured.trained_anew(data, config, windows=windows, progress=steps.detail)
        tests = (*anew, *_versions(store, data, config))
    console.print(matured_page.table(tests))
    console.print(matured_page.calibration(tests))
    for test in tests:
        for warning in test.warnings:
            console.print(f"{test.source}, {moment(test.at):%Y-%m-%d}, known before: {warning}")
    _warn_of_pause(console, data, config)
    matured_page.write(tests, report_file)
    console.print(f"report: {report_file}")


def _warn_of_pause(console: Console, data: TrainingData, config: Config) -> None:
    if pause := pauses.told(data.interactions, days=config.items.test_days):
        console.print(pause, style="yellow")


def _versions(store: ModelStore, data: TrainingData, config: Config) -> Iterator[Matured]:
    """Yield how the registered versions did since, of those whose window has closed."""
    for entry in store.list():
        if isinstance(entry, Registered):
            bundle, _ = store.load(entry.version, Bundle)
            users = bundle.interactions.users
            found = matured.of_version(entry.version, bundle.churn, users, data, config)
            if found is not None:
                yield found


def compare(config: Config, console: Console, *, one: str, other: str) -> None:
    """Print how two registered versions did on each question, in pairs where they can be."""
    store = ModelStore(Path(config.storage.models_dir))
    bundles, manifests = zip(
        *(store.load(version, Bundle) for version in (one, other)), strict=True
    )
    table = Table(title=f"{other} against {one}", box=None)
    for heading in ("question", "metric", one, other, "difference", "users", "how"):
        table.add_column(heading)
    for row in compared(*(bundle.judged for bundle in bundles), settings=config.training):
        table.add_row(*row)
    console.print(table)
    served = Table(title="rungs above popular that serve", box=None)
    for heading in ("question", one, other):
        served.add_column(heading)
    for question in Question:
        served.add_row(question, *(_served(manifest, question) for manifest in manifests))
    console.print(served)


def compared(
    one: Sequence[PerUser], other: Sequence[PerUser], *, settings: Training
) -> Iterator[tuple[str, ...]]:
    """Yield a row a question: metric, both means, the difference of the other and the one.

    Pairs the same users where both were judged on the same window, else compares the means; says
    so, and says where nothing can be compared.
    """
    theirs = {judged.question: judged for judged in other}
    for mine in one:
        against = theirs.get(mine.question)
        if against is None or against.metric != mine.metric:
            yield mine.question, mine.metric, _mean(mine), "", "", "", "not judged alike"
            continue
        difference, how = gate.paired(against, mine, settings), "the same users"
        if difference is None:
            difference, how = gate.unpaired(against, mine, settings), "other users or days"
        means = _mean(mine), _mean(against)
        if difference is None:
            yield mine.question, mine.metric, *means, "too few users", "", ""
            continue
        found = f"{difference!s}", f"{difference.n:,}", how
        yield mine.question, mine.metric, *means, *found


def _served(manifest: Manifest, question: Question) -> str:
    verdicts = manifest.verdicts[question].values()
    return ", ".join(verdict.rung for verdict in verdicts if verdict.shipped) or "none"


def _mean(judged: PerUser) -> str:
    return f"{judged.figure.mean():.4f}" if len(judged.figure) else ""
