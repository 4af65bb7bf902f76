"""Both clients, against a service that stumbles and against the real one."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec
import pytest

from api import guide
from api.client import Client
from api.client.errors import ServiceRefused, ServiceTimeout, ServiceUnreachable
from api.client.manner import Manner
from api.messages.placements import PlacementItems
from recsys.errors import BadEvent
from tests.api.client.conftest import Answer, Connect, Service
from tests.api.test_serve import Server, served
from tests.clients import ran
from tests.vectors import VECTORS, said
from tests.worlds import World

HASTY = Manner(seconds=0.3, batch_seconds=0.01, later_seconds=0.01)


@pytest.mark.parametrize("vector", VECTORS["lists"], ids=lambda one: one["placement"])
def test_a_list_is_asked_for_as_pages_do(
    service: Service, connect: Connect, vector: dict[str, Any]
) -> None:
    client = connect(service.url, manner=HASTY).client
    more = {"user_hash": vector["hash"], **vector["wanted"]}
    client.placement(vector["placement"], user_id=vector["user"], fallback=[], **more)
    method, address, _ = service.asked[0]
    found = urlsplit(address)
    assert (method, unquote(found.path)) == ("GET", vector["path"])
    assert {n: v for n, (v,) in parse_qs(found.query).items()} == vector["query"]


@pytest.mark.parametrize("vector", VECTORS["outcomes"], ids=lambda one: str(one["status"]))
def test_without_a_list_in_time_the_callers_own_is_shown(
    service: Service, connect: Connect, vector: dict[str, Any]
) -> None:
    body = vector["body"]
    if body.startswith('{"items"'):
        body = json.dumps(listing([]))
    answer = Answer(vector["status"], body, seconds=vector["seconds"])
    service.answers = [answer] * 3
    connected = connect(service.url, manner=HASTY)
    shelf = connected.client.placement("default", fallback=["own", "list"])
    assert (shelf.item_ids, shelf.answer) == (("own", "list"), None)
    assert shelf.fallback == vector["fallback"]
    assert bool(connected.told) == (vector["fallback"] != "empty")


def test_a_list_without_a_fallback_raises(service: Service, connect: Connect) -> None:
    service.answers = [Answer(404, '{"status": 404, "code": "unknown_placement", "detail": "…"}')]
    with pytest.raises(ServiceRefused, match="404 unknown_placement"):
        connect(service.url).client.placement("nowhere")
    service.answers = [Answer(seconds=2)]
    with pytest.raises(ServiceTimeout):
        connect(service.url, manner=HASTY).client.placement("default")
    with pytest.raises(ServiceUnreachable):
        connect("http://127.0.0.1:9", manner=HASTY).client.placement("default")


def test_a_busy_service_is_asked_again_when_it_says(service: Service, connect: Connect) -> None:
    service.answers = [
        Answer(429, headers={"Retry-After": "1"}),
        Answer(body=json.dumps(listing())),
    ]
    client = connect(service.url, manner=Manner(seconds=5.0)).client
    assert client.placement("default").item_ids == ("i07", "i03")
    first, second = service.at
    assert 1.0 <= second - first < 4.0


def test_events_are_told_as_pages_do_in_one_batch(service: Service, connect: Connect) -> None:
    client = connect(service.url).client
    for vector in VECTORS["events"]:
        assert getattr(client, vector["call"])(vector["user"], *vector["about"])
    seen = VECTORS["seen"]
    shown = msgspec.convert(listing(), PlacementItems)
    assert client.click("u05", shown, seen["item"])
    assert client.flush()
    ((method, path, body),) = service.asked
    events = json.loads(body)["batch"]
    assert (method, path) == ("POST", "/v1/batch")
    assert [said(event) for event in events[:-1]] == [one["event"] for one in VECTORS["events"]]
    assert said(events[-1]) == {**seen["event"], "userId": "u05"}
    assert len({event["messageId"] for event in events}) == len(events)


def test_an_event_is_sent_again_as_the_same_one(service: Service, connect: Connect) -> None:
    service.answers = [Answer(503, headers={"Retry-After": "0"}), Answer()]
    client = connect(service.url).client
    client.track("u05", "view", {"item_id": "i03"})
    assert client.flush()
    first, second = (body for _, _, body in service.asked)
    assert first == second


def test_events_that_cannot_be_sent_wait_and_none_is_raised(connect: Connect) -> None:
    manner = Manner(most_waiting=2, batch_seconds=60.0)
    connected = connect("http://127.0.0.1:9", manner=manner)
    client = connected.client
    assert [client.track("u05", "view") for _ in range(3)] == [True, True, False]
    assert not client.flush(seconds=0.3)
    assert (client.waiting, client.dropped) == (2, 1)
    assert isinstance(connected.told[0], ServiceUnreachable)


def test_events_go_out_by_themselves_and_the_rest_at_the_end(service: Service) -> None:
    with Client(service.url, manner=HASTY) as client:
        client.track("u05", "view")
        while client.waiting or not service.asked:
            pass
        client.track("u06", "view")
    users = [json.loads(body)["batch"][0]["userId"] for _, _, body in service.asked]
    assert users == ["u05", "u06"]


def listing(items: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """The list of the vectors, with all that the service says."""
    more = {
        "score": 1.0, "rung": "popular", "source": "popular", "reasons": [], "title": "", "url": "",
        "image_url": "", "price": None, "rules": [], "new_in_a_later_version": 1,
    }  # fmt: skip
    shown = VECTORS["seen"]["list"]["items"] if items is None else items
    return {
        **VECTORS["seen"]["list"], "items": [{**more, **item} for item in shown], "version": 1,
        "user_id": None, "model_version": "m", "generated_at": "", "notes": [], "rung_reason": "",
        "trail": [], "filled_by": [], "bought_percent": None, "new_in_a_later_version": {},
    }  # fmt: skip


@pytest.fixture(scope="module")
def server(built_world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with served(built_world.copy(tmp_path_factory.mktemp("client"))) as server:
        yield server


@pytest.mark.slow
def test_the_real_service_is_asked_told_and_pages_never_repeat(
    server: Server, connect: Connect
) -> None:
    connected = connect(f"http://127.0.0.1:{server.port}", manner=Manner(seconds=20.0))
    client = connected.client
    shelf = client.placement("default", user_id="team/a", limit=4, exclude=["i03", "i04"])
    assert (len(shelf.item_ids), shelf.fallback) == (4, "")
    assert not {"i03", "i04"} & set(shelf.item_ids)
    assert client.recommendations("émile ☕", limit=2).answer.user_id == "émile ☕"
    assert client.similar("i00", limit=2).item_ids
    assert client.user("u03").churn.rung
    assert client.channel("u03").channel.ranked
    assert client.churn("u03").churn.p is not None
    pages = [page.items for page in client.pages("default", user_id="u03", limit=7)]
    ids = [item.item_id for items in pages for item in items]
    assert len(pages) > 1
    assert len(set(ids)) == len(ids)
    client.impression("team/a", shelf.answer, shelf.item_ids[0])
    client.track("team/a", "view", {"item_id": "i05"})
    client.track("team/a", "no such kind", {"item_id": "i05"})
    assert client.flush()
    (error,) = connected.told
    assert isinstance(error, BadEvent)
    assert error.code == "unknown_kind"
    held = server.call("/v1/users/team%2Fa/export")[1]
    assert held["events"][-1]["item_id"] == "i05"


@pytest.mark.slow
def test_what_the_guide_shows_runs(server: Server) -> None:
    found = re.search(r"```python\n(from api.client.+?)```", guide.markdown("website"), re.DOTALL)
    assert found
    code = found[1].replace("127.0.0.1:8000", f"127.0.0.1:{server.port}")
    printed = ran([sys.executable, "-c", code])
    assert printed.strip().endswith("served")
