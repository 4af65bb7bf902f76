"""What a type of message looks like as JSON Schema, and what of it is told to whom errs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import msgspec

from api.runtime.json import Json
from recsys.errors import BadQuery

M = TypeVar("M", bound=msgspec.Struct)

REF = "#/components/schemas/{name}"
_AT = re.compile(r"(?:at `\$\.|required field `|unknown field `)(\w+)")


def components(kinds: Iterable[type]) -> dict[str, Json]:
    """Return the schemas of types of messages, and of all that they are made of, by name."""
    return msgspec.json.schema_components(kinds, ref_template=REF)[1]


def members(kind: type) -> dict[str, Json]:
    """Return the schema of each member of a type, whole in itself, null and empty left out."""
    known = components([kind])
    return {name: _whole(one, known) for name, one in known[kind.__name__]["properties"].items()}


def read(
    said: Mapping[str, Any], kind: type[M], known: Mapping[str, Json] | None = None,
    *, strict: bool = True,
) -> M:  # fmt: skip
    """Return the message that is `said`; its members may be described as `known`.

    Raises
    ------
    BadQuery
        A member is missing, unknown, or outside what is allowed.
    """
    try:
        return msgspec.convert(said, kind, strict=strict)
    except msgspec.ValidationError as error:
        known = known or members(kind)
        found = _AT.search(str(error))
        name = found[1] if found else next(iter(known))
        words = allowed(known[name]) if name in known else f"the fields {', '.join(known)}"
        raise BadQuery(name, said.get(name), words) from error


def allowed(schema: Json) -> str:
    """Return in words what a schema allows."""
    match schema:
        case {"enum": names}:
            return ", ".join(names)
        case {"type": "integer" | "number" as kind}:
            return f"{'a whole number' if kind == 'integer' else 'a number'}{_bounds(schema)}"
        case {"type": "array", "maxItems": most}:
            return f"a list of at most {most:,} texts"
        case {"type": "array", "items": {"enum": names}}:
            return f"a list of some of {', '.join(names)}"
        case {"type": "array"}:
            return "a list, not empty"
        case {"type": "object"}:
            return "a JSON object"
        case {"type": "boolean"}:
            return "true or false"
    return "a text"


def _bounds(schema: Json) -> str:
    said = [
        f"{words} {schema[name]:,}"
        for name, words in (
            ("minimum", "from"), ("exclusiveMinimum", "above"),
            ("maximum", "to" if "minimum" in schema else "up to"), ("exclusiveMaximum", "below"),
        )
        if name in schema
    ]  # fmt: skip
    return f" {' '.join(said)}" if said else ""


def _whole(schema: Json, known: Mapping[str, Json]) -> Json:
    more = {name: value for name, value in schema.items() if name not in {"anyOf", "$ref"}}
    if more.get("default", True) in (None, "", []):
        del more["default"]
    if isinstance(items := schema.get("items"), dict) and "$ref" in items:
        more["items"] = _whole(items, known)
    if "$ref" in schema:
        return {**known[schema["$ref"].rpartition("/")[2]], **more}
    one = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    return {**_whole(one[0], known), **more} if len(one) == 1 else {**schema, **more}
