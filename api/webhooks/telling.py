"""What is told to whoever wants to know it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.messages.message import dump
from api.runtime.ids import uuid7
from api.runtime.json import instant
from recsys.storage.webhooks.endpoints import Endpoint, WebhookKind
from recsys.storage.webhooks.messages import OutgoingMessage


def new_id(at: int) -> str:
    """Return an id of a message."""
    return f"msg_{uuid7(at)}"


def message(
    to: Endpoint, kind: WebhookKind, data: Mapping[str, Any], *, at: int, message_id: str = "",
    user_id: str = "",
) -> OutgoingMessage:  # fmt: skip
    """Return what an address is told: its kind, when it came to be, and the data of it."""
    body = dump({"type": str(kind), "timestamp": instant(at), "data": dict(data)}).decode()
    return OutgoingMessage(
        message_id or new_id(at), to.webhook_id, kind, body, user_id, at, next_at=at
    )
