"""Answers about a user. These routes are hot: they are registered first and parse by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import ClassVar

from fastapi import FastAPI, Request, Response

from api.answers import decisions, render
from api.answers.answer import FORCED, Desk
from api.model.served import Serving
from api.requests.body import read_object
from api.requests.query import Asked, Names, identifier
from api.runtime import json
from api.service import Service
from api.web.keys import Right
from api.web.openapi import (
    BATCH_BODY,
    CHANNEL_QUERY,
    ITEM_QUERY,
    KEYS,
    PROBLEMS,
    QUERY,
    USER_ID,
    described,
    names,
)
from api.web.response import PRIVATE, Answer
from api.web.schemas import (
    BatchAnswer,
    ChannelAnswer,
    ChurnAnswer,
    ItemsAnswer,
    UserAnswer,
    ValueAnswer,
)
from recsys.channel.decision import Decision
from recsys.channel.terms import NONE
from recsys.errors import BadQuery, ErasedUser

NOT_FORCED = "force_rung was ignored: this decision was taken before, by the rung {rung}"
UNLOGGED = "nothing is logged about a user who was erased: this is advice, not a decision"
_BREATH = 20


class Users:
    """Handlers over one service.

    Attributes
    ----------
    questions : mapping of str to callable
        What may be asked about a user: the last part of the path, empty for everything.
    templates : mapping of str to str
        The path of each.
    parameters : mapping of str to list
        What each takes, as OpenAPI is told.
    keys : Keys
        Who may ask.
    """

    questions: ClassVar[Mapping[str, Callable[..., json.Json]]] = {
        "recommendations": Desk.recommendations,
        "channel": Desk.channel,
        "churn": Desk.churn,
        "value": Desk.value,
        "": Desk.everything,
    }
    templates: ClassVar[Mapping[str, str]] = {
        name: f"/v1/users/{{user_id}}{f'/{name}' if name else ''}" for name in questions
    }
    parameters: ClassVar[Mapping[str, list[json.Json]]] = {
        "recommendations": ITEM_QUERY,
        "channel": CHANNEL_QUERY,
        "churn": QUERY,
        "value": QUERY,
        "": ITEM_QUERY,
    }
    _known: ClassVar[Mapping[str, Names]] = {name: names(of) for name, of in parameters.items()}

    def __init__(self, service: Service) -> None:
        self._service = service
        self.keys = service.keys

    async def answer(self, question: str, user_id: str, query_string: bytes) -> bytes:
        """Return the answer to one of :attr:`questions` about a user, as JSON bytes.

        The serving version is read once: no answer mixes two.
        """
        service = self._service
        serving = service.current.serving
        asked = service.reader.query(query_string, self._known[question])
        user = identifier("user_id", user_id)
        ask = self.questions[question]
        at = service.clock()
        return await service.reading(
            lambda: render.dump(ask(service.desk, serving, user, asked, at=at))
        )

    def takes_decision(self, question: str, query_string: bytes) -> bool:
        """Return whether a question asks for a decision with an id: it is logged first.

        Advice without an id, and what only looks, is not logged.
        """
        return question == "channel" and b"decision=" in query_string

    async def decided(self, user_id: str, query_string: bytes) -> bytes:
        """Return a decision, once it is on the disk; asked again, the same one.

        What is logged stays; to send it is advised only while its channel is granted.

        Raises
        ------
        StoreUnavailable
            It could not be logged, so it was not taken, or nobody knows whether consent to it
            still holds.
        """
        asked = self._service.reader.query(query_string, self._known["channel"])
        if not asked.decision:
            return await self.answer("channel", user_id, query_string)
        user = identifier("user_id", user_id)
        return await asyncio.to_thread(self._decided, user, asked)

    def _decided(self, user_id: str, asked: Asked) -> bytes:
        service = self._service
        logged = service.decisions.get(user_id, asked.decision)
        if logged is not None:
            return self._told(user_id, logged, asked, forced=False)
        serving, at = service.current.serving, service.clock()
        consent_seq = service.decisions.consent_seq(user_id)
        taken = service.desk.decide(serving, user_id, asked, at=at, consent_seq=consent_seq)
        if taken is None:
            return render.dump(service.desk.channel(serving, user_id, asked, at=at))
        try:
            logged = service.decisions.put(taken)
        except ErasedUser:
            advice = service.desk.channel(serving, user_id, asked, at=at)
            return render.dump({**advice, "notes": [*advice["notes"], UNLOGGED]})
        # Two requests at once: the other one's was first.
        return self._told(user_id, logged, asked, forced=replace(logged, user_id=user_id) == taken)

    def _told(self, user_id: str, decision: Decision, asked: Asked, *, forced: bool) -> bytes:
        notes = [FORCED if forced else NOT_FORCED.format(rung=decision.rung)] if asked.force else []
        answer = decisions.told(decision, explain=asked.explain)
        if decision.action not in {NONE, *self._service.consents.channels_of(user_id)}:
            answer |= decisions.NOTHING_TO_SEND
            notes.append(decisions.WITHDRAWN.format(channel=decision.action))
        return render.dump(
            {
                "user_id": user_id,
                "model_version": decision.version,
                "generated_at": json.instant(decision.at),
                "notes": notes,
                "channel": answer,
            }
        )

    async def recommendations(self, request: Request) -> Response:
        """Rank items for a user, from the highest rung that applies to this user now."""
        return await self._answer("recommendations", request)

    async def channel(self, request: Request) -> Response:
        """Choose the next channel, say when, and what every other channel would be worth."""
        scope = request.scope
        self.keys.check(scope, Right.READ)
        if self.takes_decision("channel", scope["query_string"]):
            body = await self.decided(scope["path_params"]["user_id"], scope["query_string"])
            return Answer(body, headers=PRIVATE)
        return await self._answer("channel", request)

    async def churn(self, request: Request) -> Response:
        """Estimate how likely the user is to churn within the horizon, and why."""
        return await self._answer("churn", request)

    async def value(self, request: Request) -> Response:
        """Tell what the user was worth so far, and is expected to be worth."""
        return await self._answer("value", request)

    async def everything(self, request: Request) -> Response:
        """Give all three answers about a user, and the segment the user is in."""
        return await self._answer("", request)

    async def batch(self, request: Request) -> Response:
        """Rank items for many users, in the order given, all from one model version."""
        service = self._service
        self.keys.check(request.scope, Right.READ)
        serving = service.current.serving
        body = await read_object(request, most_bytes=service.config.serving.max_body_bytes)
        user_ids = self._user_ids(body.pop("user_ids", None))
        asked = service.reader.body(body, self._known["recommendations"])
        at = service.clock()
        answers: list[json.Json] = []
        for start in range(0, len(user_ids), _BREATH):
            part = user_ids[start : start + _BREATH]
            ask = partial(self._items, serving, part, asked, at=at)
            answers += await service.reading(ask)
            await asyncio.sleep(0)
        return Answer(render.dump({"answers": answers, "next_cursor": None}), headers=PRIVATE)

    def _items(
        self, serving: Serving, user_ids: list[str], asked: Asked, *, at: int
    ) -> list[json.Json]:
        desk = self._service.desk
        return [desk.recommendations(serving, user_id, asked, at=at) for user_id in user_ids]

    async def _answer(self, question: str, request: Request) -> Response:
        scope = request.scope
        self.keys.check(scope, Right.READ)
        body = await self.answer(question, scope["path_params"]["user_id"], scope["query_string"])
        return Answer(body, headers=PRIVATE)

    def _user_ids(self, found: object) -> list[str]:
        most = self._service.config.serving.max_batch
        if not isinstance(found, list) or not 1 <= len(found) <= most:
            shown = f"{len(found)} users" if isinstance(found, list) else found
            raise BadQuery("user_ids", shown, f"a list of 1 to {most:,} user ids")
        for user_id in found:
            if not isinstance(user_id, str):
                raise BadQuery("user_ids", user_id, "a list of texts")
        return [identifier("user_ids", user_id) for user_id in found]


def register(app: FastAPI, users: Users) -> None:
    """Add the routes, the hottest first and the one that any path would match last."""
    user = "/v1/users/{user_id:path}"
    for path, question, handler, model in (
        (f"{user}/recommendations", "recommendations", users.recommendations, ItemsAnswer),
        (f"{user}/channel", "channel", users.channel, ChannelAnswer),
        (f"{user}/churn", "churn", users.churn, ChurnAnswer),
        (f"{user}/value", "value", users.value, ValueAnswer),
        ("/v1/users/{user_id}", "", users.everything, UserAnswer),
    ):
        app.add_api_route(
            path,
            handler,
            tags=["users"],
            summary=described(handler),
            responses={200: {"model": model}, **PROBLEMS, **KEYS},
            response_class=Answer,
            openapi_extra={"parameters": [USER_ID, *users.parameters[question]]},
        )
    app.add_api_route(
        "/v1/recommendations:batch",
        users.batch,
        methods=["POST"],
        tags=["users"],
        summary=described(users.batch),
        responses={200: {"model": BatchAnswer}, **PROBLEMS, **KEYS},
        response_class=Answer,
        openapi_extra={"requestBody": BATCH_BODY},
    )
