"""The configuration in force, as the file that would make it so, but for secrets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tomlkit
from tomlkit.container import Container
from tomlkit.items import Item, Table

from recsys.config import Config, Section, masked


def toml(config: Config) -> str:
    """Return every key with its value in force and its meaning as a comment; secrets masked."""
    document = tomlkit.document()
    _fill(document, config)
    return tomlkit.dumps(document)


def _fill(table: Container | Table, section: Section) -> None:
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if value is None:
            table.add(tomlkit.comment(f"{name} = …  # {field.description}"))
        else:
            item = _item(value if field.repr else _masked(value))
            if field.description and not isinstance(item, Table):
                item.comment(field.description)
            table.add(name, item)


def _item(value: Any) -> Item:
    if isinstance(value, Section):
        table = tomlkit.table()
        _fill(table, value)
        return table
    if not isinstance(value, Mapping):
        plain: Item = tomlkit.item(value)
        return plain
    sections = any(isinstance(inner, Section) for inner in value.values())
    mapping = tomlkit.table(is_super_table=True) if sections else tomlkit.inline_table()
    for name, inner in value.items():
        mapping.add(name, _item(inner))
    return mapping


def _masked(value: Any) -> Any:
    return masked(value) if isinstance(value, str) else [masked(one) for one in value]
