"""HubSpot: a contact names those that were merged into it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def record(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a contact with a part that says who it is, and one for each that became it."""
    merged = given.get("merged-vids") or []
    aliases = [{"call": "alias", "merged": one} for one in merged]
    rest = {name: value for name, value in given.items() if name != "merged-vids"}
    return {**rest, "parts": [{"call": "identify"}, *aliases]}
