"""One person: the page says what the API says, and that somebody looked is noted."""

from __future__ import annotations

import re
from html import unescape

import pytest

from recsys.storage.access import audit
from recsys.storage.access.accounts import Role
from recsys.storage.access.audit import Action
from tests.api.conftest import Api
from tests.api.console.conftest import Enter
from tests.api.test_experiments import noted, run
from tests.recsys.experiments.cases import stepping

SIGNED = ("generated_at", "recommendation_id")


def values(html: str) -> list[str]:
    return re.findall(r'<data value="([^"]*)">', html)


@pytest.mark.parametrize("user", ["u03", "team/a", "émile ☕", "denied", "nobody at all"])
def test_the_page_says_what_the_api_says_value_for_value(api: Api, enter: Enter, user: str) -> None:
    from urllib.parse import quote

    told = api.client.get(f"/v1/users/{quote(user, safe='')}").json()
    worth = api.client.get(f"/v1/users/{quote(user, safe='')}/value").json()["value"]
    analyst = enter(Role.ANALYST)
    shown = analyst.get("/console/person", params={"id": user}).text
    found = values(shown)
    arms = [arm for arm in told["channel"]["ranked"] if arm["eligible"] or True]
    expected = [
        told["churn"]["p"],
        *([worth["historic_clv"]] if worth["historic_clv"] is not None else []),
        *(arm[name] for arm in arms for name in ("p", "low", "high", "expected_value")),
        *(reason["contribution"] for reason in told["churn"]["reasons"]),
        *(
            one[name]
            for one in worth["forecasts"]
            for name in ("days", "predicted_number_of_orders", "predicted_clv")
        ),
    ]
    missing = [one for one in expected if str(one) not in found]
    assert missing == []
    for item in told["items"]:
        assert unescape(shown).count(item["title"] or item["item_id"]) >= 1
    for step in (*told["trail"], *told["channel"]["trail"], *told["churn"]["trail"]):
        assert step["detail"] in unescape(shown)


def test_every_table_is_the_same_as_json_as_in_the_api(api: Api, enter: Enter) -> None:
    told, analyst = api.client.get("/v1/users/u03").json(), enter(Role.ANALYST)
    items = analyst.get("/console/person/items.json?id=u03").json()
    assert [one["item_id"] for one in items] == [one["item_id"] for one in told["items"]]
    assert [one["reasons"] for one in items] == [one["reasons"] for one in told["items"]]
    arms = analyst.get("/console/person/channels.json?id=u03").json()
    for arm, said in zip(arms, told["channel"]["ranked"], strict=True):
        assert all(arm[name] == said[name] for name in ("channel", "p", "low", "high", "reason"))


def test_another_rung_and_another_moment_are_tried_as_the_api_would(api: Api, enter: Enter) -> None:
    told = api.client.get("/v1/users/u03?force_rung=popular").json()
    analyst = enter(Role.ANALYST)
    items = analyst.get("/console/person/items.json?id=u03&rung=popular").json()
    assert [one["item_id"] for one in items] == [one["item_id"] for one in told["items"]]
    later = "/console/person?id=u03&at=2026-06-01T10:00"
    assert analyst.get(later).status_code == 200
    assert analyst.get("/console/person?id=u03&at=soon").status_code == 422
    assert analyst.get("/console/person?id=u03&rung=ladder").status_code == 422


def test_looking_at_a_person_is_noted(api: Api, enter: Enter) -> None:
    enter(Role.ANALYST).get("/console/person?id=u03")
    (entry,) = audit.entries(api.service.log.database)
    assert (entry.actor, entry.action, entry.subject) == (
        "console (analyst)", Action.LOOKED_AT, "u03",
    )  # fmt: skip


def test_who_became_somebody_else_is_shown_as_that_one(api: Api, enter: Enter) -> None:
    api.client.post("/v1/alias", json={"previousId": "device-1", "userId": "u03"})
    shown = enter(Role.ANALYST).get("/console/person?id=device-1").text
    assert "This id became" in shown


def test_of_the_erased_nothing_is_shown(api: Api, enter: Enter) -> None:
    analyst = enter(Role.ANALYST)
    assert analyst.get("/console/person/events.json?id=u03").json()
    api.client.delete("/v1/users/u03")
    assert analyst.get("/console/person/events.json?id=u03").json() == []
    assert "Erased on" in analyst.get("/console/person?id=u03").text
    subjects = {entry.subject for entry in audit.entries(api.service.log.database)}
    assert "u03" not in subjects - {"u03"}


def test_who_looks_at_a_person_makes_nobody_part_of_an_experiment(api: Api, enter: Enter) -> None:
    run(api, "down", stepping(epsilon=0.5))
    analyst = enter(Role.ANALYST)
    for number in range(8):
        assert analyst.get(f"/console/person?id=u{number:02}&placement=default").status_code == 200
    assert noted(api) == []
    api.client.get("/v1/users/u05/recommendations")
    assert [row["sent_as"] for row in noted(api)] == ["u05"]
