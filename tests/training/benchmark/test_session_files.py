"""The files of the sessions protocol."""

from pathlib import Path

import pytest

from recsys.errors import UnreadableFile
from training.benchmark.session_files import UNKNOWN, TrainFile, read_test, read_train


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


@pytest.fixture(name="train")
def _train(tmp_path: Path) -> TrainFile:
    return read_train(written(tmp_path / "train.jsonl", '[7, 3, 7]\n["x", 3]\n'))


def test_items_are_numbered_in_order_of_first_sight(train: TrainFile) -> None:
    assert train.items == (7, 3, "x")
    assert [rows.tolist() for rows in train.sessions] == [[0, 1, 0], [2, 1]]


def test_unknown_items_leave_the_prefix_and_are_missed_as_targets(
    tmp_path: Path, train: TrainFile
) -> None:
    path = written(
        tmp_path / "test.jsonl",
        '{"prefix": [3, 99, 7], "target": 7}\n{"prefix": [99], "target": 98}\n',
    )
    test = read_test(path, train)
    assert [rows.tolist() for rows in test.prefixes] == [[1, 0], []]
    assert test.targets.tolist() == [0, UNKNOWN]


@pytest.mark.parametrize(
    ("text", "why"),
    [("", "no lines"), ("[1, 2]\n[3,", "line 2 is not JSON"), ('{"a": 1}\n', "line 1 is not a")],
)
def test_a_broken_train_file_says_where(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(UnreadableFile, match=why):
        read_train(written(tmp_path / "train.jsonl", text))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="nowhere"):
        read_train(tmp_path / "nowhere")


@pytest.mark.parametrize("line", ["[1, 2]", '{"prefix": [1]}', '{"prefix": 3, "target": 1}'])
def test_a_test_line_without_prefix_or_target_is_refused(
    tmp_path: Path, train: TrainFile, line: str
) -> None:
    with pytest.raises(UnreadableFile, match="line 1"):
        read_test(written(tmp_path / "test.jsonl", line), train)
