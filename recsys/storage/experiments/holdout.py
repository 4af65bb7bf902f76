"""The permanent holdout in a store: the configuration makes it, the first exposure begins it."""

from __future__ import annotations

from recsys.config import Config
from recsys.errors import UnknownExperiment
from recsys.experiments.draw import Running
from recsys.experiments.experiment import HOLDOUT
from recsys.experiments.holdout import holdout
from recsys.storage.database.interface import Database
from recsys.storage.experiments.store import ExperimentStatus, ExperimentStore, SavedExperiment

_FIRST = "SELECT min(at) FROM participants WHERE experiment_id = ? AND version = ?"


def configured(config: Config) -> Running | None:
    """Return the holdout that a configuration asks for; None where nobody is held out."""
    settings, kind = config.experiments, config.churn.critical_kind
    return holdout(settings.holdout_percent, settings.holdout_salt, kind=kind)


def as_saved(database: Database, running: Running) -> SavedExperiment:
    """Return the holdout as an experiment that runs since somebody was first in it.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    ((first,),) = database.read(_FIRST, running.key)
    return SavedExperiment(
        *running.key,
        ExperimentStatus.RUNNING,
        running.experiment,
        running.salt,
        "",
        first or 0,
        first,
    )


def get(database: Database, config: Config, experiment_id: str) -> SavedExperiment:
    """Return an experiment as it stands, the holdout by its own name.

    Raises
    ------
    UnknownExperiment
        There is none of that name.
    StoreUnavailable
        The store cannot be read.
    """
    store = ExperimentStore(database)
    if experiment_id != HOLDOUT:
        return store.get(experiment_id)
    if (running := configured(config)) is None:
        raise UnknownExperiment(HOLDOUT, known=store.all())
    return as_saved(database, running)


def every(database: Database, config: Config) -> dict[str, SavedExperiment]:
    """Return every experiment as it stands by name, the holdout first where people are held out.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    running = configured(config)
    first = {} if running is None else {HOLDOUT: as_saved(database, running)}
    return {**first, **ExperimentStore(database).all()}
