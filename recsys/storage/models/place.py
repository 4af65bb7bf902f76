"""Where versions lie: what the store of models asks of a folder and of object storage alike."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from recsys.storage.models.journal import Line

MANIFEST = "manifest.json"
CHAMPION = "champion"
VERSION_NAME = re.compile(r"\d{8}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Said:
    """The bytes of the pointer, and by what a change of it is noticed."""

    text: bytes
    tag: str = ""


class ModelsPlace(Protocol):
    """Keeps complete versions, one pointer and what was done with them.

    Every method raises :class:`recsys.errors.ModelStoreUnavailable` where the place cannot be
    used. `files` are the SHA-256 of all files of a version by path, the manifest included.
    """

    def changing(self) -> AbstractContextManager[None]:
        """Enter before anything is changed; alone where the place can see to that."""

    def building(self) -> AbstractContextManager[Path]:
        """Give an empty folder on this machine to write a version into."""

    def put(self, built: Path, version: str, files: Mapping[str, str]) -> str:
        """Keep a version that was built, which appears complete or not at all; say what was done.

        One that is there already stays; what is damaged in it is made again.
        """

    def versions(self) -> tuple[str, ...]:
        """Return the names of all versions, in order."""

    def manifest(self, version: str) -> bytes | None:
        """Return the manifest of a version; None where there is no such version.

        Raises
        ------
        CorruptArtifact
            It cannot be read.
        """

    def check(self, version: str, files: Mapping[str, str]) -> None:
        """Read every file of a version where it lies.

        Raises
        ------
        CorruptArtifact
            One is missing or changed.
        """

    def folder(self, version: str, files: Mapping[str, str]) -> Path:
        """Return a folder on this machine with a checked copy of a version.

        Raises
        ------
        CorruptArtifact
            A file is missing or changed.
        """

    def pointer(self) -> Said | None:
        """Return the pointer, None where there is none; cheap to ask again and again."""

    def point(self, version: str, text: bytes, *, instead_of: Said | None) -> None:
        """Replace the pointer that was seen by one to `version`.

        Raises
        ------
        LostPromotion
            It is not what was seen any more.
        UnknownVersion
            The version was removed meanwhile.
        """

    def note(self, line: Line) -> None:
        """Add to the history."""

    def history(self) -> tuple[Line, ...]:
        """Return the history, oldest first."""

    def discard(self, version: str) -> bool:
        """Remove a version, unless the pointer has come to name it; return whether."""

    def sweep(self) -> None:
        """Remove what killed runs left."""
