"""Webhooks: where this service calls by itself."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from api.messages import schema
from api.messages.webhooks import (
    NewWebhook,
    ReplayAnswer,
    ReplayBody,
    SentAnswer,
    SentMessage,
    WebhookBody,
    WebhookMessage,
    WebhooksAnswer,
)
from api.requests.query import NO_NAMES
from api.runtime.clock import system
from api.runtime.ids import uuid7
from api.web.keys import Right, actor
from api.web.response import PRIVATE
from api.web.route import Body, Call, Route, route
from api.webhooks import telling
from api.webhooks.address import ForbiddenAddress, resolved, target
from recsys.data.times import instant_of
from recsys.errors import BadEvent, BadQuery
from recsys.storage.access import audit
from recsys.storage.access.audit import Action, Entry
from recsys.storage.webhooks import messages
from recsys.storage.webhooks.endpoints import Endpoint, WebhookKind, is_secret, new_secret

if TYPE_CHECKING:
    from api.service import Service

_ALL = "/v1/webhooks"
_ONE = f"{_ALL}/{{webhook_id}}"
_EXAMPLE = {"url": "https://shop.example/recsys", "kinds": ["churn.band_changed"]}
_MOST = 50
_UTC = ZoneInfo("UTC")

about_webhooks = partial(
    route, tag="webhooks", right=Right.ADMIN, cache=PRIVATE, takes=NO_NAMES, runs="thread"
)


@about_webhooks(
    f"POST {_ALL}", NewWebhook, body=Body((WebhookBody,), {"who may leave": _EXAMPLE}), status=201
)
async def put(service: Service, call: Call) -> NewWebhook:
    """Let an address be called; the secret that signs the calls is told this once."""
    said = schema.read(await call.body(service.config.serving), WebhookBody)
    if service.webhooks.vault is None:
        raise BadQuery(
            "url", said.url, "one only where secrets are sealed: storage.encryption_keys"
        )
    if said.secret is not None and not is_secret(said.secret):
        raise BadQuery("secret", "…", "whsec_ and the base64 of 24 to 64 bytes")
    private = service.config.serving.webhook_hosts
    to = target(said.url, private)
    try:
        await resolved(to, private)
    except (OSError, ForbiddenAddress) as error:
        raise BadQuery("url", said.url, f"one that can be called ({error})") from error
    return await asyncio.to_thread(_put, service, said, actor(call.scope))


@about_webhooks(f"GET {_ALL}", WebhooksAnswer)
def every(service: Service, _: Call) -> WebhooksAnswer:
    """List the addresses that are called, and how many messages of each wait or were given up."""
    counts = messages.counts(service.log.database)
    return WebhooksAnswer(
        [
            WebhookMessage.said(one, counts.get(one.webhook_id, {}))
            for one in service.webhooks.every()
        ]
    )


@about_webhooks(f"DELETE {_ONE}", WebhookMessage, may=(404,))
def remove(service: Service, call: Call) -> WebhookMessage:
    """Call an address no more, and forget what was said there."""
    one = service.webhooks.get(call.id)
    _note(service, one, actor(call.scope))
    service.webhooks.remove(one.webhook_id)
    return WebhookMessage.said(one, {})


@about_webhooks(f"POST {_ONE}/rotate", NewWebhook, may=(404,))
def rotate(service: Service, call: Call) -> NewWebhook:
    """Make a new secret, told this once; the one before signs too for a day."""
    one, secret = service.webhooks.get(call.id), new_secret()
    _note(service, one, actor(call.scope))
    service.webhooks.rotate(one.webhook_id, secret, now=system())
    return _told(service, one, secret)


@about_webhooks(f"POST {_ONE}/ping", ReplayAnswer, may=(404,))
def ping(service: Service, call: Call) -> ReplayAnswer:
    """Send a message of kind `ping`, whatever the address is told else."""
    one, at = service.webhooks.get(call.id), system()
    data = {"webhook_id": one.webhook_id}
    messages.record(service.log.database, [telling.message(one, WebhookKind.PING, data, at=at)])
    return ReplayAnswer(1)


@about_webhooks(f"GET {_ONE}/messages", SentAnswer, may=(404,))
def sent(service: Service, call: Call) -> SentAnswer:
    """List the latest messages of an address, each with every time that it was sent."""
    one = service.webhooks.get(call.id)
    found = messages.of(service.log.database, one.webhook_id)
    return SentAnswer([SentMessage.of(each) for each in found])


@about_webhooks(
    f"POST {_ONE}/replay",
    ReplayAnswer,
    body=Body((ReplayBody,), {"all that were given up": {}}),
    may=(404,),
)
async def replay(service: Service, call: Call) -> ReplayAnswer:
    """Send messages again under their ids, and call an address again that was switched off."""
    said = schema.read(await call.body(service.config.serving), ReplayBody)
    return await asyncio.to_thread(_replayed, service, call.id, said)


ROUTES: tuple[Route, ...] = (put, every, rotate, ping, sent, replay, remove)


def _note(service: Service, one: Endpoint, by: str) -> None:
    audit.record(service.log.database, Entry(service.clock(), by, Action.WEBHOOKS, one.webhook_id))


def _put(service: Service, said: WebhookBody, by: str) -> NewWebhook:
    if len(service.webhooks.every()) >= _MOST:
        raise BadQuery("url", said.url, f"no more: there are {_MOST} webhooks")
    now, secret = system(), said.secret or new_secret()
    kinds = tuple(dict.fromkeys(said.kinds))
    one = Endpoint(uuid7(now), said.url, kinds, "", now)
    _note(service, one, by)
    service.webhooks.put(one, secret)
    return _told(service, one, secret)


def _told(service: Service, one: Endpoint, secret: str) -> NewWebhook:
    counts = messages.counts(service.log.database).get(one.webhook_id, {})
    return NewWebhook.said(one, counts, secret=secret)


def _replayed(service: Service, webhook_id: str, said: ReplayBody) -> ReplayAnswer:
    one = service.webhooks.get(webhook_id)
    if said.message_id and said.since:
        raise BadQuery("since", said.since, "message_id or since, not both")
    try:
        since = None if said.since is None else instant_of(said.since, _UTC)
    except BadEvent as error:
        raise BadQuery("since", said.since, "a time such as 2026-01-31T12:00:00Z") from error
    count = messages.again(
        service.log.database, one.webhook_id,
        now=system(), message_id=said.message_id or "", since=since,
    )  # fmt: skip
    service.webhooks.turn(one.webhook_id, "")
    return ReplayAnswer(count)
