"""JSON files of rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from recsys.errors import UnreadableFile
from recsys.storage.files.cohorts import read_json


def test_a_file_that_is_not_there_is_named_once(tmp_path: Path) -> None:
    path = tmp_path / "rule.json"
    with pytest.raises(UnreadableFile) as found:
        read_json(path)
    assert str(found.value) == f"cannot read {path}: No such file or directory"


def test_a_file_that_is_no_json_is_said_to_be_none(tmp_path: Path) -> None:
    path = tmp_path / "rule.json"
    path.write_text('{"all":')
    with pytest.raises(UnreadableFile, match=r"rule\.json: no JSON: "):
        read_json(path)
