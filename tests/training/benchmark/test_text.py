"""Lines in and lists out."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from recsys.errors import UnreadableFile
from training.benchmark.text import read_lines, write_lists


def read(path: Path, content: bytes) -> list[tuple[int, str]]:
    path.write_bytes(content)
    return list(read_lines(path))


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_gzip_is_told_by_content(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    assert read(tmp_path / "train.txt", pack(b"7 1\n8 2")) == [(1, "7 1\n"), (2, "8 2")]


def test_blank_lines_are_skipped_but_counted_and_a_byte_order_mark_dropped(tmp_path: Path) -> None:
    assert read(tmp_path / "train.txt", b"\xef\xbb\xbfa\n\r\n \nb\n") == [(1, "a\n"), (4, "b\n")]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no lines in it"),
        (b"\n \n", "no lines in it"),
        (b"\xff\xfe\x00", "not UTF-8 text"),
        (gzip.compress(b"7 1 2\n" * 99, mtime=0)[:-9], "end"),
    ],
)
def test_broken_files_are_refused(tmp_path: Path, content: bytes, why: str) -> None:
    with pytest.raises(UnreadableFile, match=why):
        read(tmp_path / "train.txt", content)


def test_missing_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="No such file"):
        list(read_lines(tmp_path / "nowhere.txt"))


@pytest.mark.parametrize("name", ["out.csv", "out.csv.gz"])
def test_predictions_are_user_rank_item(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    write_lists(path, ["a", "b", "c"], [["x", "y"], [], ["x"]])
    content = path.read_bytes()
    text = gzip.decompress(content) if name.endswith("gz") else content
    assert text == b"user,rank,item\na,1,x\na,2,y\nc,1,x\n"
