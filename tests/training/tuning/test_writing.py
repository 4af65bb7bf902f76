"""Settings into the file of the user, who keeps the rest of it."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from recsys.config import parse
from tests.training.tuning.worlds import GOOD
from training.tuning.space import applied
from training.tuning.writing import changed, put, put_evidence

MINE = """# Our shop.

[data]
timezone = "Europe/London"   # where we are

[items]
at_k = 10  # as many as the page shows
half_life_days = 14.0

[items.model]
alpha = 3.0  # by hand

# Looks matter little.
[kinds.view]
weight = 0.1
"""


def test_other_keys_comments_and_order_stay() -> None:
    text = changed(MINE, {"items.half_life_days": 30.5}, why="better")
    assert text == MINE.replace("half_life_days = 14.0", "half_life_days = 30.5 # tuned: better")


def test_a_comment_of_ones_own_stays_behind_a_changed_key() -> None:
    text = changed(MINE, {"items.model.alpha": 9.0}, why="better")
    assert "alpha = 9.0 # by hand\n" in text


def test_the_evidence_of_an_earlier_search_makes_way_for_the_new() -> None:
    first = changed(MINE, {"items.half_life_days": 30.5}, why="first")
    assert changed(first, {"items.half_life_days": 40.0}, why="second").count("tuned:") == 1


@pytest.mark.parametrize("text", ["", MINE, 'items.at_k = 10\n[kinds."list.view"]\nweight = 1.0\n'])
def test_what_is_written_is_what_is_read(text: str) -> None:
    values = {**GOOD, "kinds.list.view.cap": 2.0, "kinds.view.weight": 0.2}
    written = changed(text, values, why="better")
    before = parse(tomllib.loads(text or '[kinds."list.view"]\n'), {})
    if "list.view" not in before.kinds:
        before = parse({**tomllib.loads(text), "kinds": {"view": {}, "list.view": {}}}, {})
    assert parse(tomllib.loads(written), {}) == applied(before, values)


def test_a_missing_file_is_made(tmp_path: Path) -> None:
    put(tmp_path / "recsys.toml", GOOD, why="better")
    text = (tmp_path / "recsys.toml").read_text(encoding="utf-8")
    assert text.startswith("[items.model]\n")
    assert parse(tomllib.loads(text), {}).items.model.factors == 8


def test_the_folder_of_the_evidence_is_made(tmp_path: Path) -> None:
    put_evidence(tmp_path / "reports" / "tuning.json", {"written": False})
    assert (tmp_path / "reports" / "tuning.json").read_bytes() == b'{\n  "written": false\n}\n'
