"""Webhooks out: signed by the standard, retried, given up, replayed, never to addresses within."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import structlog

from api.answers.exports import Exports
from api.runtime.clock import system
from api.webhooks import address, delivery, signature, telling
from api.webhooks.churn import ChurnBands
from api.webhooks.delivery import WAITS, Delivery, after
from api.webhooks.watch import Watcher
from recsys.churn.bands import Bands
from recsys.churn.risk import ChurnQuery, ChurnRisk, RiskReason
from recsys.data.person import Person
from recsys.data.times import DAY, HOUR, SECOND
from recsys.errors import BadQuery
from recsys.ladder import Ladder, Reason, RungName, Step
from recsys.storage.access import audit
from recsys.storage.database.interface import Database
from recsys.storage.privacy import erasure
from recsys.storage.privacy.vault import Vault, new_key
from recsys.storage.users.consents import Consent
from recsys.storage.webhooks import messages, progress
from recsys.storage.webhooks.endpoints import OLD_SIGNS, Endpoint, Endpoints, WebhookKind, is_secret
from recsys.storage.webhooks.messages import CLAIM, MessageState, OutgoingMessage, Try
from tests.api.conftest import NOON, Api, running
from tests.worlds import DENIED, USERS, World

HOST = "127.0.0.1"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - of the standard's own example


@dataclass
class Receiver:
    """A server that is called, and what it answers."""

    url: str
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    calls: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            found.calls.append(({k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(found.status)
            for name, value in found.headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 64

    server = Server((HOST, 0), Handler)
    found = Receiver(f"http://{HOST}:{server.server_address[1]}/hook")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def calling(world: World, idle: None) -> Iterator[Api]:
    """An API whose webhooks may call this machine, with nobody who works in the background."""
    yield from running(with_webhooks(world))


def with_webhooks(world: World) -> World:
    config = world.config
    storage = config.storage.model_copy(
        update={"encryption_keys": (new_key(),), "exports_dir": str(world.folder / "exports")}
    )
    serving = config.serving.model_copy(update={"webhook_hosts": (HOST,)})
    changed = config.model_copy(update={"storage": storage, "serving": serving})
    return replace(world, config=changed)


def added(api: Api, url: str, *kinds: str, **more: str) -> dict[str, Any]:
    body = {"url": url, "kinds": kinds or ["churn.band_changed"], **more}
    answer = api.client.post("/v1/webhooks", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def send(api: Api) -> int:
    """Send what is due, as the worker does in the background."""
    work = Delivery(api.service.webhooks, api.config)

    async def once() -> int:
        count = await work.work()
        if work._client is not None:
            await work._client.aclose()
        return count

    return asyncio.run(once())


def pinged(api: Api, webhook_id: str) -> None:
    assert api.client.post(f"/v1/webhooks/{webhook_id}/ping").status_code == 200


def sent(api: Api, webhook_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.client.get(f"/v1/webhooks/{webhook_id}/messages").json()[
        "messages"
    ]
    return found


def due_now(api: Api) -> None:
    with api.service.log.database.writing() as writing:
        writing.execute("UPDATE webhook_messages SET next_at = 0")


def test_the_standard_s_own_signature() -> None:
    said = signature.headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}', [SECRET]
    )
    assert said["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_call_is_signed_and_its_answer_noted(calling: Api, receiver: Receiver) -> None:
    one = added(calling, receiver.url, "ping", secret=SECRET)
    pinged(calling, one["webhook_id"])
    assert send(calling) == 1
    ((headers, body),) = receiver.calls
    said = json.loads(body)
    assert (said["type"], said["data"]) == ("ping", {"webhook_id": one["webhook_id"]})
    seconds = int(headers["webhook-timestamp"])
    expected = signature.headers(headers["webhook-id"], seconds, body, [SECRET])
    assert headers["webhook-signature"] == expected["webhook-signature"]
    assert headers["host"] == receiver.url.split("/")[2]
    (message,) = sent(calling, one["webhook_id"])
    assert (message["state"], message["tries"][0]["status"]) == ("delivered", 200)
    assert message["message_id"] == headers["webhook-id"]
    assert send(calling) == 0


def test_a_secret_is_told_once_and_sealed(calling: Api, receiver: Receiver) -> None:
    one = added(calling, receiver.url)
    assert is_secret(one["secret"])
    assert "secret" not in json.dumps(calling.client.get("/v1/webhooks").json())
    ((kept,),) = calling.service.log.database.read("SELECT secrets FROM webhooks")
    assert one["secret"] not in kept


def test_who_changes_webhooks_is_in_the_audit_log(calling: Api, receiver: Receiver) -> None:
    made = calling.client.post("/v1/webhooks", json={"url": receiver.url, "kinds": ["ping"]}).json()
    calling.client.post(f"/v1/webhooks/{made['webhook_id']}/rotate")
    calling.client.delete(f"/v1/webhooks/{made['webhook_id']}")
    lines = audit.entries(calling.service.log.database)
    assert [(str(one.action), one.subject) for one in lines] == [
        ("changed_webhooks", made["webhook_id"])
    ] * 3


def test_two_secrets_sign_while_one_takes_the_place_of_the_other(
    calling: Api, receiver: Receiver
) -> None:
    one = added(calling, receiver.url, secret=SECRET)
    path = f"/v1/webhooks/{one['webhook_id']}"
    new = calling.client.post(f"{path}/rotate").json()["secret"]
    assert new != SECRET
    pinged(calling, one["webhook_id"])
    send(calling)
    ((headers, _),) = receiver.calls
    assert len(headers["webhook-signature"].split(" ")) == 2
    endpoints, now = calling.service.webhooks, NOON + 366 * DAY + OLD_SIGNS
    assert endpoints.secrets(one["webhook_id"], now=now) == [new]


def test_keys_of_the_store_are_rotated_with_secrets(calling: Api, receiver: Receiver) -> None:
    one = added(calling, receiver.url, secret=SECRET)
    old, new = calling.config.storage.encryption_keys[0], new_key()
    database = calling.service.log.database
    assert Endpoints(database, Vault([new, old])).seal_anew() == 1
    assert Endpoints(database, Vault([new])).secrets(one["webhook_id"], now=NOON) == [SECRET]


@pytest.mark.parametrize("status", [301, 302, 400, 401, 404, 429, 500, 503])
def test_only_2xx_is_taken_and_nobody_is_led_on(
    calling: Api, receiver: Receiver, status: int
) -> None:
    receiver.status, receiver.headers = status, {"location": receiver.url}
    one = added(calling, receiver.url)
    pinged(calling, one["webhook_id"])
    send(calling)
    assert len(receiver.calls) == 1
    (message,) = sent(calling, one["webhook_id"])
    assert (message["state"], message["tries"][0]["status"]) == ("waiting", status)


def test_a_message_keeps_its_id_over_all_tries(calling: Api, receiver: Receiver) -> None:
    receiver.status = 500
    one = added(calling, receiver.url)
    pinged(calling, one["webhook_id"])
    for _ in range(3):
        send(calling)
        due_now(calling)
    receiver.status = 204
    send(calling)
    ids = [headers["webhook-id"] for headers, _ in receiver.calls]
    assert len(ids) == 4
    assert len(set(ids)) == 1
    (message,) = sent(calling, one["webhook_id"])
    assert [each["status"] for each in message["tries"]] == [500, 500, 500, 204]


def test_410_switches_off_and_a_replay_on_again(calling: Api, receiver: Receiver) -> None:
    receiver.status = 410
    one = added(calling, receiver.url)
    path = f"/v1/webhooks/{one['webhook_id']}"
    pinged(calling, one["webhook_id"])
    send(calling)
    (told,) = calling.client.get("/v1/webhooks").json()["webhooks"]
    assert told["off"] == "it answered 410 Gone"
    due_now(calling)
    assert send(calling) == 0
    receiver.status = 200
    again = calling.client.post(f"{path}/replay", json={"since": "2020-01-01T00:00:00Z"})
    assert again.json() == {"messages": 1}
    assert send(calling) == 1
    assert sent(calling, one["webhook_id"])[0]["state"] == "delivered"


def test_what_was_given_up_can_be_replayed(calling: Api, receiver: Receiver) -> None:
    receiver.status = 500
    one = added(calling, receiver.url)
    path = f"/v1/webhooks/{one['webhook_id']}"
    pinged(calling, one["webhook_id"])
    for _ in range(len(WAITS) + 1):
        assert send(calling) == 1
        due_now(calling)
    assert send(calling) == 0
    (told,) = calling.client.get("/v1/webhooks").json()["webhooks"]
    assert (told["waiting"], told["delivered"], told["dead"]) == (0, 0, 1)
    receiver.status = 200
    assert calling.client.post(f"{path}/replay", json={}).json() == {"messages": 1}
    send(calling)
    (message,) = sent(calling, one["webhook_id"])
    assert message["state"] == "delivered"
    again = {"message_id": message["message_id"]}
    assert calling.client.post(f"{path}/replay", json=again).json() == {"messages": 1}
    send(calling)
    assert len({headers["webhook-id"] for headers, _ in receiver.calls}) == 1


def waiting(**more: Any) -> OutgoingMessage:
    return OutgoingMessage("m", "w", WebhookKind.PING, "{}", "", NOON, **more)


def test_waits_grow_and_are_spread() -> None:
    one = waiting()
    for wait in WAITS:
        one = after(one, Try(NOON, 500, 1))
        assert wait <= one.next_at - NOON <= 1.1 * wait
        assert one.state is MessageState.WAITING
    assert after(one, Try(NOON, None, 1, "gone")).state is MessageState.DEAD


def test_whoever_asks_to_wait_is_waited_for_but_not_forever() -> None:
    assert after(waiting(), Try(NOON, 429, 1), asked_wait=HOUR).next_at == NOON + HOUR
    assert after(waiting(), Try(NOON, 429, 1), asked_wait=9 * DAY).next_at == NOON + DAY
    assert delivery._asked_wait("120") == 120 * SECOND
    assert delivery._asked_wait("") == delivery._asked_wait("soon") == 0
    assert delivery._asked_wait("9" * 40) == 0
    later = system() // SECOND + 600
    assert 500 * SECOND < delivery._asked_wait(formatdate(later, usegmt=True)) <= 600 * SECOND


@pytest.mark.parametrize(
    "within",
    ["10.0.0.1", "127.0.0.1", "169.254.169.254", "192.168.1.1", "172.16.0.1", "100.64.0.1",
     "0.1.2.3", "224.0.0.1", "::1", "fe80::1%eth0", "fc00::1", "::ffff:127.0.0.1", "64:ff9b::a00:1",
     "2002:7f00:1::", "ff02::1", "::"],
)  # fmt: skip
def test_an_address_within_is_not_public(within: str) -> None:
    assert not address.is_public(within)


def test_an_address_of_the_internet_is_public() -> None:
    assert address.is_public("93.184.215.14")
    assert address.is_public("2606:2800:21f:cb07:6820:80da:af6b:8b2c")


@pytest.mark.parametrize(
    "url",
    ["http://shop.example/", "ftp://shop.example/", "https://", "https://me:word@shop.example/",
     "https://shop.example/#part", "https://shop.example:port/", "https://shop.example/ü",
     "//shop.example", "shop.example", "https://[::1", "https://shop.example/" + "x" * 2_000,
     "https://shop.example/a b"],
)  # fmt: skip
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(BadQuery, match="https://host/path"):
        address.target(url)


def test_a_name_that_leads_within_is_refused_when_it_is_given(calling: Api) -> None:
    for url in ("https://localhost/x", "https://169.254.169.254/latest", "https://[::1]/"):
        answer = calling.client.post("/v1/webhooks", json={"url": url, "kinds": ["ping"]})
        assert answer.status_code == 422
        assert "private address" in answer.json()["detail"]


def test_a_name_that_leads_within_later_is_not_called(calling: Api, receiver: Receiver) -> None:
    now = system()
    url = receiver.url.replace(HOST, "localhost").replace("http:", "https:")
    calling.service.webhooks.put(Endpoint("w", url, (WebhookKind.PING,), "", now), SECRET)
    pinged(calling, "w")
    send(calling)
    assert receiver.calls == []
    (message,) = sent(calling, "w")
    assert "private address" in message["tries"][0]["error"]


def test_a_server_that_is_not_there_is_tried_again(calling: Api) -> None:
    one = added(calling, f"http://{HOST}:9/")
    pinged(calling, one["webhook_id"])
    send(calling)
    (message,) = sent(calling, one["webhook_id"])
    assert message["state"] == "waiting"
    assert message["tries"][0]["error"].startswith("ConnectError")


def test_a_server_that_answers_nothing_is_not_waited_for(
    calling: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "SECONDS", 0.05)
    silent = ThreadingHTTPServer((HOST, 0), BaseHTTPRequestHandler)  # it accepts, and reads nothing
    one = added(calling, f"http://{HOST}:{silent.server_address[1]}/")
    pinged(calling, one["webhook_id"])
    send(calling)
    (message,) = sent(calling, one["webhook_id"])
    assert message["tries"][0]["error"].startswith("no answer in")
    silent.server_close()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "url"),
        ({"url": "https://shop.example/", "kinds": []}, "kinds"),
        (
            {"url": "https://shop.example/", "kinds": ["all"]},
            "some of audience.entered, audience.left, churn.band_changed, export.ended",
        ),
        ({"url": f"http://{HOST}/", "kinds": ["ping"], "secret": "whsec_short"}, "24 to 64"),
        ({"url": "https://no-such-host.invalid/", "kinds": ["ping"]}, "can be called"),
    ],
)
def test_what_cannot_be_called_is_refused(calling: Api, body: dict[str, Any], words: str) -> None:
    answer = calling.client.post("/v1/webhooks", json=body)
    assert answer.status_code == 422
    assert words in answer.json()["detail"]
    assert calling.client.get("/v1/webhooks").json() == {"webhooks": []}


def test_without_a_key_that_seals_there_are_none(api: Api) -> None:
    body = {"url": "https://shop.example/", "kinds": ["ping"]}
    answer = api.client.post("/v1/webhooks", json=body)
    assert answer.status_code == 422
    assert "storage.encryption_keys" in answer.json()["detail"]


def test_an_unknown_one_is_not_found(calling: Api) -> None:
    for method, path in (
        ("DELETE", ""), ("POST", "/rotate"), ("POST", "/ping"), ("GET", "/messages"),
    ):  # fmt: skip
        assert calling.client.request(method, f"/v1/webhooks/none{path}").status_code == 404
    assert calling.client.post("/v1/webhooks/none/replay", json={}).status_code == 404


def test_a_message_that_never_was_cannot_be_replayed(calling: Api, receiver: Receiver) -> None:
    path = f"/v1/webhooks/{added(calling, receiver.url)['webhook_id']}/replay"
    answer = calling.client.post(path, json={"message_id": "nosuch"})
    assert answer.status_code == 404
    assert "no message 'nosuch'" in answer.json()["detail"]
    assert calling.client.post(path, json={}).json() == {"messages": 0}


def test_a_replay_names_one_thing(calling: Api, receiver: Receiver) -> None:
    path = f"/v1/webhooks/{added(calling, receiver.url)['webhook_id']}/replay"
    for body in ({"since": "then"}, {"since": "2026-01-01", "message_id": "m"}, {"all": True}):
        assert calling.client.post(path, json=body).status_code == 422


def test_whoever_is_taken_out_is_told_nothing_more(calling: Api, receiver: Receiver) -> None:
    one = added(calling, receiver.url)
    pinged(calling, one["webhook_id"])
    assert calling.client.delete(f"/v1/webhooks/{one['webhook_id']}").status_code == 200
    assert send(calling) == 0
    assert receiver.calls == []


def test_what_a_killed_worker_had_taken_another_sends(database: Database) -> None:
    endpoints = Endpoints(database, Vault([new_key()]))
    endpoints.put(Endpoint("w", "https://shop.example/", (WebhookKind.PING,), "", 0), SECRET)
    told = telling.message(endpoints.get("w"), WebhookKind.PING, {}, at=5)
    messages.record(database, [told, told])
    (taken,) = messages.claim(database, now=10, most=20)
    assert messages.claim(database, now=10, most=20) == []
    (again,) = messages.claim(database, now=11 + CLAIM, most=20)
    assert again.message_id == taken.message_id == told.message_id
    messages.tried(database, [after(again, Try(12 + CLAIM, 200, 1))])
    assert messages.claim(database, now=9 * DAY, most=20) == []
    assert messages.prune(database, 7, now=9 * DAY) == 1


def test_an_export_that_ended_is_told_once(calling: Api, receiver: Receiver) -> None:
    added(calling, receiver.url, "export.ended")
    said = calling.client.post("/v1/exports", json={"limit": 1}).json()
    Exports(calling.service, structlog.get_logger()).work()
    send(calling)
    ((headers, body),) = receiver.calls
    assert headers["webhook-id"] == f"msg_{said['export_id']}"
    told = json.loads(body)
    assert told["type"] == "export.ended"
    assert told["data"]["state"] == "done"
    assert told["data"]["rows"] == len(USERS) + 1


@dataclass(frozen=True)
class Silence:
    """A rung of its own for tests: the longer nothing was done, the likelier it stays so."""

    name: RungName = RungName.HYPER

    def declines(self, person: Person) -> Step | None:
        if len(person.events):
            return None
        return Step(self.name, Reason.TOO_LITTLE_HISTORY, "nothing")

    def because(self, person: Person) -> str:
        return "silence"

    def answer(self, person: Person, query: ChurnQuery) -> ChurnRisk:
        days = (person.at - int(person.events.at[-1])) / DAY
        p = min(0.98, days / 60)
        why = (RiskReason("recency", f"{days:.0f} days without a purchase", p),)
        return ChurnRisk.of((p, p - 0.01, p + 0.01), 50, 28, Bands(0.3, 0.2), why, max_reasons=3)


@pytest.fixture
def personal(calling: Api) -> Api:
    """An API that says something of each user's churn."""
    serving = calling.service.current.serving
    ladder = serving.answering.churn
    own = Ladder(ladder.question, (Silence(), *ladder.rungs[2:]), ladder.verdicts)
    answering = replace(serving.answering, churn=own)
    calling.service.current.swap(replace(serving, answering=answering))
    return calling


def watched(api: Api) -> int:
    return Watcher(api.service, ChurnBands(api.service)).work()


def seen(api: Api) -> dict[str, str]:
    return dict(api.service.log.database.read("SELECT user_id, band FROM churn_bands"))


def look_again(api: Api) -> None:
    was = progress.read(api.service.log.database)
    assert progress.turn(api.service.log.database, was, replace(was, at=0))


def test_nobody_crosses_a_band_at_the_first_look(personal: Api, receiver: Receiver) -> None:
    assert watched(personal) == 0
    assert seen(personal) == {}  # nobody wants to know
    added(personal, receiver.url)
    assert watched(personal) == 0
    assert seen(personal)
    assert set(seen(personal).values()) <= {"low", "medium", "high"}
    assert send(personal) == 0


def test_who_crosses_a_band_is_told_once(personal: Api, receiver: Receiver) -> None:
    added(personal, receiver.url)
    watched(personal)
    before = seen(personal)
    personal.clock.at += 45 * DAY  # nobody comes back
    look_again(personal)
    count = watched(personal)
    moved = {user for user, band in seen(personal).items() if before.get(user, band) != band}
    assert count == len(moved) > 0
    while send(personal):
        due_now(personal)
    told = [json.loads(body)["data"] for _, body in receiver.calls]
    assert {one["user_id"] for one in told} == moved
    for one in told:
        assert (one["from"], one["to"]) == (before[one["user_id"]], seen(personal)[one["user_id"]])
        assert 0 <= one["low"] <= one["p"] <= one["high"] <= 1
        assert one["reasons"]
    look_again(personal)
    assert watched(personal) == 0


def test_who_does_something_is_looked_at_soon(personal: Api, receiver: Receiver) -> None:
    added(personal, receiver.url)
    personal.clock.at += 45 * DAY
    watched(personal)
    (user,) = [one for one, band in sorted(seen(personal).items()) if band == "high"][:1] or [""]
    assert user, seen(personal)
    event = {"user_id": user, "kind": "purchase", "item_id": "i01"}
    assert personal.client.post("/v1/events", json=event).status_code == 200
    assert watched(personal) == 1
    assert seen(personal)[user] != "high"
    assert watched(personal) == 0


def test_a_rate_of_everybody_says_nothing_of_anybody(calling: Api, receiver: Receiver) -> None:
    added(calling, receiver.url)
    assert watched(calling) == 0
    assert seen(calling) == {}


def test_of_who_denies_profiling_nothing_is_told_nor_kept(
    personal: Api, receiver: Receiver
) -> None:
    added(personal, receiver.url)
    watched(personal)
    assert DENIED not in seen(personal)
    user = next(iter(seen(personal)))
    personal.service.consents.record([Consent(user, "profiling", "", "denied", NOON)])
    personal.service.catch_up()
    look_again(personal)
    watched(personal)
    assert user not in seen(personal)


def test_of_who_is_erased_nothing_stays(personal: Api, receiver: Receiver) -> None:
    added(personal, receiver.url)
    watched(personal)
    personal.clock.at += 45 * DAY
    look_again(personal)
    assert watched(personal)
    database = personal.service.log.database
    ((user, *_), *_) = database.read("SELECT user_id FROM webhook_messages")
    erasure.erase(database, user, at=NOON, receipt_id="r")
    assert user not in seen(personal)
    assert database.read("SELECT 1 FROM webhook_messages WHERE user_id = ?", (user,)) == []


def test_one_worker_looks_at_a_time(database: Database) -> None:
    was = progress.read(database)
    assert progress.turn(database, was, replace(was, until=5))
    assert not progress.turn(database, was, replace(was, until=6))
    now = progress.read(database)
    assert progress.turn(database, now, replace(now, until=0))
