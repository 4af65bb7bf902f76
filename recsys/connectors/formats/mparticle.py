"""mParticle: a batch holds events, and a product action holds products."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def record(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a batch with one part for each event, or for each of its products."""
    events = given.get("events")
    parts = [part for one in events for part in _parts(one)] if isinstance(events, list) else []
    return {**{name: value for name, value in given.items() if name != "events"}, "parts": parts}


def _parts(event: object) -> Iterator[Any]:
    if not isinstance(event, dict):
        yield event
        return
    action = (event.get("data") or {}).get("product_action") or {}
    products = action.get("products") or [None]
    yield from ({**event, "product": product or {}} for product in products)
