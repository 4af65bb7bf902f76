"""Which channel next, for a decision with an id."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from tests.api.conftest import Api

CHANNEL = "/v1/users/anna/channel"


@pytest.fixture
def client(shared_api: Api) -> TestClient:
    return shared_api.client


def test_without_an_id_the_answer_is_advice_and_certain(client: TestClient) -> None:
    told = client.get(CHANNEL).json()["channel"]
    assert told["explored"] is False
    assert [arm["propensity"] for arm in told["ranked"]] == [1.0] + [0.0] * (
        len(told["ranked"]) - 1
    )


def test_with_an_id_every_eligible_arm_has_a_chance_and_the_id_repeats_it(
    client: TestClient,
) -> None:
    told = [client.get(f"{CHANNEL}?decision=d{n}").json()["channel"] for n in range(20)]
    for answer in told:
        chances = {arm["channel"]: arm["propensity"] for arm in answer["ranked"]}
        assert abs(sum(chances.values()) - 1) < 1e-12
        assert all((arm["propensity"] > 0) == arm["eligible"] for arm in answer["ranked"])
    again = [client.get(f"{CHANNEL}?decision=d{n}").json()["channel"] for n in range(20)]
    assert [answer["best"] for answer in again] == [answer["best"] for answer in told]


def test_an_id_that_is_no_text_is_refused(client: TestClient) -> None:
    answer = client.get(f"{CHANNEL}?decision=%00")
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("decision is ")
