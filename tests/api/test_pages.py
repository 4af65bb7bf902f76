"""Pages never repeat, whatever happens between them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace as with_fields

from api.messages.placements import PlacementItems
from api.model.served import Serving
from recsys.data.times import SECOND
from recsys.items.popular import by_share
from recsys.storage.events.event import Event
from recsys.storage.users.profiles import ItemFacts, Profiles
from tests.api.conftest import Api
from tests.worlds import ITEMS

WALKS = 10_000 if "RECSYS_FUZZ" in os.environ else 1_000
MINUTE = 60 * SECOND


def page(api: Api, **query: Any) -> dict[str, Any]:
    answer = api.client.get("/v1/placements/default/items", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def walk(api: Api, **query: Any) -> Iterator[dict[str, Any]]:
    """Yield all pages, from the first one on."""
    found = page(api, paged=True, **query)
    yield found
    while found["next_cursor"]:
        found = page(api, cursor=found["next_cursor"])
        yield found


def ids(*answers: dict[str, Any]) -> list[str]:
    return [item["item_id"] for answer in answers for item in answer["items"]]


def test_pages_joined_are_the_list_at_once_with_its_ranks(api: Api) -> None:
    pages = [*walk(api, user_id="u05", limit=7)]
    assert ids(*pages) == ids(page(api, user_id="u05", limit=100))
    ranks = [item["rank"] for answer in pages for item in answer["items"]]
    assert ranks == [*range(1, len(ranks) + 1)]
    assert len({answer["recommendation_id"] for answer in pages}) == 1
    assert all(len(answer["items"]) == 7 for answer in pages[:-1])


def test_what_is_bought_or_hidden_meanwhile_is_left_out_and_nothing_moves_up(api: Api) -> None:
    expected = ids(*walk(api, user_id="u05", limit=5))
    first = page(api, user_id="u05", limit=5, paged=True)
    bought, hidden = expected[6], expected[8]
    at = api.clock.at + 1
    api.service.log.append([Event("b", "u05", "purchase", at, item_id=bought)], now=at)
    Profiles(api.service.log.database).put_items([ItemFacts(hidden, available=False)])
    api.service.placing.current.catch_up(api.service.current.serving)
    second = page(api, cursor=first["next_cursor"])
    assert ids(second) == [i for i in expected[5:10] if i not in (bought, hidden)]
    assert [item["rank"] for item in second["items"]] == [6, 8, 10]
    assert ids(page(api, cursor=second["next_cursor"])) == expected[10:15]


def test_a_cursor_ends_half_an_hour_after_the_last_page(api: Api) -> None:
    cursor = page(api, user_id="u05", limit=5, paged=True)["next_cursor"]
    for _ in range(3):
        api.clock.at += 29 * MINUTE
        page(api, cursor=cursor)
    api.clock.at += 31 * MINUTE
    ended = api.client.get("/v1/placements/default/items", params={"cursor": cursor})
    assert ended.status_code == 410
    assert ended.json()["minutes"] == 30


def test_a_cursor_is_nobodys_guess_and_of_its_own_placement(api: Api) -> None:
    cursor = page(api, user_id="u05", limit=5, paged=True)["next_cursor"]
    list_id, offset, limit, mac = cursor.split(".")
    api.client.put("/v1/placements/other", json={})
    for path, said in (
        ("default", f"{list_id}.{int(offset) + 1}.{limit}.{mac}"),
        ("default", f"{list_id}.{offset}.{limit}.{'0' * 32}"),
        ("other", cursor),
    ):
        answer = api.client.get(f"/v1/placements/{path}/items", params={"cursor": said})
        assert answer.status_code == 422, answer.text


def reversed_popularity(serving: Serving, version: str) -> Serving:
    """Return a model version that has everything the other way round."""
    answering = serving.answering
    share = answering.bundle.items.popular.share[::-1].copy()
    popular = replace(answering.bundle.items.popular, share=share, order=by_share(share))
    models = replace(answering.bundle.items, popular=popular)
    other = replace(
        answering,
        version=version,
        bundle=replace(answering.bundle, items=models),
        items=replace(answering.items, rungs=[*answering.items.rungs[:-1], popular]),
    )
    return Serving.of(other)


class Walks:
    """Many walks at once, asked of what the route asks."""

    def __init__(self, api: Api) -> None:
        self.service, self.at, self.random = api.service, api.clock.at, Random(7)
        self.open: list[tuple[str, list[str], list[str]]] = []
        self.done = 0

    def begin(self) -> None:
        """Note the list at once, and take the first page of a frozen one."""
        user = self.random.choice([f"u{n:02}" for n in range(40)] + [""])
        query = self.service.reader.said({"user_id": user} if user else {})
        placing, serving = self.service.placing, self.service.current.serving
        at_once = placing.desk.shown(serving, "default", query, at=self.at, limit=200)
        query = with_fields(query, said_limit=self.random.randint(1, 15))
        self._note(placing.pages.first(serving, "default", query, at=self.at), [], ids_of(at_once))

    def go_on(self) -> None:
        """Turn a page of any walk."""
        cursor, seen, at_once = self.open.pop(self.random.randrange(len(self.open)))
        said = {"cursor": cursor, "limit": self.random.randint(1, 15)}
        query, serving = self.service.reader.said(said), self.service.current.serving
        more = self.service.placing.pages.next(serving, "default", query, at=self.at)
        self._note(more, seen, at_once)

    def _note(self, answer: PlacementItems, seen: list[str], at_once: list[str]) -> None:
        more = ids_of(answer)
        assert not {*seen} & {*more}
        if answer.next_cursor is not None:
            self.open.append((answer.next_cursor, [*seen, *more], at_once))
            return
        assert [*seen, *more] == at_once
        self.done += 1


def ids_of(answer: PlacementItems) -> list[str]:
    return [item.item_id for item in answer.items]


@pytest.mark.slow
def test_random_walks_over_two_model_swaps_never_repeat(api: Api) -> None:
    """Pages of many walks are turned in random order, while people act and models change."""
    walks, service = Walks(api), api.service
    first = service.current.serving
    swaps = {WALKS // 3: reversed_popularity(first, "v2"), 2 * WALKS // 3: first}
    for number in count():
        if (other := swaps.pop(walks.done, None)) is not None:
            service.current.swap(other)
        if number % 200 == 0:
            item = walks.random.choice(ITEMS[:30])
            event = Event(f"walk{number}", f"u{number % 40:02}", "view", walks.at, item_id=item)
            service.log.append([event], now=walks.at)
        if walks.done + len(walks.open) < WALKS and len(walks.open) < 50:
            walks.begin()
        elif walks.open:
            walks.go_on()
        else:
            break
    assert (walks.done, swaps) == (WALKS, {})


def test_a_list_for_anybody_has_pages_too(api: Api) -> None:
    assert ids(*walk(api, limit=9)) == ids(page(api, limit=100))
