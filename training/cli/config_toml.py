"""The configuration in force, as the file that would make it so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from pydantic import BaseModel

from recsys.config import Config


def toml(config: Config) -> str:
    """Return every key of the configuration with its value, its meaning as a comment."""
    return "\n".join(_section(config, "")).lstrip("\n") + "\n"


def _section(section: BaseModel, path: str) -> Iterator[str]:
    below = []
    if path:
        yield f"\n[{path}]"
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if _has_sections(value):
            below.append((f"{path}.{name}" if path else name, value))
        elif value is None:
            yield f"# {name} = …  # {field.description}"
        else:
            yield f"{name} = {_literal(value)}  # {field.description}"
    for deeper, value in below:
        if isinstance(value, BaseModel):
            yield from _section(value, deeper)
            continue
        for key, inner in value.items():
            yield from _section(inner, f"{deeper}.{_key(key)}")


def _has_sections(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(isinstance(inner, BaseModel) for inner in value.values())
    return isinstance(value, BaseModel)


def _literal(value: Any) -> str:
    # JSON's numbers, booleans, strings and arrays are TOML's.
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_key(k)} = {_literal(v)}' for k, v in value.items())}}}"
    return orjson.dumps(value).decode()


def _key(name: str) -> str:
    bare = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if bare else _literal(name)
