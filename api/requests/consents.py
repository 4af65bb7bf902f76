"""What a user may be told to have said: consents as they are spelled in a request."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from api.messages.people import ConsentBody
from api.requests.body import message
from api.requests.query import identifier
from api.runtime.json import Json
from recsys.data.times import DAY, instant_of
from recsys.errors import BadConsent, BadEvent, BadQuery
from recsys.storage.users.consents import MARKETING, Consent

SOURCE = "api"


def read(
    body: Json, user_id: str, *, channels: Sequence[str], zone: ZoneInfo, now: int
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


def _line(
    fields: Json, user_id: str, *, channels: Sequence[str], zone: ZoneInfo, now: int
) -> Consent:
    said = message(fields, ConsentBody)
    channel = said.channel or ""
    if said.purpose == MARKETING and channel not in channels:
        raise BadQuery("channel", said.channel, f"one of {', '.join(channels)}")
    if said.purpose != MARKETING and channel:
        raise BadQuery("channel", channel, "nothing: profiling is not by channel")
    return Consent(
        user_id,
        said.purpose,
        channel,
        said.state,
        _at(said.at, zone=zone, now=now),
        _text("basis", said.basis),
        _text("source", said.source) or SOURCE,
        _text("text_version", said.text_version),
    )


def _text(name: str, said: str | None) -> str:
    return identifier(name, said) if said else ""


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
