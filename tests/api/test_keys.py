"""Keys: who may read, write and do what admins do."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.web import bounds
from api.web.keys import Keys, Right
from recsys.config import ServingSection, parse
from recsys.errors import BadValue
from tests.api.conftest import Api, SetClock
from tests.worlds import World, configured

FOR_ANYBODY = ("/health/", "/v1/click/", "/recsys.", "/demo/", "/console")
"""The health of the process, links that readers of mails follow, what pages load; the console asks
for accounts of its own."""

READ, WRITE, EXPORT, ADMIN = "read-key", "write-key", "export-key", "ädmin-key"
BATCH = {"batch": [{"type": "track", "userId": "a", "event": "view", "item_id": "i03"}]}
DENIED = {"purpose": "profiling", "state": "denied"}
READS: list[tuple[str, str, Any]] = [
    ("GET", "/v1/users/u03/recommendations", None),
    ("GET", "/v1/users/u03/channel", None),
    ("GET", "/v1/users/u03/consent", None),
    ("POST", "/v1/recommendations:batch", {"user_ids": ["u03"]}),
    ("POST", "/v1/audiences:preview", {"segment": "rfm:loyal"}),
    ("GET", "/v1/segments", None),
    ("GET", "/v1/usage-interval", None),
    ("GET", "/v1/items/i00/similar", None),
    ("GET", "/v1/models/current", None),
    ("GET", "/metrics", None),
    ("GET", "/docs", None),
    ("GET", "/openapi.json", None),
    ("GET", "/guide", None),
]
EXPORTS: list[tuple[str, str, Any]] = [
    ("GET", "/v1/users/u03", None),
    ("GET", "/v1/users/u03/churn", None),
    ("GET", "/v1/users/u03/value", None),
    ("POST", "/v1/audiences:export", {"segment": "rfm:loyal"}),
]
WRITES: list[tuple[str, str, Any]] = [
    ("POST", "/v1/events", BATCH),
    ("POST", "/v1/batch", BATCH),
    ("POST", "/v1/track", BATCH["batch"][0]),
]
DECIDES: list[tuple[str, str, Any]] = [("GET", "/v1/users/u03/channel?decision=d1", None)]
ADMINS: list[tuple[str, str, Any]] = [
    ("PUT", "/v1/users/a/consent", DENIED),
    ("GET", "/v1/users/a/export", None),
    ("DELETE", "/v1/users/b", None),
]
ALL = [*READS, *EXPORTS, *WRITES, *DECIDES, *ADMINS]


@pytest.fixture(autouse=True)
def answered_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrong keys are answered ever later, and these tests send hundreds."""
    monkeypatch.setattr(bounds, "_SLOWER_SECONDS", 0.0)


def hashed(key: str) -> str:
    return sha256(key.encode()).hexdigest()


def keyed(world: World, *rights: str) -> TestClient:
    """The API with a key for each of the rights."""
    keys = {"read": READ, "write": WRITE, "export": EXPORT, "admin": ADMIN}
    hashes = {f"{right}_keys_sha256": [hashed(keys[right])] for right in rights}
    config = configured(world.folder, failed_keys_per_minute=1_000, **hashes)
    return TestClient(create_app(config, clock=SetClock()))


def bearer(key: str) -> dict[str, Any]:
    return {"Authorization": f"Bearer {key}".encode()}


def basic(user: str, password: str = "") -> dict[str, Any]:
    return {"Authorization": "Basic " + b64encode(f"{user}:{password}".encode()).decode()}


def statuses(client: TestClient, calls: list[tuple[str, str, Any]], key: str) -> set[int]:
    headers = bearer(key) if key else {}
    return {
        client.request(method, path, json=body, headers=headers).status_code
        for method, path, body in calls
    }


@pytest.mark.parametrize(
    ("key", "read", "export", "write", "admin"),
    [
        ("", 401, 401, 401, 401),
        ("other", 401, 401, 401, 401),
        (hashed(READ), 401, 401, 401, 401),
        (READ, 200, 403, 403, 403),
        (EXPORT, 403, 200, 403, 403),
        (WRITE, 403, 403, 200, 403),
        (ADMIN, 200, 200, 200, 200),
    ],
)
def test_a_key_opens_what_it_is_for_and_an_admins_opens_everything(
    world: World, key: str, read: int, export: int, write: int, admin: int
) -> None:
    with keyed(world, "read", "write", "export", "admin") as client:
        assert statuses(client, READS, key) == {read}
        assert statuses(client, EXPORTS, key) == {export}
        assert statuses(client, WRITES, key) == {write}
        assert statuses(client, ADMINS, key) == {admin}


def test_a_read_key_writes_nothing_not_even_a_decision(world: World) -> None:
    with keyed(world, "read", "write", "admin") as client:
        assert statuses(client, DECIDES, READ) == {403}
        assert statuses(client, DECIDES, ADMIN) == {200}


@pytest.mark.parametrize("given", ["read", "write", "export", "admin"])
def test_with_any_key_everything_but_what_is_for_anybody_asks_for_one(
    world: World, given: str
) -> None:
    with keyed(world, given) as client:
        for route in client.app.routes:  # type: ignore[attr-defined]
            path = route.template.replace("{", "").replace("}", "")
            status = client.request(route.method, path).status_code
            assert (status != 401) == path.startswith(FOR_ANYBODY), path


def test_why_a_worker_is_not_ready_is_told_to_those_with_a_key(world: World) -> None:
    with keyed(world, "read") as client:
        public = client.get("/health/ready").json()
        assert (public["status"], public["why"], public["model_version"]) == ("ready", [], None)
        told = client.get("/health/ready", headers=bearer(READ)).json()
        assert told["model_version"] == world.version


def test_what_a_key_opened_is_not_kept_by_caches_of_others(world: World) -> None:
    with keyed(world, "read") as client:
        told = client.get("/v1/segments", headers=bearer(READ)).headers["cache-control"]
        assert told == "private, no-store"


def test_without_keys_everybody_may_do_everything(api: Api) -> None:
    assert statuses(api.client, ALL, "") == {200}
    assert statuses(api.client, [*READS, *WRITES], "whatever") == {200}


def test_a_refusal_is_a_problem_that_says_what_is_needed(world: World) -> None:
    with keyed(world, "read", "admin") as client:
        unknown = client.get("/v1/users/u03", headers=bearer("other"))
        assert unknown.headers["www-authenticate"].startswith("Basic")
        assert unknown.headers["content-type"] == "application/problem+json"
        assert unknown.json()["detail"].startswith("the key is not known; allowed: a key that ")
        assert client.get("/v1/users/u03").json()["detail"].startswith("no key; allowed: ")
        wrong = client.delete("/v1/users/u03", headers=bearer(READ))
        assert wrong.headers["content-type"] == "application/problem+json"
        assert (wrong.json()["needed"], wrong.json()["has"]) == ("admin", ["read"])
        assert "recsys keys create" in wrong.json()["detail"]
        assert READ not in wrong.text + unknown.text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (basic(READ), 200),
        (basic(READ, "x"), 200),
        ({"X-API-Key": READ}, 200),
        ({"Authorization": f"bearer  {READ}"}, 200),
        (basic("other"), 401),
        (basic(""), 401),
        ({"Authorization": "Basic ???"}, 401),
        ({"Authorization": "Bearer"}, 401),
        ({"X-API-Key": ""}, 401),
    ],
)
def test_a_key_is_handed_in_in_any_of_three_ways(
    world: World, headers: dict[str, str], status: int
) -> None:
    with keyed(world, "read") as client:
        assert client.get("/v1/segments", headers=headers).status_code == status


def test_a_key_may_be_listed_for_several_rights() -> None:
    one = hashed("one")
    keys = Keys(ServingSection(read_keys_sha256=(one, hashed("two")), write_keys_sha256=(one,)))
    scope = {"method": "GET", "headers": [(b"x-api-key", b"one")], "query_string": b""}
    keys.check(scope, Right.READ)
    keys.check(scope, Right.WRITE)
    assert keys.wanted


def test_openapi_names_the_ways_to_hand_in_a_key(shared_api: Api) -> None:
    described = shared_api.client.get("/openapi.json").json()
    ways = set(described["components"]["securitySchemes"])
    assert ways == {"X-API-Key", "Bearer", "Basic"}
    assert {name for way in described["security"] for name in way} == ways
    erase = described["paths"]["/v1/users/{user_id}"]["delete"]
    assert {"401", "403"} <= set(erase["responses"])


@pytest.mark.parametrize("right", ["read", "write", "export", "admin"])
def test_a_key_that_is_no_hash_is_refused(world: World, right: str) -> None:
    name = f"{right}_keys_sha256"
    with pytest.raises(BadValue, match=rf"serving\.{name}.*64 hexadecimal"):
        configured(world.folder, **{name: [READ]})


@pytest.mark.parametrize("empty", ["", "  "])
def test_an_empty_setting_refuses_to_start_instead_of_letting_anybody_in(empty: str) -> None:
    with pytest.raises(BadValue, match="empty would let anybody in"):
        parse({}, {"RECSYS_SERVING__ADMIN_KEYS_SHA256": empty})
