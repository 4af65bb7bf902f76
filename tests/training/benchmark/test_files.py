"""The files of the list protocols."""

from collections.abc import Callable
from pathlib import Path

import pytest

from recsys.errors import UnreadableFile
from training.benchmark.files import read_baskets, read_sequences

Write = Callable[..., Path]


@pytest.fixture(name="file")
def _file(tmp_path: Path) -> Write:
    def write(content: bytes, name: str = "train.txt") -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


def test_a_line_is_a_user_and_its_items(file: Write) -> None:
    assert read_baskets(file(b"7 1 2\n3\n\n9 2\n")) == {"7": ["1", "2"], "3": [], "9": ["2"]}


def test_pairs_and_sequences_a_line_read_the_same(file: Write) -> None:
    pairs = read_sequences(file(b"a 1\nb 5\na 2\na 1\n"))
    lines = read_sequences(file(b"a 1 2 1\nb 5\n", "lines.txt"))
    assert pairs == lines == {"a": ["1", "2", "1"], "b": ["5"]}


def test_a_sequence_without_items_is_refused(file: Write) -> None:
    with pytest.raises(UnreadableFile, match="user 'a' has no items"):
        read_sequences(file(b"a\n"))


@pytest.mark.parametrize(
    "line",
    [b"196\t242\t3\t881250949\n", b"a tea 4.5 1260759144.0\n", b"a tea 1260759144000\n"],
)
def test_ratings_with_times_are_not_taken_for_baskets(file: Write, line: bytes) -> None:
    with pytest.raises(UnreadableFile, match="user item rating timestamp"):
        read_sequences(file(line * 3))
    with pytest.raises(UnreadableFile, match="user item rating timestamp"):
        read_sequences(file(b"user_id:token item_id:token timestamp:float\n" + line))


@pytest.mark.parametrize(
    "lines",
    [
        b"a 1 2 881250949\nb 3 881250949\nb 7\n",
        b"a 1 2 3\nb 4 5 6\n",
        b"a 881250949\n",
        b"a b tea\n",
    ],
)
def test_sequences_of_items_that_are_numbers_are_not_taken_for_ratings(
    file: Write, lines: bytes
) -> None:
    assert read_sequences(file(lines))["a"][-1] in lines.decode()
