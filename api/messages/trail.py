"""Which rung answered, why, and which were asked."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta

from api.messages.message import Message, told
from api.messages.reasons import Reason as Given
from api.messages.reasons import why
from recsys.ladder import Climb, Reason, RungName, Step

Rung = Annotated[RungName | None, told("null when every rung failed")]
RungReason = Annotated[str, Meta(examples=["103 different items in this user's history"])]


class TrailStep(Message):
    """A rung that was asked."""

    rung: RungName
    reason: Reason
    detail: Annotated[str, told("in English", examples=["nothing known happened since training"])]
    why: Given = None


Trail = Annotated[list[TrailStep], told("the rungs asked, highest first")]


def climbed(climb: Climb[Any], *, explain: bool) -> dict[str, Any]:
    """Return the rung that answered, why, and the rungs asked."""
    about: dict[str, Any] = {"rung": climb.rung, "rung_reason": str(climb.reason), "trail": []}
    if not explain:
        return about
    trail = [*map(trail_step, climb.trail)]
    return {**about, "trail": trail, "rung_why": why(climb.reason)}


def trail_step(step: Step) -> TrailStep:
    """Return a rung that was asked as it is told."""
    return TrailStep(step.rung, step.reason, str(step.detail), why(step.detail))
