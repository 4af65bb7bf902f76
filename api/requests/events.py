"""Payloads into events: Segment's spec, its e-commerce and e-mail names, and a short form.

``{"user_id", "item_id", "event" or "kind", "timestamp", "quantity", "price", "message_id"…}``;
what the fields and the kinds are called, :mod:`recsys.data.fields` and :mod:`recsys.data.kinds`
say, for files alike.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import orjson

from api.requests import orders
from api.requests.exposures import Exposed, exposures, seen_in
from api.requests.identities import Aliased, Identified
from api.runtime.ids import uuid7
from recsys.config import Config
from recsys.data import fields, times
from recsys.data.fields import EVENT, OF_THE_ORDER, Said
from recsys.data.ids import LOST, MAX_ID_LENGTH, identifier
from recsys.data.kinds import (
    MESSAGE_FAILED,
    MESSAGE_KINDS,
    MESSAGE_SENT,
    RETURN,
    VOID,
    is_machine_agent,
    is_sending,
    meant,
    message_of,
)
from recsys.data.surfaces import DEVICE, PLACEMENT, plain
from recsys.data.times import DAY, instant_of, moment, shown
from recsys.errors import BadEvent, BadQuery
from recsys.storage.decisions.exposures import Seen
from recsys.storage.events.event import Event

MAX_EVENT_BYTES = 32_768

NOT_COUNTED = (
    "Sent is not counted, Delivered is (Email Delivered): to say both would count a message twice"
)

MOST = 1e12

_PEOPLE = frozenset({"user", "anonymous", "email"})
_BY_MACHINES = frozenset({MESSAGE_SENT, MESSAGE_FAILED})


class EventParser:
    """Reads events as they are spelled by clients.

    Parameters
    ----------
    config : Config
        The kinds, channels and the trait there are, and the zone of times that name none.
    own_currency : callable
        Returns the currency of the store beside one that is said; without, any is.
    """

    def __init__(self, config: Config, own_currency: Callable[[str], str] = str) -> None:
        self._own_currency = own_currency
        self._kinds = tuple(config.kinds)
        self._channels = tuple(config.channels.arms)
        self._critical = config.churn.critical_kind
        self._traits = (config.segments.trait, *config.privacy.kept_traits)
        self._zone = times.zone(config.data.timezone)
        self._own_names = {name.lower(): kind for name, kind in config.data.names.items()}
        self._names: Mapping[str, str] = self._own_names
        self._data = config.data
        self._guests = frozenset(config.data.guests)

    def learn(self, names: Mapping[str, str]) -> None:
        """Take over what else events are called: kinds by name in lower case.

        What the configuration says of a name wins.
        """
        self._names = {**names, **self._own_names}

    def read(self, payload: object, *, now: int) -> list[Event] | Exposed | Identified | Aliased:
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
        said = EVENT.said(payload)
        anonymous_id = self._id(said, "anonymous")
        named_id = self._id(said, "user")
        user_id = named_id or anonymous_id or self._id(said, "email")
        if not user_id:
            text({}, "user", needed="user_id", by="every event")
        call = text(said, "call")
        match call.lower():
            case "identify":
                return self._identified(said, user_id, anonymous_id)
            case "alias":
                previous_id = self._id(said, "previous")
                if not previous_id:
                    text({}, "previous", needed="previous_id", by="an alias")
                return Aliased(previous_id, user_id, _proof(said))
        at, list_id = self._at(said, now), text(said, "recommendation")
        seen = seen_in(text(said, "kind"), list_id, machine=is_machine(said))
        exposed = exposures(said, seen, list_id, user_id, at=at) if seen else []
        if seen is Seen.IMPRESSION:
            return Exposed(exposed, [])
        anonymous = bool(anonymous_id) and not named_id
        events = self._happened(said, call, user_id, at, anonymous=anonymous)
        return Exposed(exposed, events) if exposed else events

    def _happened(
        self, said: Said, call: str, user_id: str, at: int, *, anonymous: bool
    ) -> list[Event]:
        kind = self._kind(said, call)
        events = self._events(said, kind, user_id, at)
        machine = kind not in _BY_MACHINES and is_machine(said)
        if machine or anonymous:
            return [replace(event, machine=machine, anonymous=anonymous) for event in events]
        return events

    def named(self, payload: object) -> tuple[str, str]:
        """Return the user that a payload names, and the proof with it; both may be empty.

        An alias speaks for the id that it gives away as well; that is proved where it is known.
        """
        said = EVENT.said(payload) if isinstance(payload, dict) else {}
        try:
            return self._id(said, "user") or self._id(said, "email"), _proof(said)
        except BadEvent:
            return "", ""

    def _id(self, said: Said, meaning: str) -> str:
        """Return who or what is meant; empty where nothing is said, or a word for nobody."""
        found = identifier(text(said, meaning), lower_emails=self._data.lower_case_emails)
        if "\ufffd" in found or re.match(LOST, found):
            allowed = "an id with all its characters and digits"
            raise BadEvent("bad_text", f"{_called(meaning)} is {shown(found)}; allowed: {allowed}")
        return "" if found in self._guests and meaning in _PEOPLE else found

    def _events(self, said: Said, kind: str, user_id: str, at: int) -> list[Event]:
        if kind in MESSAGE_KINDS:
            return [self._message(said, kind, user_id, at)]
        return self._interactions(said, kind, user_id, at)

    def _identified(self, said: Said, user_id: str, anonymous_id: str) -> Identified:
        context = named(said.get("context"))
        traits = {**named(context.get("traits")), **named(said.get("traits"))}
        said_of = {name: text(traits, fields.plain(name)) for name in self._traits}
        zone = text({**context, **traits}, "timezone")
        try:
            times.zone(zone or "UTC")
        except BadQuery as error:
            raise BadEvent("bad_timezone", str(error)) from error
        previous_id = anonymous_id if anonymous_id != user_id else ""
        return Identified(
            user_id,
            {name: value for name, value in said_of.items() if value},
            zone,
            previous_id,
            proof=_proof(said),
            anonymous=user_id == anonymous_id,
        )

    def _kind(self, said: Said, call: str) -> str:
        name = text(said, "kind")
        if not name and not call:
            text(said, "kind", needed="event", by="every event")
        kind = self._names.get(name.lower())
        if kind is None:
            channel = self._channel_said(said)
            channel = channel if channel in self._channels else ""
            has_item = bool(self._id(said, "item"))
            kind = meant(name, call, self._kinds, has_item=has_item, channel=channel)
        if kind:
            return kind
        name = name or call
        if kind == "":
            raise BadEvent("unused_event", f"{name!r} is understood, but no model uses it")
        messages = ", ".join(MESSAGE_KINDS)
        reason = f"event is {shown(name)}; known: {', '.join(self._kinds)}, of messages {messages}"
        if is_sending(name):
            raise BadEvent("unknown_kind", f"{reason}; {NOT_COUNTED}")
        raise BadEvent("unknown_kind", f"{reason}, and the names that Segment gives them")

    def _at(self, said: Said, now: int) -> int:
        given = said.get("at")
        if given is None:
            return now
        at = instant_of(given, self._zone)
        sent = said.get("sent")
        # A relay that says when it received the event has corrected its time already.
        if sent and not said.get("received"):
            at = max(0, at + now - instant_of(sent, self._zone))
        if at > now + DAY:
            clock = moment(now).isoformat(timespec="seconds")
            reason = f"timestamp is {shown(given)}; allowed: up to a day ahead of {clock}"
            raise BadEvent("future_time", f"{reason}, the clock of this service")
        return min(at, now)

    def _channel_said(self, said: Said) -> str:
        """Return the channel of a message, or what was said of it; empty where nothing was.

        Segment's calls have a ``channel`` of their own, ``server`` for example: where that is none
        of ours, what the name of the event says counts.
        """
        given = text(said, "channel")
        by_name = "email" if text(said, "mail") else message_of(text(said, "kind"))[1]
        return by_name if given not in self._channels and by_name in self._channels else given

    def _message(self, said: Said, kind: str, user_id: str, at: int) -> Event:
        channel = self._channel_said(said)
        ref = text(said, "ref") or None
        if (kind == MESSAGE_SENT or channel) and channel not in self._channels:
            known = ", ".join(self._channels)
            raise BadEvent("unknown_channel", f"channel is {shown(channel)}; known: {known}")
        mail = text(said, "mail")
        mail_id = f"email:{mail}:{user_id}" if mail else ""
        if kind == MESSAGE_SENT:
            own = mail_id or _event_id(said, at)
        else:
            ref = ref or mail_id or None
            # Without an id of its own: the same outcome of a message at the same time is one.
            given = text(said, "event_id")
            own = given or (f"{ref}:{kind}:{user_id}:{at}" if ref else uuid7(at))
        if kind != MESSAGE_SENT and ref is None and not channel:
            reason = f"{kind} needs ref, the id of the message or decision, or its channel"
            raise BadEvent("missing_ref", reason)
        pscore = number(said, "pscore", most=1)
        return Event(own, user_id, kind, at, channel=channel or None, ref=ref, pscore=pscore)

    def _interactions(self, said: Said, kind: str, user_id: str, at: int) -> list[Event]:
        event_id = _event_id(said, at)
        try:
            products = fields.products(said.get("products"))
        except ValueError as error:
            raise BadEvent("bad_product", str(error)) from error
        order = {name: said[name] for name in OF_THE_ORDER if name in said} if products else said
        lines: list[orders.Line] = []
        for place, own in enumerate(products or [{}]):
            line = {**own, **order}
            own_id = f"{event_id}:{place}" if products else event_id
            lines.append((self._interaction(line, own_id, kind, user_id, at), line))
        if kind in orders.KINDS:
            return orders.settled(said, lines, self._data)
        return [event for event, _ in lines]

    def _interaction(self, said: Said, event_id: str, kind: str, user_id: str, at: int) -> Event:
        item_id = self._id(said, "item") or None
        order_id = self._id(said, "order") or None
        of_order = kind in (RETURN, VOID) and order_id is not None
        if item_id is None and kind != self._critical and not of_order:
            raise BadEvent("missing_item", f"a {kind} needs an item_id")
        quantity = number(said, "quantity", above=0)
        quantity = 1.0 if quantity is None else quantity
        price = number(said, "price")
        value = number(said, "total") if price is None else price * quantity
        if value is not None:
            value *= orders.rate(said, self._data.rates, self._own_currency)
        kept = occasion(said)
        if recommendation := text(said, "recommendation"):
            kept["recommendation_id"] = recommendation
        return Event(
            event_id,
            user_id,
            kind,
            at,
            item_id=item_id,
            quantity=quantity,
            value=value,
            order_id=order_id,
            properties=orjson.dumps(kept).decode() if kept else None,
        )


def _proof(said: Said) -> str:
    """Return the proof of an id, which Segment's clients can hand in with traits or context."""
    for place in (said, *(named(said.get(name)) for name in ("traits", "context"))):
        if found := text(place, "proof" if place is said else "userhash"):
            return found
    return ""


def _event_id(said: Said, at: int) -> str:
    return text(said, "event_id") or uuid7(at)


def text(said: Said, meaning: str, *, needed: str = "", by: str = "") -> str:
    """Return what is said, as text; empty where nothing is.

    A `needed` one has that name, and is needed `by` what the reason names.

    Raises
    ------
    BadEvent
        It is no text, or a `needed` one is missing.
    """
    given = said.get(meaning)
    if given is None or given == "":
        if needed:
            raise BadEvent(f"missing_{needed}", f"no {needed}; {by} needs one")
        return ""
    if isinstance(given, float) and given.is_integer() and abs(given) < 2**53:
        given = int(given)
    if isinstance(given, int) and not isinstance(given, bool):
        given = str(given)
    if not isinstance(given, str) or len(given) > MAX_ID_LENGTH or "\0" in given:
        allowed = f"text of at most {MAX_ID_LENGTH} characters, without NUL"
        raise BadEvent("bad_text", f"{_called(meaning)} is {shown(given)}; allowed: {allowed}")
    return given


def number(
    said: Said, meaning: str, *, above: float = -math.inf, most: float = MOST
) -> float | None:
    """Return what is said, as a number that is not negative; None where nothing is.

    Raises
    ------
    BadEvent
        It is no number, negative, not `above` the one or more than the other bound.
    """
    given = said.get(meaning)
    if given is None:
        return None
    try:
        found = math.nan if isinstance(given, bool) or "_" in str(given) else float(given)
    except (TypeError, ValueError, OverflowError):
        found = math.nan
    if not math.isfinite(found) or found < 0 or not above < found <= most:
        bounds = f"{'above' if above == 0 else 'from'} 0, up to {most:g}"
        hint = "; a return is an event of its own kind" if meaning == "quantity" else ""
        if isinstance(given, str) and meaning in ("price", "total"):
            hint = ", with a decimal point, its currency beside it as currency"
        name = _called(meaning)
        reason = f"{name} is {shown(given)}; allowed: a number {bounds}{hint}"
        raise BadEvent(f"bad_{name}", reason)
    return found


def named(record: object) -> dict[str, Any]:
    """Return the fields of a JSON object, names in one spelling."""
    if not isinstance(record, dict):
        return {}
    return {fields.plain(name): value for name, value in record.items()}


def occasion(said: Said) -> dict[str, str]:
    """Return ``device`` and ``placement`` where they are said.

    The event's own ``device`` wins over ``context.device.type``; what is no text says nothing, and
    no event is refused for it.
    """
    device = plain(said.get("device"))
    if not device and (context := said.get("context")):
        device = plain(named(named(context).get("device")).get("type"))
    kept = {DEVICE: device, PLACEMENT: plain(said.get("placement"))}
    return {name: value for name, value in kept.items() if value}


def is_machine(said: Said) -> bool:
    """Return whether an event says that a machine made it, or its user agent has such a name.

    The agent is that of the *event* (``context.userAgent``): the one of the request is often an
    honest server's library.
    """
    if orders.is_flag(said.get("machine")):
        return True
    agent = named(context).get("useragent") if (context := said.get("context")) else None
    return isinstance(agent, str) and is_machine_agent(agent)


def _called(meaning: str) -> str:
    return EVENT.table[meaning][0] if meaning in EVENT.table else meaning
