"""Tools that call by themselves, and what came of all tools."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from api.errors import UnprovedHook
from api.messages.hooks import HookAnswer, Source, SourcesAnswer
from api.requests.body import read_bytes
from api.requests.query import NO_NAMES
from api.runtime.json import instant
from api.web.keys import Right
from api.web.route import Body, Call, Route, route
from recsys.connectors.signatures import is_proved
from recsys.storage.events.imports import imports
from recsys.storage.hooks.log import Hook, heard

if TYPE_CHECKING:
    from api.service import Service

_PATH = "/v1/hooks/{tool}"

of_tools = partial(route, tag="tools", right=None)


@of_tools(
    f"POST {_PATH}",
    HookAnswer,
    body=Body({"type": ["object", "array"]}, {"as the tool sends it": {"type": "unsubscribe"}}),
    may=(401,),
)
async def post(service: Service, call: Call) -> HookAnswer:
    """Take a call of a tool: on the disk before it is answered, understood afterwards.

    It proves where it is from by the signature of its tool, or by `secret` in its address, where
    the tool signs nothing. JSON or a form.
    """
    headers = {n.decode("latin-1"): v.decode("latin-1") for n, v in call.scope["headers"]}
    body = await read_bytes(call.scope, call.receive, service.config.serving)
    if _is_ping(service, call, body):
        return HookAnswer(taken=False)
    _refuse_unproved(service, call, body, headers)
    kind = headers.get("content-type", "")
    await service.hooks.take(Hook(call.id, kind, body, service.clock()))
    return HookAnswer(taken=True)


@of_tools(f"GET {_PATH}", HookAnswer, may=(401,))
def get(service: Service, call: Call) -> HookAnswer:
    """Answer a tool that asks whether there is anybody, before it is told to call."""
    if call.id not in service.hooks.secrets or service.hooks.log is None:
        raise UnprovedHook(call.id)
    return HookAnswer(taken=False)


@route(
    "GET /v1/sources", SourcesAnswer, tag="tools", takes=NO_NAMES, right=Right.READ, runs="thread"
)
def sources(service: Service, _: Call) -> SourcesAnswer:
    """Tell what came of each tool: the last file or call, what was put aside, unknown names."""
    database = service.log.database
    of_files = [
        Source(
            one.source, "file", instant(one.at), one.rows, one.late, 0, dict(one.became),
            dict(one.unknown),
        )
        for one in imports(database)
    ]  # fmt: skip
    of_hooks = [
        Source(
            one.tool, "webhook", instant(one.last), sum(one.rows.values()), None, one.waiting,
            dict(one.rows), dict(one.unknown),
        )
        for one in heard(database)
    ]  # fmt: skip
    return SourcesAnswer([*of_files, *of_hooks])


ROUTES: tuple[Route, ...] = (post, get, sources)


def _refuse_unproved(service: Service, call: Call, body: bytes, headers: dict[str, str]) -> None:
    tool = service.hooks.tools.get(call.id)
    if tool is None or service.hooks.log is None:
        raise UnprovedHook(call.id)
    query = parse_qs(call.scope["query_string"].decode("latin-1"))
    given = query.get("secret", [""])[0]
    proofs = partial(
        is_proved, tool.signature, body=body, headers=headers, given=given, now=service.clock()
    )
    if not any(proofs(secret) for secret in service.hooks.secrets.get(call.id, ())):
        raise UnprovedHook(call.id)


def _is_ping(service: Service, call: Call, body: bytes) -> bool:
    """Return whether a tool asks by an unsigned body whether anybody is there."""
    tool = service.hooks.tools.get(call.id)
    if tool is None or tool.signature is None or not tool.signature.ping:
        return False
    found = call.id in service.hooks.secrets and service.hooks.log is not None
    return found and re.fullmatch(tool.signature.ping.encode(), body) is not None
