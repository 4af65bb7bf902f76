"""What may be said of a metric, in words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from recsys.evaluation.estimate import Estimate, NotMeasured


class State(StrEnum):
    """What is known of a variant against the control."""

    UNHEALTHY = "unhealthy"
    NO_DATA = "no_data"
    WAITING = "waiting"
    BETTER = "better"
    WORSE = "worse"
    NOTHING = "nothing_above_mde"


@dataclass(frozen=True, slots=True)
class Found:
    """A state, and a sentence on it."""

    state: State
    words: str


def found(
    lift: Estimate | NotMeasured,
    *,
    complaints: tuple[str, ...] = (),
    days_left: int = 0,
    mde: float,
    up_is_good: bool = True,
) -> Found:
    """Say what may be said of a lift whose interval is valid at this look.

    Parameters
    ----------
    lift : Estimate or NotMeasured
        Treated less control, in the unit of `mde`.
    complaints : tuple of str
        Why the experiment is unhealthy: then nothing else is said.
    days_left : int
        Until the horizon; 0 at and after it.
    mde : float
        The smallest effect that the experiment was planned to see.
    up_is_good : bool
        Whether more of the metric is better.
    """
    if complaints:
        return Found(State.UNHEALTHY, f"unhealthy: {'; '.join(complaints)}")
    if isinstance(lift, NotMeasured):
        return Found(State.NO_DATA, f"no data: {lift.why}")
    if lift.has_width and (lift.low > 0 or lift.high < 0):
        better = (lift.low > 0) == up_is_good
        return Found(State.BETTER, "better") if better else Found(State.WORSE, "worse")
    if days_left > 0:
        return Found(State.WAITING, f"{days_left} days left")
    return Found(State.NOTHING, f"nothing above {mde:.1%}")
