"""The report: complete, self-contained, honest about what was not measured."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from recsys.bundle import Manifest
from recsys.ladder import Question, RungName
from recsys.storage.models.store import ModelStore
from tests.training.test_pipeline import opened, quick, trained
from tests.worlds import World
from training import summary
from training.gate import GateVerdict
from training.pipeline import TrainingRun
from training.report import page
from training.report.items import context_told


@pytest.fixture(scope="module")
def shop(built_world: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The small shop."""
    return built_world.copy(tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def models_dir(shop: World) -> Path:
    """Where its models are."""
    return Path(shop.config.storage.models_dir)


@pytest.fixture(scope="module")
def outcome(shop: World) -> TrainingRun:
    """A run on it."""
    with opened(shop.config) as log:
        return trained(quick(shop.config), log)


@pytest.fixture(scope="module")
def registered(outcome: TrainingRun, models_dir: Path) -> Manifest:
    """Its manifest, as the store gives it back."""
    return ModelStore(models_dir).show(outcome.version).manifest


@pytest.fixture(scope="module")
def text(outcome: TrainingRun, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Its report."""
    file = tmp_path_factory.mktemp("drawn") / "deep" / "report.html"
    page.write(outcome, file)
    return file.read_text(encoding="utf-8")


def test_the_report_needs_nothing_but_itself(text: str) -> None:
    assert "<script" not in text
    assert not re.findall(r'(?:src|href)="https?:', text)
    assert "<link" not in text


def test_every_rung_of_every_question_is_in_the_report_with_its_verdict(
    outcome: TrainingRun, text: str
) -> None:
    for verdicts in outcome.manifest.verdicts.values():
        for verdict in verdicts.values():
            assert verdict.why in text


GAIN = {"value": 0.01, "low": 0.005, "high": 0.015, "n": 100}
CHOSEN = {"weight": 1.0, "session_weight": 0.0, "gain": GAIN, "session_gain": None}
TESTED = {"value": 0.02, "low": -0.01, "high": 0.05, "n": 90}


@pytest.mark.parametrize(
    ("context", "told"),
    [
        ({"chosen": None, "cells": [], "gain": None}, "say nothing of what is taken"),
        ({"chosen": CHOSEN, "cells": [], "gain": None}, "not clearly, so no answer listens"),
        ({"chosen": {**CHOSEN, "gain": None}, "cells": [], "gain": None}, "nothing measurable"),
        ({"chosen": CHOSEN, "cells": ["device:mobile"], "gain": TESTED},
         "+0.01 at the begin of a visit; on the test window +0.02. It knows device:mobile."),
    ],
)  # fmt: skip
def test_it_says_whether_the_context_counts(context: dict[str, Any], told: str) -> None:
    assert told in context_told(context, figure=lambda gain: f"{gain['value']:+}")


def test_the_context_is_in_the_report(text: str) -> None:
    assert "Device, placement and hour" in text or "listening to the occasion gained" in text


def test_what_is_simulated_is_said(text: str) -> None:
    assert "Simulated, not observed: messages" in text


def test_every_question_is_drawn(text: str) -> None:
    for words in (
        "NDCG@5 by rung and length of history",
        "Calibration on held-out users",
        "How many churners are reached",
        "Response by channel and segment",
        "What a retention campaign earns by how many it addresses",
        "How long users stay away before they come back",
        "Where users stand: recency in fifths upwards",
        "The life of users from one period of",
    ):
        assert words in text
    assert text.count("<svg") >= 12


def test_what_could_not_be_measured_says_why(text: str) -> None:
    assert "The value of one_to_one was not measured: " in text
    assert re.search(r"<td>all channels</td><td>not measured: \d+ users responded through it", text)


def test_the_same_run_gives_the_same_report(
    outcome: TrainingRun, text: str, tmp_path: Path
) -> None:
    page.write(outcome, tmp_path / "again.html")
    assert (tmp_path / "again.html").read_text(encoding="utf-8") == text


def test_a_manifest_read_back_from_the_store_gives_the_same_report(
    outcome: TrainingRun, text: str, registered: Manifest, tmp_path: Path
) -> None:
    page.write(TrainingRun(outcome.version, outcome.gate, (), registered), tmp_path / "report.html")
    drawn = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert [line for line in drawn.splitlines() if "shipped" in line] == [
        line for line in text.splitlines() if "shipped" in line
    ]


def test_a_question_that_could_not_be_measured_says_so(
    outcome: TrainingRun, tmp_path: Path
) -> None:
    unmeasured = dict(outcome.manifest.metrics)
    unmeasured[Question.CHURN] = {**unmeasured[Question.CHURN], "models": {}}
    unmeasured[Question.CHANNEL] = {**unmeasured[Question.CHANNEL], "decisions": 0}
    unmeasured[Question.ITEMS] = {**unmeasured[Question.ITEMS], "users": 0}
    fields = {name: getattr(outcome.manifest, name) for name in Manifest.__slots__}
    manifest = Manifest(**{**fields, "metrics": unmeasured})
    gate = GateVerdict(promote=False, why=("a test",))
    page.write(TrainingRun("v", gate, (), manifest), tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert text.count("Too little data to measure") == 3
    assert "registered, not promoted" in text


def test_the_summary_names_every_rung_and_the_fate_of_the_version(outcome: TrainingRun) -> None:
    console = Console(width=200, file=io.StringIO())
    with console.capture() as capture:
        console.print(summary.rendered(outcome))
    shown = capture.get()
    assert f"version {outcome.version}: promoted" in shown
    assert "channel (simulated)" in shown
    for rung in (RungName.SEGMENT, RungName.ONE_TO_ONE, RungName.HYPER):
        assert shown.count(rung) >= len(Question)
