"""What a person said, and what is held on a person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from msgspec import Meta

from api.messages.message import Count, Instant, Message, Version, told
from api.runtime.json import instant
from recsys.storage.users.consents import MARKETING, PROFILING, Consent, holding

Purpose = Literal["marketing", "profiling"]
State = Literal["granted", "denied"]
UserId = Annotated[str, Meta(examples=["12747"])]


class ConsentBody(Message, frozen=True, omit_defaults=True):
    """One thing that a user granted or denied."""

    purpose: Purpose
    state: State
    channel: Annotated[
        str | None, told("of marketing, one of channels.arms", examples=["email"])
    ] = None
    at: Annotated[
        str | int | float | None,
        told("ISO 8601, or seconds or milliseconds since 1970; now where it is missing"),
    ] = None
    basis: Annotated[str | None, Meta(examples=["consent"])] = None
    source: Annotated[str | None, Meta(examples=["newsletter form"])] = None
    text_version: Annotated[str | None, told("of the text that was agreed to")] = None


class ConsentsBody(Message, frozen=True):
    """Many things that a user granted or denied: all are recorded, or none is."""

    consents: Annotated[list[ConsentBody], Meta(min_length=1)]


class ConsentLine(Message, frozen=True, kw_only=True):
    """One line of the ledger."""

    purpose: Purpose
    channel: Annotated[str, told("of marketing; empty for profiling")]
    state: State
    at: Instant
    basis: Annotated[str, Meta(examples=["consent"])]
    source: Annotated[str, Meta(examples=["newsletter form"])]
    text_version: Annotated[str, told("of the text that was agreed to")]

    @classmethod
    def of(cls, line: Consent, **more: str) -> Self:
        """Return a line as it is told."""
        return cls(
            purpose=line.purpose,  # type: ignore[arg-type]
            channel=line.channel,
            state=line.state,  # type: ignore[arg-type]
            at=instant(line.at),
            basis=line.basis,
            source=line.source,
            text_version=line.text_version,
            **more,
        )


class ConsentAnswer(Message, frozen=True):
    """What a user granted."""

    user_id: UserId
    profiling: Annotated[bool | None, told("null: nothing was said, see privacy.profiling")]
    marketing: Annotated[dict[str, bool], told("by channel; what was never said is denied")]
    ledger: Annotated[list[ConsentLine], told("all that was said, oldest arrival first")]

    @classmethod
    def of(cls, user_id: str, ledger: Sequence[Consent], channels: Sequence[str]) -> ConsentAnswer:
        """Return what holds now, and the whole ledger."""
        holds = holding(ledger)
        return cls(
            user_id,
            holds.get((PROFILING, "")),
            {name: holds.get((MARKETING, name), False) for name in channels},
            [ConsentLine.of(line) for line in ledger],
        )


class ErasureReceipt(Message, frozen=True):
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


class HeldEvent(Message, frozen=True):
    """An event as it was logged; null: not said."""

    event_id: str
    user_id: UserId
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
    ingested_at: Instant


class HeldConsent(ConsentLine, frozen=True, kw_only=True):
    """One line of the ledger, and whose."""

    user_id: UserId


class InModel(Message, frozen=True):
    """What the serving model was trained with."""

    version: Version
    known: bool
    events: Annotated[Count, told("of those below, or of some that were pruned since")]


class HeldAnswer(Message, frozen=True):
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
    model: Annotated[InModel | None, told("null: no model serves")]
