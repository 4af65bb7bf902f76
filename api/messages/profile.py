"""What tools say of a user, as it is answered."""

from __future__ import annotations

from typing import Annotated

from api.messages.message import Instant, Message, UserId, told


class SaidTrait(Message):
    """A trait as one source says it."""

    name: str
    value: str
    source: Annotated[str, told("tool and kind of its file", examples=["klaviyo.profiles"])]
    at: Instant
    counts: Annotated[bool, told("whether it is the newest word")]


class SaidOutcome(Message):
    """How the user fared with the shop, as one source says it."""

    kind: Annotated[str, told("nps: 0 to 10; csat: 0 or 1; ticket: one was opened")]
    value: float
    ref: Annotated[str, told("the answer or ticket")]
    source: str
    at: Instant


class SaidConsent(Message):
    """The last word on a consent, of whichever source."""

    purpose: str
    channel: str
    state: str
    basis: str
    source: str
    at: Instant


class ProfileAnswer(Message):
    """One person, of all sources."""

    user_id: UserId
    former_ids: Annotated[list[str], told("further ids that are the same person")]
    traits: Annotated[list[SaidTrait], told("by name, the newest first; sealed ones are not told")]
    conflicts: Annotated[
        dict[str, dict[str, str]], told("traits of which sources differ: what each says")
    ]
    consents: list[SaidConsent]
    outcomes: Annotated[list[SaidOutcome], told("the newest first")]
