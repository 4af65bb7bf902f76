"""The store slow, full, locked or gone: answers go on, and events are turned away, not lost."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from recsys.storage.database import sqlite
from tests import stores
from tests.api.conftest import Api, running
from tests.api.model.test_champion import until
from tests.postgres import Cluster
from tests.worlds import World

EVENT = {"user_id": "fresh", "item_id": "i03", "event": "view"}


def turned_away(api: Api) -> str:
    response = api.client.post("/v1/events", json=EVENT)
    assert response.status_code == 503
    assert int(response.headers["retry-after"]) >= 1
    return str(response.json()["detail"])


def asked(api: Api, user: str) -> dict[str, Any]:
    response = api.client.get(f"/v1/users/{user}")
    assert response.status_code == 200
    return dict(response.json())


def test_a_locked_file_takes_no_events_and_answers_go_on(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "_TURN_SECONDS", 0.05)
    api.client.post("/v1/events", json=EVENT)
    with closing(sqlite3.connect(api.world.folder / "events.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert "locked" in turned_away(api)
        answer = asked(api, "fresh")
        assert (answer["rung"], answer["notes"]) == ("hyper", [])
        other.execute("ROLLBACK")
    assert api.client.post("/v1/events", json=EVENT).json()["accepted"] == 1


def test_a_full_disk_takes_no_events_and_answers_go_on(api: Api) -> None:
    api.client.post("/v1/events", json=EVENT)
    with api.service.log.database.writing() as writing:
        (pages,) = writing.execute("PRAGMA page_count").fetchone()
        writing.execute(f"PRAGMA max_page_count={pages}")
    batch = {"batch": [{**EVENT, "message_id": f"{n:0200}"} for n in range(200)]}
    response = api.client.post("/v1/events", json=batch)
    assert (response.status_code, "full" in response.json()["detail"]) == (503, True)
    ready = api.client.get("/health/ready")
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")
    assert ready.json()["takes_events"] is False
    assert "full" in ready.json()["why"][0]
    assert asked(api, "fresh")["rung"] == "hyper"
    page = api.client.get("/metrics").text
    assert 'recsys_store_errors_total{operation="write"} 1.0' in page


def test_a_file_that_cannot_be_read_is_answered_from_memory(api: Api) -> None:
    before = asked(api, "u03")
    api.service.log.database.close()
    after = asked(api, "u03")
    assert after["rung"] == before["rung"]
    assert after["items"] == before["items"]
    assert "as it was 0 s ago" in after["notes"][0]
    assert asked(api, "u06")["rung"] == "one_to_one"
    assert asked(api, "denied")["rung"] != "one_to_one"
    assert asked(api, "u06")["channel"]["best"] == "none"


@pytest.fixture
def remote(server: Cluster, world: World) -> Iterator[Api]:
    """The API over a server that can be stopped."""
    stores.fill(server.url, world.folder / "events.db")
    yield from running(world.on(server.url))


def test_the_same_questions_get_the_same_answers_from_both_kinds_of_store(
    api: Api, remote: Api
) -> None:
    def told(one: Api, user: str) -> dict[str, Any]:
        return {k: v for k, v in asked(one, user).items() if k != "recommendation_id"}

    for one in (api, remote):
        one.client.post("/v1/events", json=EVENT)
        one.client.post("/v1/events", json={**EVENT, "user_id": "u03"})
    for user in ("fresh", "u00", "u03", "denied", "nobody"):
        assert told(api, user) == told(remote, user)


@pytest.mark.slow
def test_a_worker_with_a_shifted_clock_starts_while_the_server_is_gone(
    server: Cluster, remote: Api
) -> None:
    shifted = remote.config.serving.model_copy(update={"clock_start": "2026-01-05T12:00:00Z"})
    config = remote.config.model_copy(update={"serving": shifted})
    server.stop()
    try:
        with TestClient(create_app(config)) as client:
            answer = client.get("/v1/users/u03").json()
            assert "the event store is unavailable" in answer["notes"][0]
            assert answer["generated_at"].startswith("2026-01-05T12:0")
            assert client.get("/health/live").status_code == 200
    finally:
        server.start()


@pytest.mark.slow
def test_a_server_that_is_gone_is_answered_without_and_taken_up_again(
    server: Cluster, remote: Api
) -> None:
    remote.client.post("/v1/events", json=EVENT)
    before = asked(remote, "fresh")
    assert before["rung"] == "hyper"
    assert remote.client.get("/health/ready").status_code == 200
    server.stop()
    try:
        after = asked(remote, "fresh")
        assert (after["rung"], after["items"]) == ("hyper", before["items"])
        assert "the event store is unavailable" in after["notes"][0]
        assert asked(remote, "u06")["rung"] == "one_to_one"
        ready = remote.client.get("/health/ready")
        assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
        turned_away(remote)
    finally:
        server.start()
    assert until(lambda: remote.client.get("/health/ready").json()["status"] == "ready")
    again = remote.client.post("/v1/events", json={**EVENT, "message_id": "again"})
    assert again.json()["accepted"] == 1
    assert asked(remote, "fresh")["notes"] == []


@pytest.mark.slow
def test_a_replica_starts_while_the_server_is_down_and_says_why_it_is_not_ready(
    server: Cluster, world: World
) -> None:
    stores.fill(server.url, world.folder / "events.db")
    server.stop("fast")
    try:
        with contextmanager(running)(world.on(server.url)) as api:
            answer = asked(api, "u00")
            assert answer["rung"] == "popular"
            assert [s["reason"] for s in answer["trail"]][:2] == ["store_unavailable"] * 2
            ready = api.client.get("/health/ready")
            assert (ready.status_code, len(ready.json()["why"])) == (503, 1)
            server.start()
            assert until(lambda: api.client.get("/health/ready").status_code == 200)
            assert until(lambda: asked(api, "u00")["rung"] == "one_to_one")
    finally:
        if not (server.folder / "data" / "postmaster.pid").exists():
            server.start()
