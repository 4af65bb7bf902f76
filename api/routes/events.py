"""Events come in: a verdict for each, durable before the answer.

In the short form, and as Segment's SDKs and webhooks send them.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson

from api.messages.events import (
    EVENT_EXAMPLES,
    EVENT_SCHEMA,
    SEGMENT_EXAMPLES,
    CallsAnswer,
    EventsAnswer,
    EventVerdict,
)
from api.requests.events import MAX_EVENT_BYTES
from api.requests.exposures import Exposed
from api.requests.identities import OF_ERASED, UNPROVEN, Aliased, Identified
from api.runtime.json import Json
from api.web.keys import Right, actor, is_public
from api.web.route import Body, Call, Route, leads, route
from recsys.data.kinds import MESSAGE_FAILED, MESSAGE_SENT
from recsys.data.times import SECOND
from recsys.errors import BadEvent, BadQuery, StoreUnavailable
from recsys.storage.decisions.exposures import Exposure
from recsys.storage.events.event import Event, Reception
from recsys.storage.users.merges import MergeOutcome

if TYPE_CHECKING:
    from api.service import Service

UNUSED = "unused_event"
UNDERSTOOD = frozenset({UNUSED, "unknown_kind", "test_order", "zero_price"})
"""What is wrong with events that a shop sends for others to use; Segment's clients send all."""

KNOWN = "an event with this id was logged before"
_OF_ALL = frozenset({"sentAt", "context"})

BY_SENDERS = frozenset({MESSAGE_SENT, MESSAGE_FAILED})
NOT_FOR_PAGES = BadEvent("not_for_pages", "who sends messages says so, with a key of its own")

CALLS = {
    "track": "Log what a user did",
    "identify": "Keep the traits of a user; with an anonymousId, give its history to the user",
    "alias": "Give an anonymous history to a user, at once",
    "page": "Log a page view; without an item it is not kept: the verdict says `unused_event`",
    "screen": "Log a screen view; without an item it is not kept: the verdict says `unused_event`",
    "group": "Understood, and used by no model: the verdict says `unused_event`",
}

about_events = partial(route, tag="events", right=Right.WRITE, browser=True)


@dataclass(frozen=True, slots=True)
class ReadEvent:
    """One payload that could be read: the events it stands for, or what it says of a user."""

    index: int
    events: list[Event]
    exposures: list[Exposure]
    said: Identified | Aliased | None = None

    @classmethod
    def of(cls, index: int, found: list[Event] | Exposed | Identified | Aliased) -> ReadEvent:
        """Return what was read of the payload at a place."""
        if isinstance(found, list):
            return cls(index, found, [])
        if isinstance(found, Exposed):
            return cls(index, found.events, found.exposures)
        return cls(index, [], [], found)


@about_events(
    "POST /v1/events",
    EventsAnswer,
    body=Body(EVENT_SCHEMA, EVENT_EXAMPLES),
    links={
        "the next answer": leads(
            "GET /v1/users/{user_id}/recommendations", user_id="$request.body#/user_id"
        ),
        "what is held": leads("GET /v1/users/{user_id}/export", user_id="$request.body#/user_id"),
    },
)
async def post(service: Service, call: Call) -> EventsAnswer:
    """Log one event, or many as `batch`; the user's next answer knows them.

    One bad event never fails the rest of a batch. An event with an id that was logged before is a
    duplicate and changes nothing.
    """
    body = await call.body(service.config.serving)
    if "batch" in body:
        return _counted(service, await _taken(service, call, _batch(service, body)))
    if isinstance(body.get("events"), list):
        raise BadQuery("events", body["events"], "one event, or a list of them named batch")
    verdicts = await _taken(service, call, [body])
    _refuse(service, verdicts[0])
    return _counted(service, verdicts)


def _call(kind: str, summary: str) -> Route:
    body = Body({"type": "object"}, {"Segment": SEGMENT_EXAMPLES[kind]})

    @about_events(f"POST /v1/{kind}", CallsAnswer, summary=summary, body=body)
    async def one(service: Service, call: Call) -> CallsAnswer:
        """Log one call of a type.

        One that no model uses is understood, and who signs in on another's device does nothing
        wrong, so both are answered as in a batch: to Segment's clients a 422 is a failure.
        """
        body = await call.body(service.config.serving)
        verdicts = await _taken(service, call, [{**body, "type": kind}])
        if verdicts[0].code not in UNDERSTOOD | {MergeOutcome.CLAIMED}:
            _refuse(service, verdicts[0])
        return _called(service, verdicts)

    return one


@about_events(
    "POST /v1/batch",
    CallsAnswer,
    body=Body({"type": "object"}, {"Segment": SEGMENT_EXAMPLES["batch"]}),
)
async def batch(service: Service, call: Call) -> CallsAnswer:
    """Log many calls of any type: a verdict for each."""
    body = await call.body(service.config.serving)
    return _called(service, await _taken(service, call, _batch(service, body)))


_CALLS = (batch, *(_call(*one) for one in CALLS.items()))

ROUTES: tuple[Route, ...] = (
    post,
    *_CALLS,
    # As analytics.js calls them: by their first letters.
    *(replace(one, path=f"/v1/{one.path[4]}", tag="") for one in _CALLS),
)


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


async def _taken(service: Service, call: Call, payloads: list[Any]) -> list[EventVerdict]:
    """Return a verdict for each payload."""
    now, read, rejected, public = service.clock(), [], [], is_public(call.scope)
    unproven = await service.reading(partial(_unproven, service, call, payloads))
    async for index, payload in call.sliced(enumerate(payloads)):
        try:
            _refuse_huge(payload)
            if index in unproven:
                raise UNPROVEN
            found = service.parser.read(payload, now=now)
            if public and isinstance(found, list) and found[0].kind in BY_SENDERS:
                raise NOT_FOR_PAGES
        except BadEvent as error:
            service.refusals.note(error, payload, at=now)
            rejected.append(_rejected(index, error))
        else:
            read.append(ReadEvent.of(index, found))
    return sorted([*await _kept(service, call, read), *rejected], key=lambda verdict: verdict.index)


def _unproven(service: Service, call: Call, payloads: list[Any]) -> set[int]:
    """Return which payloads name a known user without the proof that a public key needs."""
    if not is_public(call.scope):
        return set()
    named = (service.parser.named(payload) for payload in payloads)
    speaks = service.identities.may_speak
    return {n for n, (user_id, proof) in enumerate(named) if user_id and not speaks(user_id, proof)}


async def _kept(service: Service, call: Call, read: list[ReadEvent]) -> list[EventVerdict]:
    said = [one.said for one in read if one.said is not None]
    admin = bool(said) and service.keys.opens(call.scope, Right.ADMIN)
    by = actor(call.scope) if admin else ""
    record = partial(service.identities.record, said, admin=by)
    refused = iter(await asyncio.to_thread(record) if said else [])
    events = [event for one in read for event in one.events]
    exposures = [exposure for one in read for exposure in one.exposures]
    logged = iter(await _logged(service, events) if events else [])
    exposed = iter(await _exposed(service, exposures) if exposures else [])
    return [
        _verdict(
            one, [*(next(logged) for _ in one.events), *(next(exposed) for _ in one.exposures)]
        )
        if one.said is None or (why := next(refused)) is None
        else _rejected(one.index, why)
        for one in read
    ]


async def _logged(service: Service, events: list[Event]) -> list[Reception]:
    began = time.perf_counter()
    try:
        verdicts = await service.inbox.put(events)
    except StoreUnavailable:
        service.metrics.store_write_failed()
        raise
    oldest = min(event.at for event in events)
    lag_seconds = max(0, service.clock() - oldest) / SECOND
    service.metrics.ingested(time.perf_counter() - began, lag_seconds=lag_seconds)
    return verdicts


async def _exposed(service: Service, exposures: list[Exposure]) -> list[Reception]:
    try:
        return await service.placing.exposures.put(exposures)
    except StoreUnavailable:
        service.metrics.store_write_failed()
        raise


def _refuse(service: Service, verdict: EventVerdict) -> None:
    """Raise what is wrong with the one event of a request, if anything is."""
    if verdict.verdict == "rejected":
        service.metrics.event("rejected", 1)
        raise BadEvent(verdict.code or "", verdict.reason or "")


def _counted(service: Service, verdicts: list[EventVerdict]) -> EventsAnswer:
    counts = Counter(verdict.verdict for verdict in verdicts)
    for verdict, count in counts.items():
        service.metrics.event(verdict, count)
    return EventsAnswer(counts["accepted"], counts["duplicate"], counts["rejected"], verdicts)


def _called(service: Service, verdicts: list[EventVerdict]) -> CallsAnswer:
    success = all(v.verdict != "rejected" or v.code in UNDERSTOOD for v in verdicts)
    return CallsAnswer.copy_of(_counted(service, verdicts), success=success)


def _refuse_huge(payload: Any) -> None:
    try:
        size = len(orjson.dumps(payload))
    except orjson.JSONEncodeError as error:
        raise BadEvent("too_deep", "an event is nested too deeply") from error
    if size > MAX_EVENT_BYTES:
        raise BadEvent("too_large", f"an event has at most {MAX_EVENT_BYTES:,} bytes")


def _rejected(index: int, error: BadEvent) -> EventVerdict:
    return EventVerdict(index, "rejected", None, error.code, error.reason)


def _verdict(read: ReadEvent, receptions: list[Reception]) -> EventVerdict:
    """Return the verdict on a payload: a duplicate only when all that it stands for was known."""
    if Reception.ERASED in receptions:
        return _rejected(read.index, OF_ERASED)
    known = bool(receptions) and all(one is Reception.DUPLICATE for one in receptions)
    event_id = read.events[0].event_id if len(read.events) == 1 else None
    if known:
        return EventVerdict(read.index, "duplicate", event_id, None, KNOWN)
    return EventVerdict(read.index, "accepted", event_id)
