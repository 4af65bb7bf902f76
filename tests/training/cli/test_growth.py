"""The command line of growth."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from recsys.cli.clock import now
from recsys.data.times import DAY
from recsys.storage.database.open import open_database
from recsys.storage.events.log import EventLog
from recsys.storage.models.errors import NoChampion
from tests.recsys.storage.experiments.cases import bought
from tests.worlds import World
from training.cli.growth import app


def test_growth_is_told_and_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RECSYS_STORAGE__URL", f"sqlite:///{tmp_path}/store.db")
    database = open_database(f"sqlite:///{tmp_path}/store.db")
    events = [bought(f"u{n}", now() - ago * DAY) for n in range(9) for ago in (2, 9, 40 + n)]
    EventLog(database).append(events, now=now())
    database.close()
    page = tmp_path / "growth.html"
    result = CliRunner().invoke(app, ["--period", "7", "--html", str(page)])
    assert result.exit_code == 0, result.output
    assert "resurrected" in result.stdout
    assert "stickiness: 6.7% of 9 people" in result.stdout
    assert "promoter score: nobody answered in 90 days" in result.stdout
    assert page.read_text().count("<svg") == 2


def test_a_funnel_is_told_and_a_segment_wants_a_version_that_serves(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECSYS_STORAGE__URL", world.config.storage.url)
    monkeypatch.setenv("RECSYS_STORAGE__MODELS_DIR", world.config.storage.models_dir)
    said = ["--as-of", "2025-12-31", "--step", "view,purchase", "--within-days", "3"]
    whole = CliRunner().invoke(app, said)
    assert whole.exit_code == 0, whole.output
    assert "median hours" in whole.stdout
    assert "per session" in whole.stdout
    part = CliRunner().invoke(app, [*said, "--segment", "rfm:champions"])
    assert part.exit_code == 0, part.output
    assert part.stdout != whole.stdout
    monkeypatch.setenv("RECSYS_STORAGE__MODELS_DIR", str(world.folder / "none"))
    refused = CliRunner().invoke(app, ["--segment", "rfm:champions"])
    assert isinstance(refused.exception, NoChampion)
