"""The experiments in a store: all that was ever said of each, the latest counts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from recsys.errors import ExperimentState, UnknownExperiment
from recsys.experiments.assignment import new_salt
from recsys.experiments.draw import Running
from recsys.experiments.experiment import STEPPED, Experiment, read
from recsys.ladder import RungName
from recsys.storage.database.interface import Database, Row, Writing

_COLUMNS = "experiment_id, version, status, body, salt, note, at"
_ALL = f"SELECT {_COLUMNS} FROM experiments ORDER BY seq"  # noqa: S608 - names from the code
_LAST = f"""
SELECT {_COLUMNS} FROM experiments WHERE experiment_id = ? ORDER BY seq DESC LIMIT 1
"""  # noqa: S608
_INSERT = f"INSERT INTO experiments ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
_RUNG = "rung:"
_REMOVED_BY = (
    "SELECT 1 FROM experiments WHERE experiment_id = ? AND status = ? AND salt = ? LIMIT 1"
)


class ExperimentStatus(StrEnum):
    """Where an experiment is in its life."""

    PLANNED = "planned"
    RUNNING = "running"
    STOPPED = "stopped"
    DECIDED = "decided"


@dataclass(frozen=True, slots=True)
class SavedExperiment:
    """An experiment as it stands.

    Attributes
    ----------
    experiment_id, version : str, int
        Its name, and how often it was saved differently.
    status : Status
        Where it is.
    experiment : Experiment
        What was saved.
    salt : str
        Of this version.
    note : str
        The variant that was decided for.
    at : int
        When it came to this, microseconds since the epoch.
    since, until : int or None
        When this version was started and stopped; None: not yet.
    """

    experiment_id: str
    version: int
    status: ExperimentStatus
    experiment: Experiment
    salt: str
    note: str
    at: int
    since: int | None = None
    until: int | None = None

    @property
    def running(self) -> Running | None:
        """What assigns people; None where it was never started."""
        if self.since is None:
            return None
        return Running(self.experiment_id, self.version, self.experiment, self.salt, self.since)


class ExperimentStore:
    """The experiments in an open store. Safe to use from several threads."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def all(self) -> dict[str, SavedExperiment]:
        """Return every experiment as it stands, by name.

        Raises
        ------
        StoreUnavailable
            The store cannot be read.
        """
        found: dict[str, SavedExperiment] = {}
        for row in self.database.read(_ALL):
            if not row[0].startswith(_RUNG):
                found[row[0]] = _after(found.get(row[0]), row)
        return found

    def get(self, experiment_id: str) -> SavedExperiment:
        """Return an experiment as it stands.

        Raises
        ------
        UnknownExperiment
            There is none of that name.
        StoreUnavailable
            The store cannot be read.
        """
        known = self.all()
        if experiment_id not in known:
            raise UnknownExperiment(experiment_id, known=known)
        return known[experiment_id]

    def plan(
        self, experiment_id: str, experiment: Experiment, *, at: int, salt: str | None = None
    ) -> SavedExperiment:
        """Save an experiment that is not started yet; changed, it is a new version with a new salt.

        `salt` None: a random one; a simulation may name its own.

        Raises
        ------
        ExperimentState
            It is running: stop it first.
        StoreUnavailable
            Nothing was saved.
        """
        body = json.dumps(experiment.said(), ensure_ascii=False, sort_keys=True)
        drawn_by = new_salt() if salt is None else salt
        with self.database.writing() as writing:
            last = writing.execute(_LAST, (experiment_id,)).fetchone()
            if last is None:
                row = (experiment_id, 1, ExperimentStatus.PLANNED, body, drawn_by, "", at)
            elif last[2] == ExperimentStatus.RUNNING:
                raise ExperimentState(experiment_id, last[2], "planned anew")
            elif last[2] == ExperimentStatus.PLANNED and last[3] == body:
                return self._now(writing, experiment_id)
            else:
                # People of before must not be carried over into other weights or targets.
                row = (experiment_id, last[1] + 1, ExperimentStatus.PLANNED, body, drawn_by, "", at)
            writing.execute(_INSERT, tuple(map(_plain, row)))
            return self._now(writing, experiment_id)

    def start(self, experiment_id: str, *, at: int) -> SavedExperiment:
        """Let a planned experiment run.

        Raises
        ------
        UnknownExperiment, ExperimentState
            There is none, or it is not planned.
        StoreUnavailable
            It was not started.
        """
        return self._turn(
            experiment_id, ExperimentStatus.RUNNING, {ExperimentStatus.PLANNED}, at=at
        )

    def stop(self, experiment_id: str, *, at: int) -> SavedExperiment:
        """Let nobody take part any more; raises as :meth:`start` does."""
        return self._turn(
            experiment_id, ExperimentStatus.STOPPED, {ExperimentStatus.RUNNING}, at=at
        )

    def decide(self, experiment_id: str, variant: str, *, at: int) -> SavedExperiment:
        """Note which variant won, of an experiment that was stopped or runs: it ends.

        Raises
        ------
        UnknownExperiment, ExperimentState
            There is none, it never ran, or has no such variant.
        StoreUnavailable
            It was not decided.
        """
        arms = [name for name, _ in self.get(experiment_id).experiment.arms]
        if variant not in arms:
            raise ExperimentState(experiment_id, f"about {', '.join(arms)}", f"decided: {variant}")
        started = {ExperimentStatus.RUNNING, ExperimentStatus.STOPPED}
        return self._turn(experiment_id, ExperimentStatus.DECIDED, started, at=at, note=variant)

    def removed(self) -> dict[str, str]:
        """Return the rungs that were taken out, and why.

        Raises
        ------
        StoreUnavailable
            The store cannot be read.
        """
        found: dict[str, str] = {}
        for name, _, status, _, _, note, _ in self.database.read(_ALL):
            if name.startswith(_RUNG):
                found.pop(name.removeprefix(_RUNG), None)
                if status == _REMOVED:
                    found[name.removeprefix(_RUNG)] = note
        return found

    def was_removed(self, rung: str, *, by: str) -> bool:
        """Return whether the experiment of a salt took a rung out before.

        Raises
        ------
        StoreUnavailable
            The store cannot be read.
        """
        return bool(self.database.read(_REMOVED_BY, (f"{_RUNG}{rung}", _REMOVED, by)))

    def remove(self, rung: str, why: str, *, by: str = "", at: int) -> None:
        """Take a rung out of the ladder of items until :meth:`restore`; `by`: an experiment's salt.

        Raises
        ------
        StoreUnavailable
            It stays.
        """
        self._rule(rung, _REMOVED, why, by=by, at=at)

    def restore(self, rung: str, *, at: int) -> None:
        """Put a rung back that was taken out; raises as :meth:`remove` does."""
        self._rule(rung, "restored", "", at=at)

    def last_seq(self) -> int:
        """Return a number that ascends with everything that is said, 0 before the first.

        Raises
        ------
        StoreUnavailable
            The store cannot be read.
        """
        return int(self.database.read("SELECT coalesce(max(seq), 0) FROM experiments")[0][0])

    def _rule(self, rung: str, status: str, why: str, *, by: str = "", at: int) -> None:
        with self.database.writing() as writing:
            writing.execute(_INSERT, (f"{_RUNG}{rung}", 0, status, "{}", by, why, at))

    def _turn(
        self,
        experiment_id: str,
        to: ExperimentStatus,
        of: set[ExperimentStatus],
        *,
        at: int,
        note: str = "",
    ) -> SavedExperiment:
        with self.database.writing() as writing:
            last = writing.execute(_LAST, (experiment_id,)).fetchone()
            if last is None:
                raise UnknownExperiment(experiment_id, known=())
            if last[2] not in of:
                raise ExperimentState(experiment_id, last[2], str(to))
            row = (experiment_id, last[1], str(to), last[3], last[4], note, at)
            writing.execute(_INSERT, row)
            return self._now(writing, experiment_id)

    @staticmethod
    def _now(writing: Writing, experiment_id: str) -> SavedExperiment:
        rows = writing.execute(
            f"SELECT {_COLUMNS} FROM experiments WHERE experiment_id = ? ORDER BY seq",  # noqa: S608
            (experiment_id,),
        )
        first, *later = rows.fetchall()
        saved = _after(None, first)
        for row in later:
            saved = _after(saved, row)
        return saved


_REMOVED = "removed"


def running(saved: Mapping[str, SavedExperiment]) -> tuple[Running, ...]:
    """Return those that run, in the order of their names; nobody is drawn for a simulated one."""
    found = [saved[name] for name in sorted(saved)]
    return tuple(
        one.running
        for one in found
        if one.status is ExperimentStatus.RUNNING
        and one.running is not None
        and not one.experiment.simulated
    )


def won_trials(saved: Mapping[str, SavedExperiment]) -> frozenset[RungName]:
    """Return the rungs whose trial was decided for the half that had them."""
    return frozenset(
        one.experiment.rung
        for one in saved.values()
        if one.experiment.trial
        and one.experiment.rung is not None
        and one.status is ExperimentStatus.DECIDED
        and one.note == STEPPED
    )


def _after(before: SavedExperiment | None, row: Row) -> SavedExperiment:
    name, version, status, body, salt, note, at = row
    now = SavedExperiment(
        name, version, ExperimentStatus(status), read(json.loads(body)), salt, note, at
    )
    same = before is not None and before.version == version
    since, until = (before.since, before.until) if before is not None and same else (None, None)
    if now.status is ExperimentStatus.RUNNING:
        since, until = at, None
    elif now.status is not ExperimentStatus.PLANNED and until is None:
        until = at
    return replace(now, since=since, until=until)


def _plain(value: object) -> object:
    return str(value) if isinstance(value, ExperimentStatus) else value
