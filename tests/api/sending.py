"""Events handed in by tests, and what became of them."""

from __future__ import annotations

from typing import Any

import msgspec

from api.messages.events import EventsAnswer
from recsys.storage.events.event import Event
from tests.api.conftest import NOON, Api

SHORT = {"user_id": "fresh", "item_id": "i03", "event": "view"}


def posted(api: Api, body: Any) -> Any:
    response = api.client.post("/v1/events", json=body)
    assert response.status_code == 200, response.text
    return msgspec.json.decode(response.content, type=EventsAnswer)


def parsed(api: Api, payload: object) -> list[Event]:
    """Return the events that a payload says, read at noon."""
    events = api.service.parser.read(payload, now=NOON)
    assert isinstance(events, list)
    return events


def rung(api: Api, user: str) -> str:
    return str(api.client.get(f"/v1/users/{user}/recommendations").json()["rung"])


def logged(api: Api) -> list[tuple[Any, ...]]:
    """Every event since training."""
    return since_training(api, "event_id, user_id, item_id, kind, at, quantity, value, order_id")


def since_training(api: Api, columns: str) -> list[tuple[Any, ...]]:
    """Return some columns of the events that came after training, in order."""
    rows = api.service.log.database.read(
        f"SELECT {columns} FROM events WHERE seq > ? ORDER BY seq",  # noqa: S608
        (api.service.current.serving.watermark,),
    )
    return list(map(tuple, rows))
