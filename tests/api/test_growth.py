"""Growth over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from recsys.data.times import HOUR
from recsys.storage.users import statements
from recsys.storage.users.profiles import Profiles
from recsys.storage.users.statements import Statement
from tests.api.conftest import Api
from tests.recsys.storage.experiments.cases import bought

SEGMENT = "rfm:champions"


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


def test_the_promoter_score_is_weighted_by_the_people_of_segments(api: Api) -> None:
    bundle = api.service.current.serving.answering.bundle
    rfm = {one: bundle.members(one) for one in bundle.segments.names if one.startswith("rfm:")}
    large, small, *_ = sorted(rfm, key=lambda name: -len(rfm[name]))
    said = [
        Statement(min(rfm[large]), "nps", "", "10", "survey", "1", api.clock() - 1),
        *(
            Statement(user, "nps", "", "0", "survey", user, api.clock() - 1)
            for user in sorted(rfm[small])[:2]
        ),
    ]
    statements.put(api.service.log.database, said)
    found = told(api, "nps")
    assert found["score"] == pytest.approx(-1 / 3)
    n, m = len(rfm[large]), len(rfm[small])
    assert found["weighted"]["score"] == pytest.approx((n - m) / (n + m))
    assert found["segments"][large]["score"] == 1.0
    assert found["segments"][large]["people"] == n
    assert told(api, "nps", segment=small)["segments"] == {}


def test_a_funnel_counts_who_went_on_and_how_long_it_took(api: Api) -> None:
    at = api.clock()
    events = [
        bought("f1", at - 3 * HOUR, kind="view"),
        bought("f2", at - 3 * HOUR, kind="view"),
        bought("f1", at - HOUR, kind="cart"),
        bought("f2", at - 4 * HOUR, kind="cart"),
        bought("f1", at - HOUR // 2),
    ]
    api.service.log.append(events, now=at)
    found = told(api, "funnel", step="view,cart,purchase", days=1, within_days=1)
    assert [one["kind"] for one in found["steps"]] == ["view", "cart", "purchase"]
    last = found["steps"][-1]
    assert (last["people"], last["median_seconds"]) == (1, 1800.0)
    narrow = told(api, "funnel", step="cart,purchase", days=1, segment=SEGMENT)
    assert narrow["steps"][0]["people"] <= found["steps"][1]["people"] + 1


@pytest.mark.parametrize("step", ["", "view,nothing", ",".join(["view"] * 11)])
def test_a_funnel_of_unknown_no_or_too_many_steps_is_refused(shared_api: Api, step: str) -> None:
    answer = shared_api.client.get("/v1/growth/funnel", params={"step": step})
    assert answer.status_code == 422
    assert answer.json()["parameter"] == "step"


def test_who_was_brought_by_whom_is_counted_among_the_new(api: Api) -> None:
    profiles = Profiles(api.service.log.database)
    profiles.put_users([("u01", {"referred_by": "u02"}, ""), ("u03", {"referred_by": "u02"}, "")])
    periods = told(api, "referrals", period=14)["periods"]
    assert sum(one["referred"] for one in periods) == 2
    assert max(one["referrers"] for one in periods) == 1


def test_efficiency_counts_the_sessions_of_everybody(api: Api) -> None:
    star = told(api, "north-star", period=14)["periods"][-1]
    assert 0 < star["efficiency"] <= star["frequency"] * star["reachable"]
    assert told(api, "north-star", period=14, segment=SEGMENT)["periods"][-1]["efficiency"] is None


def test_a_day_that_is_none_is_refused(api: Api) -> None:
    assert api.client.get("/v1/growth/nps?as_of=monday").status_code == 422
