"""A learnt policy as a folder: JSON and arrays, each hashed, nothing pickled."""

from __future__ import annotations

import shutil
from pathlib import Path

import orjson

from recsys.errors import BadQuery, UnreadableFile
from recsys.storage.models import artifact
from recsys.storage.models.errors import CorruptArtifact, IncompatibleArtifact
from training.policy.policy import Policy

MANIFEST = "manifest.json"
FACTS = "policy"
KIND = "recsys policy"
FORMAT = 2


def refuse_taken(folder: Path, *, force: bool) -> None:
    """Refuse a folder that holds something, unless that is a policy and `force` gives it up.

    Raises
    ------
    BadQuery
        It is left alone.
    """
    if not _taken(folder):
        return
    if not (folder / MANIFEST).is_file():
        raise BadQuery("--out", str(folder), "a new or empty folder, or one with a policy in it")
    if not force:
        raise BadQuery(
            "--out", str(folder), "a new folder; --force replaces the policy in this one"
        )


def write_policy(folder: Path, policy: Policy) -> None:
    """Write a policy, in the place of an earlier one if there is one.

    Raises
    ------
    BadQuery
        The folder holds something else, which is left alone.
    """
    refuse_taken(folder, force=True)
    if _taken(folder):
        shutil.rmtree(folder)
    files = artifact.write(folder / FACTS, policy)
    manifest = {"kind": KIND, "format": FORMAT, "verdict": policy.verdict, "files": files}
    told = orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    artifact.write_durably(folder / MANIFEST, told)
    artifact.sync_folder(folder)


def _taken(folder: Path) -> bool:
    return folder.exists() and (not folder.is_dir() or any(folder.iterdir()))


def read_policy(folder: Path) -> Policy:
    """Return the policy in a folder, every file checked against its SHA-256.

    Raises
    ------
    UnreadableFile
        There is no policy in the folder.
    IncompatibleArtifact
        It was written in a format that this code does not read.
    CorruptArtifact
        A file is missing, surplus or changed.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise UnreadableFile(path, "it is not there: `recsys policy learn --out` makes it")
    try:
        manifest = orjson.loads(path.read_bytes())
        if (version := manifest["format"]) != FORMAT:
            raise IncompatibleArtifact(folder.name, version, FORMAT)
        files = dict(manifest["files"])
    except (ValueError, KeyError, TypeError) as error:
        raise CorruptArtifact(folder.name, MANIFEST, f"is not what was written: {error}") from error
    return artifact.read(folder / FACTS, Policy, files)
