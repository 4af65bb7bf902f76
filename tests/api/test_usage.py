"""How often users come back, over HTTP."""

from __future__ import annotations

import msgspec

from api.messages.groups import UsageIntervalAnswer
from tests.api.conftest import Api


def test_the_usage_interval_is_told_of_everybody_and_of_every_segment(shared_api: Api) -> None:
    response = shared_api.client.get("/v1/usage-interval")
    answer = msgspec.json.decode(response.content, type=UsageIntervalAnswer)
    assert answer.days is not None
    assert answer.critical_kind == "purchase"
    assert answer.horizon_days == 28
    names = {segment["name"] for segment in shared_api.client.get("/v1/segments").json()["items"]}
    rung_1 = {name for name in names if not name.startswith("lifecycle:")}
    assert {each.segment for each in answer.items} == rung_1
    assert all(each.shrunk for each in answer.items)
    assert response.headers["cache-control"] == "public, max-age=60"
