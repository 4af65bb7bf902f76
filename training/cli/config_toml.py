"""The configuration in force, as the file that would make it so, but for secrets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from recsys.config import Config, Section, masked


def toml(config: Config) -> str:
    """Return every key with its value in force and its meaning as a comment; secrets masked."""
    return "\n".join(_lines(config, "")).lstrip("\n") + "\n"


def _lines(section: Section, path: str) -> Iterator[str]:
    below: list[tuple[str, Any]] = []
    if path:
        yield f"\n[{path}]"
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if _has_sections(value):
            below.append((f"{path}.{name}" if path else name, value))
        elif value is None:
            yield f"# {name} = …  # {field.description}"
        else:
            shown = value if field.repr else _masked(value)
            yield f"{name} = {_text(shown)}  # {field.description}"
    for deeper, value in below:
        if isinstance(value, Section):
            yield from _lines(value, deeper)
            continue
        for name, inner in value.items():
            yield from _lines(inner, f"{deeper}.{_key(name)}")


def _has_sections(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(isinstance(inner, Section) for inner in value.values())
    return isinstance(value, Section)


def _text(value: Any) -> str:
    # JSON's numbers, booleans, strings and arrays are TOML's; a library would take longer to load
    # than the command to run.
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_key(name)} = {_text(one)}' for name, one in value.items())}}}"
    return orjson.dumps(value).decode()


def _key(name: str) -> str:
    bare = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if bare else _text(name)


def _masked(value: Any) -> Any:
    return masked(value) if isinstance(value, str) else [masked(one) for one in value]
