"""What object storage adds to the promises of a store of models: no lock, many machines."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import numpy as np
import obstore
import pytest
from obstore.store import S3Store

from recsys.config import parse
from recsys.errors import BadValue, MissingExtra
from recsys.storage import objects
from recsys.storage.models import bucket as buckets
from recsys.storage.models.bucket import Bucket
from recsys.storage.models.errors import (
    CorruptArtifact,
    LostPromotion,
    ModelStoreUnavailable,
    UnknownVersion,
)
from recsys.storage.models.place import Said
from recsys.storage.models.store import ModelStore
from tests.bench.servers import free_port
from tests.present import present
from tests.recsys.storage.worlds import Small, bundle, manifest

ROOT = Path(__file__).parents[4]

Machine = Callable[[str], ModelStore]


@pytest.fixture
def machine(bucket: str, tmp_path: Path) -> Machine:
    """Gives the store as a machine of a name sees it: each has its own copies."""
    return lambda name: ModelStore(bucket, cache=tmp_path / name)


@pytest.fixture
def inside(bucket: str) -> S3Store:
    """The objects themselves."""
    return objects.opened("a test", bucket)


def keys(inside: S3Store) -> list[str]:
    return sorted(meta["path"] for chunk in obstore.list(inside) for meta in chunk)


def flip(inside: S3Store, key: str) -> None:
    content = bytearray(bytes(obstore.get(inside, key).bytes()))
    content[-1] ^= 1
    obstore.put(inside, key, bytes(content))


def place_of(store: ModelStore) -> Bucket:
    assert isinstance(store._place, Bucket)
    return store._place


def test_another_machine_reads_the_same_from_a_mapped_copy(
    machine: Machine, tmp_path: Path
) -> None:
    version = machine("trainer").register(bundle(1), manifest(1), at=10)
    loaded, said = machine("replica").load(version, Small)
    assert np.array_equal(loaded.scores, bundle(1).scores)
    assert said == manifest(1)
    assert isinstance(loaded.scores.base, np.memmap)
    assert (tmp_path / "replica" / version / "manifest.json").exists()


def test_the_same_content_has_the_same_name_as_in_a_folder(
    machine: Machine, tmp_path: Path
) -> None:
    there = machine("trainer").register(bundle(1), manifest(1), at=10)
    assert there == ModelStore(tmp_path / "models").register(bundle(1), manifest(1), at=10)


def test_what_is_done_is_one_numbered_object_each(machine: Machine, inside: S3Store) -> None:
    store = machine("trainer")
    version = store.register(bundle(1), manifest(1), at=10)
    store.promote(version, why="the first", at=11)
    assert keys(inside) == [
        f"{version}/facts.json",
        f"{version}/manifest.json",
        f"{version}/scores.npy",
        "champion",
        "history/00000001.json",
        "history/00000002.json",
    ]


def test_a_copy_with_a_flipped_byte_is_not_used_but_fetched_anew(
    machine: Machine, tmp_path: Path
) -> None:
    version = machine("trainer").register(bundle(1), manifest(1), at=10)
    machine("replica").load(version, Small)
    copy = tmp_path / "replica" / version / "scores.npy"
    content = bytearray(copy.read_bytes())
    content[-1] ^= 1
    copy.write_bytes(content)
    loaded, _ = machine("replica").load(version, Small)
    assert np.array_equal(loaded.scores, bundle(1).scores)


@pytest.mark.parametrize("file", ["facts.json", "scores.npy"])
def test_a_flipped_byte_in_storage_is_refused_and_leaves_no_copy(
    machine: Machine, inside: S3Store, tmp_path: Path, file: str
) -> None:
    version = machine("trainer").register(bundle(1), manifest(1), at=10)
    flip(inside, f"{version}/{file}")
    for ask in (
        lambda: machine("replica").load(version, Small),
        lambda: machine("trainer").promote(version, why="by hand", at=11),
    ):
        with pytest.raises(CorruptArtifact, match=f"{version} refused: {file} is not what"):
            ask()
    assert not [path for path in (tmp_path / "replica").iterdir() if path.is_dir()]
    assert machine("replica").champion() is None


def test_a_manifest_with_a_flipped_byte_is_refused(machine: Machine, inside: S3Store) -> None:
    version = machine("trainer").register(bundle(1), manifest(1), at=10)
    flip(inside, f"{version}/manifest.json")
    with pytest.raises(CorruptArtifact, match=r"manifest\.json is not what was registered"):
        machine("replica").load(version, Small)


def test_a_missing_file_is_named(machine: Machine, inside: S3Store) -> None:
    version = machine("trainer").register(bundle(1), manifest(1), at=10)
    obstore.delete(inside, f"{version}/scores.npy")
    with pytest.raises(CorruptArtifact, match=r"scores\.npy is missing"):
        machine("replica").load(version, Small)


def test_registering_again_heals_what_is_damaged(machine: Machine, inside: S3Store) -> None:
    store = machine("trainer")
    version = store.register(bundle(1), manifest(1), at=10)
    assert store.register(bundle(1), manifest(1), at=11) == version
    flip(inside, f"{version}/scores.npy")
    assert store.register(bundle(1), manifest(1), at=12) == version
    assert machine("replica").load(version, Small)[0].name == "seed 1"
    said = [line.why for line in store.history()]
    assert said[:2] == ["new", "already there"]
    assert said[2].startswith("made again: scores.npy is not what was registered")


def test_large_files_go_up_in_parts(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buckets, "LARGE_BYTES", 1_000)
    store = machine("trainer")
    version = store.register(bundle(1), manifest(1), at=10)
    assert store.register(bundle(1), manifest(1), at=11) == version
    assert machine("replica").load(version, Small)[0].name == "seed 1"
    assert [line.why for line in store.history()] == ["new", "already there"]


@pytest.mark.parametrize("first", [True, False])
def test_of_sixteen_promotions_at_once_one_wins(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, *, first: bool
) -> None:
    trainer = machine("trainer")
    versions = [trainer.register(bundle(n), manifest(n), at=n) for n in range(16)]
    if not first:
        earlier = trainer.register(bundle(99), manifest(99), at=99)
        trainer.promote(earlier, why="the first", at=100)
    # All have seen the same pointer before any of them changes it.
    all_have_seen_it = Barrier(16)
    check = Bucket.check

    def checked(self: Bucket, *asked: Any) -> None:
        check(self, *asked)
        all_have_seen_it.wait(60)

    monkeypatch.setattr(Bucket, "check", checked)

    def race(version: str) -> str:
        with suppress(LostPromotion):
            machine(version).promote(version, why="a race", at=200)
            return version
        return ""

    with ThreadPoolExecutor(16) as pool:
        (winner,) = filter(None, pool.map(race, versions))
    assert present(machine("replica").champion()).version == winner
    assert [line.version for line in trainer.history() if line.why == "a race"] == [winner]


def test_acts_at_once_are_all_kept(machine: Machine) -> None:
    version = machine("trainer").register(bundle(1), manifest(1), at=10)

    def refuse(n: int) -> None:
        machine(str(n)).refuse(version, why=f"refusal {n}", at=n)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(refuse, range(8)))
    said = {line.why for line in machine("replica").history()}
    assert said == {"new", *(f"refusal {n}" for n in range(8))}


def test_a_pointer_that_did_not_change_is_not_sent_again(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer, replica = machine("trainer"), machine("replica")
    one, two = (trainer.register(bundle(n), manifest(n), at=n) for n in (1, 2))
    trainer.promote(one, why="the first", at=11)
    assert present(replica.champion()).version == one
    conditions = []
    get = obstore.get

    def counted(*asked: Any, **options: Any) -> Any:
        conditions.append(options.get("options"))
        return get(*asked, **options)

    monkeypatch.setattr(obstore, "get", counted)
    assert present(replica.champion()).version == one
    trainer.promote(two, why="better", at=12)
    assert present(replica.champion()).version == two
    assert conditions[0] is not None
    assert "if_none_match" in conditions[0]


def test_a_version_that_was_promoted_meanwhile_is_not_removed(machine: Machine) -> None:
    store = machine("trainer")
    version = store.register(bundle(1), manifest(1), at=10)
    store.promote(version, why="the first", at=11)
    assert place_of(store).discard(version) is False
    assert machine("replica").load(version, Small)[0].name == "seed 1"


@pytest.mark.parametrize("first", [True, False])
def test_a_version_that_was_removed_meanwhile_is_not_promoted(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, *, first: bool
) -> None:
    store = machine("trainer")
    one, two = (store.register(bundle(n), manifest(n), at=n) for n in (1, 2))
    if not first:
        store.promote(one, why="the first", at=11)
    monkeypatch.setattr(Bucket, "check", lambda self, *_: place_of(machine("other")).discard(two))
    with pytest.raises(UnknownVersion, match=one):
        store.promote(two, why="better", at=12)
    champion = machine("replica").champion()
    assert champion is None if first else present(champion).version == one


def test_a_swap_that_was_carried_out_though_its_answer_was_lost_counts(machine: Machine) -> None:
    store = machine("trainer")
    version = store.register(bundle(1), manifest(1), at=10)
    place = place_of(store)
    place.point(version, b"the same", instead_of=None)
    place.point(version, b"the same", instead_of=None)
    place.point(version, b"the same", instead_of=Said(b"", '"what it replaced"'))
    with pytest.raises(LostPromotion, match="another became the champion"):
        place.point(version, b"another", instead_of=None)


LOOP = """
import sys
from recsys.storage.models.store import ModelStore
from tests.recsys.storage.models.test_bucket import announced
from tests.recsys.storage.worlds import bundle, manifest
store = ModelStore(sys.argv[1], cache=announced(sys.argv[2]))
store.register(bundle(1, size=3_000_000), manifest(1), at=10)
"""


def announced(cache: str) -> Path:
    """Say on standard output when a file begins to go up."""
    put = obstore.put

    def told(*asked: Any, **options: Any) -> Any:
        sys.stdout.write(f"{asked[1]}\n")
        sys.stdout.flush()
        return put(*asked, **options)

    vars(obstore)["put"] = told
    return Path(cache)


@pytest.mark.parametrize("uploads", [1, 2, 3])
def test_a_run_killed_while_it_uploads_leaves_no_readable_version(
    machine: Machine, bucket: str, tmp_path: Path, uploads: int
) -> None:
    first = machine("trainer").register(bundle(0), manifest(0), at=0)
    machine("trainer").promote(first, why="the first", at=0)
    command = [sys.executable, "-c", LOOP, bucket, str(tmp_path / "killed")]
    with subprocess.Popen(
        command, cwd=ROOT, env=os.environ, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None
        started = [run.stdout.readline().strip() for _ in range(uploads)]
        run.send_signal(signal.SIGKILL)
    assert all(started)
    seen = [entry.version for entry in machine("replica").list()]
    assert first in seen
    for version in seen:
        machine("replica").load(version, Small)
    assert present(machine("replica").champion()).version == first
    again = machine("trainer").register(bundle(1, size=3_000_000), manifest(1), at=10)
    assert machine("replica").load(again, Small)[0].name == "seed 1"


def test_what_a_killed_upload_left_is_removed_after_a_day(
    machine: Machine, inside: S3Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = "20101201-0123456789ab"
    obstore.put(inside, f"{left}/scores.npy", b"half a version")
    store = machine("trainer")
    whole = store.register(bundle(1), manifest(1), at=10)
    assert f"{left}/scores.npy" in keys(inside)
    monkeypatch.setattr(buckets, "ABANDONED", timedelta(seconds=-5))
    store.register(bundle(1), manifest(1), at=11)
    assert f"{left}/scores.npy" not in keys(inside)
    assert machine("replica").load(whole, Small)[0].name == "seed 1"


def test_a_machine_keeps_the_copies_that_it_read_last(machine: Machine, tmp_path: Path) -> None:
    versions = [machine("trainer").register(bundle(n), manifest(n), at=n) for n in range(6)]
    for age, version in enumerate(versions):
        machine("replica").load(version, Small)
        os.utime(tmp_path / "replica" / version, (age, age))
    kept = {path.name for path in (tmp_path / "replica").iterdir() if path.is_dir()}
    assert kept == set(versions[-4:])


@pytest.fixture
def nobody_there(s3: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setattr(objects, "RETRIES", 0)


@pytest.mark.usefixtures("nobody_there")
def test_storage_that_cannot_be_reached_is_said_to_be(machine: Machine) -> None:
    store = machine("replica")
    for ask in (store.champion, store.list, store.history):
        with pytest.raises(ModelStoreUnavailable, match=r"s3://models/.* is unavailable: "):
            ask()


def test_a_cache_that_cannot_be_written_is_said_to_be(bucket: str, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("not a folder")
    store = ModelStore(bucket, cache=tmp_path / "cache")
    with pytest.raises(ModelStoreUnavailable, match="cache is unavailable: File exists"):
        store.register(bundle(1), manifest(1), at=10)


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    with pytest.raises(MissingExtra, match=r"pip install 'recsys\[s3\]'"):
        objects.opened("storage.models_dir", "s3://models")


@pytest.mark.parametrize("address", ["s3://", "s3:///x", "gs://models", "s3://No_Bucket/x"])
def test_another_address_is_refused_with_the_configuration(address: str) -> None:
    with pytest.raises(BadValue, match=r"models_dir.*s3://bucket/prefix"):
        parse({"storage": {"models_dir": address}}, {})


def test_an_address_may_end_in_a_slash(bucket: str, tmp_path: Path) -> None:
    version = ModelStore(f"{bucket}/", cache=tmp_path / "one").register(
        bundle(1), manifest(1), at=10
    )
    assert ModelStore(bucket, cache=tmp_path / "other").show(version).version == version
