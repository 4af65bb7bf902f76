"""What a user may be told to have said: consents as they are spelled in a request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from api.requests.query import identifier
from api.runtime.json import Json, instant
from recsys.data.times import DAY, instant_of
from recsys.errors import BadConsent, BadEvent, BadQuery
from recsys.storage.users.consents import DENIED, GRANTED, MARKETING, PROFILING, Consent, holding

FIELDS = ("purpose", "channel", "state", "at", "basis", "source", "text_version")
SOURCE = "api"


def read(
    body: Mapping[str, Any], user_id: str, *, channels: Sequence[str], zone: ZoneInfo, now: int
) -> list[Consent]:
    """Return the lines that a body says: one, or many as `consents`.

    Raises
    ------
    BadQuery
        A field is missing, unknown, or outside what is allowed; nothing is written then.
    BadConsent
        The same, and which of many it is.
    """
    if "consents" not in body:
        return [_line(body, user_id, channels=channels, zone=zone, now=now)]
    said = body["consents"]
    if not isinstance(said, list) or not said:
        raise BadQuery("consents", said, "a list of objects, at least one")
    lines = []
    for index, one in enumerate(said):
        if not isinstance(one, dict):
            raise BadConsent(index, None, BadQuery("consent", one, "an object"))
        try:
            lines.append(_line(one, user_id, channels=channels, zone=zone, now=now))
        except BadQuery as error:
            raise BadConsent(index, one.get("channel"), error) from error
    return lines


def told(user_id: str, ledger: Sequence[Consent], *, channels: Sequence[str]) -> Json:
    """Return what holds now, and the whole ledger; what was never said is denied or null."""
    holds = holding(ledger)
    return {
        "user_id": user_id,
        "profiling": holds.get((PROFILING, "")),
        "marketing": {name: holds.get((MARKETING, name), False) for name in channels},
        "ledger": [
            {**{name: getattr(line, name) for name in FIELDS}, "at": instant(line.at)}
            for line in ledger
        ],
    }


def _line(
    said: Mapping[str, Any], user_id: str, *, channels: Sequence[str], zone: ZoneInfo, now: int
) -> Consent:
    if odd := sorted(said.keys() - {*FIELDS}):
        raise BadQuery(odd[0], said[odd[0]], f"one of the fields {', '.join(FIELDS)}")
    purpose = _one_of("purpose", said, (MARKETING, PROFILING))
    channel = _one_of("channel", said, channels) if purpose == MARKETING else ""
    if purpose == PROFILING and said.get("channel"):
        raise BadQuery("channel", said["channel"], "nothing: profiling is not by channel")
    text = {name: _text(name, said) for name in ("basis", "source", "text_version")}
    return Consent(
        user_id,
        purpose,
        channel,
        _one_of("state", said, (GRANTED, DENIED)),
        _at(said.get("at"), zone=zone, now=now),
        text["basis"],
        text["source"] or SOURCE,
        text["text_version"],
    )


def _one_of(name: str, said: Mapping[str, Any], allowed: Sequence[str]) -> str:
    found = said.get(name)
    if not isinstance(found, str) or found not in allowed:
        raise BadQuery(name, found, f"one of {', '.join(allowed)}")
    return found


def _text(name: str, said: Mapping[str, Any]) -> str:
    found = said.get(name) or ""
    if not isinstance(found, str):
        raise BadQuery(name, found, "a text")
    return identifier(name, found) if found else ""


def _at(said: object, *, zone: ZoneInfo, now: int) -> int:
    if said is None:
        return now
    try:
        at = instant_of(said, zone)
    except BadEvent as error:
        raise BadQuery("at", said, "ISO 8601, or seconds or milliseconds since 1970") from error
    if at > now + DAY:
        raise BadQuery("at", said, "a time that is over")
    return min(at, now)
