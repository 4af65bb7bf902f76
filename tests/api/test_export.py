"""Answers for whole audiences."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pyarrow.parquet
import pytest
from typer.testing import CliRunner, Result

from api.answers.export import CHUNK, columns, export
from api.messages.users import UserAnswer
from recsys.__main__ import app
from recsys.errors import BadQuery, UnreadableFile
from recsys.segments.lifecycle import STATES
from recsys.storage.database.open import open_database
from recsys.storage.models.errors import NoChampion
from recsys.storage.privacy.erasure import erase
from tests.worlds import DENIED, EMOJI, ONCE, SLASH, USERS, World


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["export", *map(str, arguments)])


def test_json_lines_are_the_answers_of_the_api(here: World) -> None:
    assert run("all.jsonl", "--limit", 3).exit_code == 0
    lines = (here.folder / "all.jsonl").read_bytes().splitlines()
    answers = [msgspec.json.decode(line, type=UserAnswer) for line in lines]
    assert {answer.user_id for answer in answers} == {*USERS, ONCE}
    assert {len(answer.items) for answer in answers} == {3}


def test_csv_has_one_row_a_user_and_flat_columns(here: World) -> None:
    result = run("all.csv", "--limit", 2)
    assert "64 users written" in result.output
    with (here.folder / "all.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["user_id"]: row for row in csv.DictReader(file)}
    assert set(rows) == {*USERS, ONCE}
    assert tuple(rows[EMOJI]) == columns(2)
    assert rows[SLASH]["items_rung"] == "one_to_one"
    assert rows[SLASH]["lifecycle"] in STATES
    assert (rows[DENIED]["rfm"], rows[DENIED]["lifecycle"]) == ("", "")
    assert rows["u03"]["item_1_title"].startswith("Item ")
    assert 0 < float(rows["u03"]["churn_p"]) < 1


def test_parquet_has_the_same_rows_with_types(here: World) -> None:
    assert run("all.parquet").exit_code == 0
    table = pyarrow.parquet.read_table(here.folder / "all.parquet")
    assert table.num_rows == len(USERS) + 1
    assert tuple(table.column_names) == columns(10)
    assert str(table.schema.field("churn_p").type) == "double"
    assert table.column("churn_p").null_count == 0


def test_who_was_erased_is_in_no_file(here: World) -> None:
    database = open_database(here.config.storage.url)
    erase(database, "u01", at=1, receipt_id="r1")
    database.close()
    (here.folder / "who.txt").write_text("u00\nu01\n", encoding="utf-8")
    for given in ((), ("--users", "who.txt")):
        assert run("some.jsonl", *given).exit_code == 0
        lines = (here.folder / "some.jsonl").read_bytes().splitlines()
        users = [json.loads(line)["user_id"] for line in lines]
        assert "u00" in users
        assert "u01" not in users


@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet"])
def test_consents_are_respected(here: World, ending: str) -> None:
    (here.folder / "who.txt").write_text(f"user_id\n{DENIED}\nu01\n\nnobody\n", encoding="utf-8")
    assert run(f"some.{ending}", "--users", "who.txt").exit_code == 0
    path = here.folder / f"some.{ending}"
    if ending == "jsonl":
        rows = [json.loads(line) for line in path.read_bytes().splitlines()]
        rungs = [row["rung"] for row in rows]
        channels = [row["channel"]["best"] for row in rows]
    elif ending == "csv":
        with path.open(encoding="utf-8", newline="") as file:
            listed = list(csv.DictReader(file))
        rungs = [row["items_rung"] for row in listed]
        channels = [row["channel"] for row in listed]
    else:
        table = pyarrow.parquet.read_table(path)
        rungs = table.column("items_rung").to_pylist()
        channels = table.column("channel").to_pylist()
    assert rungs[0] in {"popular", "segment"}
    assert rungs[1:] == ["one_to_one", "popular"]
    assert channels[1:] == ["none", "none"]


def test_the_command_speaks_to_people_not_to_log_collectors(here: World) -> None:
    result = run("all.jsonl", "--limit", 1)
    assert result.stdout == f"64 users written to all.jsonl from model {here.version}\n"
    assert result.stderr == "[0:00:00] answer\n[0:00:00] done\n"


def test_excluded_items_are_not_exported(here: World) -> None:
    run("all.jsonl", "--exclude", "i00", "--exclude", "i03")
    assert '"item_id":"i00"' not in (here.folder / "all.jsonl").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (["all.xlsx"], BadQuery, ".csv, .jsonl, .parquet"),
        (["no/such/folder/all.csv"], BadQuery, "a folder that exists"),
        (["all.csv", "--limit", "101"], BadQuery, "1 to 100"),
        (["all.csv", "--email"], BadQuery, "addresses are kept"),
        (["all.csv", "--users", "none.txt"], UnreadableFile, "none.txt"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_written(
    here: World, arguments: list[str], error: type[Exception], words: str
) -> None:
    before = set(here.folder.iterdir())
    result = run(*arguments)
    assert isinstance(result.exception, error)
    assert words in str(result.exception)
    assert set(here.folder.iterdir()) == before


def test_without_a_champion_the_command_says_what_to_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("all.csv")
    assert isinstance(result.exception, NoChampion)
    assert "recsys train" in str(result.exception)


def empty(users: Sequence[str]) -> list[UserAnswer]:
    return [nothing(user) for user in users]


def nothing(user: str) -> UserAnswer:
    climbed: dict[str, object] = {"rung": None, "rung_reason": "", "trail": []}
    about = {"user_id": user, "model_version": "v", "generated_at": "", "notes": []}
    answer = {**climbed, **about, "items": [], "segment": None, "recommendation_id": ""}
    where: dict[str, object] = {"rfm": None, "lifecycle": None, "cluster": None, "cohorts": []}
    parts = {"membership": where, "channel": climbed, "churn": climbed}
    return msgspec.convert({**answer, **parts}, UserAnswer)


def test_chunks_bound_what_is_held_and_progress_is_told(tmp_path: Path) -> None:
    told: list[int] = []
    users = (f"u{n}" for n in range(2 * CHUNK + 1))
    path = tmp_path / "all.jsonl"
    total = export(empty, users, path, limit=1, progress=told.append)
    assert total == 2 * CHUNK + 1
    assert told == [CHUNK, CHUNK, 1]
    assert len(path.read_bytes().splitlines()) == total


def test_an_export_that_fails_leaves_nothing_and_keeps_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "all.jsonl"
    path.write_text("yesterday", encoding="utf-8")

    def fail(users: Sequence[str]) -> list[UserAnswer]:
        raise OSError(users[0])

    with pytest.raises(OSError, match="u1"):
        export(fail, ["u1"], path, limit=1, progress=lambda _: None)
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_text(encoding="utf-8") == "yesterday"
