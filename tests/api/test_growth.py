"""Growth over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from recsys.storage.users import statements
from recsys.storage.users.statements import Statement
from tests.api.conftest import Api


def told(api: Api, what: str, **query: Any) -> dict[str, Any]:
    answer = api.client.get(f"/v1/growth/{what}", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_the_lifecycle_has_its_identity_and_its_periods(api: Api) -> None:
    found = told(api, "lifecycle", period=14)
    before = 0
    assert found["periods"]
    for one in found["periods"]:
        assert one["active"] == before + one["new"] + one["resurrected"] - one["dormant"]
        before = one["active"]
    earlier = told(api, "lifecycle", period=14, as_of=found["periods"][2]["period"])
    assert len(earlier["periods"]) < len(found["periods"])


def test_a_segment_is_part_of_all(api: Api) -> None:
    names = api.service.current.serving.answering.bundle.segments.names
    whole = told(api, "stickiness")["monthly"]
    parts = [told(api, "stickiness", segment=name)["monthly"] for name in names[:3]]
    assert all(part <= whole for part in parts)
    assert api.client.get("/v1/growth/lifecycle?segment=none").status_code == 404


def test_retention_and_the_north_star_are_told(api: Api) -> None:
    found = told(api, "retention")
    assert [one["day"] for one in found["days"]] == [1, 3, 7, 14, 30, 60, 90]
    star = told(api, "north-star", period=14)["periods"]
    last = star[-1]
    product = last["reachable"] * last["breadth"] * last["frequency"] * last["depth"]
    assert last["total"] == pytest.approx(product)


def test_the_last_answer_of_a_person_makes_the_promoter_score(api: Api) -> None:
    assert told(api, "nps")["score"] is None
    said = [
        Statement("u01", "nps", "", "3", "survey", "1", api.clock() - 2),
        Statement("u01", "nps", "", "10", "survey", "2", api.clock() - 1),
        Statement("u02", "nps", "", "0", "survey", "3", api.clock() - 1),
    ]
    statements.put(api.service.log.database, said)
    found = told(api, "nps")
    assert (found["score"], found["promoters"], found["detractors"]) == (0.0, 1, 1)


def test_a_day_that_is_none_is_refused(api: Api) -> None:
    assert api.client.get("/v1/growth/nps?as_of=monday").status_code == 422
