"""Rungs of items that are on trial, as experiments that run."""

from __future__ import annotations

from collections.abc import Mapping

from recsys.experiments.experiment import LONGEST_DAYS, Experiment, Metric, Over
from recsys.ladder import RungName, Standing, Verdict
from recsys.storage.database.interface import Database
from recsys.storage.experiments.store import ExperimentStore

HALF = 0.5


def begin(
    database: Database, verdicts: Mapping[RungName, Verdict], *, kind: str, at: int
) -> tuple[str, ...]:
    """Start an experiment for each rung that is on trial and never was, and return their names.

    It gives the rung to a random half of the people that it is on trial for, drawn anew each week,
    and notes who took part with which pscore. One that was stopped or decided stays as it is.

    Parameters
    ----------
    database : Database
        Where experiments are kept.
    verdicts : mapping of RungName to Verdict
        On the rungs of items.
    kind : str
        What a good list leads to.
    at : int
        Now (microseconds).
    """
    store, begun = ExperimentStore(database), []
    known = store.all()
    for rung, verdict in verdicts.items():
        name = f"trial-{rung}"
        on_trial = any(each.standing is Standing.TRIAL for each in verdict.by_kind.values())
        if not on_trial or name in known:
            continue
        store.plan(name, _experiment(rung, kind), at=at)
        store.start(name, at=at)
        begun.append(name)
    return tuple(begun)


def _experiment(rung: RungName, kind: str) -> Experiment:
    return Experiment(
        over=Over.STEP_UP,
        rung=rung,
        trial=True,
        epsilon=HALF,
        primary=Metric(kind=kind),
        days=LONGEST_DAYS,
    )
