"""What a person said, what tools say of a person, and what is held."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta

from api.messages.message import (
    Asked,
    Count,
    Instant,
    Message,
    UserId,
    Version,
    instant_or_none,
    told,
)
from recsys.storage.users.consents import Consent

Purpose = Literal["marketing", "profiling"]
State = Literal["granted", "denied"]
Basis = Annotated[str, Meta(examples=["consent"])]
Source = Annotated[str, Meta(examples=["newsletter form"])]
TextVersion = Annotated[str, told("of the text that was agreed to", examples=["2026-01"])]
At = Annotated[
    str | int | float | None,
    told("ISO 8601, or seconds or milliseconds since 1970; now where it is missing"),
]


class ConsentBody(Asked):
    """One thing that a user granted or denied."""

    purpose: Purpose
    state: State
    channel: Annotated[
        str | None, told("of marketing, one of channels.arms", examples=["email"])
    ] = None
    at: At = None
    basis: Basis | None = None
    source: Source | None = None
    text_version: TextVersion | None = None


class ConsentsBody(Asked):
    """Many things that a user granted or denied: all are recorded, or none is."""

    consents: Annotated[list[ConsentBody], Meta(min_length=1)]


class ConsentLine(Message):
    """One line of the ledger."""

    purpose: Purpose
    channel: Annotated[str, told("of marketing; empty for profiling")]
    state: State
    at: Instant
    basis: Basis
    source: Source
    text_version: TextVersion


class HeldConsent(ConsentLine):
    """One line of the ledger, and whose."""

    user_id: UserId


class ConsentAnswer(Message):
    """What a user granted."""

    user_id: UserId
    profiling: Annotated[bool | None, told("null: nothing was said, see privacy.profiling")]
    marketing: Annotated[dict[str, bool], told("by channel; what was never said is denied")]
    ledger: Annotated[list[ConsentLine], told("all that was said, oldest arrival first")]


class ErasureReceipt(Message):
    """What was erased of a user; asked again, the same."""

    receipt_id: str
    user_id: UserId
    erased_at: Instant
    removed: Annotated[
        dict[str, int],
        told(
            "rows by table; `aliases`: further ids of the same person",
            examples=[{"events": 214, "users": 1, "consents": 3, "decisions": 8, "aliases": 1}],
        ),
    ]


class UnmergeAnswer(Message):
    """A merge that was undone."""

    user_id: Annotated[str, told("who is a user of their own again")]
    former_owner: Annotated[str, told("who the id was one with")]
    events: Annotated[int, told("logged under the id, and its own again")]
    decisions: int


class HeldEvent(Message):
    """An event as it was logged; null: not said."""

    event_id: str
    user_id: UserId
    sent_as: Annotated[str, told("the id under which it was sent")]
    kind: str
    at: Instant
    item_id: str | None
    quantity: float
    value: float | None
    order_id: str | None
    channel: str | None
    ref: str | None
    pscore: float | None
    properties: dict[str, Any] | None
    simulated: bool
    source: str
    machine: bool
    anonymous: Annotated[bool, told("whether it was sent for a device, not for a user")]
    ingested_at: Instant


class InModel(Message):
    """What the serving model was trained with."""

    version: Version
    known: bool
    events: Annotated[Count, told("of those below, or of some that were pruned since")]


class HeldAnswer(Message):
    """Everything that is held on a user."""

    user_id: UserId
    exported_at: Instant
    erased_at: Annotated[str | None, told("null: not erased")]
    former_ids: Annotated[list[str], told("further ids that are the same person")]
    traits: dict[str, str]
    timezone: str
    events: list[HeldEvent]
    consents: list[HeldConsent]
    decisions: Annotated[list[dict[str, Any]], told("as logged, with what was looked at")]
    lists: Annotated[list[dict[str, Any]], told("that placements showed")]
    exposures: Annotated[list[dict[str, Any]], told("items of lists that were seen or clicked")]
    experiments: Annotated[list[dict[str, Any]], told("variants of experiments that were had")]
    statements: Annotated[list[dict[str, Any]], told("what tools said: traits, outcomes")]
    model: Annotated[InModel | None, told("null: no model serves")]


def line(consent: Consent, kind: type[ConsentLine] = ConsentLine) -> Any:
    """Return one line of the ledger as it is told."""
    return kind.copy_of(consent, at=instant_or_none(consent.at))


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
