"""The files of the published protocols."""

import gzip

import pytest

from recsys.errors import UnreadableFile
from training.benchmark.files import read_baskets, read_sequences, write_predictions


@pytest.fixture(name="file")
def _file(tmp_path):
    def write(content, name="train.txt"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


def test_a_line_is_a_user_and_its_items(file):
    assert read_baskets(file(b"7 1 2\n3\n\n9 2\n")) == {"7": ["1", "2"], "3": [], "9": ["2"]}


def test_gzip_is_told_by_content(file):
    assert read_baskets(file(gzip.compress(b"7 1 2\n"))) == {"7": ["1", "2"]}


def test_pairs_and_sequences_a_line_read_the_same(file):
    pairs = read_sequences(file(b"a 1\nb 5\na 2\na 1\n"))
    lines = read_sequences(file(b"a 1 2 1\nb 5\n", "lines.txt"))
    assert pairs == lines == {"a": ["1", "2", "1"], "b": ["5"]}


def test_a_sequence_without_items_is_refused(file):
    with pytest.raises(UnreadableFile, match="user 'a' has no items"):
        read_sequences(file(b"a\n"))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no lines in it"),
        (b"\n \n", "no lines in it"),
        (b"\xff\xfe\x00", "not UTF-8 text"),
        (gzip.compress(b"7 1 2\n" * 99, mtime=0)[:-9], "end"),
    ],
)
def test_broken_files_are_refused(file, content, why):
    with pytest.raises(UnreadableFile, match=why):
        read_baskets(file(content))


def test_missing_files_are_refused(tmp_path):
    with pytest.raises(UnreadableFile, match="No such file"):
        read_baskets(tmp_path / "nowhere.txt")


@pytest.mark.parametrize("name", ["out.csv", "out.csv.gz"])
def test_predictions_are_user_rank_item(tmp_path, name):
    path = tmp_path / name
    write_predictions(path, ["a", "b", "c"], [["x", "y"], [], ["x"]])
    content = path.read_bytes()
    text = gzip.decompress(content) if name.endswith("gz") else content
    assert text == b"user,rank,item\na,1,x\na,2,y\nc,1,x\n"
