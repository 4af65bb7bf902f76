"""Model versions in a folder that all share.

::

    models/
      champion                 {"version", "manifest_sha256", "promoted_at"}, replaced atomically
      history.jsonl            what was done with which version, when and why
      20111209-3f2a9c01b7de/   day up to which the data go, and what the content hashes to
        manifest.json          where it came from, and the SHA-256 of every other file
        facts.json  items/factors.npy  …

Whoever changes it holds a lock; readers need none, since a version's folder appears complete or
not at all.
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from recsys.storage.models import artifact, journal
from recsys.storage.models.errors import CorruptArtifact, ModelStoreUnavailable
from recsys.storage.models.journal import Line
from recsys.storage.models.place import CHAMPION, MANIFEST, VERSION_NAME, Said

HISTORY = "history.jsonl"
LOCK = ".lock"
PARTIAL = ".partial"
DISCARDED = ".discarded"


@dataclass(frozen=True, slots=True)
class ModelsFolder:
    """A folder, which is made when the first version is registered; see :class:`Place`."""

    path: Path

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Hold the lock."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            with (self.path / LOCK).open("ab") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except OSError as error:
            raise ModelStoreUnavailable(self.path, error.strerror or str(error)) from error

    @contextmanager
    def building(self) -> Iterator[Path]:
        """Give a folder beside the versions; there is one, since there is one who changes."""
        yield self.path / PARTIAL

    def put(self, built: Path, version: str, files: Mapping[str, str]) -> str:
        """Rename what was built to its name."""
        target, why = self.path / version, "new"
        if target.exists():
            try:
                artifact.verify(target, files)
            except CorruptArtifact as damage:
                target.rename(self.path / DISCARDED)
                why = f"made again: {damage.file} {damage.why}"
            else:
                return "already there"
        built.rename(target)
        artifact.sync_folder(self.path)
        return why

    def versions(self) -> tuple[str, ...]:
        """Return the names of all folders that are named as versions are."""
        if not self.path.is_dir():
            return ()
        names = (path.name for path in self.path.iterdir() if path.is_dir())
        return tuple(sorted(name for name in names if VERSION_NAME.fullmatch(name)))

    def manifest(self, version: str) -> bytes | None:
        """Return the bytes of the manifest."""
        if version not in self.versions():
            return None
        try:
            return (self.path / version / MANIFEST).read_bytes()
        except OSError as error:
            raise CorruptArtifact(version, MANIFEST, f"cannot be read: {error.strerror}") from error

    def check(self, version: str, files: Mapping[str, str]) -> None:
        """Hash every file; none may be surplus."""
        artifact.verify(self.path / version, files)

    def folder(self, version: str, files: Mapping[str, str]) -> Path:
        """Return where the version lies, after checking it."""
        self.check(version, files)
        return self.path / version

    def pointer(self) -> Said | None:
        """Read the file."""
        try:
            return Said((self.path / CHAMPION).read_bytes())
        except FileNotFoundError:
            return None

    def point(self, version: str, text: bytes, *, instead_of: Said | None) -> None:  # noqa: ARG002 - the lock is held
        """Replace the file."""
        pointer = self.path / CHAMPION
        fresh = pointer.with_name(f".{CHAMPION}")
        artifact.write_durably(fresh, text)
        fresh.replace(pointer)
        artifact.sync_folder(self.path)

    def note(self, line: Line) -> None:
        """Append a line."""
        journal.append(self.path / HISTORY, line)

    def history(self) -> tuple[Line, ...]:
        """Read all lines."""
        return journal.read(self.path / HISTORY)

    def discard(self, version: str) -> bool:
        """Put the folder out of the way at once, then remove it."""
        (self.path / version).rename(self.path / DISCARDED)
        self.sweep()
        return True

    def sweep(self) -> None:
        """Remove what was not finished, to build or to remove."""
        for left in (PARTIAL, DISCARDED):
            shutil.rmtree(self.path / left, ignore_errors=True)
