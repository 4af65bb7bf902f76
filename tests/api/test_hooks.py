"""Tools call: proved, durable before they are answered, counted once."""

from __future__ import annotations

import hmac
import json
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from api.requests.events import EventParser
from recsys.connectors.pseudonym import pseudonym
from recsys.storage.hooks.log import Hook
from recsys.storage.privacy.erasure import erase
from tests.api.conftest import NOON, Api, running
from tests.recsys.connectors.samples import ADDRESS, SAMPLES
from tests.worlds import World

KEY = "a key of the shop, not shorter than 32"
SECRET = "a-secret-of-the-address"  # noqa: S105
SIGNER = ec.generate_private_key(ec.SECP256R1())
PUBLIC = SIGNER.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
TOOLS = ("mailchimp", "klaviyo", "braze", "iterable", "customerio", "activecampaign", "zendesk",
         "surveymonkey")  # fmt: skip
SECRETS = (*(f"{tool}:{SECRET}" for tool in TOOLS), f"sendgrid:{b64encode(PUBLIC).decode()}")
ANN = pseudonym(ADDRESS, KEY)
CLEANED = {
    "type": "cleaned", "fired_at": "2025-12-30 00:00:00", "data[email]": ADDRESS,
    "data[list_id]": "l1", "data[reason]": "hard",
}  # fmt: skip


@pytest.fixture
def hooked(world: World) -> Iterator[Api]:
    yield from running(hooking(world))


def hooking(world: World) -> World:
    config = world.config
    privacy = config.privacy.model_copy(update={"email_key": KEY})
    serving = config.serving.model_copy(update={"hook_secrets": SECRETS, "poll_seconds": 60.0})
    changed = config.model_copy(update={"privacy": privacy, "serving": serving})
    return replace(world, config=changed)


def called(api: Api, tool: str, body: bytes, **headers: str) -> int:
    address = f"/v1/hooks/{tool}?secret={SECRET}"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return int(api.client.post(address, content=body, headers=named).status_code)


def kinds(api: Api, source: str) -> list[str]:
    rows = api.service.log.database.read("SELECT kind FROM events WHERE source = ?", (source,))
    return sorted(kind for (kind,) in rows)


def test_a_form_is_on_the_disk_before_it_is_answered_and_read_afterwards(hooked: Api) -> None:
    form = {"content_type": "application/x-www-form-urlencoded"}
    assert called(hooked, "mailchimp", urlencode(CLEANED).encode(), **form) == 200
    (waiting,) = hooked.service.log.database.read("SELECT tool, done_at, body FROM hooks")
    assert waiting[:2] == ("mailchimp", None)
    assert ADDRESS not in waiting[2]
    assert hooked.service.hooks.work() == 1
    assert kinds(hooked, "mailchimp.webhook") == ["message_failed"]
    (line,) = hooked.service.consents.ledger_of(ANN)
    assert (line.channel, line.state, line.basis) == ("email", "denied", "hard bounce")


@pytest.mark.parametrize("tool", ["mailchimp", "klaviyo", "sendgrid", "zendesk", "hubspot", "none"])
def test_who_proves_nothing_is_refused(hooked: Api, tool: str) -> None:
    answer = hooked.client.post(f"/v1/hooks/{tool}?secret=another", json={"type": "x"})
    assert answer.status_code == 401
    assert hooked.service.log.database.read("SELECT * FROM hooks") == []


def test_a_service_without_a_key_for_addresses_takes_no_calls(api: Api) -> None:
    assert called(api, "mailchimp", b"{}") == 401


def test_the_signature_of_sendgrid(hooked: Api) -> None:
    (sample,) = (one for one in SAMPLES if one.kind == "sendgrid.events")
    signed = SIGNER.sign(b"1696118400" + sample.content, ec.ECDSA(SHA256()))
    name = "X-Twilio-Email-Event-Webhook-"
    headers = {f"{name}Timestamp": "1696118400", f"{name}Signature": b64encode(signed).decode()}
    post = hooked.client.post
    assert post("/v1/hooks/sendgrid", content=sample.content, headers=headers).status_code == 200
    forged = sample.content + b" "
    assert post("/v1/hooks/sendgrid", content=forged, headers=headers).status_code == 401
    hooked.service.hooks.work()
    counts = {kind: kinds(hooked, "sendgrid.events").count(kind) for kind in sample.kinds}
    assert counts == dict(sample.kinds)


@pytest.mark.parametrize(
    ("tool", "headers"),
    [
        ("customerio", lambda body: {
            "X-CIO-Timestamp": "7",
            "X-CIO-Signature": hmac.digest(SECRET.encode(), b"v0:7:" + body, "sha256").hex()}),
        ("zendesk", lambda body: {
            "X-Zendesk-Webhook-Signature-Timestamp": "7",
            "X-Zendesk-Webhook-Signature": b64encode(
                hmac.digest(SECRET.encode(), b"7" + body, "sha256")).decode()}),
        ("surveymonkey", lambda body: {
            "Sm-Signature": b64encode(hmac.digest(SECRET.encode(), body, "sha1")).decode()}),
    ],
)  # fmt: skip
def test_signatures_by_a_shared_secret(hooked: Api, tool: str, headers: Any) -> None:
    body = b'{"a": 1}'
    post = hooked.client.post
    assert post(f"/v1/hooks/{tool}", content=body, headers=headers(body)).status_code == 200
    assert post(f"/v1/hooks/{tool}", content=body + b" ", headers=headers(body)).status_code == 401


@pytest.mark.parametrize("kind", ["iterable.webhook", "activecampaign.webhook", "braze.events",
                                  "mailchimp.webhook", "klaviyo.events"])  # fmt: skip
def test_a_call_means_what_the_same_file_means_and_counts_once(hooked: Api, kind: str) -> None:
    (sample,) = (one for one in SAMPLES if one.kind == kind)
    tool = kind.partition(".")[0]
    for _ in range(2):
        assert called(hooked, tool, sample.content) == 200
        hooked.service.hooks.work()
    counts = {one: kinds(hooked, kind).count(one) for one in sample.kinds}
    assert counts == dict(sample.kinds)
    text = json.dumps(hooked.service.log.database.read("SELECT * FROM events"), default=str)
    assert ADDRESS not in text


def test_a_call_that_nobody_foresaw_costs_itself_alone(
    hooked: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = EventParser.read

    def read(self: EventParser, payload: dict[str, Any], *, now: int) -> Any:
        if ANN not in payload.values():
            raise ZeroDivisionError
        return whole(self, payload, now=now)

    monkeypatch.setattr(EventParser, "read", read)
    for address in ("bob@example.org", ADDRESS):
        form = {"content_type": "application/x-www-form-urlencoded"}
        body = urlencode(CLEANED | {"data[email]": address}).encode()
        assert called(hooked, "mailchimp", body, **form) == 200
    assert hooked.service.hooks.work() == 2
    assert kinds(hooked, "mailchimp.webhook") == ["message_failed"]
    (told,) = hooked.client.get("/v1/sources").json()["sources"]
    assert (told["became"]["unreadable"], told["waiting"]) == (1, 0)


def test_calls_are_looked_at_again_and_told_as_a_source(hooked: Api) -> None:
    (sample,) = (one for one in SAMPLES if one.kind == "iterable.webhook")
    called(hooked, "iterable", sample.content)
    called(hooked, "iterable", b"no JSON")
    hooked.service.hooks.work()
    log = hooked.service.hooks.log
    assert log is not None
    (told,) = hooked.client.get("/v1/sources").json()["sources"]
    assert (told["source"], told["by"], told["waiting"]) == ("iterable", "webhook", 0)
    assert told["unknown"] == {"emailLick": 1}
    assert told["became"]["unreadable"] == 1
    assert log.again("iterable", since=0) == 2
    before = kinds(hooked, "iterable.webhook")
    assert hooked.service.hooks.work() == 2
    assert kinds(hooked, "iterable.webhook") == before


def test_who_is_erased_leaves_the_bodies_too(hooked: Api) -> None:
    called(hooked, "mailchimp", json.dumps({**CLEANED}).encode())
    (sample,) = (one for one in SAMPLES if one.kind == "iterable.webhook")
    called(hooked, "iterable", sample.content)
    hooked.service.hooks.work()
    database = hooked.service.log.database
    erase(database, ANN, at=NOON, receipt_id="r1")
    assert [tool for (tool,) in database.read("SELECT tool FROM hooks")] == ["mailchimp"]


def test_bodies_go_after_a_week(hooked: Api) -> None:
    log = hooked.service.hooks.log
    assert log is not None
    log.put([Hook("iterable", "", b"{}", 1)])
    hooked.service.hooks.work()
    assert hooked.service.log.database.read("SELECT * FROM hooks") == []


@pytest.mark.parametrize(
    ("metric", "through", "kept"),
    [
        ("delivered", "email", ["message_sent"]),
        ("opened", "push", ["message_responded"]),
        ("delivered", "slack", []),
        ("opened", "in_app", []),
        ("unsubscribed", "customer", ["message_unsubscribed"]),
    ],
)
def test_what_customerio_sends_elsewhere_is_no_mail(
    hooked: Api, metric: str, through: str, kept: list[str]
) -> None:
    call = {"data": {"customer_id": "u7"}, "event_id": "e1", "timestamp": 1_765_000_000}
    if through != "customer":
        call["data"] |= {"delivery_id": "d1"}  # type: ignore[operator]
    body = json.dumps({**call, "object_type": through, "metric": metric}).encode()
    signed = hmac.digest(SECRET.encode(), b"v0:7:" + body, "sha256").hex()
    assert called(hooked, "customerio", body, X_CIO_Timestamp="7", X_CIO_Signature=signed) == 200
    hooked.service.hooks.work()
    assert kinds(hooked, "customerio.webhook") == kept
    named = "SELECT coalesce(ref, event_id) FROM events WHERE source = ? AND kind <> ?"
    of_mail = ("customerio.webhook", "message_unsubscribed")
    assert {id_ for (id_,) in hooked.service.log.database.read(named, of_mail)} <= {"d1"}
