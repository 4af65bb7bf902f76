"""What OpenAPI says of parameters and problems; the handlers read them by hand."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

from api.runtime.json import Json
from api.web.schemas import Problem
from recsys.data.kinds import MESSAGE_KINDS
from recsys.items.slate import Repeats
from recsys.ladder import RungName


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
    "recommendation_id": _text("of the answer that led here"),
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

EVENT_EXAMPLES: Json = {
    "short": {
        "user_id": "12747",
        "item_id": "22423",
        "event": "view",
        "device": "mobile",
        "placement": "home",
    },
    "Segment": {"type": "track", **ORDER},
    "many": {
        "batch": [
            {"user_id": "12747", "item_id": "22423", "event": "Product Viewed"},
            {"user_id": "12747", "item_id": "22699", "event": "Product Added"},
        ]
    },
    "a message went out as decided": {
        "message_id": "mail-1",
        "user_id": "12747",
        "event": "message_sent",
        "channel": "email",
        "ref": "the decision's ID",
    },
    "a message that was not decided here": {
        "message_id": "sms-1",
        "user_id": "12747",
        "event": "message_sent",
        "channel": "sms",
        "pscore": 0.5,
    },
    "it was clicked": {
        "message_id": "click-1",
        "user_id": "12747",
        "event": "Email Link Clicked",
        "ref": "the decision's ID",
    },
    "the user left": {
        "message_id": "left-1",
        "user_id": "12747",
        "event": "Unsubscribed",
        "channel": "email",
        "ref": "the decision's ID",
    },
}

EVENT_SCHEMA: Json = {
    "type": "object",
    "description": "one event, or many as `batch`; message kinds tell what came of a decision",
    "properties": {
        **EVENT,
        "batch": {
            "type": "array",
            "items": {"type": "object", "properties": EVENT},
            "description": "instead of one: many events, at most serving.max_batch",
        },
    },
}


def described(handler: Callable[..., Any]) -> str:
    """Return the first line of a handler's docstring, as the summary of its route."""
    return (inspect.getdoc(handler) or "").splitlines()[0].rstrip(".")


def _parameter(name: str, meaning: str, schema: Json, *, place: str = "query") -> Json:
    return {
        "name": name,
        "in": place,
        "required": place == "path",
        "description": meaning,
        "schema": schema,
    }


def names(parameters: Iterable[Json]) -> frozenset[str]:
    """Return the names of the parameters of a query string: no others are taken."""
    return frozenset(one["name"] for one in parameters if one["in"] == "query")


def _problem(meaning: str) -> Json:
    return {"model": Problem, "description": meaning}


TEXT: Json = {"type": "string"}

USER_ID = _parameter(
    "user_id", "any UTF-8, percent-encoded, slashes too", {**TEXT, "example": "12747"}, place="path"
)

ITEM_ID = _parameter("item_id", "percent-encoded", {**TEXT, "example": "22423"}, place="path")

SEGMENT = _parameter(
    "name", "as `/v1/segments` names it", {**TEXT, "example": "rfm:champions"}, place="path"
)

LIMIT = _parameter(
    "limit", "most items; see serving.max_limit", {"type": "integer", "minimum": 1, "default": 10}
)

EXCLUDE = _parameter(
    "exclude",
    "items that must not be in the answer; repeat it, or separate ids by commas",
    {"type": "array", "items": TEXT},
)

QUERY = [
    _parameter("placement", "where the answer will be shown", TEXT),
    _parameter(
        "device", "what it will be shown on, as events name it", {**TEXT, "example": "mobile"}
    ),
    _parameter("trait", "value of the trait that makes segments; also by its own name", TEXT),
    _parameter("timezone", "the user's zone, an IANA name", {**TEXT, "example": "Europe/Paris"}),
    _parameter(
        "force_rung",
        "for experiments: ask this rung only, with rung 0 below it; the answer says so",
        {**TEXT, "enum": [str(name) for name in RungName]},
    ),
    _parameter("explain", "whether to give reasons and trails", {"type": "boolean"}),
]

CHANNEL_QUERY = [
    *QUERY,
    _parameter(
        "decision",
        "id of a decision on the channel: then channels.epsilon explores, and what was decided is "
        "logged before it is answered; the same id for the same user is the same decision, but "
        "`none` once consent to its channel is withdrawn",
        TEXT,
    ),
    _parameter("session", "logged with a decision", TEXT),
    _parameter("experiment", "logged with a decision", TEXT),
    _parameter("variant", "logged with a decision", TEXT),
]

REPEATS = _parameter(
    "repeats",
    "items that the user had before: allow them, exclude them, or only them",
    {**TEXT, "enum": [str(choice) for choice in Repeats], "default": "allow"},
)

CART = _parameter(
    "cart",
    "items in the cart right now: they count as events, and are not in the answer; as `exclude`",
    {"type": "array", "items": TEXT},
)

PER_CATEGORY = _parameter(
    "per_category",
    "at most so many items of one category; the answer may be shorter for it",
    {"type": "integer", "minimum": 1},
)

ITEM_QUERY = [LIMIT, EXCLUDE, CART, REPEATS, PER_CATEGORY, *QUERY]

PROBLEMS: dict[int | str, Json] = {
    422: _problem("a parameter that is unknown, or outside what is allowed"),
    503: _problem("no model yet, or the store is unavailable"),
}

NOT_FOUND: dict[int | str, Json] = {404: _problem("not in the serving model")}

KEYS: dict[int | str, Json] = {
    401: _problem("keys are configured, and none that is known was given"),
    403: _problem("the key that was given opens something else"),
}

_BY_KEY = {"type": "http", "description": "a key that serving.*_keys_sha256 knows"}

SECURITY: Json = {
    "X-API-Key": {**_BY_KEY, "type": "apiKey", "in": "header", "name": "X-API-Key"},
    "Bearer": {**_BY_KEY, "scheme": "bearer"},
    "Basic": {**_BY_KEY, "scheme": "basic"},
}
"""The ways to hand in a key; without keys configured none is needed."""

ERASED: dict[int | str, Json] = {410: _problem("this user was erased")}

TOO_LARGE: dict[int | str, Json] = {413: _problem("more bytes than serving.max_body_bytes")}


def json_body(schema: Json, examples: Json) -> Json:
    """Return the description of a JSON body with named examples."""
    named = {name: {"value": value} for name, value in examples.items()}
    content = {"application/json": {"schema": schema, "examples": named}}
    return {"required": True, "content": content}


BATCH_BODY = json_body(
    {
        "type": "object",
        "required": ["user_ids"],
        "properties": {
            "user_ids": {"type": "array", "items": TEXT},
            **{parameter["name"]: parameter["schema"] for parameter in ITEM_QUERY},
        },
    },
    {"two users": {"user_ids": ["12747", "17850"], "limit": 5, "exclude": ["22423"]}},
)

CONSENT_BODY = json_body(
    {
        "type": "object",
        "required": ["purpose", "state"],
        "properties": dict.fromkeys(
            ("purpose", "channel", "state", "at", "basis", "source", "text_version"), TEXT
        ),
    },
    {
        "one": {
            "purpose": "marketing",
            "channel": "email",
            "state": "granted",
            "basis": "consent",
            "source": "newsletter form",
            "text_version": "2026-01",
        },
        "many": {
            "consents": [
                {"purpose": "profiling", "state": "denied"},
                {"purpose": "marketing", "channel": "sms", "state": "denied"},
            ]
        },
    },
)

AUDIENCE_BODY = json_body(
    {
        "type": "object",
        "properties": {
            "segment": {**TEXT, "description": "as `/v1/segments` names it, or `cohort:NAME`"},
            "rule": {"type": "object", "description": "instead of a segment"},
            "channel": {**TEXT, "description": "that has to be granted; else any"},
            "format": {**TEXT, "enum": ["csv", "jsonl"], "description": "of an export"},
        },
    },
    {
        "a segment": {"segment": "rfm:at_risk", "channel": "email"},
        "a rule": {
            "rule": {
                "all": [
                    {"event": "purchase", "count": {"gte": 3}, "within_days": 365},
                    {"score": "churn", "op": "gte", "value": 0.5},
                    {"not": {"trait": "country", "op": "eq", "value": "Germany"}},
                ]
            }
        },
    },
)

EVENTS_BODY = json_body(EVENT_SCHEMA, EVENT_EXAMPLES)

_SEGMENT = {
    "track": ORDER,
    "identify": {
        "anonymousId": "anonymous-7",
        "userId": "12747",
        "traits": {"country": "Norway"},
    },
    "alias": {"previousId": "anonymous-7", "userId": "12747"},
    "page": {"anonymousId": "anonymous-7", "properties": {"product_id": "22423"}},
    "screen": {"anonymousId": "anonymous-7", "properties": {"product_id": "22423"}},
    "group": {"userId": "12747", "groupId": "team"},
    "batch": {"batch": [{"type": "track", **ORDER}], "sentAt": "2011-12-09T12:00:01Z"},
}

SEGMENT_BODIES = {
    kind: json_body({"type": "object"}, {"Segment": example}) for kind, example in _SEGMENT.items()
}
