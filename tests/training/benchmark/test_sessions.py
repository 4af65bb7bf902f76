"""The sessions protocol on small worlds with a known truth."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from recsys.errors import BadQuery, NothingToLearnFrom, UnreadableFile
from recsys.evaluation.metrics import NOBODY
from tests.training.benchmark.worlds import Quiet
from training.benchmark.outcome import Outcome
from training.benchmark.request import Request
from training.benchmark.sessions import run
from training.items.sessions import learning
from training.items.sessions.learning import judge

N_ITEMS = 40


def ring(rng: np.random.Generator) -> list[int]:
    """Five steps round a ring of items."""
    start = int(rng.integers(N_ITEMS))
    return [(start + step) % N_ITEMS for step in range(5)]


def noise(rng: np.random.Generator) -> list[int]:
    return [int(item) for item in rng.integers(N_ITEMS, size=5)]


def train_file(path: Path, walk: Callable[[np.random.Generator], list[int]], n: int = 400) -> Path:
    rng = np.random.default_rng(5)
    path.write_text("".join(f"{json.dumps(walk(rng))}\n" for _ in range(n)))
    return path


def settled(
    path: Path, test: Path | None = None, predict: Path | None = None, k: int = 5
) -> Outcome:
    return run(Request(path, test, k=k, predict=predict), Quiet())


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "GRID", {"memory": (1.0, 2.0)})


def test_a_list_hits_at_its_rank() -> None:
    lists = np.array([[4, 2, 9], [1, NOBODY, NOBODY], [1, 2, 3]], np.int32)
    found = judge(lists, np.array([2, NOBODY, 7], np.int32))
    assert found.hit_rate == pytest.approx(100 / 3)
    assert found.mrr == pytest.approx(100 / 6)


def test_what_follows_by_a_rule_is_found(tmp_path: Path) -> None:
    outcome = settled(train_file(tmp_path / "train", ring))
    assert outcome.figures["P@5"] > 99
    assert outcome.figures["MRR@5"] > 90
    assert outcome.counts == {"users": 400, "items": 40, "pairs": 2000}
    assert "validation" in outcome.measured_on


def test_noise_is_predicted_no_better_than_by_chance(tmp_path: Path) -> None:
    """A leak from the judged window into parts or weights would show here."""
    outcome = settled(train_file(tmp_path / "train", noise, n=1600))
    assert outcome.figures["P@5"] < 100 * 5 / N_ITEMS + 5


def test_the_test_file_is_measured_and_predicted(tmp_path: Path) -> None:
    train = train_file(tmp_path / "train", ring)
    test, lists = tmp_path / "test", tmp_path / "lists.csv"
    lines = [{"prefix": [3, 4], "target": 5}, {"prefix": [8], "target": 999}]
    test.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    outcome = settled(train, test, lists)
    assert outcome.figures["P@5"] == 50.0
    with lists.open() as file:
        found = list(csv.DictReader(file))
    assert found[0] == {"user": "1", "rank": "1", "item": "5"}
    assert {row["user"] for row in found} == {"1", "2"}


def test_the_same_seed_gives_the_same_figures(tmp_path: Path) -> None:
    train = train_file(tmp_path / "train", noise)
    assert settled(train).figures == settled(train).figures


def test_predictions_need_prefixes(tmp_path: Path) -> None:
    train = train_file(tmp_path / "train", ring)
    with pytest.raises(BadQuery, match="--test"):
        settled(train, predict=tmp_path / "lists.csv")


def test_a_handful_of_sessions_is_too_few(tmp_path: Path) -> None:
    with pytest.raises(NothingToLearnFrom, match="100"):
        settled(train_file(tmp_path / "train", ring, n=20))


def test_a_broken_test_file_is_told_before_anything_is_learnt(tmp_path: Path) -> None:
    begun = []

    class Noted(Quiet):
        def begin(self, step: str) -> None:
            begun.append(step)

    test = tmp_path / "test"
    test.write_text('{"prefix": [1]}\n')
    asked = Request(train_file(tmp_path / "train", ring), test)
    with pytest.raises(UnreadableFile, match="line 1 lacks"):
        run(asked, Noted())
    assert begun == ["read"]
