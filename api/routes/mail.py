"""Lists as mail tools pull them, feeds that many share, and the links in both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import msgspec
import orjson
from starlette.responses import RedirectResponse, Response

from api.answers.mailings import Sending, listed, mailing, of_anybody
from api.mail.block import block
from api.mail.links import CLICK, absolute
from api.mail.mailing import Mailing, flat, xml
from api.mail.rss import rss
from api.requests.query import FEED
from api.runtime.json import Json
from api.web.keys import Right, is_public, proof_in
from api.web.response import FRESH, PRIVATE, cached
from api.web.route import Call, Route, route
from recsys.data.kinds import is_machine_agent
from recsys.errors import BadQuery, UnknownItem
from recsys.placements.versions import DEFAULT

if TYPE_CHECKING:
    from api.service import Service
    from recsys.storage.decisions.lists import ShownList

_INERT = "default-src 'none'; img-src https:; style-src 'unsafe-inline'"
_MOST_SEND_ID = 200

about_mail = partial(route, tag="mail", browser=True, may=(404,))


def _as_json(made: Mailing) -> bytes:
    items = [msgspec.to_builtins(item) for item in made.items]
    return orjson.dumps({**flat(made), "items": items})


FORMATS: Mapping[str, tuple[str, Callable[[Mailing], bytes]]] = {
    "json": ("application/json", _as_json),
    "xml": ("application/xml", xml),
    "rss": ("application/rss+xml", rss),
    "html": ("text/html", lambda made: block(made).encode()),
}
"""Media type and writer of each ending."""


def _shape(ending: str) -> dict[str, Json]:
    return {FORMATS[ending][0]: {"type": "object" if ending == "json" else "string"}}


def _email(ending: str, user: str, tag: str) -> Route:
    media_type, written = FORMATS[ending]

    @about_mail(f"GET /v1/email/{user}.{ending}", _shape(ending), tag=tag)
    async def email(service: Service, call: Call) -> Response:
        """Give a mail tool the list of one user.

        Parameters: `placement` (else `default`), `limit`, `lang`, `send_id`. Asked again with the
        same `send_id` the answer is the same to the byte, and one list for what is clicked. Nobody,
        or somebody unknown, gets what everybody likes. Parameters that are not known are no mistake
        here: mail tools add their own.
        """
        sending = await service.reading(partial(_sending, service, call))
        if sending.send_id:
            keep = partial(_of_mailing, service, sending)
            shown = await service.placing.of_mailing(sending.key, keep)
        else:
            shown = await service.reading(partial(listed, service, sending))
            service.placing.note_kept(shown)
        made = mailing(service, shown, base=_base(service, call))
        headers = {"cache-control": PRIVATE, "content-security-policy": _INERT}
        return Response(written(made), media_type=media_type, headers=headers)

    return email


def _feed(ending: str) -> Route:
    media_type, written = FORMATS[ending]
    path = f"/v1/feeds/{{placement_id}}.{ending}"

    @about_mail(f"GET {path}", _shape(ending), takes=FEED)
    async def feed(service: Service, call: Call) -> Response:
        """Give a placement as a feed that all share: nobody's own list, or that of a `segment`."""
        query = msgspec.structs.replace(call.query, placement=call.id)
        at, serving = service.clock(), service.current.serving
        make = partial(service.placing.desk.shown, serving, call.id, query, at=at)
        answer = await service.reading(make)
        service.placing.note(answer, at=at)
        base = _base(service, call)
        body = service.placing.feed(
            (answer.recommendation_id, ending, base),
            lambda: written(of_anybody(service, answer, base=base)),
        )
        return cached(body, call.scope, media_type=media_type)

    return feed


@route(f"GET {CLICK}/{{link:path}}", {"text/plain": {"type": "string"}}, tag="mail", right=None,
       may=(404,))  # fmt: skip
async def click(service: Service, call: Call) -> Response:
    """Note a click on an item of a list, and lead on to the item in the shop.

    It leads to the address that the catalogue has for the item, and nowhere else. Programs that
    only look where links lead are no people: they are led on and not noted.
    """
    list_id, _, item_id = call.id.partition("/")
    serving, shop = service.current.serving, service.config.serving.shop_url
    row = serving.answering.bundle.interactions.items.row(item_id)
    target = "" if row is None else absolute(serving.answering.bundle.catalogue.url[row], shop)
    if not target:
        raise UnknownItem(item_id)
    agent = dict(call.scope["headers"]).get(b"user-agent", b"").decode("latin-1")
    if call.scope["method"] == "GET" and not is_machine_agent(agent):
        service.placing.note_click(list_id, item_id, at=service.clock())
    return RedirectResponse(target, 302, headers={"cache-control": FRESH})


ROUTES: tuple[Route, ...] = (
    *(_email(ending, "", "") for ending in FORMATS),
    *(_email(ending, "{user_id:path}", "mail") for ending in FORMATS),
    *(_feed(ending) for ending in ("json", "xml", "rss")),
    click,
)


async def _of_mailing(service: Service, sending: Sending) -> ShownList:
    """Return the list that a mailing has, else make it and keep it before it is told."""
    send_key, lists = sending.key, service.placing.lists
    if before := await service.reading(partial(lists.of_mailing, send_key)):
        return before
    shown = await service.reading(partial(listed, service, sending))
    # Two workers that are asked at once have the list of the first one to keep it.
    (kept,) = await service.placing.mailed.put([shown])
    return kept


def _sending(service: Service, call: Call) -> Sending:
    said = dict(parse_qsl(call.scope["query_string"].decode("latin-1"), keep_blank_values=True))
    # Its Accept-Language is that of the tool, not of who reads the mail.
    known = {name: said[name] for name in ("limit", "lang") if said.get(name)}
    send_id, placement = said.get("send_id", ""), said.get("placement") or DEFAULT
    if len(send_id) > _MOST_SEND_ID:
        raise BadQuery("send_id", send_id, f"at most {_MOST_SEND_ID} characters")
    user_id, public = call.id, is_public(call.scope)
    if public and user_id and not service.identities.may_speak(user_id, proof_in(call.scope)):
        user_id = ""
    query = service.reader.said({**known, "placement": placement})
    query = msgspec.structs.replace(query, user_id=user_id)
    return Sending(user_id, placement, query, send_id, _rights(service, call))


def _rights(service: Service, call: Call) -> frozenset[Right]:
    if is_public(call.scope):
        return frozenset()
    opened = (Right.READ, Right.EXPORT)
    return frozenset(
        one for one in opened if not service.keys.wanted or service.keys.opens(call.scope, one)
    )


def _base(service: Service, call: Call) -> str:
    """Return where this service is reached: as configured, else as it was just now."""
    if service.config.serving.public_url:
        return service.config.serving.public_url
    host = dict(call.scope["headers"]).get(b"host", b"localhost").decode("latin-1")
    return f"{call.scope['scheme']}://{host}"
