"""How likely to churn, and why."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, field

from api.messages.message import Message, Probability, told
from api.messages.reasons import Reason as Given
from api.messages.reasons import why
from api.messages.trail import Rung, RungReason, Trail, climbed
from recsys.churn.bands import Band
from recsys.churn.risk import ChurnRisk, RiskReason
from recsys.ladder import Climb


class ChurnReason(Message):
    """What moves the risk, and by how much on the scale of log odds."""

    group: Annotated[str, Meta(examples=["recency"])]
    words: Annotated[str, told("in English")]
    contribution: float
    why: Given = None


class Churn(Message, kw_only=True):
    """How likely the user is to churn within the horizon."""

    p: Probability | None = None
    low: Probability | None = None
    high: Probability | None = None
    band: Annotated[
        Band | None, told("low: an offer costs more than it keeps; high: it pays, and p is high")
    ] = None
    band_reason: Annotated[
        str, told("what p was held against", examples=["58% against 40% of all active users; …"])
    ] = ""
    band_why: Given = None
    base_rate: Annotated[Probability | None, told("of everybody who is active")] = None
    pays_from: Annotated[Probability | None, told("from which p on an offer pays")] = None
    score: Annotated[
        Annotated[float, Meta(ge=0, le=100)] | None, told("percentile among known active users")
    ] = None
    horizon_days: int | None = None
    reasons: list[ChurnReason] = field(default_factory=list)
    rung: Rung
    rung_reason: RungReason
    rung_why: Given = None
    trail: Trail

    @classmethod
    def climbed(cls, climb: Climb[ChurnRisk], *, explain: bool) -> Churn:
        """Return how likely to churn, for what reasons; `p` is null when every rung failed."""
        risk, about = climb.answer, climbed(climb, explain=explain)
        if risk is None:
            return cls(**about)
        against = risk.bands.because(risk.p) if explain else ""
        return cls(
            p=risk.p,
            low=risk.low,
            high=risk.high,
            band=risk.band,
            band_reason=str(against),
            band_why=why(against),
            base_rate=risk.bands.base_rate,
            pays_from=risk.bands.pays_from,
            score=risk.score,
            horizon_days=risk.horizon_days,
            reasons=[*map(_of_risk, risk.reasons)] if explain else [],
            **about,
        )


def _of_risk(reason: RiskReason) -> ChurnReason:
    group, words, contribution = reason
    return ChurnReason(group, str(words), contribution, why(words))
