"""Fields of an event as clients spell them: any case, with or without underscores."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from api.web.asked import MAX_ID_LENGTH
from recsys.errors import BadEvent
from recsys.events import SECOND, micros

Fields = Mapping[str, Any]

MOST = 1e12
_SHOWN_CHARACTERS = 80


def flat(payload: object) -> dict[str, Any]:
    """Return the fields of a JSON object and its ``properties``, names in one spelling."""
    if not isinstance(payload, dict):
        return {}
    top = _named(payload)
    inner = top.get("properties")
    return {**_named(inner), **top} if isinstance(inner, dict) else top


def first(fields: Fields, names: tuple[str, ...]) -> Any:
    """Return the first field that says something; None when none does."""
    for name in names:
        said = fields.get(name)
        if said is not None and said != "":
            return said
    return None


def text(fields: Fields, names: tuple[str, ...], *, needed: str = "", by: str = "") -> str:
    """Return the first field that says something, as text; empty when none does.

    A `needed` one has that name, and is needed `by` what the reason names.

    Raises
    ------
    BadEvent
        It is no text, or a `needed` one is missing.
    """
    said = first(fields, names)
    if said is None:
        if needed:
            raise BadEvent(f"missing_{needed}", f"no {needed}; {by} needs one")
        return ""
    if isinstance(said, int) and not isinstance(said, bool):
        said = str(said)
    if not isinstance(said, str) or len(said) > MAX_ID_LENGTH or "\0" in said:
        allowed = f"text of at most {MAX_ID_LENGTH} characters, without NUL"
        raise BadEvent("bad_text", f"{names[0]} is {shown(said)}; allowed: {allowed}")
    return said


def number(
    fields: Fields, names: tuple[str, ...], *, above: float = -math.inf, most: float = MOST
) -> float | None:
    """Return the first field that says something, as a number that is not negative.

    Raises
    ------
    BadEvent
        It is no number, negative, not `above` the one or more than the other bound.
    """
    said = first(fields, names)
    if said is None:
        return None
    try:
        found = math.nan if isinstance(said, bool) else float(said)
    except (TypeError, ValueError, OverflowError):
        found = math.nan
    if not math.isfinite(found) or found < 0 or not above < found <= most:
        bounds = f"{'above' if above == 0 else 'from'} 0, up to {most:g}"
        hint = "; a return is an event of its own kind" if names[0] == "quantity" else ""
        reason = f"{names[0]} is {shown(said)}; allowed: a number {bounds}{hint}"
        raise BadEvent(f"bad_{names[0]}", reason)
    return found


def instant_of(said: object, zone: ZoneInfo) -> int:
    """Return microseconds since the epoch; `zone` is that of times that name none.

    Raises
    ------
    BadEvent
        Neither ISO 8601 nor seconds, milliseconds or microseconds since 1970.
    """
    try:
        if isinstance(said, str):
            at = datetime.fromisoformat(said)
            found = micros(at if at.tzinfo else at.replace(tzinfo=zone))
            if found >= 0:
                return found
        if isinstance(said, (int, float)) and not isinstance(said, bool) and said >= 0:
            return int(said * (SECOND if said < 1e11 else 1_000 if said < 1e14 else 1))
    except (ValueError, OverflowError):
        pass
    allowed = "ISO 8601, or seconds or milliseconds since 1970"
    raise BadEvent("bad_time", f"timestamp is {shown(said)}; allowed: {allowed}")


def shown(value: object) -> str:
    """Return a value as it is shown in a reason."""
    return repr(value)[:_SHOWN_CHARACTERS]


def _named(payload: Mapping[str, Any]) -> dict[str, Any]:
    return {name.replace("_", "").lower(): value for name, value in payload.items()}
