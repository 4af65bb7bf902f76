"""How events are spelled: Segment's spec, its e-commerce and e-mail names, and a short form.

``{"user_id", "item_id", "event" or "kind", "timestamp", "quantity", "price", "message_id"…}``;
names are read in any case, with or without underscores, at the top or in ``properties``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import orjson

from api.requests.identities import Aliased, Identified
from api.requests.query import MAX_ID_LENGTH
from api.runtime.ids import uuid7
from recsys.config import Config
from recsys.data import times
from recsys.data.kinds import (
    MESSAGE_FAILED,
    MESSAGE_KINDS,
    MESSAGE_SENT,
    is_sending,
    kind_of,
    message_of,
)
from recsys.data.surfaces import DEVICE, PLACEMENT, plain
from recsys.data.times import DAY, instant_of, moment, shown
from recsys.errors import BadEvent, BadQuery
from recsys.storage.events.event import Event

MAX_EVENT_BYTES = 32_768

UNUSED = frozenset(
    {
        "checkout started",
        "products searched",
        "product list viewed",
        "page",
        "screen",
        "group",
    }
)

VIEWS = frozenset({"page", "screen"})

USER = ("userid", "anonymousid")

ITEM = ("itemid", "productid", "sku")

KIND = ("event", "kind", "eventtype")

TIME = ("timestamp", "at", "time", "originaltimestamp")

ORDER = ("orderid",)

EVENT_ID = ("messageid", "eventid")

VALUE = ("value", "total", "revenue")

REF = ("ref", "messageref", "decisionid")

NOT_COUNTED = (
    "Sent is not counted, Delivered is (Email Delivered): to say both would count a message twice"
)

_BY_MACHINES = frozenset({MESSAGE_SENT, MESSAGE_FAILED})


class EventParser:
    """Reads events as they are spelled by clients.

    Parameters
    ----------
    config : Config
        The kinds, channels and the trait there are, and the zone of times that name none.
    """

    def __init__(self, config: Config) -> None:
        self._kinds = tuple(config.kinds)
        self._channels = tuple(config.channels.arms)
        self._critical = config.churn.critical_kind
        self._trait = config.segments.trait
        self._zone = times.zone(config.data.timezone)

    def read(self, payload: object, *, now: int) -> list[Event] | Identified | Aliased:
        """Return what one payload says: an order is one event for each of its products.

        Parameters
        ----------
        payload : object
            As JSON gave it.
        now : int
            Time of arrival, microseconds since the epoch. It stands in where no time is said,
            and for times up to a day ahead of it: nothing arrives before it happened. Where the
            client says when it sent the event, by how much its clock is wrong is taken off.

        Raises
        ------
        BadEvent
            It cannot be logged, and why.
        """
        if not isinstance(payload, dict):
            raise BadEvent("not_an_object", f"an event is a JSON object, not {shown(payload)}")
        fields = flat(payload)
        user_id = text(fields, USER, needed="user_id", by="every event")
        match text(fields, ("type",)).lower():
            case "identify":
                return self._identified(payload, user_id, text(fields, ("anonymousid",)))
            case "alias":
                previous_id = text(fields, ("previousid",), needed="previous_id", by="an alias")
                return Aliased(previous_id, user_id)
        kind = self._kind(fields)
        events = self._events(fields, kind, user_id, self._at(fields, now))
        if kind not in _BY_MACHINES and is_machine(fields):
            return [replace(event, machine=True) for event in events]
        return events

    def _events(self, fields: Fields, kind: str, user_id: str, at: int) -> list[Event]:
        if kind in MESSAGE_KINDS:
            return [self._message(fields, kind, user_id, at)]
        return list(self._interactions(fields, kind, user_id, at))

    def _identified(self, payload: Fields, user_id: str, anonymous_id: str) -> Identified:
        traits, context = flat(payload.get("traits")), flat(payload.get("context"))
        said = text(traits, (self._trait.replace("_", "").lower(),))
        zone = text({**context, **traits}, ("timezone",))
        try:
            times.zone(zone or "UTC")
        except BadQuery as error:
            raise BadEvent("bad_timezone", str(error)) from error
        previous_id = anonymous_id if anonymous_id != user_id else ""
        return Identified(user_id, {self._trait: said} if said else {}, zone, previous_id)

    def _kind(self, fields: Fields) -> str:
        name = text(fields, KIND) or text(fields, ("type",), needed="event", by="every event")
        if name.lower() in VIEWS and text(fields, ITEM):
            name = "view"
        if name in self._kinds:
            return name
        if kind := message_of(name)[0]:
            return kind
        if (kind := kind_of(name)) in self._kinds:
            return kind
        if name.lower() in UNUSED:
            raise BadEvent("unused_event", f"{name!r} is understood, but no model uses it")
        messages = ", ".join(MESSAGE_KINDS)
        reason = f"event is {shown(name)}; known: {', '.join(self._kinds)}, of messages {messages}"
        if is_sending(name):
            raise BadEvent("unknown_kind", f"{reason}; {NOT_COUNTED}")
        raise BadEvent("unknown_kind", f"{reason}, and the names that Segment gives them")

    def _at(self, fields: Fields, now: int) -> int:
        said = first(fields, TIME)
        if said is None:
            return now
        at = instant_of(said, self._zone)
        sent = fields.get("sentat")
        # A relay that says when it received the event has corrected its time already.
        if sent and not fields.get("receivedat"):
            at = max(0, at + now - instant_of(sent, self._zone))
        if at > now + DAY:
            clock = moment(now).isoformat(timespec="seconds")
            reason = f"timestamp is {shown(said)}; allowed: up to a day ahead of {clock}"
            raise BadEvent("future_time", f"{reason}, the clock of this service")
        return min(at, now)

    def _channel_said(self, fields: Fields) -> str:
        """Return the channel of a message, or what was said of it; empty where nothing was.

        Segment's calls have a ``channel`` of their own, ``server`` for example: where that is none
        of ours, what the name of the event says counts.
        """
        said = text(fields, ("channel",))
        by_name = "email" if text(fields, ("emailid",)) else message_of(text(fields, KIND))[1]
        return by_name if said not in self._channels and by_name in self._channels else said

    def _message(self, fields: Fields, kind: str, user_id: str, at: int) -> Event:
        channel = self._channel_said(fields)
        ref = text(fields, REF) or None
        if (kind == MESSAGE_SENT or channel) and channel not in self._channels:
            known = ", ".join(self._channels)
            raise BadEvent("unknown_channel", f"channel is {shown(channel)}; known: {known}")
        mail = text(fields, ("emailid",))
        mail_id = f"email:{mail}:{user_id}" if mail else ""
        if kind == MESSAGE_SENT:
            own = mail_id or _event_id(fields, at)
        else:
            ref = ref or mail_id or None
            # Without an id of its own: the same outcome of a message at the same time is one.
            said = text(fields, EVENT_ID)
            own = said or (f"{ref}:{kind}:{user_id}:{at}" if ref else uuid7(at))
        if kind != MESSAGE_SENT and ref is None and not channel:
            reason = f"{kind} needs ref, the id of the message or decision, or its channel"
            raise BadEvent("missing_ref", reason)
        pscore = number(fields, ("pscore",), most=1)
        return Event(own, user_id, kind, at, channel=channel or None, ref=ref, pscore=pscore)

    def _interactions(self, fields: Fields, kind: str, user_id: str, at: int) -> Iterator[Event]:
        event_id = _event_id(fields, at)
        products = fields.get("products")
        if not isinstance(products, list) or not products:
            yield self._interaction(fields, event_id, kind, user_id, at)
            return
        for place, product in enumerate(products):
            if not isinstance(product, dict):
                raise BadEvent("bad_product", f"products[{place}] is {shown(product)}")
            order = {name: fields[name] for name in (*ORDER, "recommendationid") if name in fields}
            # A product may be a device: on which one it was ordered, the order says.
            own = {**order, **flat(product), **{name: fields.get(name) for name in SAID_IN}}
            yield self._interaction(own, f"{event_id}:{place}", kind, user_id, at)

    def _interaction(
        self, fields: Fields, event_id: str, kind: str, user_id: str, at: int
    ) -> Event:
        item_id = text(fields, ITEM) or None
        if item_id is None and kind != self._critical:
            raise BadEvent("missing_item", f"a {kind} needs an item_id")
        quantity = number(fields, ("quantity",), above=0)
        quantity = 1.0 if quantity is None else quantity
        price = number(fields, ("price",))
        value = number(fields, VALUE) if price is None else price * quantity
        kept = occasion(fields)
        if recommendation := text(fields, ("recommendationid",)):
            kept["recommendation_id"] = recommendation
        return Event(
            event_id,
            user_id,
            kind,
            at,
            item_id=item_id,
            quantity=quantity,
            value=value,
            order_id=text(fields, ORDER) or None,
            properties=orjson.dumps(kept).decode() if kept else None,
        )


def _event_id(fields: Fields, at: int) -> str:
    return text(fields, EVENT_ID) or uuid7(at)


Fields = Mapping[str, Any]

MOST = 1e12


def flat(payload: object) -> dict[str, Any]:
    """Return the fields of a JSON object and its ``properties``, names in one spelling."""
    if not isinstance(payload, dict):
        return {}
    top = _named(payload)
    inner = top.get("properties")
    return {**_named(inner), **top} if isinstance(inner, dict) else top


def first(fields: Fields, names: tuple[str, ...]) -> Any:
    """Return the first field that says something; None when none does."""
    for name in names:
        said = fields.get(name)
        if said is not None and said != "":
            return said
    return None


def text(fields: Fields, names: tuple[str, ...], *, needed: str = "", by: str = "") -> str:
    """Return the first field that says something, as text; empty when none does.

    A `needed` one has that name, and is needed `by` what the reason names.

    Raises
    ------
    BadEvent
        It is no text, or a `needed` one is missing.
    """
    said = first(fields, names)
    if said is None:
        if needed:
            raise BadEvent(f"missing_{needed}", f"no {needed}; {by} needs one")
        return ""
    if isinstance(said, int) and not isinstance(said, bool):
        said = str(said)
    if not isinstance(said, str) or len(said) > MAX_ID_LENGTH or "\0" in said:
        allowed = f"text of at most {MAX_ID_LENGTH} characters, without NUL"
        raise BadEvent("bad_text", f"{names[0]} is {shown(said)}; allowed: {allowed}")
    return said


def number(
    fields: Fields, names: tuple[str, ...], *, above: float = -math.inf, most: float = MOST
) -> float | None:
    """Return the first field that says something, as a number that is not negative.

    Raises
    ------
    BadEvent
        It is no number, negative, not `above` the one or more than the other bound.
    """
    said = first(fields, names)
    if said is None:
        return None
    try:
        found = math.nan if isinstance(said, bool) else float(said)
    except (TypeError, ValueError, OverflowError):
        found = math.nan
    if not math.isfinite(found) or found < 0 or not above < found <= most:
        bounds = f"{'above' if above == 0 else 'from'} 0, up to {most:g}"
        hint = "; a return is an event of its own kind" if names[0] == "quantity" else ""
        reason = f"{names[0]} is {shown(said)}; allowed: a number {bounds}{hint}"
        raise BadEvent(f"bad_{names[0]}", reason)
    return found


def _named(payload: Mapping[str, Any]) -> dict[str, Any]:
    return {name.replace("_", "").lower(): value for name, value in payload.items()}


SAID_IN = ("device", "devicetype", "placement", "context")
"""The fields of an event that tell."""


def occasion(fields: Fields) -> dict[str, str]:
    """Return ``device`` and ``placement`` where they are said.

    Parameters
    ----------
    fields : mapping
        Of the event, as :func:`api.requests.events.flat` gives them. Its own ``device`` (or
        ``device_type``) wins over ``context.device.type``; what is no text says nothing, and no
        event is refused for it.
    """
    if not any(name in fields for name in SAID_IN):
        return {}
    own = (fields.get(name) for name in ("device", "devicetype"))
    of_context = flat(flat(fields.get("context")).get("device")).get("type")
    device = next(filter(None, map(plain, (*own, of_context))), "")
    said = {DEVICE: device, PLACEMENT: plain(fields.get("placement"))}
    return {name: value for name, value in said.items() if value}


_NAMES = re.compile(
    r"(?<!cu)bot\b|crawl|spider|slurp|headless|phantomjs|selenium|puppeteer|playwright|lighthouse"
    r"|preview|facebookexternalhit|whatsapp/|pingdom|uptimerobot|statuscake|curl/|wget/|python-requests"
    r"|python-urllib|httpclient|okhttp/0|go-http-client|libwww|scrapy|googleimageproxy",
    re.IGNORECASE,
)

_SAID = ("machine", "bot", "isbot")


def is_machine(fields: Fields) -> bool:
    """Return whether an event says that a machine made it, or its user agent has such a name.

    Parameters
    ----------
    fields : mapping
        Of the event, as :func:`flat` gives them; the agent is that of the *event*
        (``context.userAgent``): the one of the request is often an honest server's library.
    """
    if any(fields.get(name) is True for name in _SAID):
        return True
    context = fields.get("context")
    agent = flat(context).get("useragent") if isinstance(context, dict) else None
    return isinstance(agent, str) and _NAMES.search(agent) is not None
