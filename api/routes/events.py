"""Events come in: a verdict for each, durable before the answer."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from fastapi import Request

from api.messages.events import (
    EVENT_EXAMPLES,
    EVENT_SCHEMA,
    CallsAnswer,
    EventsAnswer,
    EventVerdict,
)
from api.messages.message import dump
from api.requests.body import read_object
from api.requests.events import MAX_EVENT_BYTES
from api.requests.identities import Aliased, Identified, record_identities
from api.runtime.json import Json
from api.web.keys import Right
from api.web.response import FRESH, Answer
from api.web.route import Body, Route
from recsys.data.times import SECOND
from recsys.errors import BadEvent, BadQuery, StoreUnavailable
from recsys.storage.events.event import Event, Verdict

if TYPE_CHECKING:
    from api.service import Service

_OF_ALL = frozenset({"sentAt", "context"})
UNUSED = "unused_event"
OF_ERASED = BadEvent("erased_user", "this user was erased: nothing is kept about the id any more")


@dataclass(frozen=True, slots=True)
class Read:
    """One payload that could be read: the events it stands for, or what it says of a user."""

    index: int
    events: list[Event]
    said: Identified | Aliased | None = None


async def post(service: Service, request: Request) -> Answer:
    """Log one event, or many as `batch`; the user's next answer knows them.

    One bad event never fails the rest of a batch. An event with an id that was logged before
    is a duplicate and changes nothing.
    """
    body = await _body(service, request)
    lone = "batch" not in body
    if lone and isinstance(body.get("events"), list):
        raise BadQuery("events", body["events"], "one event, or a list of them named batch")
    verdicts = await _take(service, [body] if lone else _batch(service, body))
    if lone:
        _refuse(service, verdicts[0])
    return Answer(dump(EventsAnswer(**_counted(service, verdicts))), FRESH)


POST = Route(
    path="/v1/events",
    methods=("POST",),
    handler=post,
    answer=EventsAnswer,
    tag="events",
    right=Right.WRITE,
    body=Body(EVENT_SCHEMA, EVENT_EXAMPLES),
    problems=(413,),
)


async def segment_call(service: Service, request: Request, kind: str) -> Answer:
    """Log one call of a type.

    One that no model uses is understood, so it is answered as in a batch: to Segment's clients
    a 422 is a failure.
    """
    body = await _body(service, request)
    body["type"] = kind
    verdicts = await _take(service, [body])
    if verdicts[0].code != UNUSED:
        _refuse(service, verdicts[0])
    return _told(service, verdicts)


async def segment_batch(service: Service, request: Request) -> Answer:
    """Log many calls, each with a type."""
    body = await _body(service, request)
    return _told(service, await _take(service, _batch(service, body)))


async def _body(service: Service, request: Request) -> Json:
    return await read_object(request, most_bytes=service.config.serving.max_body_bytes)


def _batch(service: Service, body: Json) -> list[Any]:
    """Return the payloads of a batch; what it says of all of them holds for each."""
    found, most = body.get("batch"), service.config.serving.max_batch
    if not isinstance(found, list) or not 1 <= len(found) <= most:
        shown = f"{len(found):,} events" if isinstance(found, list) else found
        raise BadQuery("batch", shown, f"a list of 1 to {most:,} events")
    for name in _OF_ALL & body.keys():
        for payload in found:
            if isinstance(payload, dict):
                payload.setdefault(name, body[name])
    return found


async def _take(service: Service, payloads: list[Any]) -> list[EventVerdict]:
    """Return a verdict for each payload."""
    now = service.clock()
    read, rejected = [], []
    for index, payload in enumerate(payloads):
        try:
            read.append(_read(service, index, payload, now=now))
        except BadEvent as error:
            rejected.append(_rejected(index, error))
    return sorted([*await _keep(service, read), *rejected], key=lambda verdict: verdict.index)


def _refuse(service: Service, verdict: EventVerdict) -> None:
    """Raise what is wrong with the one event of a request, if anything is."""
    if verdict.verdict == "rejected":
        service.metrics.event("rejected", 1)
        raise BadEvent(verdict.code or "", verdict.reason or "")


def _read(service: Service, index: int, payload: Any, *, now: int) -> Read:
    _refuse_huge(payload)
    found = service.parser.read(payload, now=now)
    return Read(index, found) if isinstance(found, list) else Read(index, [], found)


async def _keep(service: Service, read: list[Read]) -> list[EventVerdict]:
    said = [one.said for one in read if one.said is not None]
    recorded = iter(await asyncio.to_thread(_recorded, service, said) if said else [])
    events = [event for one in read for event in one.events]
    verdicts = iter(await _logged(service, events) if events else [])
    return [
        _kept(one, [next(verdicts) for _ in one.events])
        if one.said is None or next(recorded)
        else _rejected(one.index, OF_ERASED)
        for one in read
    ]


def _recorded(service: Service, said: list[Identified | Aliased]) -> list[bool]:
    return record_identities(service.log.database, said, at=service.clock())


async def _logged(service: Service, events: list[Event]) -> list[Verdict]:
    began = time.perf_counter()
    try:
        verdicts = await service.write_queue.put(events)
    except StoreUnavailable:
        service.metrics.store_write_failed()
        raise
    oldest = min(event.at for event in events)
    lag_seconds = max(0, service.clock() - oldest) / SECOND
    service.metrics.ingested(time.perf_counter() - began, lag_seconds=lag_seconds)
    return verdicts


def _counted(service: Service, verdicts: list[EventVerdict]) -> dict[str, Any]:
    counts: Counter[str] = Counter(verdict.verdict for verdict in verdicts)
    for verdict, count in counts.items():
        service.metrics.event(verdict, count)
    names = ("accepted", "duplicate", "rejected")
    return {**{name: counts[name] for name in names}, "events": verdicts}


def _told(service: Service, verdicts: list[EventVerdict]) -> Answer:
    bad = any(v.verdict == "rejected" and v.code != UNUSED for v in verdicts)
    return Answer(dump(CallsAnswer(**_counted(service, verdicts), success=not bad)), FRESH)


def _refuse_huge(payload: Any) -> None:
    try:
        size = len(orjson.dumps(payload))
    except orjson.JSONEncodeError as error:
        raise BadEvent("too_deep", "an event is nested too deeply") from error
    if size > MAX_EVENT_BYTES:
        raise BadEvent("too_large", f"an event has at most {MAX_EVENT_BYTES:,} bytes")


def _rejected(index: int, error: BadEvent) -> EventVerdict:
    return EventVerdict(index, "rejected", None, error.code, error.reason)


def _kept(read: Read, verdicts: list[Verdict]) -> EventVerdict:
    """Return the verdict on a payload: a duplicate only when all that it stands for was known."""
    if Verdict.ERASED in verdicts:
        return _rejected(read.index, OF_ERASED)
    event_id = read.events[0].event_id if len(read.events) == 1 else None
    if verdicts and all(verdict is Verdict.DUPLICATE for verdict in verdicts):
        why = "an event with this id was logged before"
        return EventVerdict(read.index, "duplicate", event_id, None, why)
    return EventVerdict(read.index, "accepted", event_id)
