"""A tree of frozen dataclasses as a folder: arrays as ``.npy``, all else in one JSON file.

Nothing is ever pickled or unpickled. Every file is checked against its SHA-256 before a byte of
it is used; arrays come back memory-mapped, so that all workers share them.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import orjson
from numpy.typing import NDArray

from recsys.storage.models.codec import DoesNotFit, decode, encode
from recsys.storage.models.errors import CorruptArtifact

T = TypeVar("T")

FACTS = "facts.json"
SMALL_BYTES = 16_384
DIFFERS = "is not what was registered (SHA-256 differs)"


def write(folder: Path, value: Any) -> dict[str, str]:
    """Write a tree into an empty folder, durably.

    Parameters
    ----------
    folder : Path
        Made where missing.
    value : dataclass
        Its annotations are those that :mod:`recsys.storage.models.codec` knows. The array in field
        ``items.factors`` becomes ``items/factors.npy``.

    Returns
    -------
    dict of str to str
        SHA-256 of every file by its path in the folder, in order of path. The same value gives
        the same bytes.

    Raises
    ------
    TypeError
        A field that could not be rebuilt from its annotation; names its place in the tree.
    """
    hashes: dict[str, str] = {}

    def keep(where: str, array: NDArray[Any]) -> str:
        path = f"{where}.npy"
        hashes[path] = _save(folder / path, array)
        return path

    folder.mkdir(parents=True, exist_ok=True)
    facts = encode(value, type(value), keep=keep)
    text = orjson.dumps(facts, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)
    hashes[FACTS] = write_durably(folder / FACTS, text)
    for inside in (folder, *(path for path in folder.rglob("*") if path.is_dir())):
        sync_folder(inside)
    return dict(sorted(hashes.items()))


def read(folder: Path, kind: type[T], files: Mapping[str, str]) -> T:
    """Check all files of a folder and rebuild the tree.

    Arrays are read-only, and memory-mapped unless they are smaller than ``SMALL_BYTES``.

    Parameters
    ----------
    folder : Path
        What :func:`write` wrote; its name is the version that errors name.
    kind : type
        The dataclass that was written.
    files : mapping of str to str
        SHA-256 of every file there must be, by its path in the folder.

    Raises
    ------
    CorruptArtifact
        A file is missing, surplus or changed, or does not fit the annotations of `kind`.
    """
    verify(folder, files)
    return rebuilt(folder, kind, files)


def rebuilt(folder: Path, kind: type[T], files: Mapping[str, str]) -> T:
    """Rebuild the tree from a folder whose files were checked: see :func:`read`."""

    def fetch(path: str) -> NDArray[Any]:
        if path not in files:
            raise CorruptArtifact(folder.name, path, "is not a file of this version")
        return _load(folder, path)

    try:
        facts = orjson.loads((folder / FACTS).read_bytes())
        value: T = decode(facts, kind, fetch=fetch)
    except DoesNotFit as misfit:
        raise CorruptArtifact(folder.name, FACTS, str(misfit)) from misfit
    return value


def verify(folder: Path, files: Mapping[str, str]) -> None:
    """Check that a folder holds exactly these files, each with its SHA-256.

    Raises
    ------
    CorruptArtifact
        It does not; names the first file that differs.
    """
    found = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir()}
    for path in sorted(found | files.keys()):
        if path not in files:
            raise CorruptArtifact(folder.name, path, "was not part of it when it was registered")
        if path not in found:
            raise CorruptArtifact(folder.name, path, "is missing")
        if _sha256(folder, path) != files[path]:
            raise CorruptArtifact(folder.name, path, DIFFERS)


def write_durably(path: Path, content: bytes) -> str:
    """Write a file and wait until it is on disk; return its SHA-256."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return hashlib.sha256(content).hexdigest()


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _save(path: Path, array: NDArray[Any]) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w+b") as file:
        np.save(file, array, allow_pickle=False)
        file.flush()
        os.fsync(file.fileno())
        file.seek(0)
        return hashlib.file_digest(file, "sha256").hexdigest()


def _load(folder: Path, path: str) -> NDArray[Any]:
    """Load an array; as a plain ndarray, since slicing a ``np.memmap`` costs Python calls."""
    small = (folder / path).stat().st_size <= SMALL_BYTES
    try:
        array = np.load(folder / path, mmap_mode=None if small else "r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise CorruptArtifact(folder.name, path, f"is not an array: {error}") from error
    plain = np.asarray(array)
    plain.setflags(write=False)
    return plain


def _sha256(folder: Path, path: str) -> str:
    try:
        with (folder / path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise CorruptArtifact(folder.name, path, f"cannot be read: {error.strerror}") from error
