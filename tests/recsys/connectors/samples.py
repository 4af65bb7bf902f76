"""A small file of each kind of each tool, in its format, made up; three rows of each are bad.

The bad ones: nobody is named, the time is none, and a name or a value that nobody knows.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

ADDRESS = "Ann.Lee@shop.example"
"""Whom most rows are about; it must be nowhere afterwards."""


@dataclass(frozen=True)
class Sample:
    """A file, and what becomes of its rows."""

    kind: str
    file: str
    content: bytes
    kinds: Mapping[str, int] = field(default_factory=dict)
    aside: Mapping[str, int] = field(default_factory=dict)
    people: int = 0
    outcomes: int = 0
    consents: int = 0
    unknown: int = 0


def lines(*records: Any) -> bytes:
    return "\n".join(json.dumps(one) for one in records).encode()


def table(header: Sequence[str], *rows: Sequence[Any], separator: str = ",") -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator="\n")
    writer.writerows([header, *rows])
    return out.getvalue().encode()


def _ga4(name: str, at: str = "1696118400000000", who: Any = "u1", **more: Any) -> Any:
    return {
        "event_date": "20231001",
        "event_timestamp": at,
        "event_name": name,
        "event_params": [
            {"key": "transaction_id", "value": {"string_value": "T1", "int_value": None}},
            {"key": "ga_session_id", "value": {"int_value": "77"}},
        ],
        "user_id": who,
        "user_pseudo_id": "GA.1" if who else None,
        "geo": {"country": "Norway"},
        "device": {"category": "mobile"},
        "privacy_info": {"analytics_storage": "Yes"},
        "ecommerce": {"transaction_id": "T1"},
        "items": [
            {"item_id": "sku1", "item_name": "Tea", "item_category": "Food", "price": 3.5,
             "quantity": "2"},
        ],
        **more,
    }  # fmt: skip


_TWO = [{"item_id": "sku1", "price": 3.5, "quantity": 1}, {"item_id": "sku2", "price": 4}]
_NO_CONSENT = {"analytics_storage": "No"}

_ADOBE = ("hitid_high", "hitid_low", "post_visid_high", "post_visid_low", "post_cust_visid",
          "hit_time_gmt", "post_event_list", "post_product_list", "post_purchaseid", "exclude_hit",
          "hit_source", "duplicate_purchase")  # fmt: skip


def _mixpanel(
    name: str, at: Any = 1_696_118_400, who: Any = "u1", row: int = 0, **more: Any
) -> Any:
    said = {"time": at, "distinct_id": who, "$insert_id": f"{name}{row}", **more}
    return {"event": name, "properties": said}


def _amplitude(name: str, row: int, at: str = "2023-10-01 00:00:00.000000", who: str = "u1") -> Any:
    return {
        "event_type": name, "user_id": who, "device_id": "d1" if who else None,
        "event_time": at, "$insert_id": f"a{row}", "amplitude_id": 99, "uuid": f"x{row}",
        "event_properties": {"product_id": "sku1", "quantity": 2, "price": 3},
        "user_properties": {"plan": "free"},
    }  # fmt: skip


def _segment(name: str, row: int, at: str = "2023-10-01T00:00:00Z", who: Any = ADDRESS) -> Any:
    return {
        "messageId": f"s{row}", "type": "track", "anonymousId": who, "userId": None, "event": name,
        "timestamp": at, "properties": {"product_id": "sku1", "email_id": "m1"},
    }  # fmt: skip


def _tealium(name: str, row: int, at: Any = 1_696_118_400_000, who: Any = "v1") -> Any:
    return {
        "tealium_event": name, "tealium_visitor_id": who, "eventid": f"t{row}", "post_time": at,
        "customer_id": "u1" if who else None, "customer_email": ADDRESS if who else None,
        "order_id": "T1", "product_id": ["sku1", "sku2"], "product_price": ["3", "4"],
        "product_quantity": ["1", "2"],
    }  # fmt: skip


def _mparticle(batch: str, *events: Any, who: Any = "u1") -> Any:
    people = {"customer_id": who, "email": ADDRESS if who else None}
    mpid = 123 if who else None
    return {"batch_id": batch, "mpid": mpid, "user_identities": people, "events": list(events)}


def _commerce(action: str, at: Any = 1_696_118_400_000) -> Any:
    products = [
        {"id": "sku1", "price": 3, "quantity": 1},
        {"id": "sku2", "price": 4, "quantity": 2},
    ]
    said = {"action": action, "transaction_id": "T1", "products": products}
    return {
        "event_type": "commerce_event",
        "data": {"timestamp_unixtime_ms": at, "product_action": said},
    }


def _mp(kind: str, **data: Any) -> Any:
    return {"event_type": kind, "data": {"timestamp_unixtime_ms": 1_696_118_400_000, **data}}


def _hotjar(row: int, score: Any = "9", at: Any = "2023-10-01T00:00:00Z", who: Any = "u1") -> Any:
    asked = {"question_id": "q1", "question_type": "net-promoter-score", "answer": score}
    why = {"question_id": "q2", "question_type": "long-text", "answer": "nice", "tags": []}
    return {"id": f"h{row}", "created_time": at, "user_attributes": {"user_id": who},
            "answers": [asked, why]}  # fmt: skip


def _braze(name: str, row: int, at: Any = 1_696_118_400, who: Any = "u1", **more: Any) -> Any:
    return {
        "event_type": name, "id": f"b{row}", "time": at,
        "user": {"user_id": None, "external_user_id": who},
        "properties": {"dispatch_id": "d1", "campaign_id": "c1", "email_address": ADDRESS, **more},
    }  # fmt: skip


def _klaviyo(metric: str, row: int, at: Any = "2023-10-01T00:00:00+00:00", who: Any = "p1") -> Any:
    said = {"$message": "m1", "ProductID": "sku1", "$value": 7, "$event_id": "T1"}
    return {
        "type": "event", "id": f"k{row}",
        "attributes": {"datetime": at, "uuid": f"k{row}", "timestamp": 1, "event_properties": said},
        "relationships": {
            "metric": {"data": {"type": "metric", "id": metric}},
            "profile": {"data": {"type": "profile", "id": who}},
        },
    }  # fmt: skip


def _klaviyo_document() -> bytes:
    names = ("Received Email", "Opened Email", "Clicked Email", "Ordered Product",
             "Viewed Product", "Unsubscribed from Email Marketing", "Active on Site", "Zapped",
             "Placed Order")  # fmt: skip
    events = [_klaviyo(name, row) for row, name in enumerate(names)]
    bad = [_klaviyo("Opened Email", 20, "soon"), _klaviyo("Opened Email", 21, who="nobody")]
    metrics = [{"type": "metric", "id": name, "attributes": {"name": name}} for name in names]
    person = {"email": ADDRESS, "external_id": None, "phone_number": None}
    profile = {"type": "profile", "id": "p1", "attributes": person}
    nobody = {"type": "profile", "id": "nobody", "attributes": {"email": None}}
    return json.dumps(
        {"data": [*events, *bad], "included": [*metrics, profile, nobody], "links": {"next": None}}
    ).encode()


def _profile(
    row: int, at: Any = "2023-10-01T00:00:00+00:00", email: Any = ADDRESS, **m: Any
) -> Any:
    said = {"marketing": {"consent": m.get("consent", "SUBSCRIBED")}}
    return {
        "type": "profile", "id": f"kp{row}",
        "attributes": {
            "email": email, "external_id": m.get("who", "u1"), "updated": at,
            "location": {"country": "Norway"}, "subscriptions": {"email": said},
        },
    }  # fmt: skip


def _mailchimp(
    kind: str, at: str = "2023-10-01 00:00:00", email: Any = ADDRESS, **more: Any
) -> Any:
    return {"type": kind, "fired_at": at,
            "data": {"id": "x", "list_id": "l1", "email": email, **more}}  # fmt: skip


def _active(
    kind: str, at: str = "2023-10-01T00:00:00-05:00", email: Any = ADDRESS, **m: Any
) -> Any:
    return {"type": kind, "date_time": at, "initiated_from": "system",
            "contact": {"id": "1", "email": email, "tags": ""},
            "campaign": {"id": "c1"}, **m}  # fmt: skip


_MARKETO = ("marketoGUID", "leadId", "activityDate", "activityTypeId", "campaignId",
            "primaryAttributeValueId", "primaryAttributeValue", "attributes")  # fmt: skip


def _marketo(row: int, kind: Any, at: str = "2023-10-01T00:00:00Z", lead: Any = 7,
             attributes: str = "{}") -> list[Any]:  # fmt: skip
    return [f"g{row}", lead, at, kind, 5, 900, "Mail", attributes]


def _hubspot(kind: str, row: int, at: Any = 1_696_118_400_000, who: Any = ADDRESS, **m: Any) -> Any:
    return {"id": f"hs{row}", "type": kind, "recipient": who, "created": at,
            "emailCampaignId": 12, "appId": 1, **m}  # fmt: skip


def _contact(vid: Any, merged: list[int], email: Any = ADDRESS, at: Any = "1696118400000") -> Any:
    facts = {"email": email, "lastmodifieddate": at, "user_id": "u1" if vid else None,
             "country": "Norway", "hs_email_optout": "false"}  # fmt: skip
    return {"vid": vid, "canonical-vid": vid, "merged-vids": merged,
            "properties": {name: {"value": one} for name, one in facts.items()}}  # fmt: skip


def _customerio(metric: str, row: int, at: Any = 1_696_118_400, who: Any = "u1", **m: Any) -> Any:
    return {
        "event_id": f"c{row}", "object_type": "email", "metric": metric, "timestamp": at,
        "data": {"customer_id": who, "delivery_id": "d1", "campaign_id": 1,
                 "identifiers": {"id": who, "email": ADDRESS if who else None}, **m},
    }  # fmt: skip


def _zoho(action: str, at: Any = 1_696_118_400_000, who: Any = ADDRESS) -> list[Any]:
    return [action, at, who, "tx1"]


def _monkey(row: int, score: str = "9", at: Any = "2023-10-01T00:00:00+00:00", **more: Any) -> Any:
    asked = {"id": "q1", "family": "matrix", "subtype": "nps",
             "answers": [{"choice_id": "1", "simple_text": score}]}  # fmt: skip
    return {
        "id": f"m{row}", "survey_id": "s1", "response_status": "completed", "date_created": at,
        "date_modified": at, "email_address": ADDRESS, "custom_variables": {},
        "pages": [{"id": "p1", "questions": [asked]}], **more,
    }  # fmt: skip


_QUALTRICS = ("StartDate", "EndDate", "Status", "Progress", "Finished", "RecordedDate",
              "ResponseId", "RecipientEmail", "ExternalReference", "Q1",
              "Q1_NPS_GROUP")  # fmt: skip


def _qualtrics(row: int, score: str = "9", at: str = "2023-10-01 00:00:00", who: str = "u1",
               status: str = "IP Address") -> list[str]:  # fmt: skip
    begun = "2023-10-01 00:00:00"
    email = ADDRESS if who else ""
    return [begun, begun, status, "100", "True", at, f"R_{row}", email, who, score, "Promoter"]


def _ticket(row: int, at: Any = "2023-10-01T00:00:00Z", who: Any = 55, status: str = "open") -> Any:
    return {"id": row, "requester_id": who, "external_id": None, "type": "problem",
            "priority": "high", "status": status, "created_at": at, "updated_at": at,
            "tags": []}  # fmt: skip


def _rating(row: int, score: str, at: Any = "2023-10-01T00:00:00Z", who: Any = 55) -> Any:
    return {"id": row, "score": score, "ticket_id": row, "requester_id": who, "created_at": at,
            "updated_at": at, "comment": None}  # fmt: skip


def _iterable(name: str, row: int, at: Any = "2023-10-01 00:00:00 +00:00", **more: Any) -> Any:
    return {"email": more.pop("who", ADDRESS), "userId": None, "eventName": name,
            "dataFields": {"createdAt": at, "campaignId": 1, "messageId": f"i{row}",
                           **more}}  # fmt: skip


def _sendgrid(event: str, row: int, at: Any = 1_696_118_400, who: Any = ADDRESS, **m: Any) -> Any:
    return {"email": who, "timestamp": at, "event": event, "sg_event_id": f"e{row}",
            "sg_message_id": "msg1.filter", "smtp-id": "<x@y>", **m}  # fmt: skip


SAMPLES = (
    Sample(
        "ga4.events",
        "ga4.json",
        lines(
            _ga4("view_item"),
            _ga4("add_to_cart", "1696118401000000"),
            _ga4("purchase", "1696118402000000", items=_TWO),
            _ga4("page_view", "1696118403000000", items=[]),
            _ga4("view_item", "1696118404000000", privacy_info=_NO_CONSENT),
            _ga4("view_item", "1696118405000000", who=None),
            _ga4("view_item", "yesterday"),
            _ga4("warp_drive", "1696118406000000"),
        ),
        {"view": 1, "cart": 1, "purchase": 2},
        {"unused_event": 1, "left_out": 1, "no_user": 1, "bad_time": 1, "unknown_kind": 1},
        unknown=1,
    ),
    Sample(
        "adobe.hits",
        "hit_data.tsv",
        table(
            _ADOBE,
            ["1", "1", "9", "8", "u1", 1_696_118_400, "2", "Food;sku1;;;", "", 0, 1, 0],
            ["1", "2", "9", "8", "u1", 1_696_118_401, "12,200=3", ";sku1;1;3.00", "", 0, 1, 0],
            ["1", "3", "9", "8", "", 1_696_118_402, "1,100",
             "Food;sku1;1;3.00;100=1,Food;sku2;2;8.00", "T1", 0, 1, 0],
            ["1", "4", "9", "8", "u1", 1_696_118_403, "1", ";sku1;1;3.00", "T2", 0, 1, 1],
            ["1", "5", "9", "8", "u1", "noon", "2", ";sku1;;", "", 0, 1, 0],
            ["1", "6", "", "", "", 1_696_118_404, "2", ";sku1;;", "", 0, 1, 0],
            ["1", "7", "9", "8", "u1", 1_696_118_405, "12", ";sku1;1;lots", "", 0, 1, 0],
            separator="\t",
        ),
        {"purchase": 2, "cart": 1, "view": 1},
        {"left_out": 1, "bad_time": 1, "no_user": 1, "bad_price": 1},
    ),
    Sample(
        "mixpanel.events",
        "mixpanel.jsonl.gz",
        gzip.compress(
            lines(
                _mixpanel("Product Viewed", product_id="sku1"),
                _mixpanel("Order Completed", 1_696_118_401, product_id="sku1", price=3),
                _mixpanel("Product Viewed", 1_696_118_402, ADDRESS, 2, product_id="sku1"),
                _mixpanel("Product Viewed", 1_696_118_403, None, 3, product_id="sku1"),
                _mixpanel("Product Viewed", "whenever", "u1", 4, product_id="sku1"),
                _mixpanel("Level Up", 1_696_118_404, "u1", 5, product_id="sku1"),
            ),
            mtime=0,
        ),
        {"view": 2, "purchase": 1},
        {"no_user": 1, "bad_time": 1, "unknown_kind": 1},
        unknown=1,
    ),
    Sample(
        "amplitude.events",
        "amplitude.json",
        lines(
            _amplitude("Product Added", 0),
            _amplitude("Order Completed", 1),
            _amplitude("Product Added", 2, at="2023-13-45 99:00"),
            _amplitude("Product Added", 3, who=""),
            _amplitude("Zoomed", 4),
        ),
        {"cart": 1, "purchase": 1},
        {"bad_time": 1, "no_user": 1, "unknown_kind": 1},
        unknown=1,
    ),
    Sample(
        "segment.events",
        "segment.jsonl",
        lines(
            _segment("Product Viewed", 0),
            _segment("Email Delivered", 1),
            _segment("Email Soft Bounced", 2),
            _segment("Email Dropped", 3),
            _segment("Email Deferred", 4),
            _segment("Product Viewed", 5, at="x"),
            _segment("Product Viewed", 6, who=None),
            _segment("Flew", 7),
        ),
        {"message_failed": 2, "view": 1, "message_sent": 1},
        {"unused_event": 1, "bad_time": 1, "no_user": 1, "unknown_kind": 1},
        unknown=1,
    ),
    Sample(
        "tealium.events",
        "tealium.jsonl",
        lines(
            _tealium("purchase", 0),
            _tealium("cart_add", 1),
            _tealium("page_view", 2),
            _tealium("purchase", 3, at="never"),
            _tealium("purchase", 4, who=None),
            _tealium("teleport", 5),
        ),
        {"cart": 2, "purchase": 2},
        {"unused_event": 2, "bad_time": 2, "no_user": 2, "unknown_kind": 2},
        unknown=2,
    ),
    Sample(
        "mparticle.batches",
        "mparticle.jsonl",
        lines(
            _mparticle("b1", _commerce("purchase"), _mp("session_start")),
            _mparticle("b2", _commerce("view_detail"), _mp("opt_out", is_opted_out=True)),
            _mparticle("b3", _commerce("purchase", at="x"), _mp("custom", event_name="Danced")),
            _mparticle("b4", _mp("custom", event_name="Product Viewed"), who=None),
        ),
        {"purchase": 2, "view": 2},
        {"bad_time": 2, "unused_event": 1, "unknown_kind": 1, "no_user": 1},
        people=1,
        consents=1,
        unknown=1,
    ),
    Sample(
        "hotjar.responses",
        "hotjar.json",
        json.dumps(
            {"results": [_hotjar(0), _hotjar(1, "3"), _hotjar(2, at="x"), _hotjar(3, who=None),
                         _hotjar(4, "eleven")], "next_cursor": None}
        ).encode(),
        aside={"bad_time": 1, "no_user": 1},
        people=3,
        outcomes=2,
    ),
    Sample(
        "braze.events",
        "braze.jsonl",
        lines(
            {"events": [
                _braze("users.messages.email.Send", 0),
                _braze("users.messages.email.Delivery", 1),
                _braze("users.messages.email.Open", 2, machine_open="true"),
                _braze("users.messages.email.Click", 3),
                _braze("users.messages.email.SoftBounce", 4),
                _braze("users.messages.email.Bounce", 5),
            ]},
            {"events": [
                _braze("users.messages.pushnotification.Open", 6),
                _braze("users.behaviors.subscriptiongroup.StateChange", 7, channel="sms",
                       subscription_status="Unsubscribed"),
                _braze("users.messages.email.Open", 8, at="x"),
                _braze("users.messages.email.Open", 9, who=None),
                _braze("users.messages.carrier.Pigeon", 10),
            ]},
        ),
        {"message_failed": 2, "message_responded": 2, "message_opened": 1, "message_sent": 1},
        {"unused_event": 1, "bad_time": 1, "no_user": 1, "unknown_kind": 1},
        people=1,
        consents=2,
        unknown=1,
    ),
    Sample(
        "klaviyo.events",
        "klaviyo.json",
        _klaviyo_document(),
        {"message_opened": 1, "message_responded": 1, "message_sent": 1, "message_unsubscribed": 1,
         "purchase": 1, "view": 1},
        {"unused_event": 2, "unknown_kind": 1, "bad_time": 1, "no_user": 1},
        unknown=1,
    ),
    Sample(
        "klaviyo.profiles",
        "klaviyo_profiles.jsonl",
        lines(
            _profile(0),
            _profile(1, who="u2", email="bo@shop.example", consent="UNSUBSCRIBED"),
            _profile(2, at="x"),
            _profile(3, email=None, who=None),
            _profile(4, email=None, who="n/a"),
        ),
        aside={"no_user": 2, "bad_time": 1},
        people=2,
        consents=2,
    ),
    Sample(
        "mailchimp.webhook",
        "mailchimp.jsonl",
        lines(
            _mailchimp("subscribe"),
            _mailchimp("unsubscribe", action="unsub", reason="manual"),
            _mailchimp("cleaned", "2023-10-02 00:00:00", reason="hard"),
            _mailchimp("upemail", email=None, old_email=ADDRESS, new_email="ann@other.example"),
            _mailchimp("campaign", status="sent"),
            _mailchimp("unsubscribe", "today"),
            _mailchimp("unsubscribe", email=None),
            _mailchimp("frobnicate"),
        ),
        {"message_failed": 1, "message_unsubscribed": 1},
        {"unused_event": 1, "bad_time": 1, "no_user": 1, "unknown_kind": 1},
        people=2,
        consents=2,
        unknown=1,
    ),
    Sample(
        "mailchimp.activity",
        "activity.json",
        json.dumps({"emails": [
            {"campaign_id": "c1", "list_id": "l1", "email_address": ADDRESS, "activity": [
                {"action": "sent", "timestamp": "2023-10-01T00:00:00+00:00"},
                {"action": "open", "timestamp": "2023-10-01T01:00:00+00:00", "ip": "1.2.3.4"},
                {"action": "click", "timestamp": "2023-10-01T02:00:00+00:00", "url": "https://x"},
                {"action": "open", "timestamp": "-"},
                {"action": "sniff", "timestamp": "2023-10-01T02:00:00+00:00"},
            ]},
            {"campaign_id": "c1", "list_id": "l1", "email_address": "", "activity": [
                {"action": "open", "timestamp": "2023-10-01T01:00:00+00:00"}]},
        ], "_links": [{"rel": "self"}]}).encode(),
        {"message_opened": 1, "message_responded": 1, "message_sent": 1},
        {"bad_time": 1, "unknown_kind": 1, "no_user": 1},
        unknown=1,
    ),
    Sample(
        "mailchimp.audience",
        "audience.csv",
        table(
            ("Email Address", "First Name", "MEMBER_RATING", "OPTIN_TIME", "LAST_CHANGED",
             "UNSUB_TIME", "CC", "LEID", "EUID"),
            [ADDRESS, "Ann", 2, "2023-01-01 00:00:00", "2023-10-01 00:00:00", "", "NO", 1, "e1"],
            ["bo@x.example", "Bo", 2, "", "2023-10-01 00:00:00", "2023-10-01", "SE", 2, "e2"],
            ["", "Cy", 2, "", "2023-10-01 00:00:00", "", "SE", 3, "e3"],
            ["-", "Di", 2, "", "2023-10-01 00:00:00", "", "SE", 4, "e4"],
            ["ed@x.example", "Ed", 2, "", "last week", "", "SE", 5, "e5"],
        ),
        aside={"no_user": 2, "bad_time": 1},
        people=2,
        consents=1,
    ),
    Sample(
        "activecampaign.webhook",
        "activecampaign.jsonl",
        lines(
            _active("sent"), _active("open"), _active("click", link={"url": "https://x"}),
            _active("bounce", "2023-10-02T00:00:00-05:00", bounce={"type": "hard"}),
            _active("contact_tag_added"), _active("unsubscribe", unsubscribe={"reason": "x"}),
            _active("open", "x"), _active("open", email=None), _active("levitate"),
        ),
        {"message_failed": 1, "message_opened": 1, "message_responded": 1, "message_sent": 1,
         "message_unsubscribed": 1},
        {"unused_event": 1, "bad_time": 1, "no_user": 1, "unknown_kind": 1},
        consents=1,
        unknown=1,
    ),
    Sample(
        "marketo.activities",
        "marketo.csv",
        table(
            _MARKETO,
            _marketo(0, 6), _marketo(1, 7), _marketo(2, 10), _marketo(3, 11), _marketo(4, 27),
            _marketo(5, 8), _marketo(6, 32, attributes='{"Merge IDs": [8, 9]}'),
            _marketo(7, 10, "x"), _marketo(8, 10, lead=""), _marketo(9, 987),
        ),
        {"message_failed": 2, "message_opened": 1, "message_responded": 1, "message_sent": 1},
        {"unused_event": 1, "bad_time": 1, "no_user": 1, "unknown_kind": 1},
        people=2,
        consents=1,
        unknown=1,
    ),
    Sample(
        "hubspot.events",
        "hubspot.json",
        json.dumps({"hasMore": False, "events": [
            _hubspot("SENT", 0), _hubspot("DELIVERED", 1), _hubspot("OPEN", 2),
            _hubspot("CLICK", 3), _hubspot("DROPPED", 5),
            _hubspot("BOUNCE", 4, 1_696_200_000_000, category="UNKNOWN_USER"),
            _hubspot("SPAMREPORT", 6), _hubspot("OPEN", 7, at="x"), _hubspot("OPEN", 8, who=None),
            _hubspot("SNEEZE", 9),
        ]}).encode(),
        {"message_failed": 2, "message_opened": 1, "message_responded": 1, "message_sent": 1,
         "message_unsubscribed": 1},
        {"unused_event": 1, "bad_time": 1, "no_user": 1, "unknown_kind": 1},
        consents=1,
        unknown=1,
    ),
    Sample(
        "hubspot.contacts",
        "contacts.json",
        json.dumps({"contacts": [
            _contact(1, [2, 3]), _contact(None, [], email=None),
            _contact(None, [], email="", at="1696118400002"),
            _contact(None, [], email="-", at="1696118400001"),
        ], "has-more": False}).encode(),
        aside={"no_user": 3},
        people=3,
    ),
    Sample(
        "customerio.webhook",
        "customerio.jsonl",
        lines(
            _customerio("sent", 0), _customerio("delivered", 1), _customerio("opened", 2),
            _customerio("clicked", 3), _customerio("bounced", 4, 1_696_200_000),
            _customerio("unsubscribed", 5),
            _customerio("opened", 6, "x"), _customerio("opened", 7, who=None),
            _customerio("applauded", 8),
        ),
        {"message_failed": 1, "message_opened": 1, "message_responded": 1, "message_sent": 1,
         "message_unsubscribed": 1},
        {"unused_event": 1, "bad_time": 1, "no_user": 1, "unknown_kind": 1},
        consents=1,
        unknown=1,
    ),
    Sample(
        "zoho.campaigns",
        "zoho.csv",
        table(
            ("action", "action_time", "contact_email", "transmission_id"),
            _zoho("sent"), _zoho("opened"), _zoho("clicked"), _zoho("softbounce"),
            _zoho("hardbounce"), _zoho("opened", "x"), _zoho("opened", who=""), _zoho("yodel"),
        ),
        {"message_failed": 2, "message_opened": 1, "message_responded": 1, "message_sent": 1},
        {"bad_time": 1, "no_user": 1, "unknown_kind": 1},
        consents=1,
        unknown=1,
    ),
    Sample(
        "salesforce.contacts",
        "Contact.csv",
        table(
            ("Id", "Email", "HasOptedOutOfEmail", "LastModifiedDate", "MailingCountry",
             "rs_user_id__c"),
            ["001A0000006Vm9r", ADDRESS, "false", "2023-10-01T00:00:00.000Z", "Norway", "u1"],
            ["001A0000006Vm9s", "bo@x.example", "true", "2023-10-01T00:00:00.000Z", "", ""],
            ["", "", "true", "2023-10-01T00:00:00.000Z", "", ""],
            ["", "-", "false", "2023-10-01T00:00:00.000Z", "", ""],
            ["001A0000006Vm9t", "x@x.example", "true", "soon", "", ""],
        ),
        aside={"no_user": 2, "bad_time": 1},
        people=2,
        consents=1,
    ),
    Sample(
        "salesforce.cases",
        "Case.csv",
        table(
            ("Id", "CaseNumber", "ContactId", "CreatedDate", "Status", "IsDeleted"),
            ["500A0000006Vm9r", 1, "001A0000006Vm9r", "2023-10-01T00:00:00.000Z", "New", "false"],
            ["500A0000006Vm9s", 2, "001A0000006Vm9rIAC", "2023-10-02T00:00:00.000Z", "", "false"],
            ["500A0000006Vm9t", 3, "", "2023-10-02T00:00:00.000Z", "New", "false"],
            ["500A0000006Vm9u", 4, "001A0000006Vm9r", "x", "New", "false"],
            ["500A0000006Vm9v", 5, "001A0000006Vm9r", "2023-10-02T00:00:00.000Z", "", "true"],
        ),
        aside={"no_user": 1, "bad_time": 1, "left_out": 1},
        people=2,
        outcomes=2,
    ),
    Sample(
        "surveymonkey.responses",
        "surveymonkey.json",
        json.dumps({"data": [
            _monkey(0), _monkey(1, "2", email_address="bo@x.example"),
            _monkey(2, response_status="partial"), _monkey(3, at="x"),
            _monkey(4, email_address=""),
        ], "per_page": 50, "total": 5}).encode(),
        aside={"left_out": 1, "bad_time": 1, "no_user": 1},
        people=2,
        outcomes=2,
    ),
    Sample(
        "qualtrics.responses",
        "qualtrics.csv",
        table(
            _QUALTRICS,
            ("Start Date", "End Date", "Response Type", "Progress", "Finished", "Recorded Date",
             "Response ID", "Recipient Email", "External Data Reference", "How likely…?", "Group"),
            [json.dumps({"ImportId": one}) for one in _QUALTRICS],
            _qualtrics(0), _qualtrics(1, "3"), _qualtrics(2, status="Survey Preview"),
            _qualtrics(3, at="x"), _qualtrics(4, who=""),
        ),
        aside={"left_out": 1, "bad_time": 1, "no_user": 1},
        people=2,
        outcomes=2,
    ),
    Sample(
        "zendesk.tickets",
        "tickets.json",
        json.dumps({"tickets": [_ticket(1), _ticket(2, status="solved"), _ticket(3, "x"),
                                _ticket(4, who=None), _ticket(5, "", who="")],
                    "count": 5}).encode(),
        aside={"no_user": 2, "bad_time": 1},
        people=2,
        outcomes=2,
    ),
    Sample(
        "zendesk.ratings",
        "satisfaction_ratings.json",
        json.dumps({"satisfaction_ratings": [
            _rating(1, "good"), _rating(2, "bad"), _rating(3, "offered"), _rating(4, "good", "x"),
            _rating(5, "good", who=None)]}).encode(),
        aside={"left_out": 1, "bad_time": 1, "no_user": 1},
        people=2,
        outcomes=2,
    ),
    Sample(
        "iterable.webhook",
        "iterable.jsonl",
        lines(
            _iterable("emailSend", 0), _iterable("emailOpen", 1), _iterable("emailClick", 2),
            _iterable("emailBounce", 3, "2023-10-02 00:00:00 +00:00", recipientState="HardBounce"),
            _iterable("smsReceived", 4),
            _iterable("emailUnSubscribe", 5), _iterable("emailOpen", 6, at="x"),
            _iterable("emailOpen", 7, who=None), _iterable("emailLick", 8),
        ),
        {"message_failed": 1, "message_opened": 1, "message_responded": 1, "message_sent": 1,
         "message_unsubscribed": 1},
        {"unused_event": 1, "bad_time": 1, "no_user": 1, "unknown_kind": 1},
        consents=1,
        unknown=1,
    ),
    Sample(
        "sendgrid.events",
        "sendgrid.json",
        json.dumps([
            _sendgrid("processed", 0), _sendgrid("delivered", 1),
            _sendgrid("open", 2, sg_machine_open=True), _sendgrid("click", 3, url="https://x"),
            _sendgrid("bounce", 4, 1_696_200_000, type="bounce", status="5.1.1"),
            _sendgrid("bounce", 5, type="blocked"), _sendgrid("spamreport", 6),
            _sendgrid("open", 7, at="x"), _sendgrid("open", 8, who=""), _sendgrid("blink", 9),
        ]).encode(),
        {"message_failed": 2, "message_opened": 1, "message_responded": 1, "message_sent": 1,
         "message_unsubscribed": 1},
        {"unused_event": 1, "bad_time": 1, "no_user": 1, "unknown_kind": 1},
        consents=1,
        unknown=1,
    ),
    Sample(
        "amazon.orders",
        "orders.csv",
        table(
            ("amazon-order-id", "purchase-date", "order-status", "sku", "product-name", "quantity",
             "currency", "item-price", "buyer-email"),
            ["1", "2023-10-01T00:00:00+00:00", "Shipped", "tp", "Tea pot", "2", "USD", "39.98",
             ADDRESS],
            ["2", "2023-10-01T01:00:00+00:00", "Cancelled", "c", "Cup", "1", "USD", "5", ADDRESS],
            ["3", "2023-10-01T01:00:00+00:00", "Shipped", "c", "Cup", "1", "USD", "5", ""],
            ["4", "2023-10-99", "Shipped", "c", "Cup", "1", "USD", "5", ADDRESS],
            ["5", "2023-10-01T02:00:00+00:00", "Vanished", "c", "Cup", "1", "USD", "5", ADDRESS],
        ),
        {"purchase": 1, "void": 1},
        {"no_user": 1, "bad_time": 1, "unknown_kind": 1},
        unknown=1,
    ),
    Sample(
        "vibetrace.events",
        "vibetrace.csv",
        table(
            ("customer_id", "email", "event", "product_id", "date", "price"),
            ["u1", ADDRESS, "Viewed Product", "sku1", "2023-10-01 00:00:00", ""],
            ["", ADDRESS, "Placed Order", "sku1", "2023-10-01 01:00:00", "3"],
            ["", "", "Placed Order", "sku1", "2023-10-01 01:00:00", "3"],
            ["u1", ADDRESS, "Placed Order", "sku1", "2023-10-99", "3"],
            ["u1", ADDRESS, "Whistled", "sku1", "2023-10-01 02:00:00", ""],
        ),
        {"purchase": 1, "view": 1},
        {"no_user": 1, "bad_time": 1, "unknown_kind": 1},
        unknown=1,
    ),
)  # fmt: skip
