"""The chosen settings into `recsys.toml`, and what speaks for them beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import tomlkit
from tomlkit import TOMLDocument
from tomlkit.container import Container
from tomlkit.items import Item, Table

from training.tuning.space import Values, parts

TUNED = "tuned: "
"""How a comment starts that may be replaced; any other is yours and stays."""


def put(file: Path, values: Values, *, why: str) -> None:
    """Set some keys of a configuration file; its other keys, order and comments stay.

    Parameters
    ----------
    file : Path
        Made where it is missing.
    values : mapping of str to value
        By dotted key.
    why : str
        One line, put behind each key that has no comment of yours.
    """
    before = file.read_text(encoding="utf-8") if file.exists() else ""
    file.write_text(changed(before, values, why=why), encoding="utf-8")


def changed(text: str, values: Values, *, why: str) -> str:
    """Return the text of a configuration file with some keys set; see :func:`put`."""
    document = tomlkit.parse(text)
    for key, value in values.items():
        *sections, name = parts(key)
        table = _table(document, sections)
        comment = _comment(table, name)
        item = tomlkit.item(value)
        item.comment(comment or f"{TUNED}{why}")
        table[name] = item
    return tomlkit.dumps(document)


def put_evidence(file: Path, evidence: Mapping[str, Any]) -> None:
    """Write what was found, tried and compared as JSON; the folder is made where missing."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(orjson.dumps(evidence, option=orjson.OPT_INDENT_2) + b"\n")


def _table(document: TOMLDocument, sections: list[str]) -> Container | Table:
    place: Any = document
    for depth, section in enumerate(sections, start=1):
        if section not in place:
            # [items.model] needs no empty [items] above it.
            place[section] = tomlkit.table(is_super_table=depth < len(sections))
        place = place[section]
    table: Container | Table = place
    return table


def _comment(table: Container | Table, name: str) -> str:
    """Return the comment that someone wrote behind a key; empty where none did."""
    known: Any = table.get(name)
    if not isinstance(known, Item):
        return ""
    said = known.trivia.comment.lstrip("# ")
    return "" if said.startswith(TUNED) else said
