"""The lines of the cost curve are what they are said to be."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.bench import training_curve
from tests.bench.training import STEP, Step


def test_what_the_command_prints_is_read() -> None:
    text = "report: x\nitems: choose: 1.5 s, 0.9 s of processors, 1,250 MB at most so far\n"
    assert [Step.read(*found) for found in STEP.findall(text)] == [Step("items", 1.5, 0.9, 1_250)]


def test_measured_points_are_drawn(tmp_path: Path) -> None:
    lines = [
        {"events": n, "cpu": {"load": n / 1e4, "items": n / 1e3, "gate": 1.0}, "peak_mb": n / 1e3}
        for n in (10_000, 100_000)
    ]
    points = tmp_path / "points.jsonl"
    points.write_text("".join(json.dumps(line) + "\n" for line in lines))
    training_curve.main(points, tmp_path / "curve.png")
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")
    steps = training_curve.by_step(lines)
    assert steps["items"].tolist() == [10 / 60, 100 / 60]
    assert steps["channel, register, gate"].tolist() == [1 / 60, 1 / 60]


def test_a_base_and_what_each_event_adds_are_found_again() -> None:
    events = np.array([1e4, 1e5, 1e6])
    base, each = training_curve.base_and_each(events, 0.4 + 3e-7 * events)
    assert base == pytest.approx(0.4)
    assert each == pytest.approx(3e-7)
