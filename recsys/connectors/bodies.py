"""Bodies of webhooks: JSON, JSON lines, or forms whose names are nested in brackets."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

import orjson

FORM = "application/x-www-form-urlencoded"


def documents(body: bytes, content_type: str) -> list[Any]:
    """Return what a body holds.

    Raises
    ------
    ValueError
        It is neither JSON nor a form.
    """
    if content_type.partition(";")[0].strip().lower() == FORM:
        return [form(body.decode("utf-8", "replace"))]
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return [orjson.loads(line) for line in body.splitlines() if line.strip()]
    return found if isinstance(found, list) else [found]


def form(text: str) -> dict[str, Any]:
    """Return a form as an object.

    Examples
    --------
    >>> form("type=cleaned&data[email]=a%40b.c&data[merges][EMAIL]=x")
    {'type': 'cleaned', 'data': {'email': 'a@b.c', 'merges': {'EMAIL': 'x'}}}
    """
    found: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        *outer, last = re.findall(r"[^\[\]]+", name) or [name]
        level = found
        for one in outer:
            deeper = level.setdefault(one, {})
            if not isinstance(deeper, dict):
                break
            level = deeper
        else:
            level[last] = value
    return found
