"""What is held on a person, and that it can be made to go."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest

from api.messages.people import ErasureReceipt, HeldAnswer
from api.routes.users import UNLOGGED
from recsys.storage.events.log import EventLog
from recsys.storage.models.store import ModelStore
from tests.api.conftest import Api, running
from tests.worlds import World, train

QUESTIONS = ("", "/recommendations", "/channel", "/churn", "/value")
VIEW = {"item_id": "i03", "event": "view"}


@pytest.fixture
def two(either: World) -> Iterator[tuple[Api, Api]]:
    """Two workers over one store, of each kind in turn."""
    with contextmanager(running)(either) as one, contextmanager(running)(either) as other:
        yield one, other


def answers(api: Api, user: str) -> list[dict[str, Any]]:
    """All answers about a user, but for what names the user or this one answer."""
    found = [api.client.get(f"/v1/users/{user}{question}").json() for question in QUESTIONS]
    return [
        {k: v for k, v in one.items() if k not in {"user_id", "recommendation_id"}} for one in found
    ]


def erased(api: Api, user: str) -> ErasureReceipt:
    response = api.client.delete(f"/v1/users/{user}")
    assert response.status_code == 200, response.text
    return msgspec.json.decode(response.content, type=ErasureReceipt)


def exported(api: Api, user: str) -> HeldAnswer:
    response = api.client.get(f"/v1/users/{user}/export")
    assert response.headers["cache-control"] == "private, no-store"
    return msgspec.json.decode(response.content, type=HeldAnswer)


def busy(api: Api, user: str) -> None:
    """Let a user of the model do all that leaves something behind."""
    client = api.client
    client.post("/v1/events", json={**VIEW, "anonymousId": "phone"})
    client.post("/v1/alias", json={"previousId": "phone", "userId": user})
    sms = {"purpose": "marketing", "channel": "sms", "state": "granted"}
    client.put(f"/v1/users/{user}/consent", json=sms)
    client.get(f"/v1/users/{user}/channel?decision=d1")


def test_after_erasure_every_worker_answers_as_for_a_stranger(two: tuple[Api, Api]) -> None:
    one, other = two
    busy(one, "u03")
    for api in two:
        assert api.client.get("/v1/users/u03").json()["rung"] == "hyper"
    receipt = erased(one, "u03")
    assert (receipt.user_id, receipt.erased_at) == ("u03", "2026-01-01T12:00:00.000Z")
    counts = dict(receipt.removed)
    assert counts.pop("events") > 30
    assert counts == {
        "users": 1, "consents": 1, "decisions": 1, "lists": 0, "exposures": 0, "participants": 0,
        "statements": 0, "aliases": 1,
    }  # fmt: skip
    for api in two:
        stranger = answers(api, "nobody")
        assert answers(api, "u03") == answers(api, "phone") == stranger
    assert erased(other, "u03") == receipt
    assert erased(other, "phone").receipt_id == receipt.receipt_id


def test_what_comes_later_under_the_id_is_rejected_and_the_rest_is_taken(
    two: tuple[Api, Api],
) -> None:
    one, other = two
    erased(one, "u03")
    view = {**VIEW, "user_id": "u03"}
    alone = other.client.post("/v1/events", json=view)
    assert (alone.status_code, alone.json()["code"]) == (422, "erased_user")
    batch = [
        view,
        {**view, "user_id": "fresh"},
        {"type": "identify", "userId": "u03", "traits": {"country": "France"}},
        {"type": "alias", "previousId": "fresh", "userId": "u03"},
        {"type": "identify", "userId": "fresh", "anonymousId": "u03"},
    ]
    told = other.client.post("/v1/batch", json={"batch": batch}).json()
    verdicts = [(event["verdict"], event["code"]) for event in told["events"]]
    refused, taken = ("rejected", "erased_user"), ("accepted", None)
    assert verdicts == [refused, taken, refused, refused, ("rejected", "claimed_id")]
    assert answers(one, "u03") == answers(one, "nobody")
    assert one.client.get("/v1/users/fresh/recommendations").json()["rung"] == "hyper"


def test_of_the_erased_no_consent_is_recorded_and_no_decision_logged(api: Api) -> None:
    erased(api, "u03")
    denied = {"purpose": "profiling", "state": "denied"}
    refused = api.client.put("/v1/users/u03/consent", json=denied)
    assert (refused.status_code, refused.json()["user_id"]) == (410, "u03")
    assert refused.json()["type"] == "urn:recsys:problem:erased-user"
    told = api.client.get("/v1/users/u03/channel?decision=d9").json()
    assert told["notes"] == [UNLOGGED]
    assert told["channel"] == api.client.get("/v1/users/nobody/channel").json()["channel"]
    assert list(api.service.decisions.all()) == []


def test_the_erased_stay_strangers_while_the_store_is_gone(api: Api) -> None:
    for user in ("u03", "u06"):
        api.client.get(f"/v1/users/{user}")
    erased(api, "u03")
    api.service.log.database.close()
    assert api.client.get("/v1/users/u06").json()["rung"] == "one_to_one"
    gone = api.client.get("/v1/users/u03").json()
    assert (gone["rung"], gone["segment"]) == ("popular", None)


def test_lists_leave_the_erased_out(api: Api) -> None:
    rule = {"rule": {"event": "purchase", "count": {"gte": 1}}}
    before = api.client.post("/v1/audiences:preview", json=rule).json()
    listed = api.client.post("/v1/audiences:export", json=rule).text
    assert "\nu02," in listed
    erased(api, "u02")
    after = api.client.post("/v1/audiences:preview", json=rule).json()
    assert after["of"] == before["of"] - 1
    assert "\nu02," not in api.client.post("/v1/audiences:export", json=rule).text


def test_the_next_model_has_never_seen_the_erased(api: Api) -> None:
    erased(api, "u03")
    version = train(api.config, EventLog(api.service.log.database))
    bundle, _ = ModelStore.of(api.config.storage).load(
        version, type(api.service.current.serving.answering.bundle)
    )
    assert bundle.interactions.users.row("u03") is None
    assert bundle.interactions.users.row("u04") is not None


def test_everything_held_is_handed_over(either: World) -> None:
    with contextmanager(running)(either) as api:
        busy(api, "u03")
        found = exported(api, "u03")
        assert (found.user_id, found.former_ids) == ("u03", ["phone"])
        assert found.exported_at == "2026-01-01T12:00:00.000Z"
        assert found.traits == {"country": "Germany"}
        assert found.events[-1].item_id == "i03"
        assert found.events[-1].at == "2026-01-01T12:00:00.000Z"
        assert {event.user_id for event in found.events} == {"u03"}
        assert found.consents[-1].channel == "sms"
        assert found.decisions[0]["decision_id"] == "d1"
        assert found.decisions[0]["answer"]["best"] == found.decisions[0]["action"]
        assert found.model is not None
        assert (found.model.known, found.model.events) == (True, 30)
        assert exported(api, "phone") == found


def test_of_strangers_and_of_the_erased_nothing_is_held(api: Api) -> None:
    erased(api, "u03")
    for user, at in (("nobody", None), ("u03", "2026-01-01T12:00:00.000Z")):
        found = exported(api, user)
        assert (found.user_id, found.erased_at) == (user, at)
        assert (found.events, found.consents, found.decisions, found.traits) == ([], [], [], {})
        assert found.model is not None
        assert not found.model.known


def test_ids_with_a_slash_are_erased_and_exported_too(api: Api) -> None:
    assert exported(api, "team%2Fa").user_id == "team/a"
    assert erased(api, "team%2Fa").user_id == "team/a"
    assert answers(api, "team%2Fa") == answers(api, "nobody")
