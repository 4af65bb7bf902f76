"""`recsys models …` as a person sees it."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from recsys.data.times import HOUR
from recsys.evaluation.estimate import Estimate
from recsys.ladder import Question, RungName, Verdict
from recsys.storage.models.errors import (
    CorruptArtifact,
    NoChampion,
    NoEarlierChampion,
    UnknownVersion,
)
from recsys.storage.models.store import ModelStore
from tests.recsys.storage.worlds import BLACK_FRIDAY, bundle, manifest
from training.cli.models import app


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelStore:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RECSYS_CONFIG", raising=False)
    return ModelStore(Path("models"))


def run(*command: str) -> Result:
    return CliRunner().invoke(app, command)


def registered(store: ModelStore, *seeds: int) -> list[str]:
    at = BLACK_FRIDAY + HOUR
    return [store.register(bundle(seed), manifest(seed), at=at + seed) for seed in seeds]


def test_an_empty_store_says_what_to_do(store: ModelStore) -> None:
    result = run("list")
    assert result.exit_code == 0
    assert result.output == "no model versions in models: run `recsys train` first\n"


def test_the_list_marks_the_champion_and_names_the_best_rungs(store: ModelStore) -> None:
    one, two = registered(store, 1, 2)
    store.promote(one, why="the first", at=3)
    lines = run("list").output.splitlines()
    assert lines[1].split() == [
        *(two, "2010-12-01", "00:00", "2010-12-01", "01:00", "items:", "segment"),
        *("0.0200", "[0.0100,", "0.0300]", "ndcg_at_20", "over", "popular"),
    ]
    assert "●" in lines[2]
    assert one in lines[2]


def test_a_damaged_version_is_listed_as_refused(store: ModelStore) -> None:
    (one,) = registered(store, 1)
    (Path(store.models_dir) / one / "manifest.json").write_text("{}")
    assert f"refused    model version {one} refused: manifest.json" in run("list").output


def test_without_a_shipped_rung_the_lowest_is_the_best(store: ModelStore) -> None:
    unmeasured = Verdict.on(RungName.SEGMENT, RungName.POPULAR, "ndcg_at_20", None)
    verdicts = {Question.ITEMS: {RungName.SEGMENT: unmeasured}}
    curve = {"items": {"lift": Estimate(0.1, -0.2, 0.3, 9), "curve": [1, 2, 3]}}
    said = replace(manifest(1), verdicts=verdicts, metrics=curve)
    version = store.register(bundle(1), said, at=BLACK_FRIDAY)
    assert run("list").output.splitlines()[1].rstrip().endswith("items: popular")
    output = run("show", version).output
    assert "not shipped: too little held-out data" in output
    assert "0.1000 [-0.2000, 0.3000]" in output
    assert "3 values" in output


def test_show_tells_where_a_version_came_from(store: ModelStore) -> None:
    (one,) = registered(store, 1)
    output = run("show", one).output
    for said in (
        "2010-12-01 00:00",
        "4,338",
        "messages",
        "ab" * 32,
        "shipped: beats popular: ndcg_at_20 +0.0200 [+0.0100, +0.0300] over 900 users",
        "items.factors",
        "items.ndcg_at_20.segment",
        "2.4.6",
    ):
        assert said in output


def test_show_names_one_hash_and_all_of_them_when_asked(store: ModelStore) -> None:
    (one,) = registered(store, 1)
    manifest_hash = sha256(
        (Path(store.models_dir) / one / "manifest.json").read_bytes()
    ).hexdigest()
    files = store.show(one).files
    short, long = run("show", one).output, run("show", one, "--files").output
    assert manifest_hash in short
    assert f"{len(files)}, each with its SHA-256" in short
    for name, file_hash in files.items():
        assert name in long
        assert file_hash in long
        assert file_hash not in short


def test_show_without_a_version_shows_the_champion(store: ModelStore) -> None:
    assert isinstance(run("show").exception, NoChampion)
    (one,) = registered(store, 1)
    store.promote(one, why="the first", at=3)
    assert one in run("show").output


def test_promote_and_rollback_say_who_serves_now(store: ModelStore) -> None:
    one, two = registered(store, 1, 2)
    assert run("promote", one).output == f"champion is now {one}\n"
    assert run("promote", two, "--why", "campaign").output == f"champion is now {two}\n"
    assert store.history()[-1].why == "campaign"
    assert run("rollback").output == f"champion is now {one}\n"
    assert isinstance(run("rollback").exception, NoEarlierChampion)


def test_what_cannot_be_promoted_is_an_error_that_names_it(store: ModelStore) -> None:
    (one,) = registered(store, 1)
    assert isinstance(run("promote", "20101201-000000000000").exception, UnknownVersion)
    (Path(store.models_dir) / one / "facts.json").write_text("{}")
    assert isinstance(run("promote", one).exception, CorruptArtifact)
    assert store.champion() is None


def test_prune_says_what_goes_and_a_dry_run_removes_nothing(store: ModelStore) -> None:
    one, two, three = registered(store, 1, 2, 3)
    store.promote(one, why="the first", at=3)
    assert run("prune", "--keep", "1", "--dry-run").output == f"would remove {two}\n"
    assert len(store.list()) == 3
    assert run("prune", "--keep", "1").output == f"removed {two}\n"
    assert run("prune", "--keep", "1").output == "nothing to remove\n"
    assert {entry.version for entry in store.list()} == {one, three}


@pytest.mark.parametrize("keep", ["-1", "many"])
def test_prune_refuses_what_is_no_number_of_versions(store: ModelStore, keep: str) -> None:
    assert run("prune", "--keep", keep).exit_code == 2


def test_the_folder_comes_from_the_configuration(store: ModelStore) -> None:
    Path("mine.toml").write_text('[storage]\nmodels_dir = "elsewhere"\n')
    output = run("list", "--config", "mine.toml").output
    assert output.startswith("no model versions in elsewhere")


@pytest.mark.parametrize("command", ["list", "show", "promote", "rollback", "prune"])
def test_every_command_explains_itself(command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0
    assert "--config" in result.output


def test_the_commands_work_on_object_storage(
    store: ModelStore, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECSYS_STORAGE__MODELS_DIR", bucket)
    assert run("list").output.startswith("no model versions in s3://")
    one, two, three = registered(ModelStore(bucket, cache=Path("cache")), 1, 2, 3)
    for version in (one, two):
        assert run("promote", version).output == f"champion is now {version}\n"
    assert run("rollback").output == f"champion is now {one}\n"
    assert one in run("show").output
    assert run("prune", "--keep", "0").output.split() == ["removed", three, "removed", two]
    assert run("list").output.count("2010") > 0
    assert isinstance(run("show", two).exception, UnknownVersion)
