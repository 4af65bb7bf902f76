"""How likely a user is to churn, as answers say it."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from api.messages import climb
from api.messages.climb import About, Rung, RungReason, Trail
from api.messages.message import Message, Probability, told
from recsys.churn.risk import Band, ChurnRisk
from recsys.ladder import Climb


class ChurnReason(Message, frozen=True):
    """What moves the risk, and by how much on the scale of log odds."""

    group: Annotated[str, Meta(examples=["recency"])]
    words: str
    contribution: float


class Churn(Message, frozen=True):
    """How likely the user is to churn within the horizon."""

    p: Probability | None
    low: Probability | None
    high: Probability | None
    band: Band | None
    score: Annotated[
        Annotated[float, Meta(ge=0, le=100)] | None,
        told("percentile among known active users"),
    ]
    horizon_days: int | None
    reasons: list[ChurnReason]
    rung: Rung
    rung_reason: RungReason
    trail: Trail

    @classmethod
    def of(cls, found: Climb[ChurnRisk], *, explain: bool) -> Churn:
        """Return how likely to churn; `p` is null when every rung failed."""
        risk, trail = found.answer, climb.trail(found, explain=explain)
        if risk is None:
            return cls(None, None, None, None, None, None, [], found.rung, found.reason, trail)
        return cls(
            risk.p,
            risk.low,
            risk.high,
            risk.band,
            risk.score,
            risk.horizon_days,
            _reasons(risk) if explain else [],
            found.rung,
            found.reason,
            trail,
        )


class ChurnAnswer(About, frozen=True):
    """How likely to churn."""

    churn: Churn


def _reasons(risk: ChurnRisk) -> list[ChurnReason]:
    """Return what moves the risk, the strongest first."""
    both = (*risk.reasons_for, *risk.reasons_against)
    ranked = sorted(both, key=lambda reason: -abs(reason.contribution))
    return [ChurnReason(each.group, each.words, each.contribution) for each in ranked]
