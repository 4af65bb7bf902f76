"""Rungs that lose online: taken out once a step down is over, and put back by people only."""

from __future__ import annotations

from collections.abc import Mapping

from recsys.data.times import DAY
from recsys.experiments.experiment import Over
from recsys.storage.experiments.store import ExperimentStore, SavedExperiment


def is_due(saved: SavedExperiment, *, now: int) -> bool:
    """Return whether an experiment is a step down whose days are over."""
    experiment, since = saved.experiment, saved.since
    if experiment.over is not Over.STEP_DOWN or experiment.simulated or since is None:
        return False
    until = now if saved.until is None else saved.until
    return until - since >= experiment.days * DAY


def settle(store: ExperimentStore, saved: SavedExperiment, *, now: int) -> Mapping[str, str]:
    """Take the rungs out that lose by an experiment that is due, and return them with why.

    Nothing is taken out by an unhealthy experiment, nor twice by the same one: who puts a rung back
    knows better.

    Raises
    ------
    StoreUnavailable
        The store cannot be read or written.
    """
    # Both load scipy, which a service needs only here.
    from recsys.storage.experiments import outcomes, steps

    if not is_due(saved, now=now):
        return {}
    if outcomes.read(store.database, saved, now=now).health.complaints:
        return {}
    lost = steps.losing(steps.lifts(store.database, saved, now=now))
    new = {rung: why for rung, why in lost.items() if not store.was_removed(rung, by=saved.salt)}
    for rung, why in new.items():
        store.remove(rung, why, by=saved.salt, at=now)
    return new
