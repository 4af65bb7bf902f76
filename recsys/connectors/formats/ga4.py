"""GA4: parameters are a list of keys with values of four types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_TYPES = ("string_value", "int_value", "double_value", "float_value")


def record(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an event with its parameters by name, as ``params``."""
    return {**given, "params": dict(_pairs(given.get("event_params")))}


def _pairs(params: object) -> list[tuple[str, Any]]:
    found = []
    for one in params if isinstance(params, list) else ():
        values = one.get("value") if isinstance(one, dict) else None
        if isinstance(values, dict):
            said = (values[name] for name in _TYPES if values.get(name) is not None)
            found.append((str(one.get("key")), next(said, None)))
    return found
