"""Archives of several files: each is imported as a file of its own."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from recsys.errors import UnreadableFile

_WORKBOOK = frozenset({"[Content_Types].xml", "mimetype"})
_HEADERS = "column_headers.tsv"
"""Beside it only ``hit_data`` has rows: Adobe's other files say what its numbers mean."""


@contextmanager
def files(path: Path) -> Iterator[Sequence[Path]]:
    """Give the files that an archive holds, in the order of their names; of others the file itself.

    Hidden files are left out. They are there during the block only.

    Raises
    ------
    UnreadableFile
        It is broken, holds no file, or more than the disk has room for.
    """
    if not path.is_file() or not zipfile.is_zipfile(path):
        yield (path,)
        return
    with zipfile.ZipFile(path) as archive:
        members = _members(archive)
        if _WORKBOOK & {member.filename for member in members}:
            yield (path,)
            return
        if not members:
            raise UnreadableFile(path, "the archive holds no file")
        with tempfile.TemporaryDirectory(prefix="recsys-") as folder:
            _refuse_large(path, members, Path(folder))
            places = [_unpacked(path, archive, one, Path(folder)) for one in members]
            yield [place for place in places if place.name != _HEADERS]


def _members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    found = [
        member
        for member in sorted(archive.infolist(), key=lambda member: member.filename)
        if not member.is_dir() and not _is_hidden(PurePosixPath(member.filename))
    ]
    names = {PurePosixPath(member.filename).name for member in found}
    if _HEADERS in names:
        rows = [one for one in found if PurePosixPath(one.filename).name.startswith("hit_data")]
        return [*(one for one in found if one.filename.endswith(_HEADERS)), *rows]
    return found


def _is_hidden(name: PurePosixPath) -> bool:
    return any((part.startswith(".") and part != "..") or part == "__MACOSX" for part in name.parts)


def _refuse_large(path: Path, members: Sequence[zipfile.ZipInfo], folder: Path) -> None:
    size, free = sum(member.file_size for member in members), shutil.disk_usage(folder).free
    if size > free:
        raise UnreadableFile(path, f"it unpacks to {size:,} bytes, and {free:,} are free")


def _unpacked(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path) -> Path:
    # What an archive calls its folders is flattened: it never says where something is written.
    parts = PurePosixPath(member.filename).parts
    name = parts[-1]
    if (folder / name).exists():
        name = "-".join(part for part in parts if part.strip("./\\"))
    place = folder / name
    try:
        with archive.open(member) as packed, place.open("xb") as file:
            shutil.copyfileobj(packed, file)
    except (zipfile.BadZipFile, RuntimeError, OSError, zlib.error) as error:
        raise UnreadableFile(path, f"broken zip: {member.filename}: {error}") from error
    return place
