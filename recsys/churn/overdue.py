"""What can be said of a user before any window has closed: a rule on the own gap."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from recsys.churn import snapshot
from recsys.churn.snapshot import PLACE
from recsys.data.kinds import Reading
from recsys.data.person import Person
from recsys.words import say

OVERDUE = 1.5
LAPSED = 2.0


class Status(StrEnum):
    """How a user stands: as usual, later than usual, or gone for long."""

    ACTIVE = "active"
    AT_RISK = "at risk"
    LAPSED = "lapsed"


SCORE = {Status.ACTIVE: 25.0, Status.AT_RISK: 62.5, Status.LAPSED: 87.5}
"""The middle of the band that each status stands for."""


@dataclass(frozen=True, slots=True)
class OverdueRule:
    """At risk from ``OVERDUE`` times the own median gap on; lapsed from twice the usage interval.

    Attributes
    ----------
    reading : Reading
        Which events are critical.
    usage_days : float
        The usage interval, or the horizon where nobody repeats.
    """

    reading: Reading
    usage_days: float

    def status(self, person: Person) -> tuple[Status, str] | None:
        """Return how a person stands and why; None without a critical event, or consent."""
        if not person.profiling:
            return None
        features = snapshot.of_user(person.events, self.reading, at=person.at + 1)
        recency = float(features[PLACE["recency_days"]])
        if np.isnan(recency):
            return None
        gap = float(features[PLACE["gap_median_days"]])
        usual = self.usage_days if np.isnan(gap) else gap
        status = self._status(recency, usual)
        kind = self.reading.critical_kind
        return status, say(
            "churn.rule", status=str(status), days=recency, kind=kind, usual=float(usual)
        )

    def _status(self, recency: float, usual: float) -> Status:
        if recency > LAPSED * self.usage_days:
            return Status.LAPSED
        return Status.AT_RISK if recency > OVERDUE * usual else Status.ACTIVE
