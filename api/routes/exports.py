"""Exports: asked for, made in the background, fetched."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.responses import FileResponse, Response, StreamingResponse

from api.answers import export_files as files
from api.answers import exports as making
from api.errors import EndedExport
from api.messages import schema
from api.messages.exports import ExportBody, ExportMessage, ExportsAnswer
from api.messages.message import dump
from api.requests.query import NO_NAMES
from api.runtime.clock import system
from api.runtime.ids import uuid7
from api.web.keys import Right, actor
from api.web.response import PRIVATE
from api.web.route import Body, Call, Route, route
from recsys.errors import BadQuery
from recsys.storage.access import audit
from recsys.storage.access.audit import Action, Entry
from recsys.storage.exports.log import ENDED, Export, ExportState

if TYPE_CHECKING:
    from api.service import Service

_ALL = "/v1/exports"
_ONE = f"{_ALL}/{{export_id}}"
_MOST_KEY = 255
_GZIP, _PARQUET = "application/gzip", "application/vnd.apache.parquet"
_BYTES = {"type": "string", "format": "binary"}
_EXAMPLES = {
    "everybody who granted e-mail": {"channel": "email", "limit": 5},
    "who most likely wants an item": {
        "likely": {"items": ["22423"], "users": 500},
        "channel": "email",
    },
    "a segment, for a tool": {"segment": "rfm:at_risk", "tool": "braze", "format": "jsonl"},
}

about_exports = partial(
    route, tag="exports", right=Right.EXPORT, cache=PRIVATE, takes=NO_NAMES, runs="thread"
)


@about_exports(
    f"POST {_ALL}", ExportMessage, body=Body((ExportBody,), _EXAMPLES), may=(404,), status=202
)
async def ask(service: Service, call: Call) -> Response:
    """Ask for a list of everybody, or of an audience, that is made in the background.

    With a header `Idempotency-Key` the same request again is the same export. Consents count as
    they are when a user is written.
    """
    body = schema.read(await call.body(service.config.serving), ExportBody)
    key = dict(call.scope["headers"]).get(b"idempotency-key", b"").decode("latin-1").strip()
    if len(key) > _MOST_KEY:
        raise BadQuery("Idempotency-Key", key, f"at most {_MOST_KEY} characters")
    one = await asyncio.to_thread(_asked, service, body, actor(call.scope), key)
    headers = {"Location": f"{_ALL}/{one.export_id}", "Cache-Control": PRIVATE}
    said = dump(ExportMessage.said(one))
    return Response(said, 202, headers, media_type="application/json")


@about_exports(f"GET {_ALL}", ExportsAnswer)
def every(service: Service, _: Call) -> ExportsAnswer:
    """List the latest exports."""
    return ExportsAnswer([ExportMessage.said(one) for one in service.exports.latest()])


@about_exports(f"GET {_ONE}", ExportMessage, may=(404,))
def one_export(service: Service, call: Call) -> ExportMessage:
    """Tell how far an export is."""
    return ExportMessage.said(service.exports.get(call.id))


@about_exports(f"DELETE {_ONE}", ExportMessage, may=(404,))
def cancel(service: Service, call: Call) -> ExportMessage:
    """Stop an export, or delete its files where it is done."""
    exports = service.exports
    one = exports.get(call.id)
    if exports.end(one.export_id, ExportState.CANCELLED, now=system()):
        files.remove(service, one)
    elif one.state is ExportState.DONE:
        making.drop(service, exports, one, "it was deleted")
    return ExportMessage.said(exports.get(call.id))


@about_exports(
    f"GET {_ONE}/file",
    {_GZIP: _BYTES, _PARQUET: _BYTES},
    takes=frozenset({"part"}),
    may=(404, 409),
)
def file(service: Service, call: Call) -> Response:
    """Fetch an export that is done: whole, or one `part` of it.

    Gzipped CSV or JSON lines; Parquet as it is, part by part.
    """
    one, part = service.exports.get(call.id), call.query.part
    _refuse_lost(service, one)
    _note(service, call.scope, one)
    form = one.asked["format"]
    if part > len(one.parts) or (not part and form not in files.PACKED and len(one.parts) > 1):
        raise BadQuery("part", part, f"a whole number from 1 to {len(one.parts)}")
    headers = {"Cache-Control": PRIVATE}
    if part or len(one.parts) == 1:
        name = one.parts[max(part - 1, 0)].name
        path = files.folder_of(service, one.export_id) / name
        media = _GZIP if form in files.PACKED else _PARQUET
        return FileResponse(path, media_type=media, filename=name, headers=headers)
    headers["Content-Length"] = str(files.whole_bytes(one))
    headers["Content-Disposition"] = f'attachment; filename="{one.export_id}.{form}.gz"'
    return StreamingResponse(files.whole(service, one), media_type=_GZIP, headers=headers)


@about_exports(f"POST {_ONE}/delivered", ExportMessage, may=(404,))
def delivered(service: Service, call: Call) -> ExportMessage:
    """Note that a tool took its file: the next one for it has only what changed after."""
    one = service.exports.get(call.id)
    making.confirm(service, one)
    return ExportMessage.said(one)


ROUTES: tuple[Route, ...] = (ask, every, file, delivered, one_export, cancel)


def _asked(service: Service, body: ExportBody, by: str, key: str) -> Export:
    making.check(service, body)
    asked = msgspec.to_builtins(body)
    if body.likely is None:
        # As it was noted before there was such a thing: a key used then is the same export now.
        del asked["likely"]
    now = system()
    one = service.exports.ask(
        uuid7(now), asked, by=by, key=key, now=now, most=service.config.serving.max_exports
    )
    audit.record(service.log.database, Entry(service.clock(), by, Action.EXPORTED, one.export_id))
    return one


def _refuse_lost(service: Service, one: Export) -> None:
    if one.state is ExportState.DONE and making.has_erased(service, one):
        making.drop(service, service.exports, one, making.ERASED)
        one = service.exports.get(one.export_id)
    if one.state is not ExportState.DONE:
        why = one.why if one.state in ENDED else ""
        raise EndedExport(one.export_id, one.state, why=why)
    folder = files.folder_of(service, one.export_id)
    if not all((folder / part.name).is_file() for part in one.parts):
        raise EndedExport(one.export_id, "on another host", why="storage.exports_dir is not shared")


def _note(service: Service, scope: Any, one: Export) -> None:
    entry = Entry(service.clock(), actor(scope), Action.EXPORTED, one.export_id)
    audit.record(service.log.database, entry)
