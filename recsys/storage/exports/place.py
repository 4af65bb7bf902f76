"""Where the parts of an export by blocks go: a folder, or object storage.

An export is there when its manifest is, which is written last and only once. Parts that the
manifest does not name are of attempts that came to nothing.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from recsys.errors import BadQuery, StoreUnavailable
from recsys.storage import objects

MANIFEST = "manifest.json"


class ExportPlace(Protocol):
    """Takes whole files."""

    def check(self) -> None:
        """Refuse a place that has an export already, or cannot take one.

        Raises
        ------
        BadQuery
            Why.
        """

    def put(self, file: Path, name: str) -> None:
        """Take a file, which appears under its name complete or not at all.

        Raises
        ------
        StoreUnavailable
            It cannot be written.
        """

    def finish(self, manifest: bytes) -> None:
        """Write the manifest, once.

        Raises
        ------
        BadQuery
            Another export was finished there meanwhile.
        StoreUnavailable
            It cannot be written.
        """


def opened(address: str) -> ExportPlace:
    """Open a folder, or ``s3://bucket/prefix``."""
    return Objects(address) if address.startswith(objects.SCHEME) else ExportFolder(Path(address))


class ExportFolder:
    """A folder, which is made where missing; see :class:`ExportPlace`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def check(self) -> None:
        """Look for a manifest."""
        if (self._path / MANIFEST).exists():
            raise _taken(str(self._path))
        if self._path.exists() and not self._path.is_dir():
            raise BadQuery("output", str(self._path), "a folder, or s3://bucket/prefix")

    def put(self, file: Path, name: str) -> None:
        """Copy it under another name first."""
        partial = self._path / f".{name}.{uuid4().hex[:8]}"
        try:
            self._path.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, partial)
            partial.replace(self._path / name)
        except OSError as error:
            raise _unwritten(str(self._path), error) from error
        finally:
            partial.unlink(missing_ok=True)

    def finish(self, manifest: bytes) -> None:
        """Link it to its name, which fails where there is one."""
        partial = self._path / f".{MANIFEST}.{uuid4().hex[:8]}"
        try:
            self._path.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(manifest)
            os.link(partial, self._path / MANIFEST)
        except FileExistsError:
            raise _taken(str(self._path)) from None
        except OSError as error:
            raise _unwritten(str(self._path), error) from error
        finally:
            partial.unlink(missing_ok=True)


class Objects:
    """An address of object storage; see :class:`ExportPlace`."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._objects = objects.opened("output", address)

    def check(self) -> None:
        """Ask for a manifest."""
        import obstore

        with suppress(FileNotFoundError), objects.asking(self._unavailable):
            obstore.head(self._objects, MANIFEST)
            raise _taken(self._address)

    def put(self, file: Path, name: str) -> None:
        """Upload it."""
        import obstore

        with objects.asking(self._unavailable):
            obstore.put(self._objects, name, file)

    def finish(self, manifest: bytes) -> None:
        """Create it."""
        import obstore
        from obstore.exceptions import AlreadyExistsError

        try:
            with objects.asking(self._unavailable):
                obstore.put(self._objects, MANIFEST, manifest, mode="create")
        except AlreadyExistsError:
            raise _taken(self._address) from None

    def _unavailable(self, why: str) -> StoreUnavailable:
        return StoreUnavailable(f"{self._address}: {why}")


def _taken(address: str) -> BadQuery:
    return BadQuery("output", address, "a place without an export: this one has a manifest.json")


def _unwritten(address: str, error: OSError) -> StoreUnavailable:
    return StoreUnavailable(f"{address}: {error.strerror or error}")
