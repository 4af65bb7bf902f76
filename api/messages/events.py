"""Events as they are sent and answered; how one is spelled is read by `api.requests.events`."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from api.messages.message import Count, Message, told
from api.runtime.json import Json
from recsys.data.kinds import MESSAGE_KINDS


class EventVerdict(Message):
    """What became of one event."""

    index: Count
    verdict: Literal["accepted", "duplicate", "rejected"]
    event_id: str | None = None
    code: Annotated[str | None, Meta(examples=["future_time"])] = None
    reason: str | None = None


class EventsAnswer(Message):
    """What became of the events; what is accepted is on the disk."""

    accepted: Count
    duplicate: Count
    rejected: Count
    events: list[EventVerdict]


class CallsAnswer(EventsAnswer):
    """The same, as Segment's clients expect it."""

    success: Annotated[bool, told("whether nothing was rejected but what no model uses")]


def _text(meaning: str, **more: object) -> Json:
    return {"type": "string", "description": meaning, **more}


def _number(meaning: str, **more: object) -> Json:
    return {"type": "number", "minimum": 0, "description": meaning, **more}


EVENT: Json = {
    "user_id": _text("who; `anonymousId` where that is all there is", examples=["12747"]),
    "event": _text(
        "what happened, also `kind`: one of the configured kinds (`view`, `cart`, `purchase`, "
        f"`remove`, `return`, `dismiss`), of messages {', '.join(MESSAGE_KINDS)}, or the name "
        "that Segment gives it (`Order Completed`, `Email Delivered`, `Email Link Clicked`, "
        "`Unsubscribed`). `Email Sent` is not counted, `Email Delivered` is",
        examples=["view"],
    ),
    "message_id": _text(
        "id of this event, also `event_id`: sent again, it is a duplicate and changes nothing"
    ),
    "timestamp": _text(
        "when: ISO 8601, or seconds or milliseconds since 1970; now where it is not said"
    ),
    "item_id": _text("which item, also `product_id` or `sku`; needed but for messages and orders"),
    "quantity": {**_number("units, above 0"), "default": 1},
    "price": _number("money per unit"),
    "value": _number("money in all where no price is said, also `total` or `revenue`"),
    "order_id": _text("basket or order"),
    "products": {
        "type": "array",
        "items": {"type": "object"},
        "description": "of an order: each with item_id, quantity, price; an event for each",
    },
    "recommendation_id": _text(
        "of the answer that led here; an `impression` (an item of a list was seen) needs it, and a "
        "`click` with it counts for that list"
    ),
    "rank": {"type": "integer", "description": "of an impression or a click: place in the list"},
    "device": _text("on which device it happened, also `context.device.type`", examples=["mobile"]),
    "placement": _text("where on the site or in the app", examples=["home"]),
    "channel": _text(
        "of a message: one of `channels.arms`. `message_sent` needs it, other outcomes need it or "
        "`ref`; names like `Email Delivered` say it",
        examples=["email"],
    ),
    "ref": _text(
        "of a message or what came of it, also `decision_id` or `message_ref`: the id of the "
        "decision (`…/channel?decision=ID`), or else the message_id of the message_sent event"
    ),
    "pscore": _number(
        "of a message_sent that no decision of this API led to: the probability with which its "
        "channel was chosen",
        maximum=1,
    ),
    "machine": {
        "type": "boolean",
        "description": "made by a robot: kept, and learnt from by nobody; also known by its agent",
    },
    "properties": {
        "type": "object",
        "description": "fields may be here or at the top, in any case, with or without underscores",
    },
}
"""The fields of one event, as the short form names them."""

ORDER: Json = {
    "messageId": "b2f7c1",
    "userId": "12747",
    "event": "Order Completed",
    "timestamp": "2011-12-09T12:00:00Z",
    "properties": {
        "order_id": "581587",
        "products": [{"product_id": "22423", "quantity": 2, "price": 12.75}],
    },
}

_VIEW = {"user_id": "12747", "item_id": "22423", "event": "view"}
_OF_DECISION = {"user_id": "12747", "ref": "the decision's ID"}

EVENT_EXAMPLES: Json = {
    "short": {**_VIEW, "device": "mobile", "placement": "home"},
    "Segment": {"type": "track", **ORDER},
    "an item of a list was seen": {
        "user_id": "12747", "item_id": "22423", "event": "impression", "rank": 1,
        "recommendation_id": "013422df-9c92-7a60-b86f-4cff920dc1dd",
    },
    "many": {"batch": [_VIEW, {**_VIEW, "event": "Product Added"}]},
    "a message went out as decided": {
        **_OF_DECISION, "message_id": "mail-1", "event": "message_sent", "channel": "email",
    },
    "a message that was not decided here": {
        "message_id": "sms-1", "user_id": "12747", "event": "message_sent", "channel": "sms",
        "pscore": 0.5,
    },
    "it was clicked": {**_OF_DECISION, "message_id": "click-1", "event": "Email Link Clicked"},
    "the user left": {
        **_OF_DECISION, "message_id": "left-1", "event": "Unsubscribed", "channel": "email",
    },
}  # fmt: skip

EVENT_SCHEMA: Json = {
    "type": "object",
    "description": "one event, or many as `batch`; message kinds tell what came of a decision",
    "properties": {
        **EVENT,
        "batch": {
            "type": "array",
            "items": {"description": "an event of these fields; a bad one has its verdict"},
            "description": "instead of one: many events, at most serving.max_batch",
        },
    },
}

_SEEN = {"anonymousId": "anonymous-7", "properties": {"product_id": "22423"}}

SEGMENT_EXAMPLES: Json = {
    "track": ORDER,
    "identify": {
        "anonymousId": "anonymous-7", "userId": "12747", "traits": {"country": "Norway"},
    },
    "alias": {"previousId": "anonymous-7", "userId": "12747"},
    "page": _SEEN,
    "screen": _SEEN,
    "group": {"userId": "12747", "groupId": "team"},
    "batch": {"batch": [{"type": "track", **ORDER}], "sentAt": "2011-12-09T12:00:01Z"},
}  # fmt: skip
