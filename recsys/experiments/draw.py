"""What an experiment that runs has for somebody at an instant."""

from __future__ import annotations

from dataclasses import dataclass, field

from recsys.data.times import DAY
from recsys.experiments.assignment import BUCKETS, bucket, place, ranges, slot
from recsys.experiments.experiment import KEPT, STEPPED, STEPS, Experiment

WEEK = 7 * DAY
FOREVER = 2**62
_MONDAY = 4 * DAY
"""1970-01-05 was a Monday."""


def week(at: int) -> int:
    """Return the number of the week of an instant: weeks begin on Mondays in UTC."""
    return (at - _MONDAY) // WEEK


@dataclass(frozen=True, slots=True)
class Running:
    """An experiment that was started.

    Attributes
    ----------
    experiment_id, version : str, int
        Its name, and 1, 2… each time that it was started with other weights or targets.
    experiment : Experiment
        What was saved.
    salt : str
        Of this version alone.
    since : int
        When it was started, microseconds since the epoch.
    """

    experiment_id: str
    version: int
    experiment: Experiment
    salt: str
    since: int
    _ranges: tuple[tuple[int, int], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        weights = [share for _, share in self.experiment.arms]
        object.__setattr__(self, "_ranges", ranges(weights, self.experiment.coverage))

    @property
    def key(self) -> tuple[str, int]:
        """Which version of which experiment."""
        return self.experiment_id, self.version

    def period(self, at: int) -> int:
        """Return the week of a step, from a Monday in UTC; 0 of what is drawn once for all."""
        return week(at) if self.experiment.over in STEPS else 0

    def draws_again(self, at: int) -> int:
        """Return the first instant at which people are drawn anew."""
        if self.experiment.over not in STEPS:
            return FOREVER
        return (self.period(at) + 1) * WEEK + _MONDAY

    def drawn(self, unit: str, at: int) -> str | None:
        """Return the variant of an id; None: it does not take part.

        Cost: one or two hashes, below 3 µs.
        """
        experiment = self.experiment
        if experiment.layer:
            first, last = experiment.slots
            if not first <= slot(experiment.layer, unit) < last:
                return None
        if experiment.over in STEPS:
            return self._stepped(unit, at)
        found = place(self._ranges, bucket(self.salt, unit))
        return None if found is None else experiment.variants[found].name

    def pscore(self, variant: str) -> float:
        """Return the probability of a variant for whoever takes part."""
        return dict(self.experiment.arms)[variant]

    def _stepped(self, unit: str, at: int) -> str | None:
        if bucket(self.salt, unit) >= self.experiment.coverage * BUCKETS:
            return None
        drawn = bucket(f"{self.salt}.{self.period(at)}", unit)
        return STEPPED if drawn < self.experiment.epsilon * BUCKETS else KEPT
