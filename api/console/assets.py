"""The files that pages load: under names with their hash, so that browsers keep them for good."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

FOLDER = Path(__file__).parent / "static"
FOREVER = "public, max-age=31536000, immutable"
MEDIA = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is served."""

    name: str
    body: bytes
    media: str


@cache
def assets() -> dict[str, Asset]:
    """Return all files by the names that they are served under."""
    return {asset.name: asset for asset in map(_asset, sorted(FOLDER.iterdir()))}


@cache
def served_as(file: str) -> str:
    """Return the name that a file is served under."""
    return _asset(FOLDER / file).name


def _asset(path: Path) -> Asset:
    body = path.read_bytes()
    digest = sha256(body).hexdigest()[:12]
    return Asset(f"{path.stem}.{digest}{path.suffix}", body, MEDIA[path.suffix])
