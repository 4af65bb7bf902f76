"""All three answers about a user, and where the user belongs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta

from api.messages.channel import Channel
from api.messages.churn import Churn
from api.messages.items import ItemsAnswer
from api.messages.message import Message, told
from recsys.audience import Audience
from recsys.segments.rule import Rule


class InCohort(Message, frozen=True):
    """A cohort that the user is in."""

    name: str
    decided_by: Annotated[str, told("the leaf of its rule", examples=["vip.all[1]"])]


class Membership(Message, frozen=True, kw_only=True):
    """Where the user is now; null in none, or without consent to profiling."""

    rfm: Annotated[str | None, Meta(examples=["champions"])]
    lifecycle: Annotated[str | None, Meta(examples=["current"])]
    cluster: str | None
    cohorts: list[InCohort]

    @classmethod
    def of(cls, audience: Audience, place: int, cohorts: Mapping[str, Rule]) -> Membership:
        """Return where a person belongs: the segment of each family, and the cohorts with why."""
        found = ((name, rule, audience.decide(rule)) for name, rule in cohorts.items())
        return cls(
            **audience.segments(place),
            cohorts=[
                InCohort(name, rule.leaves[decision.leaf[place]].path)
                for name, rule, decision in found
                if decision.inside[place]
            ],
        )


class UserAnswer(ItemsAnswer, frozen=True):
    """All three answers."""

    segment: Annotated[
        str | None,
        told(
            "as of the model's snapshot, the one that rung 1 answers from; "
            "`membership` is as of now, so that the two may differ",
            examples=["rfm:champions"],
        ),
    ]
    membership: Annotated[Membership, told("as of now, with the events since training")]
    channel: Channel
    churn: Churn
