"""What a user is worth, over HTTP."""

from __future__ import annotations

from datetime import datetime

import msgspec
import pytest

from api.messages.users import ValueAnswer
from tests.api.conftest import Api
from tests.worlds import DENIED, EMOJI, ONCE, SLASH


def asked(api: Api, user: str) -> ValueAnswer:
    response = api.client.get(f"/v1/users/{user}/value")
    assert response.status_code == 200
    return msgspec.json.decode(response.content, type=ValueAnswer)


@pytest.mark.parametrize("user", ["u03", ONCE, SLASH, EMOJI, "nobody", DENIED])
def test_the_bytes_fit_the_declared_model(shared_api: Api, user: str) -> None:
    asked(shared_api, user)


def test_a_known_user_was_worth_something_and_will_be(shared_api: Api) -> None:
    value = asked(shared_api, "u03").value
    assert value.historic_clv is not None
    assert value.historic_clv > 0
    assert [each.days for each in value.forecasts] == [30, 90, 365]
    assert value.predicted_clv == value.forecasts[-1].predicted_clv
    assert value.total_clv == pytest.approx(value.historic_clv + value.forecasts[-1].predicted_clv)
    assert value.flags == ["few_users", "seasons_unknown"]
    churn = shared_api.client.get("/v1/users/u03/churn").json()["churn"]
    assert value.churn_probability == churn["p"]


def test_nobody_is_worth_nothing_so_far_and_nothing_is_foretold(shared_api: Api) -> None:
    value = asked(shared_api, "nobody").value
    assert value.historic_clv == 0
    assert value.forecasts == []
    assert value.predicted_clv is None


SAID = {"reason", "why", "forecasts", "flags"}


def test_who_denied_profiling_has_no_value_and_no_score(shared_api: Api) -> None:
    value = asked(shared_api, DENIED).value
    given = {n: v for n, v in msgspec.structs.asdict(value).items() if n not in SAID}
    assert set(given.values()) == {None}
    assert (value.forecasts, value.flags) == ([], [])
    assert "denied profiling" in value.reason


def test_an_order_counts_at_once(api: Api) -> None:
    before = asked(api, "u03").value.historic_clv
    event = {"user_id": "u03", "item_id": "i00", "event": "purchase", "value": 33.0}
    assert api.client.post("/v1/events", json=event).status_code == 200
    after = asked(api, "u03").value.historic_clv
    assert before is not None
    assert after == pytest.approx(before + 33.0)


def test_dates_are_dates(shared_api: Api) -> None:
    value = asked(shared_api, "u03").value
    assert value.as_of is not None
    assert datetime.fromisoformat(value.as_of)
