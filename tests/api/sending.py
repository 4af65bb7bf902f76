"""Events handed in by tests, and what became of them."""

from __future__ import annotations

from typing import Any

import msgspec

from api.messages.events import EventsAnswer
from tests.api.conftest import Api

SHORT = {"user_id": "fresh", "item_id": "i03", "event": "view"}


def posted(api: Api, body: Any) -> Any:
    response = api.client.post("/v1/events", json=body)
    assert response.status_code == 200, response.text
    return msgspec.json.decode(response.content, type=EventsAnswer)


def rung(api: Api, user: str) -> str:
    return str(api.client.get(f"/v1/users/{user}/recommendations").json()["rung"])


def logged(api: Api) -> list[tuple[Any, ...]]:
    """Every event since training."""
    return api.service.log.database.reader.execute(
        "SELECT event_id, user_id, item_id, kind, at, quantity, value, order_id FROM events "
        "WHERE seq > ? ORDER BY seq",
        (api.service.current.serving.watermark,),
    ).fetchall()
