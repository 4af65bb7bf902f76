"""What every answer of a ladder says: which rung, why, about whom, from which model version."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta

from api.messages.message import Instant, Message, Paged, Version, told
from recsys.ladder import Climb, Reason, RungName


class Step(Message, frozen=True):
    """A rung that was asked."""

    rung: RungName
    reason: Reason
    detail: Annotated[str, Meta(examples=["nothing known happened since training"])]


Rung = Annotated[RungName | None, told("null when every rung failed")]

RungReason = Annotated[str, Meta(examples=["103 different items in this user's history"])]

Trail = Annotated[list[Step], told("the rungs asked, highest first")]

Notes = Annotated[list[str], told("what the reader should know, such as a forced rung")]


class About(Message, frozen=True):
    """Whom an answer is about, and what made it."""

    user_id: str
    model_version: Version
    generated_at: Instant
    notes: Notes


class Listed(Paged, frozen=True):
    """Which items, which rung answered and why, from which model version."""

    recommendation_id: Annotated[str, told("for attribution: send it with later events")]
    model_version: Version
    generated_at: Instant
    notes: Notes
    rung: Rung
    rung_reason: RungReason
    trail: Trail


def trail(climb: Climb[Any], *, explain: bool) -> list[Step]:
    """Return the rungs asked, highest first; none where no reasons are wanted."""
    return [Step(s.rung, s.reason, s.detail) for s in climb.trail] if explain else []
