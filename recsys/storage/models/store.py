"""Model versions: immutable, the pointer to the one that serves, and their history.

A version is named after its content: the same data, configuration and seed give the same name,
and a changed byte anywhere is noticed. Where versions lie is either of two:
:mod:`recsys.storage.models.folder` and :mod:`recsys.storage.models.bucket`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

import orjson

from recsys.bundle import Manifest
from recsys.config import Storage
from recsys.data.times import moment
from recsys.storage.models import artifact, journal
from recsys.storage.models.codec import DoesNotFit, decode, encode, no_arrays
from recsys.storage.models.errors import (
    CorruptArtifact,
    IncompatibleArtifact,
    NoChampion,
    NoEarlierChampion,
    UnknownVersion,
)
from recsys.storage.models.folder import ModelsFolder
from recsys.storage.models.journal import Act, Line
from recsys.storage.models.place import CHAMPION, MANIFEST, ModelsPlace, Said
from recsys.storage.objects import SCHEME

T = TypeVar("T")

FORMAT = 1

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


class ModelStore:
    """The versions in one place.

    Parameters
    ----------
    models_dir : Path or str
        A folder, or ``s3://bucket/prefix``.
    cache : Path
        Where versions of object storage are kept for reading on this machine.

    Raises
    ------
    BadValue, MissingExtra
        An address that cannot be opened, or not by what is installed.
    """

    def __init__(self, models_dir: Path | str, *, cache: Path = Path("var/models")) -> None:
        self.models_dir = str(models_dir)
        self._place = _place(self.models_dir, cache)

    @classmethod
    def of(cls, storage: Storage) -> Self:
        """Open the store that is configured."""
        return cls(storage.models_dir, cache=Path(storage.models_cache))

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
            The place cannot be written to.
        """
        place = self._place
        with place.changing():
            place.sweep()
            with place.building() as built:
                files = artifact.write(built, bundle)
                text = _manifest_text(manifest, files)
                sha256 = artifact.write_durably(built / MANIFEST, text)
                artifact.sync_folder(built)
                version = f"{moment(manifest.data_until):%Y%m%d}-{sha256[:12]}"
                why = place.put(built, version, {**files, MANIFEST: sha256})
            self._note(Act.REGISTER, version, sha256, at=at, why=why)
            place.sweep()
        return version

    def promote(self, version: str, *, why: str, at: int) -> None:
        """Make a version the champion, after checking all of its files.

        Raises
        ------
        UnknownVersion, CorruptArtifact, IncompatibleArtifact
            The version cannot serve; the champion stays.
        LostPromotion
            Another became the champion meanwhile; it stays.
        ModelStoreUnavailable
            The place cannot be written to.
        """
        with self._place.changing():
            self._point(Act.PROMOTE, version, self._place.pointer(), why=why, at=at)

    def refuse(self, version: str, *, why: str, at: int) -> None:
        """Note that a version was not promoted."""
        _, _, sha256 = self._read_manifest(version)
        with self._place.changing():
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
        LostPromotion
            Another became the champion meanwhile; it stays.
        """
        with self._place.changing():
            said = self._place.pointer()
            pointer = _parsed(said)
            earlier = self._earlier(pointer)
            if not earlier:
                if pointer is None:
                    raise NoChampion(self.models_dir)
                raise NoEarlierChampion(pointer.version)
            self._point(Act.ROLLBACK, earlier[-1], said, why=why, at=at)
        return earlier[-1]

    def prune(self, *, keep: int, at: int, dry_run: bool = False) -> tuple[str, ...]:
        """Remove all but the `keep` newest versions, the champion and the one before it.

        Returns
        -------
        tuple of str
            What was removed, or would be in a `dry_run`, newest first.
        """
        with self._place.changing():
            pointer = self.champion()
            safe = {*self._earlier(pointer)[-1:], *([pointer.version] if pointer else [])}
            doomed = tuple(r.version for r in self.list()[keep:] if r.version not in safe)
            if not dry_run:
                doomed = tuple(version for version in doomed if self._place.discard(version))
            for version in () if dry_run else doomed:
                self._note(Act.PRUNE, version, "", at=at, why=f"older than the {keep} newest")
        return doomed

    def list(self) -> tuple[Registered | Broken, ...]:
        """Return all versions, last registered first, damaged ones included."""
        registered = self._registered_at()
        entries = [self._entry(version, registered) for version in self._place.versions()]
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
        return _parsed(self._place.pointer())

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
        whole = {**files, MANIFEST: sha256}
        return artifact.rebuilt(self._place.folder(version, whole), kind, whole), manifest

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
        return self._place.history()

    def _point(self, act: Act, version: str, said: Said | None, *, why: str, at: int) -> None:
        _, files, sha256 = self._read_manifest(version)
        self._place.check(version, {**files, MANIFEST: sha256})
        text = orjson.dumps(asdict(Pointer(version, sha256, at)))
        self._place.point(version, text, instead_of=said)
        self._note(act, version, sha256, at=at, why=why)

    def _note(self, act: Act, version: str, sha256: str, *, at: int, why: str) -> None:
        self._place.note(Line(act, version, sha256, at, why))

    def _earlier(self, pointer: Pointer | None) -> tuple[str, ...]:
        """Return the champions before this one that are still there, the last one last."""
        if pointer is None:
            return ()
        before = journal.lineage(self.history(), pointer.version)[:-1]
        there = self._place.versions()
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
        text = self._place.manifest(version)
        if text is None:
            raise UnknownVersion(version, known=self._place.versions())
        sha256 = hashlib.sha256(text).hexdigest()
        if not version.endswith(sha256[:12]):
            raise CorruptArtifact(version, MANIFEST, artifact.DIFFERS)
        facts = orjson.loads(text)
        found, files = facts.pop("format"), facts.pop("files")
        if found != FORMAT:
            raise IncompatibleArtifact(version, found, FORMAT)
        try:
            return decode(facts, Manifest, fetch=no_arrays), files, sha256
        except DoesNotFit as misfit:
            raise CorruptArtifact(version, MANIFEST, str(misfit)) from misfit


def _place(models_dir: str, cache: Path) -> ModelsPlace:
    if not models_dir.startswith(SCHEME):
        return ModelsFolder(Path(models_dir))
    # Loaded only by those who use it: an extra.
    from recsys.storage.models.bucket import Bucket

    return Bucket(models_dir, cache)


def _parsed(said: Said | None) -> Pointer | None:
    if said is None:
        return None
    try:
        pointer = Pointer(**orjson.loads(said.text))
    except (ValueError, TypeError) as error:
        raise CorruptArtifact("of the champion", CHAMPION, _NO_POINTER) from error
    if not pointer.version.endswith(str(pointer.manifest_sha256)[:12]):
        raise CorruptArtifact("of the champion", CHAMPION, _NO_POINTER)
    return pointer


def _manifest_text(manifest: Manifest, files: Mapping[str, str]) -> bytes:
    facts = encode(manifest, Manifest, keep=no_arrays)
    facts |= {"format": FORMAT, "files": files}
    options = orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(facts, option=options)
