"""XML into rows: one for each item of a feed (RSS, Atom, and lists of products of any name)."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.parsers import expat

import polars as pl

from recsys.errors import UnreadableFile
from training.importing.rows import Rows, none_broken, numbered

ITEMS = frozenset({"item", "entry", "product", "offer", "shopitem", "row", "record"})
"""What feeds call an item, in lower case; else it is whatever stands in the outermost element."""

_BELOW_THE_ROOT = 2


def read_xml(path: Path, content: bytes) -> Rows:
    """Read the items of a feed; what they say of themselves in text or attributes are columns.

    Names lose their prefix (``g:price`` is ``price``), and win with one over without. Of what is
    said several times the first counts. What has parts of its own (``g:shipping``) is left out.

    Raises
    ------
    UnreadableFile
        It is broken, or defines entities: a feed needs none, and a bomb is made of them.
    """
    reader = _Reader(path)
    reader.parse(content)
    found = reader.named or reader.outermost
    names = list(dict.fromkeys(name for one in found for name in one))
    columns = {name: pl.Series([one.get(name) for one in found], dtype=pl.String) for name in names}
    return Rows(pl.DataFrame(columns), numbered(len(found)), none_broken())


class _Item:
    """One item while it is read: each field with whether its name had a prefix."""

    def __init__(self, depth: int) -> None:
        self.depth = depth
        self.fields: dict[str, tuple[bool, str]] = {}
        self.text: list[str] = []
        self.whole = True

    def say(self, tag: str, text: str) -> None:
        prefix, _, name = tag.rpartition(":")
        text = text.strip()
        had = self.fields.get(name)
        if text and (had is None or (prefix and not had[0])):
            self.fields[name] = (bool(prefix), text)

    def row(self) -> dict[str, str]:
        return {name: text for name, (_, text) in self.fields.items()}


class _Reader:
    """Collects items by name, and those below the root, whatever they are called."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.named: list[dict[str, str]] = []
        self.outermost: list[dict[str, str]] = []
        self._open: list[_Item] = []
        self._depth = 0

    def parse(self, content: bytes) -> None:
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.EntityDeclHandler = self._entity
        try:
            parser.Parse(content, True)  # noqa: FBT003 - expat takes no names
        except expat.ExpatError as error:
            raise UnreadableFile(self.path, f"broken XML: {error}") from error

    def _entity(self, *_: Any) -> None:
        raise UnreadableFile(self.path, "its XML defines entities; allowed: none")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        for item in self._open:
            if self._depth == item.depth + 1:
                item.text, item.whole = [], True
                if "href" in attributes:
                    item.say(tag, attributes["href"])
            else:
                item.whole = False
        named = tag.rpartition(":")[2].lower() in ITEMS
        if self._depth == _BELOW_THE_ROOT or (named and not self._inside_a_named_one()):
            item = _Item(self._depth)
            for name, value in attributes.items():
                item.say(name, value)
            self._open.append(item)

    def _inside_a_named_one(self) -> bool:
        return any(item.depth > _BELOW_THE_ROOT for item in self._open)

    def _text(self, text: str) -> None:
        for item in self._open:
            if self._depth == item.depth + 1:
                item.text.append(text)

    def _end(self, tag: str) -> None:
        for item in self._open:
            if self._depth == item.depth + 1 and item.whole:
                item.say(tag, "".join(item.text))
        if self._open and self._open[-1].depth == self._depth:
            item = self._open.pop()
            named = tag.rpartition(":")[2].lower() in ITEMS
            (self.named if named else self.outermost).append(item.row())
        self._depth -= 1
