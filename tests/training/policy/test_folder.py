"""A policy in a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from recsys.errors import BadQuery, UnreadableFile
from recsys.storage.models.errors import CorruptArtifact, IncompatibleArtifact
from tests.training.policy.worlds import stakes, world
from training.policy.folder import read_policy, write_policy
from training.policy.learn import Settings, learn
from training.policy.policy import Policy


@pytest.fixture(scope="module")
def policy() -> Policy:
    return learn(world(6_000, seed=1, personal=1.0).log(seed=1), stakes(), Settings())


def test_what_was_written_chooses_alike(policy: Policy, tmp_path: Path) -> None:
    write_policy(tmp_path / "p", policy)
    again = read_policy(tmp_path / "p")
    fresh = world(500, seed=2, personal=1.0).features
    assert (again.choose(fresh) == policy.choose(fresh)).all()
    assert len(set(again.choose(fresh).tolist())) > 1
    assert (again.verdict, again.lift, again.arms) == (policy.verdict, policy.lift, policy.arms)


def test_it_holds_json_and_arrays_only(policy: Policy, tmp_path: Path) -> None:
    write_policy(tmp_path / "p", policy)
    kinds = {path.suffix for path in (tmp_path / "p").rglob("*") if path.is_file()}
    assert kinds == {".json", ".npy"}


def test_a_changed_file_is_refused(policy: Policy, tmp_path: Path) -> None:
    write_policy(tmp_path / "p", policy)
    file = tmp_path / "p" / "policy" / "facts.json"
    file.write_bytes(file.read_bytes().replace(b"call", b"mail"))
    with pytest.raises(CorruptArtifact, match="SHA-256 differs"):
        read_policy(tmp_path / "p")


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ('{"format": 99, "files": {}}', IncompatibleArtifact),
        ("[]", CorruptArtifact),
        ("{", CorruptArtifact),
    ],
)
def test_a_manifest_of_something_else_is_refused(
    tmp_path: Path, content: str, error: type[Exception]
) -> None:
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(error):
        read_policy(tmp_path)


def test_a_folder_without_a_policy_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="recsys policy learn"):
        read_policy(tmp_path)


def test_a_policy_replaces_a_policy_and_nothing_else(policy: Policy, tmp_path: Path) -> None:
    write_policy(tmp_path / "p", policy)
    write_policy(tmp_path / "p", policy)
    assert read_policy(tmp_path / "p").arms == policy.arms
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "diary.txt").write_text("dear diary")
    with pytest.raises(BadQuery):
        write_policy(tmp_path / "mine", policy)
    assert (tmp_path / "mine" / "diary.txt").exists()
