"""Versions are immutable, one of them serves, and nothing that happens breaks that."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from recsys.data.times import DAY
from recsys.storage.models import journal
from recsys.storage.models import store as model_store
from recsys.storage.models.errors import (
    CorruptArtifact,
    IncompatibleArtifact,
    ModelStoreUnavailable,
    NoChampion,
    NoEarlierChampion,
    UnknownVersion,
)
from recsys.storage.models.journal import Act, Line
from recsys.storage.models.store import Broken, ModelStore
from tests.present import present
from tests.recsys.storage.worlds import BLACK_FRIDAY, Small, bundle, manifest

ROOT = Path(__file__).parents[4]


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ModelStore:
    """A store of each kind in turn."""
    if request.param == "folder":
        return ModelStore(tmp_path / "models")
    return ModelStore(request.getfixturevalue("bucket"), cache=tmp_path / "cache")


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder.of(tmp_path / "models")


@dataclass(frozen=True)
class Folder:
    """A store in a folder that a test reaches into."""

    path: Path
    store: ModelStore

    @classmethod
    def of(cls, path: Path) -> Folder:
        return cls(path, ModelStore(path))


def three(store: ModelStore) -> tuple[str, str, str]:
    """Register and promote three versions; return their names."""
    names = [store.register(bundle(n), manifest(n), at=10 * n) for n in (1, 2, 3)]
    for n, name in enumerate(names, 1):
        store.promote(name, why="better", at=10 * n + 1)
    return names[0], names[1], names[2]


def flip(path: Path, at: int = -1) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(bytes(content))


def test_a_loaded_bundle_is_the_registered_one(store: ModelStore) -> None:
    version = store.register(bundle(1), manifest(1), at=10)
    loaded, said = store.load(version, Small)
    assert np.array_equal(loaded.scores, bundle(1).scores)
    assert loaded.name == "seed 1"
    assert said == manifest(1)


def test_a_version_is_named_after_its_day_and_content(store: ModelStore, tmp_path: Path) -> None:
    version = store.register(bundle(1), manifest(1), at=10)
    elsewhere = ModelStore(tmp_path / "elsewhere").register(bundle(1), manifest(1), at=99)
    assert version == elsewhere
    assert version.startswith("20101201-")
    assert store.register(bundle(2), manifest(1), at=10) != version
    assert store.register(bundle(1), manifest(2), at=10) != version


def test_registering_the_same_again_changes_nothing(folder: Folder) -> None:
    version = folder.store.register(bundle(1), manifest(1), at=10)
    inode = (folder.path / version).stat().st_ino
    assert folder.store.register(bundle(1), manifest(1), at=20) == version
    assert (folder.path / version).stat().st_ino == inode
    assert [entry.registered_at for entry in folder.store.list()] == [10]
    assert [line.why for line in folder.store.history()] == ["new", "already there"]


def test_the_manifest_is_readable_and_names_the_sha256_of_every_file(folder: Folder) -> None:
    version = folder.store.register(bundle(1), manifest(1), at=10)
    said = json.loads((folder.path / version / "manifest.json").read_text())
    assert said["format"] == 1
    assert said["libraries"] == {"numpy": "2.4.6"}
    assert said["verdicts"]["items"]["segment"]["shipped"] is True
    assert sorted(said["files"]) == ["facts.json", "scores.npy"]


def test_nothing_serves_before_the_first_promotion(store: ModelStore) -> None:
    assert store.champion() is None
    assert store.list() == ()
    store.register(bundle(1), manifest(1), at=10)
    assert store.champion() is None


def test_the_pointer_says_which_version_serves_and_since_when(store: ModelStore) -> None:
    version = store.register(bundle(1), manifest(1), at=10)
    store.promote(version, why="the first", at=11)
    pointer = present(store.champion())
    assert (pointer.version, pointer.promoted_at) == (version, 11)
    assert pointer.manifest_sha256[:12] == version[-12:]
    assert [entry.serves for entry in store.list()] == [True]


def test_the_last_registered_version_is_listed_first(store: ModelStore) -> None:
    one, two, three_ = three(store)
    assert [entry.version for entry in store.list()] == [three_, two, one]
    assert store.show(two).registered_at == 20
    assert not store.show(two).serves
    assert store.show(three_).serves


def test_rolling_back_twice_goes_two_champions_back(store: ModelStore) -> None:
    one, two, _ = three(store)
    assert store.rollback(at=40) == two
    assert store.rollback(at=41) == one
    with pytest.raises(NoEarlierChampion, match=f"no champion before {one} is left"):
        store.rollback(at=42)
    pointer = present(store.champion())
    assert pointer.version == one


def test_after_a_rollback_the_next_promotion_goes_on_from_there(store: ModelStore) -> None:
    _, two, three_ = three(store)
    store.rollback(at=40)
    store.promote(three_, why="by hand", at=41)
    assert store.rollback(at=42) == two


def test_promoting_the_champion_again_does_not_count_as_another(store: ModelStore) -> None:
    _, two, three_ = three(store)
    store.promote(three_, why="the same data", at=40)
    assert store.rollback(at=41) == two


def test_a_rollback_needs_a_champion(store: ModelStore) -> None:
    with pytest.raises(NoChampion):
        store.rollback(at=1)


def test_a_refusal_is_noted_and_the_champion_stays(store: ModelStore) -> None:
    _, _, three_ = three(store)
    worse = store.register(bundle(4), manifest(4), at=40)
    store.refuse(worse, why="items: clearly below", at=41)
    assert store.history()[-1].why == "items: clearly below"
    assert store.history()[-1].act is Act.REFUSE
    assert store.show(three_).serves


@pytest.mark.parametrize("name", ["", "..", "20101201-000000000000", "champion", "../../etc"])
def test_an_unknown_version_is_named_with_the_known_ones(store: ModelStore, name: str) -> None:
    known = store.register(bundle(1), manifest(1), at=10)
    for ask in (
        lambda: store.promote(name, why="", at=1),
        lambda: store.refuse(name, why="", at=1),
        lambda: store.show(name),
        lambda: store.load(name, Small),
    ):
        with pytest.raises(UnknownVersion, match=known):
            ask()


@pytest.mark.parametrize("file", ["facts.json", "scores.npy", "manifest.json"])
def test_a_flipped_byte_is_refused_and_the_champion_stays(folder: Folder, file: str) -> None:
    one, _, three_ = three(folder.store)
    folder.store.promote(one, why="by hand", at=40)
    flip(folder.path / three_ / file)
    for ask in (
        lambda: folder.store.promote(three_, why="by hand", at=41),
        lambda: folder.store.load(three_, Small),
    ):
        with pytest.raises(CorruptArtifact, match=f"{three_} refused: {file}"):
            ask()
    assert folder.store.show(one).serves
    assert folder.store.load(one, Small)[0].name == "seed 1"


def test_a_flipped_byte_anywhere_in_the_manifest_is_refused(folder: Folder) -> None:
    version = folder.store.register(bundle(1), manifest(1), at=10)
    path = folder.path / version / "manifest.json"
    whole = path.read_bytes()
    for at in range(0, len(whole), 17):
        path.write_bytes(whole)
        flip(path, at)
        with pytest.raises(CorruptArtifact, match=r"manifest\.json is not what was registered"):
            folder.store.show(version)


def test_a_rollback_to_a_damaged_version_is_refused(folder: Folder) -> None:
    _, two, three_ = three(folder.store)
    flip(folder.path / two / "scores.npy")
    with pytest.raises(CorruptArtifact, match=f"{two} refused: scores.npy"):
        folder.store.rollback(at=40)
    assert folder.store.show(three_).serves


def test_registering_again_heals_a_damaged_version(folder: Folder) -> None:
    version = folder.store.register(bundle(1), manifest(1), at=10)
    flip(folder.path / version / "scores.npy")
    assert folder.store.register(bundle(1), manifest(1), at=20) == version
    assert folder.store.load(version, Small)[0].name == "seed 1"
    why = folder.store.history()[-1].why
    assert why.startswith("made again: scores.npy is not what was registered")


def test_a_damaged_version_is_listed_with_what_is_wrong(folder: Folder) -> None:
    version = folder.store.register(bundle(1), manifest(1), at=10)
    (folder.path / version / "manifest.json").unlink()
    (entry,) = folder.store.list()
    assert isinstance(entry, Broken)
    assert "manifest.json cannot be read: No such file" in entry.why


def test_another_format_is_refused(store: ModelStore, monkeypatch: pytest.MonkeyPatch) -> None:
    version = store.register(bundle(1), manifest(1), at=10)
    monkeypatch.setattr(model_store, "FORMAT", 2)
    with pytest.raises(IncompatibleArtifact, match="format 1, this code reads 2"):
        store.load(version, Small)
    assert isinstance(store.list()[0], Broken)


def test_a_manifest_with_unknown_fields_does_not_fit(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = store.register(bundle(1), manifest(1), at=10)
    monkeypatch.setattr(model_store, "Manifest", Small)
    with pytest.raises(CorruptArtifact, match=r"manifest\.json does not fit this code"):
        store.load(version, Small)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": "x"}'])
def test_a_broken_pointer_is_said_to_be_one(folder: Folder, text: str) -> None:
    folder.store.register(bundle(1), manifest(1), at=10)
    (folder.path / "champion").write_text(text)
    with pytest.raises(CorruptArtifact, match="champion is not what was written"):
        folder.store.champion()


def test_pruning_keeps_the_newest_the_champion_and_the_one_before(store: ModelStore) -> None:
    one, two, three_ = three(store)
    four, five = (store.register(bundle(n), manifest(n), at=10 * n) for n in (4, 5))
    store.promote(one, why="by hand", at=60)
    assert store.prune(keep=1, at=61, dry_run=True) == (four, two)
    assert len(store.list()) == 5
    assert store.prune(keep=1, at=62) == (four, two)
    assert [entry.version for entry in store.list()] == [five, three_, one]
    assert store.rollback(at=63) == three_


def test_pruned_champions_are_passed_over_on_the_way_back(store: ModelStore) -> None:
    one, two, three_ = three(store)
    four = store.register(bundle(4), manifest(4), at=40)
    store.promote(four, why="better", at=41)
    assert store.prune(keep=0, at=42) == (two, one)
    assert store.rollback(at=43) == three_


def test_a_bundle_in_use_survives_its_pruning(store: ModelStore) -> None:
    one, _, _ = three(store)
    in_use, _ = store.load(one, Small)
    assert store.prune(keep=0, at=40) == (one,)
    assert np.array_equal(in_use.scores, bundle(1).scores)


def test_a_torn_line_of_history_costs_only_itself(folder: Folder) -> None:
    one, _, _ = three(folder.store)
    path = folder.path / "history.jsonl"
    path.write_bytes(path.read_bytes()[:-5])
    folder.store.promote(one, why="by hand", at=40)
    assert folder.store.history()[-1] == Line(
        Act.PROMOTE, one, present(folder.store.champion()).manifest_sha256, 40, "by hand"
    )
    assert len(folder.store.history()) == 6


def test_the_pointer_is_right_where_the_history_lacks_the_last_line() -> None:
    lines = [Line(Act.PROMOTE, version, "", 0, "") for version in ("a", "b")]
    assert journal.lineage(lines, "b") == ("a", "b")
    assert journal.lineage(lines, "c") == ("a", "b", "c")
    assert journal.lineage(lines, "a") == ("a",)
    assert journal.lineage([], "a") == ("a",)
    assert journal.lineage([], None) == ()


def test_data_up_to_another_day_make_another_name(store: ModelStore) -> None:
    later = replace(manifest(1), data_until=BLACK_FRIDAY + DAY)
    assert store.register(bundle(1), later, at=10).startswith("20101202-")


def test_a_file_in_the_way_of_the_store_is_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("not a folder")
    with pytest.raises(ModelStoreUnavailable, match="models is unavailable: File exists"):
        ModelStore(tmp_path / "models").register(bundle(1), manifest(1), at=10)


def test_what_cannot_be_kept_leaves_no_version(store: ModelStore) -> None:
    with pytest.raises(TypeError, match="name should be str, is 7"):
        store.register(Small(np.zeros(3, np.float32), 7), manifest(1), at=10)  # type: ignore[arg-type]
    assert store.list() == ()
    store.register(bundle(1), manifest(1), at=20)
    assert len(store.list()) == 1


def child(*args: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, *args], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )


def test_a_run_killed_at_any_step_leaves_a_champion_and_a_store_that_works(tmp_path: Path) -> None:
    with child("-m", "tests.recsys.storage.models.killed_run", str(tmp_path)) as run:
        said, _ = run.communicate(timeout=60)
    assert run.returncode == 0
    assert int(said) > 20


LOOP = """
import itertools, sys
from pathlib import Path
from recsys.storage.models.store import Broken, ModelStore
from tests.recsys.storage.worlds import bundle, manifest
store = ModelStore(Path(sys.argv[1]))
for n in itertools.count(1):
    print(n, flush=True)
    version = store.register(bundle(n, size=int(sys.argv[2])), manifest(n), at=n)
    store.promote(version, why="better", at=n)
    if n == int(sys.argv[3]): break
"""


@pytest.mark.parametrize("runs", [1, 2, 3])
def test_a_run_killed_while_it_writes_large_arrays_costs_nothing(folder: Folder, runs: int) -> None:
    first = folder.store.register(bundle(0), manifest(0), at=0)
    folder.store.promote(first, why="the first", at=0)
    with child("-c", LOOP, str(folder.path), "3000000", "0") as run:
        assert run.stdout is not None
        assert [int(run.stdout.readline()) for _ in range(runs)] == [*range(1, runs + 1)]
        run.send_signal(signal.SIGKILL)
    champion = present(folder.store.champion())
    folder.store.load(champion.version, Small)
    assert not [entry for entry in folder.store.list() if isinstance(entry, Broken)]
    assert folder.store.register(bundle(0), manifest(0), at=9) == first


def test_two_processes_may_register_and_promote_at_once(folder: Folder) -> None:
    with (
        child("-c", LOOP, str(folder.path), "5000", "12") as one,
        child("-c", LOOP, str(folder.path), "5000", "12") as other,
    ):
        one.communicate(timeout=60)
        other.communicate(timeout=60)
    assert (one.returncode, other.returncode) == (0, 0)
    assert len(folder.store.list()) == 12
    assert len(folder.store.history()) == 48
    pointer = present(folder.store.champion())
    assert folder.store.history()[-1].version == pointer.version
    assert folder.store.load(pointer.version, Small)[0].name == "seed 12"
