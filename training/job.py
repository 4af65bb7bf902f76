"""The jobs behind the commands: import, train, prepare the demo, and show what came of it.

Kept apart from the commands because the fitting libraries take seconds to import, and
`recsys serve` must not wait for them.
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from rich.console import Console

from recsys.config import Config
from recsys.storage.models.store import ModelStore
from recsys.storage.users.profiles import Profiles
from training import summary
from training.demo import simulated_log
from training.importing.events import import_events
from training.importing.profiles import ProfileReport, import_consents, import_items, import_users
from training.importing.read import refuse_unreadable
from training.importing.report import ImportReport, rendered
from training.load import open_log
from training.pipeline import run
from training.progress import ConsoleSteps
from training.report import page

SAMPLE = Path(__file__).parent / "sample" / "online_retail.parquet"
DEMO_DIR = Path("var/demo")


def import_file(file: Path, config: Config, console: Console, *, about: str) -> bool:
    """Import a file about events, items, users or consents, and show what became of its rows.

    Returns
    -------
    bool
        Whether any row could be used.
    """
    refuse_unreadable(file)
    report: ImportReport | ProfileReport
    with open_log(config) as log:
        profiles = Profiles(log.database)
        match about:
            case "items":
                report = import_items(file, config, profiles, now=_now())
            case "users":
                report = import_users(file, config, profiles)
            case "consents":
                report = import_consents(file, config, profiles)
            case _:
                with ConsoleSteps(console) as steps:
                    report = import_events(file, config, log, now=_now(), watch=steps)
    console.print(rendered(report))
    return report.rows > sum(report.quarantined.values())


def train(config: Config, console: Console, *, report_file: Path | None = None) -> None:
    """Train on what is in the event log, show what came of it, and draw the report."""
    store = ModelStore(Path(config.storage.models_dir))
    with open_log(config) as log, ConsoleSteps(console) as steps:
        outcome = run(config, log, store, now=_now(), steps=steps)
        steps.begin("draw the report")
        file = report_file or Path(config.storage.reports_dir) / f"{outcome.version}.html"
        page.write(outcome, file)
    console.print(summary.rendered(outcome))
    console.print(f"report: {file}", highlight=False)


def prepare_demo(config: Config, console: Console) -> None:
    """Import the shipped shop into a fresh folder, simulate messages, train."""
    shutil.rmtree(DEMO_DIR, ignore_errors=True)
    with open_log(config) as log:
        with ConsoleSteps(console) as steps:
            imported = import_events(SAMPLE, config, log, now=_now(), watch=steps)
            steps.begin("simulate a message log (the shop has none)")
            simulated_log.put(config, log, now=_now())
        console.print(rendered(imported))
    train(config, console)


def _now() -> int:
    return time.time_ns() // 1000
