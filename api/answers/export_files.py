"""The files of an export: where they are, whole or packed, and who is in them."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Iterable, Iterator
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING

from recsys.storage.exports.log import Export, ExportFile

if TYPE_CHECKING:
    from api.service import Service

PACKED = frozenset({"csv", "jsonl"})
"""Formats whose files are gzipped, and can be put one after the other."""

HAS = "delivered.json"
"""The file that says what a tool has once it took an export."""

_PEOPLE = ".people"
_COPIED = 1 << 20


def folder_of(service: Service, export_id: str) -> Path:
    """Return where the files of an export are."""
    return Path(service.config.storage.exports_dir) / export_id


def remove(service: Service, one: Export) -> None:
    """Delete the files of an export, as far as they are here."""
    shutil.rmtree(folder_of(service, one.export_id), ignore_errors=True)


def note_people(path: Path, people: Iterable[str]) -> None:
    """Note who is in a part, for the day that one of them is erased."""
    named = "\0".join(people).encode("utf-8", "surrogatepass")
    path.with_name(f".{path.name}{_PEOPLE}").write_bytes(named)


def has_any(service: Service, one: Export, people: set[str]) -> bool:
    """Return whether any of some people is in an export."""
    parts = folder_of(service, one.export_id).glob(f".*{_PEOPLE}")
    return any(not people.isdisjoint(_people(path)) for path in parts)


def packed(path: Path, *, rows: int, looked_at: int) -> ExportFile:
    """Return a file as a part, gzipped where that makes sense."""
    head = 0
    if path.suffix.removeprefix(".") in PACKED:
        zipped = path.with_name(f"{path.name}.gz")
        head = _gzip(path, zipped, has_head=path.suffix == ".csv")
        path.unlink()
        path = zipped
    with path.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    return ExportFile(path.name, rows, path.stat().st_size, digest, looked_at, head)


def _gzip(path: Path, packed: Path, *, has_head: bool) -> int:
    """Pack a file, its first line by itself where it is a head; return the bytes of that."""
    with path.open("rb") as plain, packed.open("wb") as file:
        if has_head:
            file.write(gzip.compress(plain.readline(), mtime=0))
        head = file.tell()
        with gzip.GzipFile("", "wb", 6, file, mtime=0) as packing:
            shutil.copyfileobj(plain, packing, _COPIED)
    return head


def whole(service: Service, one: Export) -> Iterator[bytes]:
    """Yield all parts of a packed export as one file: the head of the first one only."""
    for number, part in enumerate(one.parts):
        with (folder_of(service, one.export_id) / part.name).open("rb") as file:
            file.seek(part.head if number else 0)
            while chunk := file.read(_COPIED):
                yield chunk


def whole_bytes(one: Export) -> int:
    """Return how many bytes :func:`whole` yields."""
    return sum(part.bytes for part in one.parts) - sum(part.head for part in one.parts[1:])


def _people(path: Path) -> list[str]:
    return path.read_bytes().decode("utf-8", "surrogatepass").split("\0")
