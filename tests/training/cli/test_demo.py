"""The demo, as far as it goes without training."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from recsys.errors import StoreUnavailable
from training.cli.demo import app


def test_the_demo_says_how_long_it_takes_before_it_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    nowhere = {"RECSYS_STORAGE__URL": f"sqlite:///{tmp_path}/file/store.db"}
    result = CliRunner().invoke(app, ["--prepare-only"], env=nowhere)
    assert isinstance(result.exception, StoreUnavailable)
    assert result.stdout == "This takes about two minutes on two cores.\n"
