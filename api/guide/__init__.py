"""The guides, as they are written: Markdown files that ship with the package."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent

PAGES = {
    "website": "Website",
    "email": "E-mail",
    "console": "Console",
    "data-science": "Data science",
    "connectors": "Connectors",
    "operations": "Operations",
    "security": "Security",
}
"""Name in the address, and the word in the menu, in the order of the menu."""


def images() -> frozenset[str]:
    """Return the names of the pictures that guides show."""
    return frozenset(path.name for path in (FOLDER / "images").glob("*.png"))


def markdown(name: str) -> str:
    """Return the text of a guide; `name` is one of ``PAGES``, or ``index``."""
    return (FOLDER / f"{name}.md").read_text(encoding="utf-8")
