"""What an experiment that runs has for somebody at an instant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from recsys.data.times import DAY
from recsys.experiments.assignment import BUCKETS, bucket, place, ranges, slot
from recsys.experiments.experiment import KEPT, STEPPED, STEPS, Experiment
from recsys.ladder import HEIGHT, RungName

WEEK = 7 * DAY
_MONDAY = 4 * DAY
"""1970-01-05 was a Monday."""


def week(at: int) -> int:
    """Return the number of the week of an instant: weeks begin on Mondays in UTC."""
    return (at - _MONDAY) // WEEK


def draws_again(at: int) -> int:
    """Return the first instant at which people are drawn anew for a step."""
    return (week(at) + 1) * WEEK + _MONDAY


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
    _names: tuple[str, ...] = field(init=False, repr=False, compare=False)
    _told_apart: frozenset[RungName] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        names, weights = zip(*self.experiment.arms, strict=True)
        object.__setattr__(self, "_names", names)
        object.__setattr__(self, "_ranges", ranges(weights, self.experiment.coverage))
        ceilings = [one.ceiling or RungName.HYPER for one in self.experiment.variants]
        object.__setattr__(self, "_told_apart", _told_apart(ceilings))

    @property
    def key(self) -> tuple[str, int]:
        """Which version of which experiment."""
        return self.experiment_id, self.version

    def differs_from(self, earned: RungName) -> bool:
        """Return whether the ceilings of variants tell apart who earned a rung."""
        return earned in self._told_apart

    def period(self, at: int) -> int:
        """Return the week of a step, from a Monday in UTC; 0 of what is drawn once for all."""
        return week(at) if self.experiment.over in STEPS else 0

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
        return None if found is None else self._names[found]

    def pscore(self, variant: str) -> float:
        """Return the probability of a variant for whoever takes part."""
        return dict(self.experiment.arms)[variant]

    def _stepped(self, unit: str, at: int) -> str | None:
        if bucket(self.salt, unit) >= self.experiment.coverage * BUCKETS:
            return None
        drawn = bucket(f"{self.salt}.{self.period(at)}", unit)
        return STEPPED if drawn < self.experiment.epsilon * BUCKETS else KEPT


def _told_apart(ceilings: Sequence[RungName]) -> frozenset[RungName]:
    return frozenset(
        earned
        for earned in RungName
        if len({min(HEIGHT[earned], HEIGHT[ceiling]) for ceiling in ceilings}) > 1
    )
