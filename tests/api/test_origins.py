"""CORS: the pages that are named may read answers and errors, nobody else's may."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.browser.script import script
from recsys.config import parse
from recsys.errors import BadValue
from tests.api.conftest import SetClock
from tests.worlds import World, configured

SHOP = "https://shop.example"
LISTS = "/v1/placements/default/items"


@pytest.fixture
def client(world: World) -> Iterator[TestClient]:
    config = configured(world.folder, allowed_origins=[SHOP])
    with TestClient(create_app(config, clock=SetClock())) as client:
        yield client


@pytest.mark.parametrize("path", [LISTS, "/v1/placements/nope/items", f"{LISTS}?limit=x", "/nope"])
def test_a_named_page_reads_answers_and_errors(client: TestClient, path: str) -> None:
    answer = client.get(path, headers={"Origin": SHOP})
    assert answer.headers["access-control-allow-origin"] == SHOP
    assert "Origin" in answer.headers["vary"]
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize(
    "origin", ["https://thief.example", "http://shop.example", f"{SHOP}.thief.example", "null", ""]
)
def test_no_other_page_does(client: TestClient, origin: str) -> None:
    answer = client.get(LISTS, headers={"Origin": origin})
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers


def test_a_list_that_caches_keep_says_that_it_differs_by_page_and_language(
    client: TestClient,
) -> None:
    assert client.get(LISTS).headers["vary"] == "Origin, Accept-Language"


@pytest.mark.parametrize(("origin", "status"), [(SHOP, 204), ("https://thief.example", 405)])
def test_a_browser_that_asks_first_is_told(client: TestClient, origin: str, status: int) -> None:
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    answer = client.options("/v1/events", headers=asked)
    assert answer.status_code == status
    assert ("access-control-allow-origin" in answer.headers) == (status == 204)


def test_without_pages_named_nobody_reads(shared_client: TestClient) -> None:
    answer = shared_client.get(LISTS, headers={"Origin": SHOP})
    assert "access-control-allow-origin" not in answer.headers


@pytest.fixture
def shared_client(world: World) -> Iterator[TestClient]:
    with TestClient(create_app(world.config, clock=SetClock())) as client:
        yield client


@pytest.mark.parametrize("said", ["*", "shop.example", "https://shop.example/path", "https://*.x"])
def test_a_page_is_named_by_scheme_and_host(said: str) -> None:
    with pytest.raises(BadValue, match="as browsers say it"):
        parse({"serving": {"allowed_origins": [said]}}, {})


def test_the_script_is_loaded_by_any_page_and_checked_by_its_hash(client: TestClient) -> None:
    latest = client.get("/recsys.js")
    assert latest.headers["access-control-allow-origin"] == "*"
    pinned = client.get(f"/{script().name}")
    assert pinned.content == latest.content
    assert "immutable" in pinned.headers["cache-control"]
    assert client.get("/recsys.0000000000000000.js").status_code == 404
    assert b"consent(purposes" in client.get("/recsys.d.ts").content
    assert "script-src 'self'" in client.get("/demo").headers["content-security-policy"]
    assert client.get("/demo/loader.js").text.count("/recsys.js") == 1
    assert client.get("/demo/demo.html").status_code == 404
