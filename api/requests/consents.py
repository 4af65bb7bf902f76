"""What a user may be told to have said: consents as they are spelled in a request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from api.errors import BadConsent
from api.messages import people, schema
from api.messages.people import ConsentAnswer, ConsentBody
from api.requests.query import identifier
from recsys.data.times import DAY, instant_of
from recsys.errors import BadEvent, BadQuery
from recsys.storage.users.consents import MARKETING, PROFILING, Consent, holding

SOURCE = "api"


def read(
    body: Mapping[str, Any],
    user_id: str,
    *,
    channels: Sequence[str],
    zone: ZoneInfo,
    now: int,
    most: int,
) -> list[Consent]:
    """Return the lines that a body says: one, or up to `most` as `consents`.

    Raises
    ------
    BadQuery
        A field is missing, unknown, or outside what is allowed; nothing is written then.
    BadConsent
        The same, and which of many it is.
    """
    line = partial(_line, user_id=user_id, channels=channels, zone=zone, now=now)
    if "consents" not in body:
        return [line(body)]
    said = body["consents"]
    if not isinstance(said, list) or not 1 <= len(said) <= most:
        shown = f"{len(said):,} consents" if isinstance(said, list) else said
        raise BadQuery("consents", shown, f"a list of 1 to {most:,} objects")
    lines = []
    for index, one in enumerate(said):
        if not isinstance(one, dict):
            raise BadConsent(index, None, BadQuery("consent", one, "an object"))
        try:
            lines.append(line(one))
        except BadQuery as error:
            raise BadConsent(index, one.get("channel"), error) from error
    return lines


def told(user_id: str, ledger: Sequence[Consent], *, channels: Sequence[str]) -> ConsentAnswer:
    """Return what holds now, and the whole ledger; what was never said is denied or null."""
    holds = holding(ledger)
    marketing = {name: holds.get((MARKETING, name), False) for name in channels}
    lines = [people.line(consent) for consent in ledger]
    return ConsentAnswer(user_id, holds.get((PROFILING, "")), marketing, lines)


def _line(
    said: Mapping[str, Any], user_id: str, *, channels: Sequence[str], zone: ZoneInfo, now: int
) -> Consent:
    body = schema.read(said, ConsentBody)
    channel = body.channel or ""
    if body.purpose == PROFILING and channel:
        raise BadQuery("channel", channel, "nothing: profiling is not by channel")
    if body.purpose == MARKETING and channel not in channels:
        raise BadQuery("channel", body.channel, f"one of {', '.join(channels)}")
    basis, source, text_version = (
        identifier(name, text) if (text := getattr(body, name)) else ""
        for name in ("basis", "source", "text_version")
    )
    at = _at(body.at, zone=zone, now=now)
    source = source or SOURCE
    return Consent(user_id, body.purpose, channel, body.state, at, basis, source, text_version)


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
