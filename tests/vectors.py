"""What `recsys.js` and the Python client say alike: calls, and the requests that come of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

VECTORS: dict[str, Any] = json.loads(Path(__file__).with_suffix(".json").read_text("utf-8"))

MADE = frozenset({"messageId", "timestamp", "anonymousId"})
"""Members that are made anew for each event, or by pages only."""

MOST_BYTES = 32_000
"""What a browser sends at once."""


def said(event: dict[str, Any]) -> dict[str, Any]:
    """Return what a vector says of an event."""
    return {name: value for name, value in event.items() if name not in MADE}
