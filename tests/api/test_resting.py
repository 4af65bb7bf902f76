"""What was just bought, dismissed or removed leaves the next list, over HTTP."""

from __future__ import annotations

import pytest

from recsys.data.times import HOUR
from tests.api.conftest import Api

USERS = ("u03", "somebody new")


def listed(api: Api, user: str) -> list[str]:
    answer = api.client.get(f"/v1/users/{user}/recommendations", params={"limit": 100}).json()
    return [item["item_id"] for item in answer["items"]]


def tell(api: Api, user: str, item: str, event: str) -> None:
    body = {"user_id": user, "item_id": item, "event": event}
    assert api.client.post("/v1/events", json=body).json()["accepted"] == 1


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("event", ["Order Completed", "Product Removed", "dismiss"])
def test_it_leaves_at_once_and_comes_back(api: Api, user: str, event: str) -> None:
    first = listed(api, user)[0]
    tell(api, user, first, event)
    assert first not in listed(api, user)
    api.clock.at += 31 * 24 * HOUR
    assert first in listed(api, user)


@pytest.mark.parametrize("user", USERS)
def test_what_was_just_looked_at_stays(api: Api, user: str) -> None:
    first = listed(api, user)[0]
    tell(api, user, first, "Product Viewed")
    assert first in listed(api, user)
