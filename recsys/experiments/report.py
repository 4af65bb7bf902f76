"""What an experiment found, from sums by variant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from recsys.evaluation.estimate import Estimate, NotMeasured
from recsys.experiments import verdict
from recsys.experiments.experiment import Experiment, Metric
from recsys.experiments.health import Health
from recsys.experiments.lift import Lift, absolute, relative
from recsys.experiments.looks import planned_width, sequence_width
from recsys.experiments.many import benjamini_hochberg, holm
from recsys.experiments.reading import BayesianReading, reading
from recsys.experiments.sums import Moments, Sums, cuped, plain, ratio
from recsys.experiments.verdict import Found, State

ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Compared:
    """A variant against the control, by one metric.

    Attributes
    ----------
    variant, metric, role : str
        Which; `role` is primary, guardrail or exploratory.
    control, treated : float
        Means, adjusted by what people did before.
    absolute, relative : Estimate or NotMeasured
        The difference, with an interval that holds at this look.
    p : float or None
        Of one look, adjusted: Holm's over primaries, Benjamini and Hochberg's over exploratory.
    variance_left : float
        Share of the variance that the adjustment left.
    reading : Reading or None
        A belief; it does not allow peeking by itself.
    found : Found
        What may be said.
    """

    variant: str
    metric: str
    role: str
    control: float
    treated: float
    absolute: Estimate | NotMeasured
    relative: Estimate | NotMeasured
    p: float | None
    variance_left: float
    reading: BayesianReading | None
    found: Found


@dataclass(frozen=True, slots=True)
class Report:
    """An experiment at one instant.

    Attributes
    ----------
    health : Health
        Whether it may be read.
    people : mapping of str to int
        By variant, all that were exposed.
    days, days_left : int
        Since it was started, and until the horizon.
    compared : tuple of Compared
        Every metric of every variant; none of an unhealthy experiment counts.
    """

    health: Health
    people: Mapping[str, int]
    days: int
    days_left: int
    compared: tuple[Compared, ...]

    @property
    def state(self) -> Found:
        """What may be said of the experiment: of its primary metric."""
        primary = [one.found for one in self.compared if one.role == "primary"]
        for state in (State.UNHEALTHY, State.WORSE, State.BETTER, State.WAITING, State.NOTHING):
            for found in primary:
                if found.state is state:
                    return found
        return Found(State.NO_DATA, "no data: nobody's window is over yet")


@dataclass(frozen=True, slots=True)
class ExperimentProgress:
    """How far an experiment is: days since its start, and people expected at the horizon."""

    days: int
    expected: int


def report(
    experiment: Experiment,
    sums: Mapping[str, Mapping[str, Sums]],
    health: Health,
    people: Mapping[str, int],
    moment: ExperimentProgress,
) -> Report:
    """Read an experiment.

    Parameters
    ----------
    experiment : Experiment
        What was planned.
    sums : mapping of str to mapping of str to Sums
        By the title of a metric and the variant, of people whose window is over.
    health, people, moment
        See :class:`Report` and :class:`ExperimentProgress`.
    """
    left = 0 if experiment.endless else max(0, experiment.days - moment.days)
    arms = [name for name, _ in experiment.arms]
    compared: list[Compared] = []
    for role, metrics in _roles(experiment):
        rows = [
            _compared(experiment, metric, arm, sums[metric.title], (role, left, health, moment))
            for metric in metrics
            for arm in arms[1:]
        ]
        compared += _adjusted(rows, role)
    return Report(health, people, moment.days, left, tuple(compared))


def _roles(experiment: Experiment) -> Sequence[tuple[str, Sequence[Metric]]]:
    return (
        ("primary", (experiment.primary,)),
        ("guardrail", experiment.guardrails),
        ("exploratory", experiment.others),
    )


def _compared(
    experiment: Experiment,
    metric: Metric,
    arm: str,
    sums: Mapping[str, Sums],
    now: tuple[str, int, Health, ExperimentProgress],
) -> Compared:
    role, left, health, moment = now
    control_name = experiment.arms[0][0]
    both = sums.get(control_name, Sums()), sums.get(arm, Sums())
    control, treated, variance_left = _moments(both, metric)
    difference, share = absolute(control, treated), relative(control, treated)
    width = _width(experiment, role, both[0].n + both[1].n, moment)
    told = _estimate(share, width)
    return Compared(
        arm, metric.title, role, control.mean, treated.mean, _estimate(difference, width), told,
        None if isinstance(difference, NotMeasured) else difference.p,
        variance_left,
        None if isinstance(share, NotMeasured) else reading(share),
        verdict.found(
            _estimate(difference, width) if isinstance(share, NotMeasured) else told,
            complaints=health.complaints, days_left=left, mde=experiment.mde,
            up_is_good=metric.up_is_good,
        ),
    )  # fmt: skip


def _moments(of: tuple[Sums, Sums], metric: Metric) -> tuple[Moments, Moments, float]:
    if min(one.n for one in of) < 2:
        return Moments(of[0].n, 0.0, 0.0), Moments(of[1].n, 0.0, 0.0), 1.0
    if metric.per:
        if min(one.d for one in of) <= 0:
            return Moments(1, 0.0, 0.0), Moments(1, 0.0, 0.0), 1.0
        return ratio(of[0]), ratio(of[1]), 1.0
    if of[0].xx + of[1].xx == 0:
        return plain(of[0]), plain(of[1]), 1.0
    return cuped(of)


def _width(experiment: Experiment, role: str, n: int, moment: ExperimentProgress) -> float:
    """Return the standard errors to each side, for all variants together."""
    alpha = ALPHA / (len(experiment.arms) - 1)
    if role == "guardrail" or experiment.endless:
        return sequence_width(max(1, n), max(1, moment.expected), alpha=alpha)
    return planned_width(min(1.0, moment.days / experiment.days), experiment.looks, alpha=alpha)


def _estimate(lift: Lift | NotMeasured, width: float) -> Estimate | NotMeasured:
    return lift if isinstance(lift, NotMeasured) else lift.within(width)


def _adjusted(rows: list[Compared], role: str) -> list[Compared]:
    told = [one.p for one in rows if one.p is not None]
    many = iter(holm(told) if role != "exploratory" else benjamini_hochberg(told))
    return [one if one.p is None else replace(one, p=next(many)) for one in rows]
