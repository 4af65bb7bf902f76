"""Which channel next, for a decision with an id."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pytest
from starlette.testclient import TestClient

from api.requests.query import Query
from recsys.channel.exploration import ExplorationSchedule
from recsys.data.times import DAY
from recsys.errors import StoreUnavailable
from tests.api.conftest import NOON, Api, running
from tests.worlds import World
from training.load import load

CHANNEL = "/v1/users/anna/channel"


@pytest.fixture
def client(shared_api: Api) -> TestClient:
    return shared_api.client


@pytest.fixture
def stored(either: World) -> Iterator[Api]:
    yield from running(either)


def test_without_an_id_the_answer_is_advice_and_certain(client: TestClient) -> None:
    told = client.get(CHANNEL).json()["channel"]
    assert told["explored"] is False
    assert [arm["pscore"] for arm in told["ranked"]] == [1.0] + [0.0] * (len(told["ranked"]) - 1)


def test_with_an_id_every_eligible_arm_has_a_chance_and_the_id_repeats_it(
    client: TestClient,
) -> None:
    told = [client.get(f"{CHANNEL}?decision=d{n}").json()["channel"] for n in range(20)]
    for answer in told:
        chances = {arm["channel"]: arm["pscore"] for arm in answer["ranked"]}
        assert abs(sum(chances.values()) - 1) < 1e-12
        assert all((arm["pscore"] > 0) == arm["eligible"] for arm in answer["ranked"])
    again = [client.get(f"{CHANNEL}?decision=d{n}").json()["channel"] for n in range(20)]
    assert [answer["best"] for answer in again] == [answer["best"] for answer in told]


def because(api: Api) -> str:
    told = api.client.get("/v1/users/u00/channel").json()["channel"]
    assert told["best"] == "email"
    return str(told["send_time"]["because"])


def test_a_persons_response_counts_into_the_next_send_time(api: Api) -> None:
    before = because(api)
    events = [
        {"event_id": "m1", "kind": "message_sent", "timestamp": "2025-12-31T09:00:00Z"},
        {"event_id": "r1", "kind": "message_responded", "timestamp": "2025-12-31T10:00:00Z"},
    ]
    shared = {"user_id": "u00", "channel": "email", "ref": "m1"}
    machine = {**shared, **events[1], "machine": True, "event_id": "by a machine"}
    api.client.post("/v1/events", json={**shared, **events[0], "ref": None}).raise_for_status()
    api.client.post("/v1/events", json=machine).raise_for_status()
    assert because(api) == before
    api.client.post("/v1/events", json={**shared, **events[1]}).raise_for_status()
    assert (before, because(api)) == (
        "from 1 own response to email",
        "from 2 own responses to email",
    )


def test_an_id_that_is_no_text_is_refused(client: TestClient) -> None:
    answer = client.get(f"{CHANNEL}?decision=%00")
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("decision is ")


def test_a_decision_is_logged_as_it_is_answered(api: Api) -> None:
    query = "decision=d1&session=s1&placement=home&experiment=x&variant=b"
    told = api.client.get(f"/v1/users/u00/channel?{query}").json()
    (logged,) = api.service.decisions.all()
    assert json.loads(logged.answer) == told["channel"]
    assert (logged.user_id, logged.decision_id, logged.at) == ("u00", "d1", api.clock.at)
    assert (logged.session, logged.surface) == ("s1", "home")
    assert (logged.experiment, logged.variant) == ("x", "b")
    assert (logged.action, logged.rung) == (told["channel"]["best"], told["channel"]["rung"])
    assert logged.pscore == told["channel"]["ranked"][0]["pscore"]
    assert logged.version == told["model_version"]
    assert logged.version.endswith(logged.model_sha256[:12])
    assert logged.consent_seq > 0
    assert json.loads(logged.features)["granted"] == ["email"]


def test_advice_is_not_logged(api: Api) -> None:
    for path in ("/v1/users/u00/channel", "/v1/users/u00", "/v1/users/u00/churn"):
        assert api.client.get(path).status_code == 200
    assert list(api.service.decisions.all()) == []


@pytest.mark.parametrize("question", ["", "/recommendations", "/churn", "/value"])
def test_only_the_channel_question_takes_a_decision(api: Api, question: str) -> None:
    refused = api.client.get(f"/v1/users/u00{question}?decision=d1")
    assert (refused.status_code, refused.json()["parameter"]) == (422, "decision")
    assert list(api.service.decisions.all()) == []


def test_what_is_not_logged_does_not_explore(api: Api) -> None:
    serving, query = api.service.current.serving, Query(limit=10, decision="d1")
    for at in range(NOON, NOON + 30):
        told = api.service.desk.channel(serving, "u00", query, at=at).channel
        assert (told.explored, told.ranked[0].pscore) == (False, 1.0)


def test_a_replayed_decision_says_that_no_rung_was_forced(api: Api) -> None:
    first = api.client.get(f"{CHANNEL}?decision=d1").json()
    again = api.client.get(f"{CHANNEL}?decision=d1&force_rung=popular").json()
    assert again["channel"] == first["channel"]
    rung = first["channel"]["rung"]
    assert again["notes"] == [
        f"force_rung was ignored: this decision was taken before, by the rung {rung}"
    ]
    forced = api.client.get(f"{CHANNEL}?decision=d2&force_rung=popular").json()
    assert forced["channel"]["rung"] == "popular"
    assert forced["notes"][0].startswith("force_rung is for experiments")


def test_asked_again_a_decision_stays_what_it_was_whatever_happened_since(api: Api) -> None:
    first = api.client.get(f"{CHANNEL}?decision=d1").json()
    consent = {"purpose": "marketing", "channel": "sms", "state": "granted"}
    api.client.put("/v1/users/anna/consent", json=consent)
    api.clock.at += 3_600_000_000
    assert api.client.get(f"{CHANNEL}?decision=d1").json() == first
    assert api.client.get(f"{CHANNEL}?decision=d2").json() != first
    assert len(list(api.service.decisions.all())) == 2


@pytest.mark.parametrize("withdrawal", ["a denial", "an unsubscription"])
def test_a_decision_is_not_told_again_once_consent_to_it_is_withdrawn(
    stored: Api, withdrawal: str
) -> None:
    path = "/v1/users/u00/channel?decision=d1"
    first = stored.client.get(path).json()
    assert (first["channel"]["best"], first["notes"]) == ("email", [])
    logged = list(stored.service.decisions.all())
    if withdrawal == "a denial":
        consent = {"purpose": "marketing", "channel": "email", "state": "denied"}
        stored.client.put("/v1/users/u00/consent", json=consent).raise_for_status()
    else:
        left = {"user_id": "u00", "event": "Unsubscribed", "channel": "email"}
        stored.client.post("/v1/events", json=left).raise_for_status()
    again = stored.client.get(path).json()
    nothing = {"best": "none", "send_at": None, "send_time": None}
    assert again == {
        **first,
        "notes": ["the logged decision was email, and consent to it was withdrawn since"],
        "channel": {**first["channel"], **nothing},
    }
    assert list(stored.service.decisions.all()) == logged
    stored.clock.at += 1_000_000
    consent = {"purpose": "marketing", "channel": "email", "state": "granted"}
    stored.client.put("/v1/users/u00/consent", json=consent).raise_for_status()
    assert stored.client.get(path).json() == first


def test_nobody_is_told_to_send_while_consents_cannot_be_read(api: Api) -> None:
    path = "/v1/users/u00/channel?decision=d1"
    assert api.client.get(path).json()["channel"]["best"] == "email"
    api.service.consents.database = Closed()  # type: ignore[assignment]
    assert api.client.get(path).status_code == 503


def test_a_decision_that_cannot_be_logged_is_not_taken(api: Api) -> None:
    api.service.decisions.database = Closed()  # type: ignore[assignment]
    answer = api.client.get(f"{CHANNEL}?decision=d1")
    assert answer.status_code == 503


class Closed:
    """A store that is gone."""

    def read(self, *_: object) -> object:
        raise StoreUnavailable("gone")


def test_while_there_is_little_to_learn_from_more_is_explored(api: Api) -> None:
    epsilons: set[float] = set()
    api.client.get(f"{CHANNEL}?decision=d1")
    epsilons.update(d.epsilon for d in api.service.decisions.all())
    assert epsilons == {0.10}
    assert ExplorationSchedule(0.10, 0.05, 1_000).epsilon((1_000, 2_000)) == 0.05
    assert ExplorationSchedule(0.10, 0.05, 1_000).epsilon((999, 2_000)) == 0.10
    assert ExplorationSchedule(0.10, 0.05, 1_000).epsilon(()) == 0.10


def test_training_learns_from_decisions_and_from_what_came_of_them(api: Api) -> None:
    ids = [f"d{n}" for n in range(12)]
    best = {
        d: api.client.get(f"/v1/users/u00/channel?decision={d}").json()["channel"]["best"]
        for d in ids
    }
    mailed = [d for d in ids if best[d] == "email"]
    click = {"user_id": "u00", "event": "Email Link Clicked", "decision_id": mailed[0]}
    for _ in range(2):  # told again, it is the same click
        assert api.client.post("/v1/events", json={**click, "message_id": "c1"}).status_code == 200
    decided_at = api.clock.at
    api.clock.at += 30 * DAY
    api.client.get("/v1/users/u00/channel?decision=later")
    messages = load(api.service.log, api.config).messages
    own = messages.where(messages.at == decided_at)
    assert len(own) == len(mailed)
    assert own.responded.sum() == 1
    # The messages of the world came with probabilities from outside, and are more.
    assert np.isnan(own.pscore).all()
    assert not np.isnan(messages.where(messages.at != decided_at).pscore).all()


def test_an_empty_decision_id_is_refused_not_answered_unlogged(api: Api) -> None:
    response = api.client.get("/v1/users/u03/channel?decision=")
    assert response.status_code == 422
    assert response.json()["parameter"] == "decision"
