"""Experiments that several tests use."""

from __future__ import annotations

from typing import Any

PURCHASE = {"kind": "purchase", "measure": "conversion"}

TWO_PLACEMENTS: dict[str, Any] = {
    "over": "placement",
    "placement": "home",
    "variants": [
        {"name": "as_is", "weight": 0.5},
        {"name": "tea", "weight": 0.5, "placement": "tea"},
    ],
    "primary": PURCHASE,
}


def stepping(*, over: str = "step_down", epsilon: float = 0.02) -> dict[str, Any]:
    """Return an experiment over steps."""
    return {
        "over": over,
        "epsilon": epsilon,
        "primary": {"kind": "purchase", "measure": "value"},
    }
