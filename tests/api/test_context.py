"""The context of a request: its device, its placement and the hour on the user's clock."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from recsys.bundle import Bundle
from recsys.data.person import Context, LiveEvent, Remembered
from recsys.data.times import DAY, HOUR
from recsys.items.hyper import HyperItems
from recsys.storage.database.open import open_database
from recsys.storage.events.event import Event
from recsys.storage.events.log import EventLog
from recsys.storage.models.store import ModelStore
from tests.api.conftest import NOON, Api, running
from tests.present import present
from tests.worlds import END, ITEMS, USERS, World, train
from training.items.choice import ItemChoice
from training.items.context.choice import ContextChoice

FAVOURITE = "i31"
SLATE = "/v1/users/{}/recommendations?limit=20{}"


@pytest.fixture(scope="module", name="listening")
def _listening(built_world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The API on a shop in which everybody takes one more item whenever they are on mobile."""
    world = built_world.copy(tmp_path_factory.mktemp("listening"))
    log = EventLog(open_database(world.config.storage.url))
    log.append([event for number in range(len(USERS)) for event in _visits(number)], now=END)
    choice = ItemChoice(context=ContextChoice(weight=2.0))
    version = train(world.config, log, items_by=choice)
    log.database.close()
    yield from running(replace(world, version=version))


def _visits(number: int) -> Iterator[Event]:
    for day in range(6):
        for device, taken in (("mobile", (FAVOURITE, ITEMS[day])), ("desktop", ITEMS[:6])):
            at = END - (7 + day) * DAY + (12 if device == "mobile" else 13) * HOUR
            for item in taken:
                own = f"{number}:{day}:{device}:{item}"
                said = json.dumps({"device": device})
                yield Event(own, USERS[number], "view", at, item_id=item, properties=said)


def asked(api: Api, user: str = "fresh", said: str = "") -> dict[str, Any]:
    if user == "fresh":
        event = {"user_id": user, "item_id": "i01", "event": "view", "message_id": "one"}
        assert api.client.post("/v1/events", json=event).status_code == 200
    response = api.client.get(SLATE.format(user, said))
    assert response.status_code == 200, response.text
    return dict(response.json())


def rank(answer: dict[str, Any], item: str) -> int:
    return next((each["rank"] for each in answer["items"] if each["item_id"] == item), 99)


def reasons(answer: dict[str, Any]) -> set[str]:
    return {reason for item in answer["items"] for reason in item["reasons"]}


def test_on_mobile_comes_up_what_is_taken_there_and_it_says_so(listening: Api) -> None:
    nowhere, mobile = asked(listening), asked(listening, said="&device=Mobile")
    assert rank(mobile, FAVOURITE) < rank(nowhere, FAVOURITE)
    favourite = next(each for each in mobile["items"] if each["item_id"] == FAVOURITE)
    assert "popular on mobile" in favourite["reasons"]
    assert "popular on mobile" not in reasons(nowhere)


def test_a_batch_may_name_the_device_too(listening: Api) -> None:
    one = asked(listening, said="&device=mobile")
    body = {"user_ids": ["fresh"], "limit": 20, "device": "mobile"}
    many = listening.client.post("/v1/recommendations:batch", json=body).json()
    assert [each["item_id"] for each in many["answers"][0]["items"]] == [
        each["item_id"] for each in one["items"]
    ]


@pytest.mark.parametrize("said", ["", "&device=fridge", "&placement=nowhere", "&device="])
def test_what_no_event_named_changes_nothing(listening: Api, said: str) -> None:
    ours, plain = asked(listening, said=said), asked(listening)
    assert [each["score"] for each in ours["items"]] == [each["score"] for each in plain["items"]]


def test_a_device_that_is_no_text_is_refused_like_any_parameter(listening: Api) -> None:
    long = listening.client.get(SLATE.format("fresh", f"&device={'x' * 513}"))
    body = {"user_ids": ["fresh"], "device": ["mobile"]}
    listed = listening.client.post("/v1/recommendations:batch", json=body)
    assert (long.status_code, listed.status_code) == (422, 422)
    assert long.json()["parameter"] == listed.json()["parameter"] == "device"


def test_without_a_table_a_device_changes_nothing(shared_api: Api) -> None:
    api = shared_api
    assert api.service.current.serving.answering.bundle.items.context is None
    ours, plain = (api.client.get(SLATE.format("u03", each)).json() for each in ("&device=tv", ""))
    assert ours["items"] == plain["items"]


@pytest.mark.parametrize(
    "context", [Context(device="mobile"), Context(device="desktop"), Context()]
)
def test_the_live_answer_is_the_batch_computation_in_the_same_context(
    listening: Api, context: Context
) -> None:
    store = ModelStore.of(listening.config.storage)
    bundle = store.load(listening.world.version, Bundle)[0]
    answering = listening.service.current.serving.answering
    live = (LiveEvent("i01", "view", NOON, 1.0, 0.0),)
    person = answering.person("fresh", Remembered(live=live), at=NOON, context=context)
    query = answering.query(20)
    model = bundle.items.one_to_one()
    score = model.score(person.past, person.live, at=NOON)
    score[score <= 0] = -np.inf
    lift = present(bundle.items.context).of(context, at=NOON, in_session=False)
    expected = score if lift is None else score * np.exp(lift.total)
    batch = present(HyperItems(model, None, bundle.items.context).answer(person, query))
    live_answer = asked(listening, said=f"&device={context.device}")
    hyper = [each for each in live_answer["items"] if each["rung"] == "hyper"]
    names = [bundle.interactions.items[row] for row in batch.item_row.tolist()]
    assert [each["item_id"] for each in hyper] == names
    np.testing.assert_allclose(
        [each["score"] for each in hyper], expected[batch.item_row], rtol=1e-5
    )
