"""One request, one bound: nothing that one sends stops a worker for the others."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import Application, create_app
from api.web.middleware import CLIENT_LEFT
from api.web.response import STATUS
from tests.api.conftest import Api, SetClock
from tests.api.test_keys import hashed
from tests.api.test_serve import Server, served
from tests.worlds import World, configured

BATCH = "/v1/recommendations:batch"
IDS = [f"i{n}" for n in range(1_001)]


def refused(response: Any, status: int, word: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = dict(response.json())
    assert word in problem["detail"]
    return problem


@pytest.mark.parametrize(("name", "most"), [("cart", 200), ("exclude", 1_000)])
def test_a_list_of_items_has_an_end(api: Api, name: str, most: int) -> None:
    body = {"user_ids": ["u03"], name: IDS[: most + 1]}
    told = refused(api.client.post("/v1/recommendations:batch", json=body), 422, f"{most:,}")
    assert told["parameter"] == name
    query = {name: ",".join(IDS[: most + 1])}
    refused(api.client.get("/v1/users/u03/recommendations", params=query), 422, f"{most:,}")
    query = {name: "," * most}
    refused(api.client.get("/v1/users/u03/recommendations", params=query), 422, f"{most:,}")
    query = {name: ",".join(IDS[:most])}
    assert api.client.get("/v1/users/u03/recommendations", params=query).status_code == 200


def test_users_and_items_are_bounded_together(api: Api) -> None:
    body = {"user_ids": [f"u{n}" for n in range(101)], "exclude": IDS[:1_000]}
    refused(api.client.post("/v1/recommendations:batch", json=body), 422, "at most 100 with 1,000")
    body["user_ids"] = body["user_ids"][:2]
    assert api.client.post("/v1/recommendations:batch", json=body).status_code == 200


def test_a_rule_has_no_end_of_leaves(api: Api) -> None:
    rule = {"any": [{"trait": "country", "op": "eq", "value": "France"}] * 101}
    refused(api.client.post("/v1/audiences:preview", json={"rule": rule}), 422, "100")


@pytest.mark.parametrize(
    "path", ["/v1/events", "/v1/recommendations:batch", "/v1/audiences:export"]
)
@pytest.mark.parametrize("levels", [300, 900, 5_000])
def test_json_is_not_endlessly_deep(api: Api, path: str, levels: int) -> None:
    deep = "[" * levels + "]" * levels
    response = api.client.post(path, content=f'{{"user_ids": {deep}, "rule": {deep}}}')
    refused(response, 422, "")


def test_a_query_string_has_an_end(api: Api) -> None:
    response = api.client.get("/v1/segments", params={"a": "b" * 17_000})
    refused(response, 414, "at most 16,384 bytes")


def test_many_consents_at_once_are_bounded(api: Api) -> None:
    one = {"purpose": "profiling", "state": "granted"}
    response = api.client.put("/v1/users/a/consent", json={"consents": [one] * 1_001})
    refused(response, 422, "1,000")


def test_a_large_batch_lets_others_have_their_turn(api: Api) -> None:
    """While a batch is worked on, the loop is free again and again."""
    batch = {"user_ids": [f"u{n:02}" for n in range(40)] * 25, "limit": 100}
    waits = asyncio.run(_while_asked(api, "/v1/recommendations:batch", batch))
    assert len(waits) > 8
    assert sorted(waits)[len(waits) // 2] < 0.05


def test_many_events_let_others_have_their_turn(api: Api) -> None:
    event = {"user_id": "u", "item_id": "i03", "event": "view"}
    waits = asyncio.run(_while_asked(api, "/v1/events", {"batch": [event] * 1_000}))
    assert len(waits) > 3


async def _while_asked(api: Api, path: str, body: Any) -> list[float]:
    """Return how long each turn of another task had to wait while a request was answered."""
    waits: list[float] = []

    async def other() -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0)
            waits.append(time.perf_counter() - began)
            await asyncio.sleep(0.001)

    app, sent = api.client.app, Sent(json.dumps(body).encode())
    watching = asyncio.create_task(other())
    await app(scope("POST", path), sent.receive, sent.send)
    watching.cancel()
    assert sent.status == 200
    return waits


def test_who_hangs_up_stops_the_work_and_is_no_bug(
    api: Api, capfd: pytest.CaptureFixture[str]
) -> None:
    batch = {"user_ids": [f"u{n:02}" for n in range(40)] * 25}
    sent, asked = Sent(json.dumps(batch).encode(), hangs_up=True), scope("POST", BATCH)
    asyncio.run(_asked(api.client.app, asked, sent))  # type: ignore[arg-type]
    assert asked[STATUS] == CLIENT_LEFT
    assert sent.status == 0
    assert "bug" not in capfd.readouterr().err
    assert f'status="{CLIENT_LEFT}"' in api.client.get("/metrics").text


async def _asked(app: Application, asked: dict[str, Any], sent: Sent) -> None:
    await app(asked, sent.receive, sent.send)


class Sent:
    """A body that is sent at once, and what is answered to it."""

    def __init__(self, body: bytes, *, hangs_up: bool = False) -> None:
        self._messages = [{"type": "http.request", "body": body, "more_body": False}]
        self._hangs_up = hangs_up
        self.status = 0

    async def receive(self) -> dict[str, Any]:
        if self._messages:
            return self._messages.pop()
        if not self._hangs_up:
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        self.status = message.get("status", self.status)


def scope(method: str, path: str) -> dict[str, Any]:
    return {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
        "client": ("127.0.0.1", 1),
    }


@pytest.fixture
def counted(world: World) -> Iterator[TestClient]:
    """An API with a limit, and a key."""
    config = configured(
        world.folder,
        requests_per_minute=3,
        failed_keys_per_minute=2,
        trusted_proxies=["testclient"],
        read_keys_sha256=[hashed("one"), hashed("two")],
    )
    with TestClient(create_app(config, clock=SetClock())) as client:
        yield client


def test_a_key_has_its_share_and_is_told_how_much_is_left(counted: TestClient) -> None:
    def ask(key: str) -> Any:
        return counted.get("/v1/users/u03/recommendations", headers={"X-API-Key": key})

    left = [ask("one") for _ in range(3)]
    assert [one.status_code for one in left] == [200] * 3
    assert [one.headers["ratelimit"].split(";")[1] for one in left] == ["r=2", "r=1", "r=0"]
    assert left[0].headers["ratelimit-policy"] == '"requests";q=3;w=60'
    over = ask("one")
    refused(over, 429, "at most 3 a minute")
    assert 1 <= int(over.headers["retry-after"]) <= 60
    assert ask("two").status_code == 200


def test_wrong_keys_are_answered_ever_later_and_then_not_at_all(counted: TestClient) -> None:
    def ask(key: str, address: str) -> tuple[int, float]:
        headers = {"X-API-Key": key, "X-Forwarded-For": f"spoofed, {address}"}
        began = time.perf_counter()
        status = counted.get("/v1/users/u03/recommendations", headers=headers).status_code
        return status, time.perf_counter() - began

    tried = [ask("guess", "10.0.0.1") for _ in range(3)]
    assert [status for status, _ in tried] == [401, 401, 429]
    assert tried[2][1] > 0.05
    assert ask("guess", "10.0.0.2")[0] == 401
    assert ask("one", "10.0.0.1")[0] == 200


@pytest.fixture(scope="module")
def patient(built_world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that waits for nobody longer than a second."""
    world = built_world.copy(tmp_path_factory.mktemp("bounds"))
    with served(world, header_seconds=1, body_seconds=1, idle_seconds=1) as server:
        yield server


def answered(server: Server, *parts: bytes, pause: float = 0.0) -> bytes:
    """Return all that the server says until it closes the connection."""
    with closing(socket.create_connection(("127.0.0.1", server.port), timeout=20)) as peer:
        with suppress(OSError):  # closed before all was said
            for part in parts:
                peer.sendall(part)
                time.sleep(pause)
        said = b""
        while more := peer.recv(65_536):
            said += more
        return said


HEAD = b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\n"


@pytest.mark.slow
def test_who_says_nothing_is_hung_up_on(patient: Server) -> None:
    assert answered(patient) == b""


@pytest.mark.slow
def test_slow_headers_are_not_waited_for(patient: Server) -> None:
    drip = [b"X-Slow: 1\r\n"] * 6
    assert answered(patient, HEAD, *drip, pause=0.25).startswith(b"HTTP/1.1 408")


@pytest.mark.slow
def test_slow_bodies_are_not_waited_for(patient: Server) -> None:
    said = answered(patient, HEAD + b"Content-Length: 100\r\n\r\n", b'{"user_id":')
    assert said.startswith(b"HTTP/1.1 408")
    assert b"application/problem+json" in said


@pytest.mark.slow
def test_an_idle_connection_is_closed_after_its_answer(patient: Server) -> None:
    said = answered(patient, b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 200")


@pytest.mark.slow
def test_endless_headers_are_refused(patient: Server) -> None:
    whole = HEAD + b"X-Large: " + b"a" * 40_000 + b"\r\n\r\n"
    assert b" 431 " in answered(patient, whole).partition(b"\r\n")[0]
    longest = b"GET /v1/segments?a=" + b"b" * 70_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"
    assert b" 431 " in answered(patient, longest).partition(b"\r\n")[0]
    endless = answered(patient, HEAD + b"X-Large: ", *[b"a" * 10_000] * 4, pause=0.01)
    assert endless.startswith(b"HTTP/1.1 431")
