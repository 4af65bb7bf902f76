"""The drawings of churn."""

from __future__ import annotations

import re

import pytest

from training.report import churn

USAGE = {
    "days": 20.0,
    "survival_days": 21.5,
    "survival_curve": [[0.0, 1.0], [10.0, 0.9], [20.0, 0.7], [60.0, 0.15]],
}


def test_labels_of_usage_intervals_stand_clear_of_any_curve() -> None:
    (drawing,) = churn._survival(USAGE)
    labels = re.findall(r'y="([\d.]+)"[^>]*>((?:usage|with)[^<]*)<', drawing.svg)
    assert [text for _, text in labels] == ["usage interval: 20 d", "with open gaps: 21.5 d"]
    (top,) = re.findall(r'<rect x="[^"]*" y="([\d.]+)"', drawing.svg)
    assert all(float(y) < float(top) for y, _ in labels)


@pytest.mark.parametrize("missing", [{"survival_curve": []}, {"days": None, "survival_days": None}])
def test_what_is_not_known_of_usage_is_not_drawn(missing: dict[str, object]) -> None:
    drawings = churn._survival({**USAGE, **missing})
    assert len(drawings) == ("days" in missing)
    assert not any("interval: " in drawing.svg for drawing in drawings)
