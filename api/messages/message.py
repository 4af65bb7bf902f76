"""A JSON object as a typed value: written, described and read by the same declaration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self

import msgspec
from msgspec import Meta, Struct

from api.runtime.json import instant


def told(description: str, **more: Any) -> Meta:
    """Return what is told of a member: what it means, and `more` of msgspec's constraints."""
    return Meta(description=description, **more)


class Message(Struct, gc=False):
    """A JSON object; whoever reads an answer of a later version passes over what is new in it.

    Messages are trees: many of them alive at once are not searched for cycles.
    """

    @classmethod
    def copy_of(cls, value: object, **more: Any) -> Self:
        """Return the message whose members are `more`, and else the attributes of `value`."""
        names = (name for name in cls.__struct_fields__ if name not in more)
        return cls(**{name: getattr(value, name) for name in names}, **more)


class Asked(Message, forbid_unknown_fields=True):
    """What a request says: a member that is not declared is a mistake."""


Version = Annotated[str, Meta(examples=["20111209-3f2a9c01b7de"])]

Instant = Annotated[str, told("ISO 8601, UTC", examples=["2011-12-09T12:50:00.000Z"])]

Probability = Annotated[float, Meta(ge=0, le=1)]

Count = Annotated[int, Meta(ge=0)]

UserId = Annotated[str, Meta(examples=["12747"])]

NoCursor = Annotated[None, told("the list is whole")]

_ENCODER = msgspec.json.Encoder(
    enc_hook=lambda value: str(value) if isinstance(value, str) else value.tolist()
)

dump = _ENCODER.encode
"""Return a message as JSON bytes; numbers of NumPy are numbers, not-a-number is null.

Reasons are texts.
"""

dump_lines = _ENCODER.encode_lines
"""Return messages as lines of JSON."""


def instant_or_none(at: int | None) -> str | None:
    """Return `at` (microseconds since the epoch) in ISO 8601; None for None."""
    return None if at is None else instant(at)


def with_instants(record: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Return a record with the times of these names in ISO 8601."""
    times = {name: instant_or_none(record[name]) for name in names if name in record}
    return {**record, **times}
