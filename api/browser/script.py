"""The script as it is served: without comments and indents, hashed, and its loader."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from functools import cache
from hashlib import sha256, sha384
from pathlib import Path

FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Script:
    """The file that pages load.

    Attributes
    ----------
    text : bytes
        What is served.
    name : str
        Of the file, with its hash: what it names never changes.
    integrity : str
        For the attribute of that name.
    """

    text: bytes
    name: str
    integrity: str


@cache
def script() -> Script:
    """Return the script."""
    text = small((FOLDER / "recsys.js").read_text(encoding="utf-8")).encode()
    digest = base64.b64encode(sha384(text).digest()).decode()
    return Script(text, f"recsys.{sha256(text).hexdigest()[:16]}.js", f"sha384-{digest}")


def loader(address: str, integrity: str = "") -> str:
    """Return what a page has inline: it notes calls until the script at an address runs them."""
    text = (FOLDER / "loader.js").read_text(encoding="utf-8")
    return small(text).replace("HOST", address).replace("INTEGRITY", integrity)


def types() -> bytes:
    """Return the TypeScript declarations."""
    return (FOLDER / "recsys.d.ts").read_bytes()


def small(source: str) -> str:
    """Return JavaScript without lines of comments, indents and blanks around signs.

    Of a line of code nothing is dropped but blanks outside of texts: the sources keep texts within
    a line and have no comments behind code but ``/* */``.
    """
    lines = (re.sub(r"\s*/\*.*?\*/\s*", "", line).strip() for line in source.splitlines())
    return "\n".join(_tight(line) for line in lines if line and not line.startswith("//"))


_PARTS = re.compile(r"""("(?:[^"\\]|\\.)*"|/(?![*/ ])(?:[^/\\\n]|\\.)+/)""")


def _tight(line: str) -> str:
    parts = _PARTS.split(line)
    return "".join(
        part if number % 2 else re.sub(r"\s*([{}()\[\],;:?=<>|&+*!])\s*", r"\1", part)
        for number, part in enumerate(parts)
    )
