"""The job behind `recsys tune`: search, confirm on a window of its own, write or refuse."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from recsys.cli.progress import ConsoleSteps
from recsys.config import Config
from recsys.data.times import moment
from recsys.evaluation.estimate import Estimate, bootstrap_mean
from training.data import TrainingData
from training.event_log import open_log
from training.items.windows import window
from training.load import load
from training.tuning import writing
from training.tuning.judging import Stretches, WindowScore, judged, stretches
from training.tuning.search import SearchBudget, SearchResult, Study, Trial
from training.tuning.space import Values, applied

FOLDER = Path("var/tuning")
SHOWN = 5
SAFE = "no setting was written; the trials that ended are kept, --resume goes on with them"


@dataclass(frozen=True, slots=True)
class TuneRequest:
    """How to search, and where to write what comes of it."""

    budget: SearchBudget
    seed: int
    windows: int
    resume: bool
    config_file: Path
    report_file: Path


@dataclass(frozen=True, slots=True)
class Tuned:
    """What the search and the window that it never saw said.

    Attributes
    ----------
    found : SearchResult
        The search.
    before, after : float or None
        Mean NDCG on the confirming window of the settings in force and of the best trial; None
        where no trial was better than the settings in force, and nothing was to be confirmed.
    gain : Estimate or None
        Paired difference over the users of the confirming window.
    window_start : int
        Where the confirming window begins (microseconds).
    """

    found: SearchResult
    before: float | None
    after: float | None
    gain: Estimate | None
    window_start: int

    @property
    def better(self) -> bool:
        """Whether the best trial clearly beats the settings in force."""
        return self.gain is not None and self.gain.clearly_above


def tune(config: Config, console: Console, asked: TuneRequest) -> None:
    """Search, confirm, print the outcome; write the winner if it earned it."""
    with open_log(config) as log, ConsoleSteps(safe=SAFE) as steps:
        steps.begin("load")
        data = load(log, config)
        parts = stretches(data, config, windows=asked.windows)
        steps.begin(f"search on {len(parts.search)} windows")
        study = Study(parts.search, config, seed=asked.seed, folder=FOLDER)
        steps.detail(f"kept in {study.file}")
        found = study.run(
            asked.budget,
            clock=time.monotonic,
            progress=steps.detail,
            finished=lambda trial: steps.say(_in_a_line(trial)),
            resume=asked.resume,
        )
        steps.begin("confirm on the window after those (not counted in --minutes)")
        tuned = confirmed(parts, found, config, progress=steps.detail)
    console.print(_trials(found, config))
    evidence = _evidence(tuned, data, config, asked)
    writing.put_evidence(asked.report_file, evidence)
    best = tuned.found.best
    if best is not None and tuned.better:
        writing.put(asked.config_file, best.values, why=_in_short(evidence))
    for line in _said(tuned, config, asked):
        console.print(line)


def confirmed(
    parts: Stretches, found: SearchResult, config: Config, *, progress: Callable[[str], None]
) -> Tuned:
    """Compare the best trial with the settings in force on the window kept for this.

    The search picks the luckiest of many on its windows, so what it says of the winner flatters
    it; only a window that it never saw can tell.
    """
    start = window(parts.confirm, config).cutoff
    best = found.best
    if best is None or best.figure is None or best.figure <= found.present:
        return Tuned(found, None, None, None, start)
    progress("the settings in force")
    before = judged(parts.confirm, config, progress=progress)
    progress("the best trial")
    after = judged(parts.confirm, applied(config, best.values), progress=progress)
    gain = _gain(before, after, config)
    return Tuned(found, _mean(before), _mean(after), gain, before.window_start)


def _gain(before: WindowScore, after: WindowScore, config: Config) -> Estimate | None:
    training = config.training
    return bootstrap_mean(
        after.ndcg - before.ndcg,
        seed=training.seed,
        resamples=training.resamples,
        confidence=training.confidence,
    )


def _mean(score: WindowScore) -> float | None:
    return float(score.ndcg.mean()) if len(score.ndcg) else None


def _in_a_line(trial: Trial) -> str:
    figure = "given up after one window" if trial.figure is None else f"{trial.figure:.4f}"
    return f"trial {trial.number + 1}: {figure}"


def _trials(found: SearchResult, config: Config) -> Table:
    finished = [trial for trial in found.trials if trial.figure is not None]
    best = sorted(finished, key=lambda trial: -(trial.figure or 0.0))[:SHOWN]
    table = Table(title=f"Best of {len(found.trials)} trials, {len(finished)} finished", box=None)
    table.add_column("setting")
    for trial in best:
        table.add_column(f"trial {trial.number + 1}")
    table.add_row(f"NDCG@{config.items.at_k}", *(f"{trial.figure:.4f}" for trial in best))
    for key in best[0].values if best else ():
        table.add_row(key, *(str(trial.values[key]) for trial in best))
    return table


def _said(tuned: Tuned, config: Config, asked: TuneRequest) -> Iterator[str]:
    k, found = config.items.at_k, tuned.found
    yield f"the settings in force: NDCG@{k} {found.present:.4f} on the windows searched on"
    if tuned.before is None or tuned.after is None:
        yield "no trial was better than that: nothing is written"
    elif tuned.gain is None:
        yield "the confirming window has too few users to tell: nothing is written"
    else:
        yield (
            f"confirmed from {_day(tuned.window_start)} on {tuned.gain.n:,} users: "
            f"{tuned.before:.4f} → {tuned.after:.4f}, gain {_signed(tuned.gain)}"
        )
        yield (
            f"written to {asked.config_file}"
            if tuned.better
            else "not clearly better than the settings in force: nothing is written"
        )
    yield f"evidence: {asked.report_file}"


def _evidence(
    tuned: Tuned, data: TrainingData, config: Config, asked: TuneRequest
) -> dict[str, Any]:
    gain, best = tuned.gain, tuned.found.best
    return {
        "metric": f"NDCG@{config.items.at_k}",
        "data": data.fingerprint,
        "seed": asked.seed,
        "searched_windows": asked.windows,
        "window_days": config.items.test_days,
        "confirmed_from": _day(tuned.window_start),
        "in_force": {"searched": tuned.found.present, "confirmed": tuned.before},
        "best": None
        if best is None
        else {"searched": best.figure, "confirmed": tuned.after, "values": best.values},
        "gain": None
        if gain is None
        else {"value": gain.value, "low": gain.low, "high": gain.high, "users": gain.n},
        "written": tuned.better,
        "trials": [_plain(trial) for trial in tuned.found.trials],
    }


def _in_short(evidence: Mapping[str, Any]) -> str:
    gain, before, after = evidence["gain"], evidence["in_force"], evidence["best"]
    return (
        f"{evidence['metric']} {before['confirmed']:.4f} to {after['confirmed']:.4f}, "
        f"{gain['value']:+.4f} [{gain['low']:+.4f}, {gain['high']:+.4f}] over {gain['users']} "
        f"users from {evidence['confirmed_from']}; {len(evidence['trials'])} trials, "
        f"seed {evidence['seed']}, data {evidence['data'][:12]}"
    )


def _plain(trial: Trial) -> dict[str, Any]:
    values: Values = trial.values
    return {"number": trial.number + 1, "figure": trial.figure, "values": dict(values)}


def _signed(gain: Estimate) -> str:
    return f"{gain.value:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}]"


def _day(at: int) -> str:
    return f"{moment(at):%Y-%m-%d}"
