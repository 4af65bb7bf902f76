"""Model versions on object storage, and the copies that this machine reads them from.

::

    s3://bucket/prefix/
      champion                 replaced only by who saw what it replaces (If-Match)
      history/00000001.json    one object an act, numbered; each created only once
      20111209-3f2a9c01b7de/   as in a folder; the manifest is written last
    storage.models_cache/
      20111209-3f2a9c01b7de/   a checked copy, mapped by all processes of this machine

There is no lock. Files are created, never changed, unless they are not what their version says;
a version is there when its manifest is. Who removes one takes the manifest first and then looks
at the pointer, who promotes one moves the pointer first and then looks at the manifest: whatever
the order of the four, the pointer never stays at a version that is gone.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, TypeVar

import obstore
import orjson
from obstore.exceptions import AlreadyExistsError, NotModifiedError, PreconditionError

from recsys.storage import objects
from recsys.storage.models import artifact, journal
from recsys.storage.models.errors import (
    CorruptArtifact,
    LostPromotion,
    ModelStoreUnavailable,
    UnknownVersion,
)
from recsys.storage.models.journal import Line
from recsys.storage.models.place import CHAMPION, MANIFEST, VERSION_NAME, Said

T = TypeVar("T")

HISTORY = "history"
AT_ONCE = 8
"""Requests at a time."""

LARGE_BYTES = 64 << 20
"""Larger files go up in parts; such an upload cannot be told to create only."""

CHUNK_BYTES = 4 << 20

CACHED = 4
"""Copies that stay on a machine: those that were read last."""

ABANDONED = timedelta(days=1)
"""An upload without a manifest for so long was killed."""


class Bucket:
    """Versions under an address of object storage; see :class:`Place`.

    Parameters
    ----------
    address : str
        ``s3://bucket/prefix``.
    cache : Path
        Folder for the copies that this machine reads; made where missing.
    """

    def __init__(self, address: str, cache: Path) -> None:
        self.address = address
        self._objects = objects.opened("storage.models_dir", address)
        self._cache = cache
        self._seen: Said | None = None
        self._lines: dict[str, Line | None] = {}

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Do nothing: the conditions of every request stand for a lock."""
        yield

    @contextmanager
    def building(self) -> Iterator[Path]:
        """Give a folder in the cache."""
        with self._own_folder() as folder:
            yield folder

    def put(self, built: Path, version: str, files: Mapping[str, str]) -> str:
        """Upload what was built, the manifest last, and keep it as this machine's copy."""

        def upload(path: str) -> tuple[bool, str]:
            return self._create(f"{version}/{path}", built / path, files[path])

        others = [path for path in files if path != MANIFEST]
        done = dict(zip(others, _at_once(upload, others), strict=True))
        done[MANIFEST] = upload(MANIFEST)
        with self._locked_cache(), suppress(OSError):
            built.rename(self._cache / version)
        if done[MANIFEST][0]:
            return "new"
        healed = [why for _, why in done.values() if why]
        return f"made again: {healed[0]}" if healed else "already there"

    def versions(self) -> tuple[str, ...]:
        """Return all folders that have a manifest."""
        with self._asking():
            found = obstore.list_with_delimiter(self._objects)["common_prefixes"]
        names = sorted(name for name in found if VERSION_NAME.fullmatch(name))
        there = _at_once(lambda name: self._is_there(f"{name}/{MANIFEST}"), names)
        return tuple(name for name, is_there in zip(names, there, strict=True) if is_there)

    def manifest(self, version: str) -> bytes | None:
        """Return the bytes of the manifest."""
        if not VERSION_NAME.fullmatch(version):
            return None
        return self._read(f"{version}/{MANIFEST}")

    def check(self, version: str, files: Mapping[str, str]) -> None:
        """Hash every object, without keeping it."""
        _at_once(lambda path: self._fetch(version, path, files[path], None), list(files))

    def folder(self, version: str, files: Mapping[str, str]) -> Path:
        """Return this machine's copy; one that is damaged is never used, but fetched anew."""
        copy = self._cache / version
        with self._locked_cache():
            if copy.is_dir():
                try:
                    artifact.verify(copy, files)
                except CorruptArtifact:
                    shutil.rmtree(copy)
            if not copy.is_dir():
                self._download(version, files, copy)
            copy.touch()
            self._forget_old_copies()
        return copy

    def pointer(self) -> Said | None:
        """Ask for the pointer, unless it is the one that was seen last."""
        seen = self._seen
        try:
            with self._asking():
                if seen is None:
                    found = obstore.get(self._objects, CHAMPION)
                else:
                    found = obstore.get(
                        self._objects, CHAMPION, options={"if_none_match": seen.tag}
                    )
                self._seen = Said(bytes(found.bytes()), found.meta["e_tag"] or "")
        except NotModifiedError:
            return seen
        except FileNotFoundError:
            self._seen = None
        return self._seen

    def point(self, version: str, text: bytes, *, instead_of: Said | None) -> None:
        """Swap the pointer; go back where the version was removed meanwhile."""
        self._swap(version, text, instead_of)
        if self._is_there(f"{version}/{MANIFEST}"):
            return
        with suppress(LostPromotion):
            if instead_of is not None:
                self._swap(version, instead_of.text, self.pointer())
            else:
                with self._asking():
                    obstore.delete(self._objects, CHAMPION)
        raise UnknownVersion(version, known=self.versions())

    def note(self, line: Line) -> None:
        """Create the next object of the history."""
        text = orjson.dumps(asdict(line))
        number = int(max(self._history_names(), default="0")) + 1
        while True:
            try:
                with self._asking():
                    obstore.put(self._objects, f"{HISTORY}/{number:08d}.json", text, mode="create")
            except AlreadyExistsError:
                number += 1
            else:
                return

    def history(self) -> tuple[Line, ...]:
        """Read the objects of the history that were not read before."""
        names = self._history_names()
        new = [name for name in names if name not in self._lines]
        texts = _at_once(lambda name: self._read(f"{HISTORY}/{name}.json"), new)
        self._lines |= {
            name: journal.parsed(text or b"") for name, text in zip(new, texts, strict=True)
        }
        return tuple(line for name in names if (line := self._lines[name]))

    def discard(self, version: str) -> bool:
        """Take the manifest away; go back where the pointer names the version by now."""
        manifest = f"{version}/{MANIFEST}"
        text = self._read(manifest)
        with self._asking():
            obstore.delete(self._objects, manifest)
        stays = True
        try:
            said = self.pointer()
            stays = said is not None and version.encode() in said.text
        finally:
            if stays and text is not None:
                with self._asking():
                    obstore.put(self._objects, manifest, text)
        if not stays:
            self._remove(version)
        return not stays

    def sweep(self) -> None:
        """Remove uploads that got no manifest for a day."""
        with self._asking():
            found = obstore.list_with_delimiter(self._objects)["common_prefixes"]
        whole = set(self.versions())
        for name in found:
            if VERSION_NAME.fullmatch(name) and name not in whole and self._is_abandoned(name):
                self._remove(name)

    def _asking(self) -> AbstractContextManager[None]:
        return objects.asking(partial(ModelStoreUnavailable, self.address))

    def _is_there(self, key: str) -> bool:
        try:
            with self._asking():
                obstore.head(self._objects, key)
        except FileNotFoundError:
            return False
        return True

    def _read(self, key: str) -> bytes | None:
        try:
            with self._asking():
                return bytes(obstore.get(self._objects, key).bytes())
        except FileNotFoundError:
            return None

    def _swap(self, version: str, text: bytes, instead_of: Said | None) -> None:
        try:
            with self._asking():
                obstore.put(
                    self._objects,
                    CHAMPION,
                    text,
                    mode="create" if instead_of is None else {"e_tag": instead_of.tag},
                )
        except (AlreadyExistsError, PreconditionError) as error:
            now = self.pointer()
            # A request that was tried again may have been carried out the first time.
            if now is None or now.text != text:
                raise LostPromotion(version) from error

    def _create(self, key: str, file: Path, sha256: str) -> tuple[bool, str]:
        """Upload a file; return whether it was not there, and what was wrong with what was."""
        try:
            self._put_new(key, file)
        except AlreadyExistsError:
            version, _, path = key.partition("/")
            try:
                self._fetch(version, path, sha256, None)
            except CorruptArtifact as damage:
                with self._asking():
                    obstore.put(self._objects, key, file)
                return False, f"{path} {damage.why}"
            return False, ""
        return True, ""

    def _put_new(self, key: str, file: Path) -> None:
        large = file.stat().st_size > LARGE_BYTES
        if large and self._is_there(key):
            raise AlreadyExistsError(key)
        with self._asking():
            obstore.put(self._objects, key, file, mode="overwrite" if large else "create")

    def _download(self, version: str, files: Mapping[str, str], copy: Path) -> None:
        with self._own_folder() as folder:
            _at_once(lambda path: self._fetch(version, path, files[path], folder), list(files))
            folder.rename(copy)

    def _fetch(self, version: str, path: str, sha256: str, into: Path | None) -> None:
        """Read an object and compare its hash; keep it in a folder where there is one."""
        digest = hashlib.sha256()
        try:
            with self._asking(), _file(into, path) as write:
                for chunk in obstore.get(self._objects, f"{version}/{path}").stream(CHUNK_BYTES):
                    digest.update(chunk)
                    write(chunk)
        except FileNotFoundError:
            raise CorruptArtifact(version, path, "is missing") from None
        if digest.hexdigest() != sha256:
            raise CorruptArtifact(version, path, artifact.DIFFERS)

    def _history_names(self) -> list[str]:
        with self._asking():
            found = obstore.list(self._objects, HISTORY, chunk_size=1_000)
            paths = [meta["path"] for chunk in found for meta in chunk]
        return sorted(Path(path).stem for path in paths)

    def _is_abandoned(self, version: str) -> bool:
        with self._asking():
            found = obstore.list(self._objects, version, chunk_size=1_000)
            newest = max((m["last_modified"] for chunk in found for m in chunk), default=None)
        return newest is not None and datetime.now(UTC) - newest > ABANDONED

    def _remove(self, version: str) -> None:
        with self._asking():
            for chunk in obstore.list(self._objects, version, chunk_size=1_000):
                obstore.delete(self._objects, [meta["path"] for meta in chunk])

    def _forget_old_copies(self) -> None:
        copies = [path for path in self._cache.iterdir() if VERSION_NAME.fullmatch(path.name)]
        copies.sort(key=lambda path: path.stat().st_mtime, reverse=True)
        for old in copies[CACHED:]:
            # Whoever has mapped its files keeps them.
            shutil.rmtree(old, ignore_errors=True)

    @contextmanager
    def _own_folder(self) -> Iterator[Path]:
        """Give a folder in the cache that is gone at the end, if it is still there."""
        with self._on_disk():
            self._cache.mkdir(parents=True, exist_ok=True)
            folder = Path(mkdtemp(prefix=".partial-", dir=self._cache))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def _locked_cache(self) -> Iterator[None]:
        """Let one process of this machine change the cache at a time."""
        with self._on_disk():
            self._cache.mkdir(parents=True, exist_ok=True)
            with (self._cache / ".lock").open("ab") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield

    @contextmanager
    def _on_disk(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ModelStoreUnavailable(self._cache, error.strerror or str(error)) from error


def _at_once(work: Callable[[str], T], names: list[str]) -> list[T]:
    """Do something about each name, several at a time; the first error ends it."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(work, names))


@contextmanager
def _file(folder: Path | None, path: str) -> Iterator[Callable[[Any], object]]:
    if folder is None:
        yield lambda _: None
        return
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as opened:
        yield opened.write
