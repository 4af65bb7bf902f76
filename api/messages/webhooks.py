"""Webhooks: where this service calls, and what became of each call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Self

from msgspec import Meta

from api.messages.message import Asked, Count, Instant, Message, instant_or_none, told
from recsys.storage.webhooks import messages
from recsys.storage.webhooks.endpoints import Endpoint, WebhookKind

WebhookId = Annotated[str, Meta(examples=["0199c2d4-7a50-7c11-9d3e-5f0f6a1b2c3d"])]
Secret = Annotated[str, Meta(examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])]


class WebhookBody(Asked):
    """Where to call, and what for."""

    url: Annotated[str, Meta(examples=["https://shop.example/recsys"])]
    kinds: Annotated[list[WebhookKind], Meta(min_length=1)]
    secret: Annotated[Secret | None, told("that signs; else one is made")] = None


class ReplayBody(Asked):
    """Which messages go again; without either all that were given up."""

    message_id: Annotated[str | None, told("one of them")] = None
    since: Annotated[str | None, told("all from a time on, ISO 8601")] = None


class WebhookMessage(Message, kw_only=True):
    """An address that is called."""

    webhook_id: WebhookId
    url: str
    kinds: list[WebhookKind]
    off: Annotated[str | None, told("why it is not called; null: it is")]
    created_at: Instant
    waiting: Count
    delivered: Annotated[Count, told("of those that are kept: data.hook_days")]
    dead: Annotated[Count, told("given up after nine further tries in four days")]

    @classmethod
    def said(cls, one: Endpoint, counts: Mapping[str, int], **more: str) -> Self:
        """Return what is told of an address."""
        return cls(
            webhook_id=one.webhook_id,
            url=one.url,
            kinds=list(one.kinds),
            off=one.off or None,
            created_at=str(instant_or_none(one.created_at)),
            waiting=counts.get(messages.MessageState.WAITING, 0),
            delivered=counts.get(messages.MessageState.DELIVERED, 0),
            dead=counts.get(messages.MessageState.DEAD, 0),
            **more,
        )


class NewWebhook(WebhookMessage, kw_only=True):
    """An address with its secret, which is told this once."""

    secret: Secret


class WebhooksAnswer(Message):
    """All addresses."""

    webhooks: list[WebhookMessage]


class TryMessage(Message):
    """One time that a message was sent."""

    at: Instant
    status: Annotated[int | None, told("null: nothing was answered")]
    ms: Count
    error: str


class SentMessage(Message, kw_only=True):
    """What an address was told, or will be."""

    message_id: Annotated[str, told("`webhook-id` of the call")]
    kind: WebhookKind
    state: messages.MessageState
    body: str
    created_at: Instant
    next_at: Annotated[Instant | None, told("null: it does not wait")]
    tries: list[TryMessage]

    @classmethod
    def of(cls, one: messages.OutgoingMessage) -> Self:
        """Return what is told of a message."""
        waits = one.state is messages.MessageState.WAITING
        return cls(
            message_id=one.message_id,
            kind=one.kind,
            state=one.state,
            body=one.body,
            created_at=str(instant_or_none(one.created_at)),
            next_at=instant_or_none(one.next_at) if waits else None,
            tries=[
                TryMessage(str(instant_or_none(each.at)), each.status, each.ms, each.error)
                for each in one.tries
            ],
        )


class SentAnswer(Message):
    """The latest messages of an address, newest first."""

    messages: list[SentMessage]


class ReplayAnswer(Message):
    """How many messages go again."""

    messages: Count
