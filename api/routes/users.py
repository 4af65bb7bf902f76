"""Answers about a user. These routes are hot: they are asked first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from msgspec import structs

from api.answers import decisions
from api.answers.answer import Desk
from api.answers.gather import FORCED
from api.messages.message import Message
from api.messages.reasons import in_language
from api.messages.users import (
    BatchAnswer,
    ChannelAnswer,
    ChurnAnswer,
    ItemsAnswer,
    UserAnswer,
    ValueAnswer,
)
from api.requests.query import CHANNEL, ITEMS, MOMENT, Query
from api.runtime import json
from api.web.keys import Right, is_public, proof_in
from api.web.response import PRIVATE
from api.web.route import Body, Call, Route, route
from recsys.channel.decision import Decision
from recsys.channel.terms import NONE
from recsys.errors import BadQuery, ErasedUser

if TYPE_CHECKING:
    from api.service import Service

NOT_FORCED = "force_rung was ignored: this decision was taken before, by the rung {rung}"
T = TypeVar("T")
UNLOGGED = "nothing is logged about a user who was erased: this is advice, not a decision"
_USER = "/v1/users/{user_id:path}"

about_a_user = partial(route, tag="users", cache=PRIVATE, runs="store")
about_the_worth = partial(about_a_user, right=Right.EXPORT)


@about_a_user(f"GET {_USER}/recommendations", ItemsAnswer, takes=ITEMS, browser=True)
def recommendations(service: Service, call: Call) -> Message | bytes:
    """Rank items for a user, from the highest rung that applies to this user now.

    Who asks with a browser's key about a known user, without `user_hash`, is answered as about a
    stranger.
    """
    if is_public(call.scope) and not service.identities.may_speak(call.id, proof_in(call.scope)):
        query, serving = call.query, service.current.serving
        answer = service.desk.recommendations(serving, "", query, at=service.clock())
        return structs.replace(answer, user_id=call.id)
    return _answer(service, call, Desk.recommendations_ready)


@about_a_user(f"GET {_USER}/channel", ChannelAnswer, takes=CHANNEL)
async def channel(service: Service, call: Call) -> Message:
    """Choose the next channel, say when, and what every other channel would be worth."""
    if call.query.decision:
        service.keys.check(call.scope, Right.WRITE)
        return await asyncio.to_thread(_decided, service, call.id, call.query)
    return await service.reading(partial(_answer, service, call, Desk.channel))


@about_the_worth(f"GET {_USER}/churn", ChurnAnswer, takes=MOMENT)
def churn(service: Service, call: Call) -> Message:
    """Estimate how likely the user is to churn within the horizon, and why."""
    return _answer(service, call, Desk.churn)


@about_the_worth(f"GET {_USER}/value", ValueAnswer, takes=MOMENT)
def value(service: Service, call: Call) -> Message:
    """Tell what the user was worth so far, and is expected to be worth."""
    return _answer(service, call, Desk.value)


@about_the_worth("GET /v1/users/{user_id}", UserAnswer, takes=ITEMS)
def everything(service: Service, call: Call) -> bytes:
    """Give all three answers about a user, and the segment the user is in."""
    return _answer(service, call, Desk.everything_ready)


@about_a_user(
    "POST /v1/recommendations:batch",
    BatchAnswer,
    body=Body(
        {
            "type": "object",
            "required": ["user_ids"],
            "properties": {"user_ids": {"type": "array", "items": {"type": "string"}}},
        },
        {"two users": {"user_ids": ["12747", "17850"], "limit": 5, "exclude": ["22423"]}},
        takes=ITEMS,
    ),
)
async def batch(service: Service, call: Call) -> BatchAnswer:
    """Rank items for many users, in the order given, all from one model version."""
    serving = service.current.serving
    body = await call.body(service.config.serving)
    given = _user_ids(body.pop("user_ids", None), service.config.serving.max_batch)
    user_ids = [service.reader.user_id("user_ids", user_id) for user_id in given]
    query, at = service.reader.batch(body, len(user_ids)), service.clock()
    query = structs.replace(query, accepts=call.accepts)

    def ranked(user_id: str) -> ItemsAnswer:
        return service.desk.recommendations(serving, user_id, query, at=at)

    each = call.sliced(user_ids)
    return BatchAnswer([await service.reading(partial(ranked, user)) async for user in each])


HOT: tuple[Route, ...] = (recommendations, channel, churn, value, everything)
ROUTES: tuple[Route, ...] = (batch,)


def _answer(service: Service, call: Call, ask: Callable[..., T]) -> T:
    # The serving version is read once: no answer mixes two.
    return ask(service.desk, service.current.serving, call.id, call.query, at=service.clock())


def _decided(service: Service, user_id: str, query: Query) -> Message:
    """Return a decision, once it is on the disk; asked again, the same one.

    What is logged stays; to send it is advised only while its channel is granted.

    Raises
    ------
    StoreUnavailable
        It could not be logged, so it was not taken, or nobody knows whether consent to it still
        holds.
    """
    logged = service.decisions.get(user_id, query.decision)
    if logged is not None:
        return _told(service, user_id, logged, query, forced=False)
    serving, at, desk = service.current.serving, service.clock(), service.desk
    consent_seq = service.decisions.consent_seq(user_id)
    taken = desk.decide(serving, user_id, query, at=at, consent_seq=consent_seq)
    if taken is None:
        return desk.channel(serving, user_id, query, at=at)
    try:
        logged = service.decisions.put(taken)
    except ErasedUser:
        advice = desk.channel(serving, user_id, query, at=at)
        return msgspec.structs.replace(advice, notes=[*advice.notes, UNLOGGED])
    # Two requests at once: the other one's was first.
    forced = replace(logged, user_id=user_id) == taken
    return _told(service, user_id, logged, query, forced=forced)


def _told(
    service: Service, user_id: str, decision: Decision, query: Query, *, forced: bool
) -> ChannelAnswer:
    """Return a logged decision, in the language of who asks now."""
    not_forced = NOT_FORCED.format(rung=decision.rung)
    notes = [FORCED if forced else not_forced] if query.force_rung else []
    answer = decisions.told(decision, explain=query.explain)
    if decision.action not in {NONE, *service.consents.channels_of(user_id)}:
        answer = msgspec.structs.replace(answer, best=NONE, send_at=None, send_time=None)
        notes.append(decisions.WITHDRAWN.format(channel=decision.action))
    short = service.desk.language(service.current.serving, user_id, query, at=service.clock())
    told = in_language(answer, short)
    return ChannelAnswer(user_id, decision.version, json.instant(decision.at), notes, told)


def _user_ids(found: Any, most: int) -> list[str]:
    if not isinstance(found, list) or not 1 <= len(found) <= most:
        shown = f"{len(found)} users" if isinstance(found, list) else found
        raise BadQuery("user_ids", shown, f"a list of 1 to {most:,} user ids")
    for user_id in found:
        if not isinstance(user_id, str):
            raise BadQuery("user_ids", user_id, "a list of texts")
    return found
