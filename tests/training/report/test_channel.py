"""The channel question drawn."""

from __future__ import annotations

from training.report.channel import drawn

METRICS = {
    "decisions": 10,
    "simulated": False,
    "value_of_always": {},
    "value": {},
    "response": [],
    "calibration": [],
}
JUDGED = {
    "outcome": "purchase",
    "window_days": 7.0,
    "why": "shipped: beats popular",
    "effects": [
        {"segment": "all", "channel": "email", "value": 0.02, "low": 0.01, "high": 0.03},
        {"segment": "rfm:lost", "channel": "email", "value": 0.1, "low": 0.08, "high": 0.12},
    ],
}


def test_uplift_is_drawn_with_the_verdict_on_it() -> None:
    (drawing,) = drawn({**METRICS, "uplift": JUDGED})
    assert "email: rfm:lost" in drawing.svg
    assert "a purchase within 7 days" in drawing.svg
    assert drawing.caption.endswith("Deciding by it: shipped: beats popular.")


def test_without_uplift_there_is_nothing_to_draw_of_it() -> None:
    assert drawn(METRICS) == ()
    refused = {"outcome": "purchase", "why": "not shipped", "shipped": False}
    assert drawn({**METRICS, "uplift": refused}) == ()
