"""The permanent holdout: what all of it is worth, against people who get what anybody gets.

It is an experiment that never ends. Its first buckets are held out, from the lowest rung and with
nothing explored; an equal random part of all others is what they are compared with.
"""

from __future__ import annotations

from recsys.experiments.assignment import number
from recsys.experiments.draw import Running
from recsys.experiments.experiment import HOLDOUT, Experiment, Measure, Metric, Over, Variant
from recsys.ladder import RungName

HELD_OUT, ANSWERED = "held_out", "answered"


def holdout(percent: float, salt: str, *, kind: str) -> Running | None:
    """Return the holdout of so many percent of all people; None where nobody is held out.

    Parameters
    ----------
    percent : float
        In [0, 10]. More of it moves nobody who is held out.
    salt : str
        Another one draws anew, and is another version.
    kind : str
        The critical event: money, how many and whether any are compared.
    """
    if not percent or not salt:
        return None
    experiment = Experiment(
        over=Over.ITEMS,
        variants=(
            Variant(name=HELD_OUT, weight=0.5, ceiling=RungName.POPULAR),
            Variant(name=ANSWERED, weight=0.5),
        ),
        coverage=percent / 50,
        primary=Metric(kind=kind, measure=Measure.VALUE),
        guardrails=(Metric(kind="message_unsubscribed", up_is_good=False),),
        others=(Metric(kind=kind, measure=Measure.COUNT), Metric(kind=kind)),
        window_days=0,
        endless=True,
    )
    return Running(HOLDOUT, number(salt, HOLDOUT) % 2**31, experiment, salt, since=0)
