"""JSON as tools write it: not quite by its rules, several values in a row, numbers with types."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import Any

import orjson

BROKEN = object()
"""What is no JSON."""

_TYPES = frozenset({"$oid", "$date", "$numberLong", "$numberInt", "$numberDouble",
                    "$numberDecimal", "$uuid"})  # fmt: skip
_BETWEEN = re.compile(r"[\s,\]]*")
_LENIENT = json.JSONDecoder(parse_constant=lambda _: None, strict=False)
"""Takes what Python and JavaScript write: ``NaN`` is nothing, a tab in a text is one."""


def load(text: bytes) -> Any:
    """Return a value, a comma behind it or not; ``BROKEN`` for what is none."""
    with suppress(orjson.JSONDecodeError):
        return orjson.loads(text)
    with suppress(ValueError, RecursionError):
        return _LENIENT.decode(text.decode().strip().removesuffix(","))
    return BROKEN


def one_after_another(content: bytes) -> list[Any] | None:
    """Return the objects that stand one after the other, commas between or not; else None."""
    text = content.decode(errors="replace").strip().removeprefix("[").lstrip()
    found, at = [], 0
    while at < len(text):
        try:
            value, at = _LENIENT.raw_decode(text, at)
        except (ValueError, RecursionError):
            return None
        if not isinstance(value, dict):
            return None
        found.append(value)
        if (between := _BETWEEN.match(text, at)) is not None:
            at = between.end()
    return found


def untyped(value: Any) -> Any:
    """Return a value without the type that MongoDB's exports wrap it in."""
    while isinstance(value, dict) and len(value) == 1 and (name := next(iter(value))) in _TYPES:
        value = value[name]
    return value
