"""Answers about a user."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import msgspec
from fastapi import Request

from api.answers import decisions
from api.answers.answer import Answers
from api.answers.gather import FORCED
from api.messages.channel import ChannelAnswer
from api.messages.churn import ChurnAnswer
from api.messages.items import BatchAnswer, ItemsAnswer
from api.messages.message import Message, dump
from api.messages.users import UserAnswer
from api.messages.value import ValueAnswer
from api.model.served import Serving
from api.requests.body import read_object
from api.requests.query import CHANNEL, ITEMS, MOMENT, Names, Query, identifier
from api.runtime import json
from api.web.keys import Right
from api.web.response import PRIVATE, Answer
from api.web.route import Body, Route
from recsys.channel.decision import Decision
from recsys.channel.terms import NONE
from recsys.errors import BadQuery, ErasedUser

if TYPE_CHECKING:
    from api.service import Service
    from api.web.route import Handler

NOT_FORCED = "force_rung was ignored: this decision was taken before, by the rung {rung}"
UNLOGGED = "nothing is logged about a user who was erased: this is advice, not a decision"
_BREATH = 20


def _asking(ask: Callable[..., Message], takes: Names) -> Handler:
    async def answer(service: Service, request: Request) -> Answer:
        scope = request.scope
        query = service.queries.query(scope["query_string"], takes)
        user_id = identifier("user_id", scope["path_params"]["user_id"])
        if query.decision:
            body = await asyncio.to_thread(lambda: dump(_decided(service, user_id, query)))
            return Answer(body, PRIVATE)
        # Read once: no answer mixes two versions.
        serving, at = service.current.serving, service.clock()
        body = await service.reading(
            lambda: dump(ask(service.answers, serving, user_id, query, at=at))
        )
        return Answer(body, PRIVATE)

    return answer


def _question(
    name: str, ask: Callable[..., Message], answer: type[Message], takes: Names, summary: str
) -> Route:
    return Route(
        path=f"/v1/users/{{user_id:path}}/{name}" if name else "/v1/users/{user_id}",
        handler=_asking(ask, takes),
        answer=answer,
        tag="users",
        right=Right.READ,
        takes=takes,
        summary=summary,
    )


QUESTIONS = {
    "recommendations": _question(
        "recommendations",
        Answers.recommendations,
        ItemsAnswer,
        ITEMS,
        "Rank items for a user, from the highest rung that applies to this user now",
    ),
    "channel": _question(
        "channel",
        Answers.channel,
        ChannelAnswer,
        CHANNEL,
        "Choose the next channel, say when, and what every other channel would be worth",
    ),
    "churn": _question(
        "churn",
        Answers.churn,
        ChurnAnswer,
        MOMENT,
        "Estimate how likely the user is to churn within the horizon, and why",
    ),
    "value": _question(
        "value",
        Answers.value,
        ValueAnswer,
        MOMENT,
        "Tell what the user was worth so far, and is expected to be worth",
    ),
    "": _question(
        "",
        Answers.everything,
        UserAnswer,
        ITEMS,
        "Give all three answers about a user, and the segment the user is in",
    ),
}
"""What may be asked about a user: by the last part of the path, empty for everything."""


def _decided(service: Service, user_id: str, query: Query) -> ChannelAnswer:
    """Return a decision, once it is on the disk; asked again, the same one.

    What is logged stays; to send it is advised only while its channel is granted.

    Raises
    ------
    StoreUnavailable
        It could not be logged, so it was not taken, or nobody knows whether consent to it still
        holds.
    """
    answers = service.answers
    logged = service.decisions.get(user_id, query.decision)
    if logged is not None:
        return _told(service, user_id, logged, query, forced=False)
    serving, at = service.current.serving, service.clock()
    consent_seq = service.decisions.consent_seq(user_id)
    taken = answers.decide(serving, user_id, query, at=at, consent_seq=consent_seq)
    if taken is None:
        return answers.channel(serving, user_id, query, at=at)
    try:
        logged = service.decisions.put(taken)
    except ErasedUser:
        advice = answers.channel(serving, user_id, query, at=at)
        advice.notes.append(UNLOGGED)
        return advice
    # Two requests at once: the other one's was first.
    forced = replace(logged, user_id=user_id) == taken
    return _told(service, user_id, logged, query, forced=forced)


def _told(
    service: Service, user_id: str, decision: Decision, query: Query, *, forced: bool
) -> ChannelAnswer:
    not_forced = NOT_FORCED.format(rung=decision.rung)
    notes = [FORCED if forced else not_forced] if query.force_rung else []
    channel = decisions.told(decision, explain=query.explain)
    if decision.action not in {NONE, *service.profiles.channels_of(user_id)}:
        channel = msgspec.structs.replace(channel, best=NONE, send_at=None, send_time=None)
        notes.append(decisions.WITHDRAWN.format(channel=decision.action))
    return ChannelAnswer(user_id, decision.version, json.instant(decision.at), notes, channel)


async def batch(service: Service, request: Request) -> Answer:
    """Rank items for many users, in the order given, all from one model version."""
    serving = service.current.serving
    body = await read_object(request, most_bytes=service.config.serving.max_body_bytes)
    user_ids = _user_ids(body.pop("user_ids", None), service.config.serving.max_batch)
    query = service.queries.body(body, ITEMS)
    at = service.clock()
    answers: list[ItemsAnswer] = []
    for start in range(0, len(user_ids), _BREATH):
        part = user_ids[start : start + _BREATH]
        ask = partial(_items, service, serving, part, query, at=at)
        answers += await service.reading(ask)
        await asyncio.sleep(0)
    return Answer(dump(BatchAnswer(answers)), PRIVATE)


BATCH = Route(
    path="/v1/recommendations:batch",
    methods=("POST",),
    handler=batch,
    answer=BatchAnswer,
    tag="users",
    right=Right.READ,
    body=Body(
        {
            "type": "object",
            "required": ["user_ids"],
            "properties": {"user_ids": {"type": "array", "items": {"type": "string"}}},
        },
        {"two users": {"user_ids": ["12747", "17850"], "limit": 5, "exclude": ["22423"]}},
        takes=ITEMS,
    ),
    problems=(413,),
)


def _items(
    service: Service, serving: Serving, user_ids: Iterable[str], query: Query, *, at: int
) -> list[ItemsAnswer]:
    ask = service.answers.recommendations
    return [ask(serving, user_id, query, at=at) for user_id in user_ids]


def _user_ids(found: object, most: int) -> list[str]:
    if not isinstance(found, list) or not 1 <= len(found) <= most:
        shown = f"{len(found)} users" if isinstance(found, list) else found
        raise BadQuery("user_ids", shown, f"a list of 1 to {most:,} user ids")
    for user_id in found:
        if not isinstance(user_id, str):
            raise BadQuery("user_ids", user_id, "a list of texts")
    return [identifier("user_ids", user_id) for user_id in found]
