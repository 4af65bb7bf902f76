"""What a type of message looks like as JSON Schema, and what of it is told to whom errs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from api.runtime.json import Json
from recsys.errors import BadQuery

_AT = re.compile(r"(?:at `\$\.|required field `)(\w+)")


def components(kinds: Iterable[type]) -> dict[str, Json]:
    """Return the schemas of types of messages, and of all that they are made of, by name."""
    found = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    return dict(sorted(found[1].items()))


def members(kind: type) -> dict[str, Json]:
    """Return the schema of each member of a type, whole in itself, null and empty left out."""
    known = components([kind])
    return {name: _whole(one, known) for name, one in known[kind.__name__]["properties"].items()}


def refused(said: Mapping[str, Any], known: Mapping[str, Json], error: Exception) -> BadQuery:
    """Return what is wrong with what was `said`, by what is `known` of its members."""
    for name in said:
        if name not in known:
            return BadQuery(name, said[name], f"the fields {', '.join(known)}")
    at = _AT.search(str(error))
    name = at[1] if at else next(iter(known))
    return BadQuery(name, said.get(name), allowed(known.get(name, {})))


def allowed(schema: Json) -> str:
    """Return in words what a schema allows."""
    match schema:
        case {"enum": names}:
            return ", ".join(names)
        case {"type": "integer", "minimum": least, "maximum": most}:
            return f"a whole number from {least} to {most:,}"
        case {"type": "integer"}:
            return "a whole number"
        case {"type": "boolean"}:
            return "true or false"
        case {"type": "array", "maxItems": most}:
            return f"a list of at most {most:,} texts"
        case {"type": "array"}:
            return "a list of texts"
        case {"type": "object"}:
            return "a JSON object"
    return "a text"


def _whole(schema: Json, known: Mapping[str, Json]) -> Json:
    more = {name: value for name, value in schema.items() if name not in {"anyOf", "$ref"}}
    if not more.get("default", True) and more["default"] is not False:
        del more["default"]
    if "$ref" in schema:
        return {**known[schema["$ref"].rpartition("/")[2]], **more}
    one = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    return {**_whole(one[0], known), **more} if len(one) == 1 else schema
