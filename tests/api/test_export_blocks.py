"""Exports by blocks: the same answers on any engine, consents as they are when a block is made."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import obstore
import orjson
import pyarrow.parquet
import pytest
from typer.testing import CliRunner, Result

from api.answers import blocks
from api.answers.blocks import ExportPlan
from recsys.__main__ import app
from recsys.config import parse, without_secrets
from recsys.data.ids import IdMap
from recsys.engines import Memory
from recsys.errors import BadQuery, StoreUnavailable
from recsys.storage import objects
from recsys.storage.database.open import open_database
from recsys.storage.exports import place
from recsys.storage.privacy.erasure import erase
from recsys.storage.users.consents import Consent, Consents
from tests.worlds import END, ONCE, USERS, World

TIMES = {"generated_at", "recommendation_id"}


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK", 30)


@pytest.fixture
def on_spark(spark: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECSYS_TRAINING__SPARK", spark)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["export", *map(str, arguments)])


def manifest(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "manifest.json").read_bytes()))


def answers(folder: Path) -> list[dict[str, Any]]:
    """The answers of an export in JSON lines, without what differs from time to time."""
    files = [folder / part["name"] for part in manifest(folder)["parts"]]
    lines = [json.loads(line) for file in files for line in file.read_bytes().splitlines()]
    return [_timeless(line) for line in lines]


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _timeless(each) for key, each in value.items() if key not in TIMES}
    return [_timeless(each) for each in value] if isinstance(value, list) else value


def in_one_file(here: World) -> list[dict[str, Any]]:
    assert run("all.jsonl", "--limit", 3).exit_code == 0
    lines = (here.folder / "all.jsonl").read_bytes().splitlines()
    return [_timeless(json.loads(line)) for line in lines]


@pytest.mark.parametrize(
    "engine",
    [
        "memory",
        "processes",
        pytest.param("spark", marks=[pytest.mark.spark]),
    ],
)
def test_any_engine_gives_the_answers_of_one_file(
    here: World, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    if engine == "spark":
        request.getfixturevalue("on_spark")
    monkeypatch.setenv("RECSYS_TRAINING__PROCESSES", "2")
    result = run("lists", "--limit", 3, "--engine", engine, "--format", "jsonl")
    assert result.exit_code == 0, result.exception
    assert result.stdout == f"64 users written to lists from model {here.version}\n"
    assert answers(here.folder / "lists") == in_one_file(here)


def test_the_manifest_names_whole_files(here: World) -> None:
    assert run("lists", "--engine", "memory").exit_code == 0
    said = manifest(here.folder / "lists")
    assert (said["model_version"], said["format"]) == (here.version, "parquet")
    assert (said["rows"], said["looked_at"]) == (64, 64)
    assert [part["rows"] for part in said["parts"]] == [30, 30, 4]
    users: list[str] = []
    for part in said["parts"]:
        content = (here.folder / "lists" / part["name"]).read_bytes()
        assert (sha256(content).hexdigest(), len(content)) == (part["sha256"], part["bytes"])
        table = pyarrow.parquet.read_table(here.folder / "lists" / part["name"])
        users += table.column("user_id").to_pylist()
    assert set(users) == {*USERS, ONCE}
    assert len(users) == 64


def test_parts_go_to_object_storage_and_are_not_written_over(here: World, bucket: str) -> None:
    assert run(bucket, "--engine", "memory", "--format", "csv").exit_code == 0
    inside = objects.opened("a test", bucket)
    said = json.loads(bytes(obstore.get(inside, "manifest.json").bytes()))
    assert sum(part["rows"] for part in said["parts"]) == 64
    for part in said["parts"]:
        content = bytes(obstore.get(inside, part["name"]).bytes())
        assert sha256(content).hexdigest() == part["sha256"]
    again = run(bucket, "--engine", "memory", "--format", "csv")
    assert isinstance(again.exception, BadQuery)
    assert "a place without an export" in str(again.exception)


def test_an_audience_is_chosen_block_by_block(here: World) -> None:
    only = run("lists", "--engine", "memory", "--channel", "email", "--format", "jsonl")
    assert only.exit_code == 0
    assert run("one.jsonl", "--channel", "email").exit_code == 0
    one = [json.loads(line) for line in (here.folder / "one.jsonl").read_bytes().splitlines()]
    found = [answer["user_id"] for answer in answers(here.folder / "lists")]
    assert found == [answer["user_id"] for answer in one]
    assert 0 < len(found) < 64


def test_a_block_without_anybody_is_no_file(here: World) -> None:
    rule = {"all": [{"event": "purchase", "count": {"gte": 9_999}}]}
    (here.folder / "rule.json").write_text(json.dumps(rule))
    result = run("lists", "--engine", "memory", "--rule", "rule.json")
    assert result.exit_code == 0, result.exception
    said = manifest(here.folder / "lists")
    assert (said["rows"], said["looked_at"], said["parts"]) == (0, 64, [])
    assert [path.name for path in (here.folder / "lists").iterdir()] == ["manifest.json"]


def plan(here: World, **more: Any) -> ExportPlan:
    users = IdMap.of([*USERS, ONCE])
    config = orjson.dumps(without_secrets(here.config))
    output = str(here.folder / "lists")
    return ExportPlan(output, "jsonl", config, here.version, users, {"limit": 2}, **more)


def after_the_first_block(act: Callable[[], None]) -> Callable[[int], None]:
    acts: Iterator[Callable[[], None]] = iter([act])
    return lambda _: next(acts, lambda: None)()


def test_consents_and_erasures_count_as_they_are_when_a_block_is_made(here: World) -> None:
    named = plan(here)
    early, late, erased = "u03", named.ids[40], named.ids[41]
    assert "u03" in [named.ids[place] for place in range(30)]

    def change() -> None:
        database = open_database(here.config.storage.url)
        Consents(database).record(
            [Consent(user, "profiling", "", "denied", END) for user in (early, late)]
        )
        erase(database, erased, at=END, receipt_id="r1")
        database.close()

    total = blocks.made(named, Memory(), progress=after_the_first_block(change))
    assert total == 63
    rungs = {answer["user_id"]: answer["rung"] for answer in answers(here.folder / "lists")}
    assert rungs[early] == "one_to_one"
    assert rungs[late] in {"popular", "segment"}
    assert erased not in rungs


def test_a_failing_block_leaves_no_export(here: World) -> None:
    def fail() -> None:
        raise StoreUnavailable("a test")

    with pytest.raises(StoreUnavailable):
        blocks.made(plan(here), Memory(), progress=after_the_first_block(fail))
    assert not (here.folder / "lists" / "manifest.json").exists()
    assert blocks.made(plan(here), Memory(), progress=lambda _: None) == 64


def test_who_finishes_second_is_told(tmp_path: Path) -> None:
    first, second = (place.opened(str(tmp_path / "lists")) for _ in range(2))
    for each in (first, second):
        each.check()
    first.finish(b"{}")
    with pytest.raises(BadQuery, match=r"has a manifest\.json"):
        second.finish(b"{}")
    assert [path.name for path in (tmp_path / "lists").iterdir()] == ["manifest.json"]


def test_the_version_that_was_asked_answers_all_blocks(here: World) -> None:
    from tests.api.model.test_champion import newer_version

    named = plan(here)
    newer_version(here)
    blocks.made(named, Memory(), progress=lambda _: None)
    versions = {answer["model_version"] for answer in answers(here.folder / "lists")}
    assert versions == {here.version}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["lists", "--engine", "dask"], "memory, processes, spark"),
        (["lists", "--engine", "memory", "--format", "xlsx"], "parquet, csv, jsonl"),
        (["lists", "--engine", "memory", "--for", "klaviyo"], "without --preview and --for"),
        (["lists", "--engine", "memory", "--email"], "addresses are kept"),
        (["--engine", "memory"], "a folder, or s3://bucket/prefix"),
        (["recsys.db", "--engine", "memory"], "a folder, or s3://bucket/prefix"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_written(
    here: World, arguments: list[str], words: str
) -> None:
    (here.folder / "recsys.db").touch()
    before = set(here.folder.iterdir())
    result = run(*arguments)
    assert isinstance(result.exception, BadQuery)
    assert words in str(result.exception)
    assert set(here.folder.iterdir()) == before


def test_workers_are_told_no_secrets() -> None:
    key = "A" * 43 + "="
    secret = "s" * 40
    config = parse(
        {},
        {
            "RECSYS_STORAGE__URL": "postgresql://me:word@host/shop",
            "RECSYS_STORAGE__ENCRYPTION_KEYS": key,
            "RECSYS_SERVING__USER_HASH_SECRET": secret,
            "RECSYS_PRIVACY__EMAIL_KEY": secret,
        },
    )
    said = orjson.dumps(without_secrets(config)).decode()
    assert not [word for word in (key, secret, "me:word") if word in said]
    assert parse(json.loads(said), {"RECSYS_STORAGE__URL": config.storage.url}).storage.url
