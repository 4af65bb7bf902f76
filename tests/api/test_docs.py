"""The page of the API's description."""

from __future__ import annotations

import re
from typing import Any

from starlette.testclient import TestClient

from api.app import create_app
from recsys.config import Config
from recsys.data.fields import EVENT
from tests.api.conftest import Api
from tests.api.sending import parsed


def test_the_page_and_all_that_it_loads_come_from_here(shared_api: Api) -> None:
    page = shared_api.client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "//" not in re.sub(r"^\s*//.*$", "", page.text, flags=re.MULTILINE)
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(loaded) == 3
    for path in (*loaded, "/openapi.json"):
        assert path in page.text
        assert shared_api.client.get(path).status_code == 200
    scripts = [path for path in loaded if path.endswith(".js")]
    assert "SwaggerUIBundle" in shared_api.client.get(scripts[0]).text


def test_behind_a_proxy_the_page_loads_from_where_the_proxy_is() -> None:
    client = TestClient(create_app(Config()), root_path="/shop")
    assert 'src="/shop/docs/assets/swagger-ui-bundle.js"' in client.get("/docs").text


def events_body(api: Api) -> dict[str, Any]:
    described = api.client.get("/openapi.json").json()["paths"]["/v1/events"]["post"]
    return dict(described["requestBody"]["content"]["application/json"])


def test_every_field_of_an_event_is_described_and_is_read(shared_api: Api) -> None:
    described = events_body(shared_api)["schema"]["properties"]
    assert all(one["description"] for one in described.values())
    for name in described.keys() - {"batch", "properties"}:
        assert EVENT.said({name: "said"}), name
    message, purchase = (
        parsed(shared_api, {**FULL, "event": kind})[0] for kind in ("message_sent", "purchase")
    )
    assert (message.event_id, message.channel, message.ref) == ("m", "email", "d1")
    assert (message.pscore, message.at) == (0.5, 1_700_000_000_000_000)
    assert (purchase.item_id, purchase.quantity, purchase.value) == ("i03", 2, 6)
    assert (purchase.order_id, purchase.machine) == ("o", True)


FULL = {
    "user_id": "u03",
    "event": "view",
    "message_id": "m",
    "timestamp": 1_700_000_000,
    "item_id": "i03",
    "quantity": 2,
    "price": 3,
    "value": 9,
    "order_id": "o",
    "device": "mobile",
    "placement": "home",
    "channel": "email",
    "ref": "d1",
    "pscore": 0.5,
    "machine": True,
}


def test_the_examples_of_events_are_accepted_and_tell_what_came_of_a_decision(api: Api) -> None:
    decided = api.client.get("/v1/users/12747/channel", params={"decision": "the decision's ID"})
    assert decided.status_code == 200
    for name, example in events_body(api)["examples"].items():
        told = api.client.post("/v1/events", json=example["value"])
        assert (told.status_code, told.json().get("rejected")) == (200, 0), name
    kinds = api.service.log.database.read(
        "SELECT kind FROM events WHERE ref = ? ORDER BY seq", ("the decision's ID",)
    )
    assert [kind for (kind,) in kinds] == [
        "message_sent",
        "message_responded",
        "message_unsubscribed",
    ]


def test_what_is_of_the_snapshot_and_what_is_as_of_now_is_said(shared_api: Api) -> None:
    shapes = shared_api.client.get("/openapi.json").json()["components"]["schemas"]
    user, segments = (shapes[name]["properties"] for name in ("UserAnswer", "SegmentsAnswer"))
    assert user["segment"]["description"].startswith("as of the model's snapshot")
    assert user["membership"]["description"].startswith("as of now")
    assert "everybody in the model's snapshot" in segments["counted"]["description"]


def test_a_file_that_is_not_there_is_a_problem(shared_api: Api) -> None:
    missing = shared_api.client.get("/docs/assets/none.js")
    assert missing.status_code == 404
    assert missing.headers["content-type"] == "application/problem+json"
