"""Events about messages: what was sent, and what came of it."""

from __future__ import annotations

from typing import Any

import pytest

from recsys.data.times import DAY, moment
from recsys.storage.events.event import Event
from tests.api.conftest import NOON, Api
from tests.api.sending import parsed, posted, rung


def test_mail_events_of_one_mail_belong_together(shared_api: Api) -> None:
    read = shared_api.service.parser.read
    mail = {"type": "track", "userId": "a", "properties": {"email_id": "e9"}}
    (sent,) = read({**mail, "event": "Email Delivered"}, now=NOON)  # type: ignore[misc]
    (click,) = read({**mail, "event": "Email Link Clicked"}, now=NOON)  # type: ignore[misc]
    assert (sent.kind, sent.channel) == ("message_sent", "email")
    assert (click.kind, click.ref) == ("message_responded", sent.event_id)


SENT_CALL = {"type": "track", "userId": "a", "channel": "server"}


def spelled(api: Api, **fields: Any) -> Event:
    (event,) = parsed(api, {**SENT_CALL, **fields})
    return event


@pytest.mark.parametrize(
    ("name", "kind", "channel"),
    [
        ("Email Delivered", "message_sent", "email"),
        ("Email Opened", "message_opened", "email"),
        ("Email Bounced", "message_failed", "email"),
        ("Email Marked as Spam", "message_unsubscribed", "email"),
        ("Push Notification Tapped", "message_responded", "push"),
        ("SMS Undelivered", "message_failed", "sms"),
    ],
)
def test_the_name_says_the_channel_where_the_call_says_none_of_ours(
    shared_api: Api, name: str, kind: str, channel: str
) -> None:
    event = spelled(shared_api, event=name, ref="m1")
    assert (event.kind, event.channel) == (kind, channel)


def test_what_a_machine_opened_is_marked_and_what_bounced_is_not(shared_api: Api) -> None:
    proxy = {"userAgent": "Mozilla/5.0 (via ggpht.com GoogleImageProxy)"}
    assert spelled(shared_api, event="Email Opened", ref="m1", context=proxy).machine
    assert not spelled(shared_api, event="Email Bounced", ref="m1", machine=True).machine


def test_an_outcome_told_again_is_a_duplicate_with_an_id_or_without(api: Api) -> None:
    click = {
        "user_id": "u00",
        "event": "Email Link Clicked",
        "ref": "m1",
        "timestamp": moment(NOON - DAY).isoformat(),
    }
    assert posted(api, click).accepted == 1
    assert posted(api, click).duplicate == 1
    assert posted(api, {**click, "event": "Email Opened"}).accepted == 1


def test_what_came_of_messages_is_kept_and_is_no_interaction(api: Api) -> None:
    names = ("Email Delivered", "Email Opened", "Email Bounced", "Email Marked as Spam")
    told = [{"user_id": "fresh", "event": name, "email_id": "e1"} for name in names]
    assert posted(api, {"batch": told}).accepted == len(names)
    assert rung(api, "fresh") == "popular"


def test_who_marks_a_mail_as_spam_gets_no_other(api: Api) -> None:
    spam = {"user_id": "u00", "event": "Email Marked as Spam", "email_id": "e1"}
    assert posted(api, spam).accepted == 1
    ranked = api.client.get("/v1/users/u00/channel?decision=d1").json()["channel"]["ranked"]
    mail = next(arm for arm in ranked if arm["channel"] == "email")
    assert (mail["eligible"], mail["reason"]) == (False, "no consent")


def test_a_message_sent_counts_towards_the_cap(api: Api) -> None:
    def email() -> Any:
        ranked = api.client.get("/v1/users/u00/channel").json()["channel"]["ranked"]
        return next(arm for arm in ranked if arm["channel"] == "email")

    assert email()["eligible"]
    sent = {"user_id": "u00", "kind": "message_sent", "channel": "email"}
    posted(api, {"batch": [sent] * 3})
    assert email()["reason"] == "weekly cap of 3 reached"
