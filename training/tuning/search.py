"""The search: a budget of trials and minutes, seeded, kept on disk after every trial.

Tree-structured Parzen estimators (Bergstra et al. 2011), as Optuna has them.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import optuna
import orjson
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from recsys.config import Config
from training.data import TrainingData
from training.tuning.judging import judged
from training.tuning.space import Space, Values, applied, present

MOST_USERS = 1_000
"""Users judged in a window of the search."""
STARTUP = 5
"""Trials before any is given up after its first window."""


@dataclass(frozen=True, slots=True)
class SearchBudget:
    """When the search ends: after so many trials, or when so much time is over.

    Attributes
    ----------
    trials : int
        In all, those of a resumed search included.
    seconds : float
        Of this run; the trial at hand is finished.
    """

    trials: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Trial:
    """One setting of everything and the mean NDCG it came to; None where it was given up."""

    number: int
    values: Values
    figure: float | None


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What the search came to.

    Attributes
    ----------
    present : float
        Mean NDCG of the configuration in force, over the windows searched on.
    trials : tuple of Trial
        In the order they were tried.
    """

    present: float
    trials: tuple[Trial, ...]

    @property
    def best(self) -> Trial | None:
        """The best trial; None where no trial was finished."""
        finished = [trial for trial in self.trials if trial.figure is not None]
        return max(finished, key=lambda trial: trial.figure or 0.0, default=None)


class Study:
    """A search over windows of some data, on disk.

    Parameters
    ----------
    windows : sequence of TrainingData
        Each ends where one of its windows ends.
    config : Config
        In force.
    seed : int
        Of what is tried.
    folder : Path
        Keeps one file for each combination of data, configuration and seed.
    """

    def __init__(
        self, windows: Sequence[TrainingData], config: Config, *, seed: int, folder: Path
    ) -> None:
        self._windows, self._config, self._seed = windows, config, seed
        self._space = Space.of(windows[0].interactions, config)
        self.file = folder / f"{_identity(windows, config, seed)}.journal"

    def run(
        self,
        budget: SearchBudget,
        *,
        clock: Callable[[], float],
        progress: Callable[[str], None],
        finished: Callable[[Trial], None],
        resume: bool,
    ) -> SearchResult:
        """Try settings until the budget is used up.

        The same data, configuration, seed and number of trials in one run come to the same.

        Parameters
        ----------
        budget : SearchBudget
            At least one trial is made.
        clock : callable
            Seconds that go by.
        progress : callable
            Told in words what is being tried.
        finished : callable
            Told of each trial.
        resume : bool
            Go on with what the file holds; False starts anew.
        """
        if not resume:
            self.file.unlink(missing_ok=True)
        began = clock()
        study = self._opened()
        reference = self._reference(study, progress)
        done = len(study.get_trials(deepcopy=False, states=_DONE))
        while done < budget.trials:
            self._try(study, _told(progress, study, budget.trials))
            done += 1
            finished(list(self._trials(study))[-1])
            if clock() - began > budget.seconds:
                break
        return SearchResult(reference, tuple(self._trials(study)))

    def _opened(self) -> optuna.Study:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        storage = JournalStorage(JournalFileBackend(str(self.file)))
        study = optuna.create_study(
            storage=storage,
            study_name="items",
            direction="maximize",
            load_if_exists=True,
            pruner=optuna.pruners.MedianPruner(n_startup_trials=STARTUP),
        )
        for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            study.tell(trial.number, state=TrialState.FAIL)  # it was interrupted
        # A resumed search must not draw again what its first run drew.
        study.sampler = optuna.samplers.TPESampler(seed=self._seed + len(study.trials))
        return study

    def _reference(self, study: optuna.Study, progress: Callable[[str], None]) -> float:
        """Return the figure of the configuration in force; what it stands for is tried first."""
        known = study.user_attrs.get("present")
        if known is not None:
            return float(known)
        scores = [
            judged(
                seen,
                self._config,
                progress=lambda what: progress(f"the settings in force: {what}"),
                most_users=MOST_USERS,
            )
            for seen in self._windows
        ]
        values = present(self._space, self._config, scores[0].choice)
        study.enqueue_trial(self._space.parameters(values))
        figure = _mean([float(score.ndcg.mean()) for score in scores])
        study.set_user_attr("present", figure)
        return figure

    def _try(self, study: optuna.Study, progress: Callable[[str], None]) -> None:
        trial = study.ask()
        config = applied(self._config, self._space.drawn(trial))
        figures: list[float] = []
        for place, seen in enumerate(self._windows):
            score = judged(seen, config, progress=progress, most_users=MOST_USERS)
            figures.append(float(score.ndcg.mean()))
            trial.report(figures[-1], place)
            if place + 1 < len(self._windows) and trial.should_prune():
                study.tell(trial, state=TrialState.PRUNED)
                return
        study.tell(trial, _mean(figures))

    def _trials(self, study: optuna.Study) -> Iterator[Trial]:
        for trial in study.get_trials(deepcopy=False, states=_DONE):
            whole = trial.state is TrialState.COMPLETE
            fixed = optuna.trial.FixedTrial(trial.params)
            with warnings.catch_warnings():
                # What was tried first may lie at a bound, which a fixed trial remarks on.
                warnings.simplefilter("ignore", UserWarning)
                values = self._space.drawn(fixed)
            yield Trial(trial.number, values, trial.value if whole else None)


_DONE = (TrialState.COMPLETE, TrialState.PRUNED)


def _told(
    progress: Callable[[str], None], study: optuna.Study, trials: int
) -> Callable[[str], None]:
    done = study.get_trials(deepcopy=False, states=_DONE)
    figures = [trial.value for trial in done if trial.value is not None]
    best = f"best {max(figures):.4f}" if figures else "none finished"
    return lambda what: progress(f"trial {len(done) + 1} of {trials}, {best}: {what}")


def _identity(windows: Sequence[TrainingData], config: Config, seed: int) -> str:
    said = (
        [(seen.fingerprint, seen.interactions.end) for seen in windows],
        config.of_models(),
        seed,
    )
    return hashlib.sha256(orjson.dumps(said)).hexdigest()[:16]


def _mean(figures: Sequence[float]) -> float:
    return sum(figures) / len(figures)
