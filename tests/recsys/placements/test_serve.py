"""Placements for people of the small shop: each source, and what is hard for each person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from recsys.bundle import Bundle
from recsys.data.person import LiveEvent, Person, Remembered
from recsys.data.times import DAY, HOUR
from recsys.ladder import RungName
from recsys.model_version import Answering
from recsys.placements.fields import ItemFields
from recsys.placements.placement import read
from recsys.placements.rules import Rules
from recsys.placements.serve import Moment, PlacedList, show
from recsys.storage.models.store import ModelStore
from tests.worlds import END, World


@pytest.fixture(scope="module")
def answering(built_world: World) -> Answering:
    store = ModelStore.of(built_world.config.storage)
    bundle, manifest = store.load(built_world.version, Bundle)
    return Answering.of(
        built_world.version, bundle, manifest, profiling_default=True, trait="country"
    )


def nobody(_rung: RungName, error: Exception) -> None:
    raise error


def person(answering: Answering, user: str = "u05", *live: LiveEvent) -> Person:
    return answering.person(user, Remembered(live=live), at=END + HOUR)


def shown(
    answering: Answering,
    said: dict[str, Any],
    who: Person,
    *,
    limit: int = 6,
    excluded: Sequence[str] = (),
    seeds: Sequence[str] = (),
) -> PlacedList:
    bundle = answering.bundle
    fields = ItemFields.of(bundle.interactions.items, bundle.catalogue, {})
    moment = Moment(limit, tuple(excluded), tuple(seeds))
    return show(Rules.of(read(said), fields), answering, who, moment, on_failure=nobody)


def ids(answering: Answering, found: PlacedList) -> list[str]:
    items = answering.bundle.interactions.items
    return [items[placed.item.item_row] for placed in found.arranged.items]


def bought(answering: Answering, who: Person, *, since: int = 0) -> set[str]:
    kind = answering.bundle.interactions.kinds.index("purchase")
    events = who.events
    rows = events.item_row[(events.kind == kind) & (events.at > since)]
    return {answering.bundle.interactions.items[row] for row in np.unique(rows).tolist()}


def test_a_plain_placement_is_the_list_without_one(answering: Answering) -> None:
    who = person(answering)
    plain = answering.recommend(who, answering.query(6), on_failure=nobody)
    found = shown(answering, {}, who)
    assert plain.answer is not None
    assert tuple(item for item, _ in found.arranged.items) == plain.answer.items
    assert found.arranged.climb.trail == plain.trail


def test_a_mix_serves_its_share_and_says_it(answering: Answering) -> None:
    who = person(answering)
    found = shown(answering, {"repeats": "mix"}, who, limit=10)
    again = bought(answering, who) & {*ids(answering, found)}
    assert len(again) == 3
    assert found.bought_percent == 30.0


@pytest.mark.parametrize(("repeats", "expected"), [("exclude", 0.0), ("only", 100.0)])
def test_repeats_are_as_exact_as_without_a_placement(
    answering: Answering, repeats: str, expected: float
) -> None:
    found = shown(answering, {"repeats": repeats}, person(answering), limit=5)
    assert found.bought_percent == expected


def test_nothing_that_was_bought_within_bought_days_is_shown(answering: Answering) -> None:
    who = person(answering)
    lately = bought(answering, who, since=who.at - 60 * DAY)
    assert lately
    found = shown(answering, {"bought_days": 60}, who, limit=36)
    assert not lately & {*ids(answering, found)}
    assert bought(answering, who) & {*ids(answering, found)}


def test_a_pin_that_the_person_bought_lately_is_not_shown(answering: Answering) -> None:
    who = person(answering)
    lately = min(bought(answering, who, since=who.at - 60 * DAY))
    said = {"pins": [{"item_id": lately, "rank": 1}]}
    assert ids(answering, shown(answering, said, who))[0] == lately
    assert lately not in ids(answering, shown(answering, {**said, "bought_days": 60}, who))


def test_popular_is_the_same_for_everyone_and_asks_no_other_rung(answering: Answering) -> None:
    lists = [shown(answering, {"source": "popular"}, person(answering, u)) for u in ("u05", "x")]
    assert ids(answering, lists[0]) == ids(answering, lists[1])
    assert {step.rung for step in lists[0].arranged.climb.trail} == {RungName.POPULAR}


def test_a_segment_is_asked_before_what_is_popular(answering: Answering) -> None:
    found = shown(answering, {"source": "segment"}, person(answering))
    assert found.arranged.climb.rung == RungName.SEGMENT


def test_similar_and_together_start_from_the_items_at_hand_and_leave_them_out(
    answering: Answering,
) -> None:
    who = person(answering, "nobody")
    similar = shown(answering, {"source": "similar"}, who, seeds=["i00"])
    # every third item is liked by the same people
    assert {int(item[1:]) % 3 for item in ids(answering, similar)} == {0}
    both = shown(answering, {"source": "together"}, who, seeds=["i00", "i03", "i00"])
    assert not {"i00", "i03"} & {*ids(answering, both)}
    assert {int(item[1:]) % 3 for item in ids(answering, both)} == {0}
    assert both.arranged.climb.rung == RungName.POPULAR


@pytest.mark.parametrize("source", ["similar", "together", "recent"])
def test_with_nothing_at_hand_a_list_is_filled_or_empty(answering: Answering, source: str) -> None:
    who = person(answering, "nobody")
    found = shown(answering, {"source": source}, who)
    assert found.arranged.filled_by == ("popular",)
    assert found.arranged.climb.rung == RungName.POPULAR
    empty = shown(answering, {"source": source, "fill": False}, who)
    assert (ids(answering, empty), empty.bought_percent) == ([], None)


def test_recent_is_what_one_did_last_each_item_once(answering: Answering) -> None:
    live = [
        LiveEvent(item, "view", END + minute, 1.0, 0.0)
        for minute, item in enumerate(["i10", "i11", "i10", "i12"])
    ]
    found = shown(answering, {"source": "recent"}, person(answering, "new", *live), limit=3)
    assert ids(answering, found) == ["i12", "i10", "i11"]


def test_what_the_request_excludes_is_not_even_pinned(answering: Answering) -> None:
    said = {"pins": [{"item_id": "i01", "rank": 1}]}
    found = shown(answering, said, person(answering, "x"), excluded=["i01", "no such item"])
    assert "i01" not in ids(answering, found)
