"""A JSON object as a typed value: encoded, described and read back from the same declaration."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct


def told(description: str, **more: Any) -> Meta:
    """Return what is told of a member: what it means, and `more` of msgspec's constraints."""
    return Meta(description=description, **more)


class Message(Struct, frozen=True, forbid_unknown_fields=True):
    """A JSON object without members that are not declared."""


class Paged(Message, frozen=True, kw_only=True):
    """A list that comes in one piece; `next_cursor` is always null."""

    next_cursor: None = None


Version = Annotated[str, Meta(examples=["20111209-3f2a9c01b7de"])]

Instant = Annotated[str, told("ISO 8601, UTC", examples=["2011-12-09T12:50:00.000Z"])]

Probability = Annotated[float, Meta(ge=0, le=1)]

Count = Annotated[int, Meta(ge=0)]

_ENCODER = msgspec.json.Encoder(enc_hook=lambda value: value.tolist())


def dump(value: Any) -> bytes:
    """Return a message as JSON bytes; numbers of NumPy are numbers, not-a-number is null."""
    return _ENCODER.encode(value)
