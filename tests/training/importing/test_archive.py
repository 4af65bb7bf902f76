"""Archives of several files: imported file by file, whatever they call their folders."""

from __future__ import annotations

import gzip
import io
import json
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner

from recsys.__main__ import app
from recsys.errors import UnreadableFile
from recsys.storage.database.open import open_database
from tests.recsys.connectors.samples import SAMPLES
from training.importing.archive import files
from training.importing.sniff import refuse_unreadable

ONE = b"user_id,item_id,at\nann,tea,2020-01-01\n"
TWO = b"user_id,item_id,at\nbob,pot,2020-01-02\n,cup,2020-01-02\n"


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RECSYS_CONFIG", raising=False)


def zipped(held: Mapping[str, bytes], name: str = "export.zip") -> Path:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as one:
        for member, content in held.items():
            one.writestr(member, content)
    Path(name).write_bytes(packed.getvalue())
    return Path(name)


def logged() -> list[tuple[str, str]]:
    database = open_database("sqlite:///var/recsys.db")
    rows = database.read("SELECT user_id, item_id FROM events ORDER BY user_id, item_id")
    database.close()
    return [(str(user), str(item)) for user, item in rows]


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, arguments)
    return result.exit_code, result.output


def test_each_file_of_an_archive_is_imported_and_told_of() -> None:
    zipped({"b.csv": TWO, "days/a.csv": ONE})
    code, output = run("import", "export.zip")
    assert code == 0
    assert "a.csv" in output
    assert "no_user" in output
    assert logged() == [("ann", "tea"), ("bob", "pot")]
    assert run("import", "export.zip")[0] == 0
    assert len(logged()) == 2


def test_an_archive_of_one_file_needs_no_other_name() -> None:
    zipped({"a.csv": ONE})
    assert run("import", "export.zip")[0] == 0
    assert logged() == [("ann", "tea")]


def test_the_hours_of_amplitude_are_known_by_themselves() -> None:
    (sample,) = [one for one in SAMPLES if one.kind.startswith("amplitude")]
    hours = {f"1/1_2020-01-01_{hour}.json.gz": gzip.compress(sample.content) for hour in (0, 1)}
    zipped(hours)
    code, output = run("import", "export.zip")
    assert code == 0
    assert output.count("Amplitude") == 2


def test_a_file_that_is_none_stops_no_other_and_ends_with_1() -> None:
    zipped({"a.csv": ONE, "b.csv": b"", "readme.md": b"# hello"})
    code, output = run("import", "export.zip")
    assert code == 1
    assert "it is empty" in output
    assert "unknown format '.md'" in output
    assert logged() == [("ann", "tea")]


def test_what_is_hidden_is_left_out() -> None:
    path = zipped({"a.csv": ONE, "__MACOSX/a.csv": b"x", ".DS_Store": b"x", "d/.x/b.csv": b"x"})
    with files(path) as each:
        assert [one.name for one in each] == ["a.csv"]


def test_of_adobe_only_the_hits_are_rows_and_their_header_is_beside_them() -> None:
    path = zipped({"hit_data.tsv": b"1\t2\n", "column_headers.tsv": b"a\tb\n", "os.tsv": b"1\tx\n"})
    with files(path) as each:
        (hits,) = each
        assert hits.name == "hit_data.tsv"
        assert (hits.parent / "column_headers.tsv").is_file()


def test_files_of_one_name_stay_apart_and_none_leaves_the_folder() -> None:
    path = zipped({"a/x.csv": ONE, "b/x.csv": TWO, "../../y.csv": ONE, "/z.csv": ONE})
    with files(path) as each:
        folder = each[0].parent
        assert {one.parent for one in each} == {folder}
        assert len({one.name for one in each}) == 4
    assert not folder.exists()


def test_a_file_that_is_no_archive_is_itself(tmp_path: Path) -> None:
    file = tmp_path / "e.csv"
    file.write_bytes(ONE)
    for path in (file, tmp_path / "none.csv", tmp_path):
        with files(path) as each:
            assert list(each) == [path]


def test_a_workbook_is_no_archive() -> None:
    path = zipped({"[Content_Types].xml": b"<x/>", "xl/workbook.xml": b"<x/>"}, "book.xlsx")
    with files(path) as each:
        assert list(each) == [path]


def test_an_archive_of_nothing_says_so() -> None:
    with pytest.raises(UnreadableFile, match="holds no file"), files(zipped({"d/": b""})):
        pass


def test_a_broken_archive_says_which_file() -> None:
    path = zipped({"a.csv": ONE * 99})
    content = bytearray(path.read_bytes())
    content[40:60] = bytes(20)
    path.write_bytes(bytes(content))
    with pytest.raises(UnreadableFile, match=r"broken zip: a\.csv"), files(path):
        pass


def test_what_has_no_room_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: type("Free", (), {"free": 9})())
    with pytest.raises(UnreadableFile, match="9 are free"), files(zipped({"a.csv": ONE})):
        pass


def test_each_file_is_read_on_trial() -> None:
    segment = {"type": "track", "event": "Product Viewed", "userId": "u", "messageId": "m",
               "timestamp": "2020-01-01T00:00:00Z", "properties": {"product_id": "a"}}  # fmt: skip
    line = json.dumps(segment).encode()
    zipped({"a.json": line, "b.json": line})
    code, output = run("connectors", "test", "export.zip")
    assert code == 0, output
    assert "a.json" in output
    assert not Path("var").exists()


def test_a_broken_or_nameless_archive_says_so_before_anything_is_done() -> None:
    Path("cut.zip").write_bytes(zipped({"a.csv": ONE}).read_bytes()[:60])
    Path("events.gz").write_bytes(gzip.compress(ONE))
    for name, why in (("cut.zip", "broken zip: "), ("events.gz", "call it as events.csv.gz")):
        with pytest.raises(UnreadableFile, match=why):
            refuse_unreadable(Path(name))
    refuse_unreadable(zipped({"a.csv": ONE}, "a.csv.zip"))
