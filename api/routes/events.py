"""Events come in: a verdict for each, durable before the answer."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response

from api.answers import render
from api.requests.body import read_object
from api.requests.events import MAX_EVENT_BYTES
from api.requests.identities import OF_ERASED, Aliased, Identified
from api.runtime.json import Json
from api.service import Service
from api.web.keys import Right
from api.web.openapi import EVENTS_BODY, KEYS, PROBLEMS, TOO_LARGE, described
from api.web.response import FRESH, Answer
from api.web.schemas import EventsAnswer
from recsys.data.times import SECOND
from recsys.errors import BadEvent, BadQuery, StoreUnavailable
from recsys.storage.events.event import Event, Reception
from recsys.storage.users.merges import Outcome

_OF_ALL = frozenset({"sentAt", "context"})
UNUSED = "unused_event"


@dataclass(frozen=True, slots=True)
class Read:
    """One payload that could be read: the events it stands for, or what it says of a user."""

    index: int
    events: list[Event]
    said: Identified | Aliased | None = None


class Events:
    """Handlers over one service."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def post(self, request: Request) -> Response:
        """Log one event, or many as `batch`; the user's next answer knows them.

        One bad event never fails the rest of a batch. An event with an id that was logged before
        is a duplicate and changes nothing.
        """
        body = await self._body(request)
        lone = "batch" not in body
        if lone and isinstance(body.get("events"), list):
            raise BadQuery("events", body["events"], "one event, or a list of them named batch")
        payloads = [body] if lone else self._batch(body)
        verdicts = await self._take(payloads, request)
        if lone:
            self._refuse(verdicts[0])
        return Answer(render.dump(self._counted(verdicts)), headers=FRESH)

    async def segment_call(self, request: Request, kind: str) -> Response:
        """Log one call of a type.

        One that no model uses is understood, and who signs in on another's device does nothing
        wrong, so both are answered as in a batch: to Segment's clients a 422 is a failure.
        """
        body = await self._body(request)
        body["type"] = kind
        verdicts = await self._take([body], request)
        if verdicts[0]["code"] not in {UNUSED, Outcome.CLAIMED}:
            self._refuse(verdicts[0])
        return self._told(verdicts)

    async def segment_batch(self, request: Request) -> Response:
        """Log many calls, each with a type."""
        body = await self._body(request)
        return self._told(await self._take(self._batch(body), request))

    async def _body(self, request: Request) -> dict[str, Any]:
        self._service.keys.check(request.scope, Right.WRITE)
        most = self._service.config.serving.max_body_bytes
        return await read_object(request, most_bytes=most)

    def _batch(self, body: dict[str, Any]) -> list[Any]:
        """Return the payloads of a batch; what it says of all of them holds for each."""
        found, most = body.get("batch"), self._service.config.serving.max_batch
        if not isinstance(found, list) or not 1 <= len(found) <= most:
            shown = f"{len(found):,} events" if isinstance(found, list) else found
            raise BadQuery("batch", shown, f"a list of 1 to {most:,} events")
        for name in _OF_ALL & body.keys():
            for payload in found:
                if isinstance(payload, dict):
                    payload.setdefault(name, body[name])
        return found

    async def _take(self, payloads: list[Any], request: Request) -> list[Json]:
        """Return a verdict for each payload."""
        now = self._service.clock()
        read, rejected = [], []
        for index, payload in enumerate(payloads):
            try:
                read.append(self._read(index, payload, now=now))
            except BadEvent as error:
                rejected.append(_rejected(index, error))
        return sorted([*await self._keep(read, request), *rejected], key=lambda v: v["index"])

    def _refuse(self, verdict: Json) -> None:
        """Raise what is wrong with the one event of a request, if anything is."""
        if verdict["verdict"] == "rejected":
            self._service.metrics.event("rejected", 1)
            raise BadEvent(verdict["code"], verdict["reason"])

    def _read(self, index: int, payload: Any, *, now: int) -> Read:
        _refuse_huge(payload)
        found = self._service.speller.read(payload, now=now)
        return Read(index, found) if isinstance(found, list) else Read(index, [], found)

    async def _keep(self, read: list[Read], request: Request) -> list[Json]:
        service, said = self._service, [one.said for one in read if one.said is not None]
        admin = bool(said) and service.keys.opens(request.scope, Right.ADMIN)
        refused = iter(await asyncio.to_thread(service.identify, said, admin=admin) if said else [])
        events = [event for one in read for event in one.events]
        verdicts = iter(await self._logged(events) if events else [])
        return [
            _kept(one, [next(verdicts) for _ in one.events])
            if one.said is None or (why := next(refused)) is None
            else _rejected(one.index, why)
            for one in read
        ]

    async def _logged(self, events: list[Event]) -> list[Reception]:
        service, began = self._service, time.perf_counter()
        try:
            verdicts = await service.inbox.put(events)
        except StoreUnavailable:
            service.metrics.store_write_failed()
            raise
        oldest = min(event.at for event in events)
        lag_seconds = max(0, service.clock() - oldest) / SECOND
        service.metrics.ingested(time.perf_counter() - began, lag_seconds=lag_seconds)
        return verdicts

    def _counted(self, verdicts: list[Json]) -> Json:
        counts = Counter(verdict["verdict"] for verdict in verdicts)
        for verdict, count in counts.items():
            self._service.metrics.event(verdict, count)
        names = ("accepted", "duplicate", "rejected")
        return {**{name: counts[name] for name in names}, "events": verdicts}

    def _told(self, verdicts: list[Json]) -> Response:
        counted = self._counted(verdicts)
        bad = any(v["verdict"] == "rejected" and v["code"] != UNUSED for v in verdicts)
        return Answer(render.dump({"success": not bad, **counted}), headers=FRESH)


def register(app: FastAPI, service: Service) -> None:
    """Add the route."""
    events = Events(service)
    app.add_api_route(
        "/v1/events",
        events.post,
        methods=["POST"],
        tags=["events"],
        summary=described(events.post),
        responses={200: {"model": EventsAnswer}, **PROBLEMS, **TOO_LARGE, **KEYS},
        response_class=Answer,
        openapi_extra={"requestBody": EVENTS_BODY},
    )


def _refuse_huge(payload: Any) -> None:
    try:
        size = len(orjson.dumps(payload))
    except orjson.JSONEncodeError as error:
        raise BadEvent("too_deep", "an event is nested too deeply") from error
    if size > MAX_EVENT_BYTES:
        raise BadEvent("too_large", f"an event has at most {MAX_EVENT_BYTES:,} bytes")


def _rejected(index: int, error: BadEvent) -> Json:
    return {
        "index": index,
        "verdict": "rejected",
        "event_id": None,
        "code": error.code,
        "reason": error.reason,
    }


def _kept(read: Read, verdicts: list[Reception]) -> Json:
    """Return the verdict on a payload: a duplicate only when all that it stands for was known."""
    if Reception.ERASED in verdicts:
        return _rejected(read.index, OF_ERASED)
    known = bool(verdicts) and all(verdict is Reception.DUPLICATE for verdict in verdicts)
    return {
        "index": read.index,
        "verdict": "duplicate" if known else "accepted",
        "event_id": read.events[0].event_id if len(read.events) == 1 else None,
        "code": None,
        "reason": "an event with this id was logged before" if known else None,
    }
