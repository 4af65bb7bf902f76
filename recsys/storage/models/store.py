"""Model versions: immutable folders, the pointer to the one that serves, and their history.

::

    models/
      champion                 {"version", "manifest_sha256", "promoted_at"}, replaced atomically
      history.jsonl            what was done with which version, when and why
      20111209-3f2a9c01b7de/   day up to which the data go, and what the content hashes to
        manifest.json          where it came from, and the SHA-256 of every other file
        facts.json  items/factors.npy  …

A version is named after its content: the same data, configuration and seed give the same name,
and a changed byte anywhere is noticed. Whoever changes the store holds a lock; readers need none,
since a folder appears complete or not at all.
"""

from __future__ import annotations

import fcntl
import hashlib
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import orjson

from recsys.bundle import Manifest
from recsys.data.times import moment
from recsys.errors import (
    CorruptArtifact,
    IncompatibleArtifact,
    ModelStoreUnavailable,
    NoChampion,
    NoEarlierChampion,
    UnknownVersion,
)
from recsys.storage.models import artifact, journal
from recsys.storage.models.codec import DoesNotFit, decode, encode, no_arrays
from recsys.storage.models.journal import Act, Line

T = TypeVar("T")

FORMAT = 1
MANIFEST = "manifest.json"
CHAMPION = "champion"
HISTORY = "history.jsonl"
LOCK = ".lock"
PARTIAL = ".partial"
DISCARDED = ".discarded"
VERSION_NAME = re.compile(r"\d{8}-[0-9a-f]{12}")

_NO_POINTER = "is not what was written; `recsys models promote VERSION` writes it anew"


@dataclass(frozen=True, slots=True)
class Pointer:
    """Which version serves, the SHA-256 of its manifest, and since when (microseconds)."""

    version: str
    manifest_sha256: str
    promoted_at: int


@dataclass(frozen=True, slots=True)
class Registered:
    """A version as it lies in the store.

    Attributes
    ----------
    files : mapping of str to str
        SHA-256 of every file but the manifest, by path.
    sha256 : str
        Of the manifest, which holds all of those.
    registered_at : int or None
        When it was first registered (microseconds); None when the history does not tell.
    serves : bool
        Whether it is the champion.
    """

    version: str
    manifest: Manifest
    files: Mapping[str, str]
    sha256: str
    registered_at: int | None
    serves: bool


@dataclass(frozen=True, slots=True)
class Broken:
    """A version whose manifest cannot be used, and why; else as :class:`Registered`."""

    version: str
    why: str
    registered_at: int | None
    serves: bool


@dataclass(frozen=True, slots=True)
class ModelStore:
    """The versions in one folder, which is made when the first is registered."""

    models_dir: Path

    def register(self, bundle: Any, manifest: Manifest, *, at: int) -> str:
        """Keep a bundle and return the name of its version; the same again changes nothing.

        A version that lies there damaged is replaced. What a killed run left is removed.

        Parameters
        ----------
        bundle : dataclass
            A tree that :func:`recsys.storage.models.artifact.write` can keep.
        manifest : Manifest
            Where it came from; nothing in it may differ between two equal runs.
        at : int
            For the history only (microseconds).

        Raises
        ------
        TypeError
            A field of the bundle or the manifest that cannot be kept.
        ModelStoreUnavailable
            The folder cannot be written to.
        """
        with self._locked():
            self._sweep()
            partial = self.models_dir / PARTIAL
            files = artifact.write(partial, bundle)
            sha256 = artifact.write_durably(partial / MANIFEST, _manifest_text(manifest, files))
            artifact.sync_folder(partial)
            version = f"{moment(manifest.data_until):%Y%m%d}-{sha256[:12]}"
            why = self._put(partial, version, {**files, MANIFEST: sha256})
            self._note(Act.REGISTER, version, sha256, at=at, why=why)
            self._sweep()
        return version

    def promote(self, version: str, *, why: str, at: int) -> None:
        """Make a version the champion, after checking all of its files.

        Raises
        ------
        UnknownVersion, CorruptArtifact, IncompatibleArtifact
            The version cannot serve; the champion stays.
        ModelStoreUnavailable
            The folder cannot be written to.
        """
        with self._locked():
            self._point(Act.PROMOTE, version, why=why, at=at)

    def refuse(self, version: str, *, why: str, at: int) -> None:
        """Note that a version was not promoted."""
        _, _, sha256 = self._read_manifest(version)
        with self._locked():
            self._note(Act.REFUSE, version, sha256, at=at, why=why)

    def rollback(self, *, at: int, why: str = "rolled back by hand") -> str:
        """Make the champion before this one the champion again and return its version.

        Rolling back twice goes two champions back. Pruned versions are passed over.

        Raises
        ------
        NoChampion, NoEarlierChampion
            There is nothing to go back from, or to.
        CorruptArtifact, IncompatibleArtifact
            The earlier champion cannot serve; the champion stays.
        """
        with self._locked():
            earlier = self._earlier()
            if not earlier:
                pointer = self.champion()
                if pointer is None:
                    raise NoChampion(self.models_dir)
                raise NoEarlierChampion(pointer.version)
            self._point(Act.ROLLBACK, earlier[-1], why=why, at=at)
        return earlier[-1]

    def prune(self, *, keep: int, at: int, dry_run: bool = False) -> tuple[str, ...]:
        """Remove all but the `keep` newest versions, the champion and the one before it.

        Returns
        -------
        tuple of str
            What was removed, or would be in a `dry_run`, newest first.
        """
        with self._locked():
            pointer = self.champion()
            safe = {*self._earlier()[-1:], *([pointer.version] if pointer else [])}
            doomed = tuple(r.version for r in self.list()[keep:] if r.version not in safe)
            for version in () if dry_run else doomed:
                self._discard(version)
                self._note(Act.PRUNE, version, "", at=at, why=f"older than the {keep} newest")
        return doomed

    def list(self) -> tuple[Registered | Broken, ...]:
        """Return all versions, last registered first, damaged ones included."""
        registered = self._registered_at()
        entries = [self._entry(version, registered) for version in self._versions()]
        entries.sort(key=lambda r: (r.registered_at or 0, r.version), reverse=True)
        return tuple(entries)

    def show(self, version: str) -> Registered:
        """Return one version.

        Raises
        ------
        UnknownVersion, CorruptArtifact, IncompatibleArtifact
            There is none, or its manifest cannot be used.
        """
        manifest, files, sha256 = self._read_manifest(version)
        registered_at = self._registered_at().get(version)
        serves = self._serves(version)
        return Registered(version, manifest, files, sha256, registered_at, serves)

    def champion(self) -> Pointer | None:
        """Return the pointer to the champion, None before the first promotion; cheap to poll.

        Raises
        ------
        CorruptArtifact
            The pointer is not one.
        """
        try:
            pointer = Pointer(**orjson.loads((self.models_dir / CHAMPION).read_bytes()))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError) as error:
            raise CorruptArtifact("of the champion", CHAMPION, _NO_POINTER) from error
        if not pointer.version.endswith(str(pointer.manifest_sha256)[:12]):
            raise CorruptArtifact("of the champion", CHAMPION, _NO_POINTER)
        return pointer

    def load(self, version: str, kind: type[T]) -> tuple[T, Manifest]:
        """Return a bundle of the given dataclass, its arrays memory-mapped, and its manifest.

        Raises
        ------
        UnknownVersion
            The store does not hold it.
        CorruptArtifact
            A file is missing, surplus or changed; names it.
        IncompatibleArtifact
            It was written in another format.
        """
        manifest, files, sha256 = self._read_manifest(version)
        folder = self.models_dir / version
        return artifact.read(folder, kind, {**files, MANIFEST: sha256}), manifest

    def manifest_sha256(self, version: str) -> str:
        """Return the SHA-256 of the manifest of a version, in hexadecimal.

        Raises
        ------
        UnknownVersion
            The store does not hold it.
        CorruptArtifact
            The manifest is not what was written.
        """
        return self._read_manifest(version)[2]

    def history(self) -> tuple[Line, ...]:
        """Return what was done with which version, oldest first."""
        return journal.read(self.models_dir / HISTORY)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self.models_dir.mkdir(parents=True, exist_ok=True)
            with (self.models_dir / LOCK).open("ab") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except OSError as error:
            raise ModelStoreUnavailable(self.models_dir, error.strerror or str(error)) from error

    def _put(self, partial: Path, version: str, files: Mapping[str, str]) -> str:
        target, why = self.models_dir / version, "new"
        if target.exists():
            try:
                artifact.verify(target, files)
            except CorruptArtifact as damage:
                target.rename(self.models_dir / DISCARDED)
                why = f"made again: {damage.file} {damage.why}"
            else:
                return "already there"
        partial.rename(target)
        artifact.sync_folder(self.models_dir)
        return why

    def _point(self, act: Act, version: str, *, why: str, at: int) -> None:
        _, files, sha256 = self._read_manifest(version)
        artifact.verify(self.models_dir / version, {**files, MANIFEST: sha256})
        pointer = self.models_dir / CHAMPION
        fresh = pointer.with_name(f".{CHAMPION}")
        artifact.write_durably(fresh, orjson.dumps(asdict(Pointer(version, sha256, at))))
        fresh.replace(pointer)
        artifact.sync_folder(self.models_dir)
        self._note(act, version, sha256, at=at, why=why)

    def _note(self, act: Act, version: str, sha256: str, *, at: int, why: str) -> None:
        journal.append(self.models_dir / HISTORY, Line(act, version, sha256, at, why))

    def _discard(self, version: str) -> None:
        (self.models_dir / version).rename(self.models_dir / DISCARDED)
        self._sweep()

    def _sweep(self) -> None:
        for left in (PARTIAL, DISCARDED):
            shutil.rmtree(self.models_dir / left, ignore_errors=True)

    def _versions(self) -> tuple[str, ...]:
        if not self.models_dir.is_dir():
            return ()
        names = (path.name for path in self.models_dir.iterdir() if path.is_dir())
        return tuple(sorted(name for name in names if VERSION_NAME.fullmatch(name)))

    def _earlier(self) -> tuple[str, ...]:
        """Return the champions before this one that are still there, the last one last."""
        pointer = self.champion()
        if pointer is None:
            return ()
        before = journal.lineage(self.history(), pointer.version)[:-1]
        there = self._versions()
        return tuple(v for v in before if v in there and v != pointer.version)

    def _registered_at(self) -> dict[str, int]:
        lines = reversed(self.history())
        return {line.version: line.at for line in lines if line.act is Act.REGISTER}

    def _serves(self, version: str) -> bool:
        try:
            pointer = self.champion()
        except CorruptArtifact:
            return False
        return pointer is not None and pointer.version == version

    def _entry(self, version: str, registered: Mapping[str, int]) -> Registered | Broken:
        serves, registered_at = self._serves(version), registered.get(version)
        try:
            manifest, files, sha256 = self._read_manifest(version)
        except (CorruptArtifact, IncompatibleArtifact) as error:
            return Broken(version, str(error), registered_at, serves)
        return Registered(version, manifest, files, sha256, registered_at, serves)

    def _read_manifest(self, version: str) -> tuple[Manifest, Mapping[str, str], str]:
        """Return the manifest, the SHA-256 of every other file, and its own."""
        if version not in self._versions():
            raise UnknownVersion(version, known=self._versions())
        try:
            text = (self.models_dir / version / MANIFEST).read_bytes()
        except OSError as error:
            raise CorruptArtifact(version, MANIFEST, f"cannot be read: {error.strerror}") from error
        sha256 = hashlib.sha256(text).hexdigest()
        if not version.endswith(sha256[:12]):
            raise CorruptArtifact(version, MANIFEST, "is not what was registered (SHA-256 differs)")
        facts = orjson.loads(text)
        found, files = facts.pop("format"), facts.pop("files")
        if found != FORMAT:
            raise IncompatibleArtifact(version, found, FORMAT)
        try:
            return decode(facts, Manifest, fetch=no_arrays), files, sha256
        except DoesNotFit as misfit:
            raise CorruptArtifact(version, MANIFEST, str(misfit)) from misfit


def _manifest_text(manifest: Manifest, files: Mapping[str, str]) -> bytes:
    facts = encode(manifest, Manifest, keep=no_arrays)
    facts |= {"format": FORMAT, "files": files}
    options = orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(facts, option=options)
