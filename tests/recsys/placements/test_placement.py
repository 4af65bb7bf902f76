"""What may be saved as a placement, and what is refused in which words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given

from recsys.errors import BadQuery, BadRule, UnknownPlacement
from recsys.placements.filter import matching
from recsys.placements.placement import Placement, check_against, read
from recsys.placements.versions import BUILT_IN, Placements, PlacementVersion, checked_name
from tests.recsys.placements.test_arrange import PLACEMENTS
from tests.recsys.placements.world import FIELDS, N_ITEMS

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TEA = {"field": "category", "op": "eq", "value": "tea"}


def at(days: float) -> int:
    return int((NOW + timedelta(days=days)).timestamp() * 1_000_000)


@given(PLACEMENTS)
def test_what_was_saved_is_read_as_the_same(said: dict[str, Any]) -> None:
    assert read(read(said).said()) == read(said)


def nested(levels: int) -> dict[str, Any]:
    return TEA if levels == 1 else {"not": nested(levels - 1)}


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"limits": 3}, "placement.limits is 3; allowed: no such field; source, limit, filter"),
        ({"limit": 0}, "placement.limit is 0"),
        ({"limit": True}, "placement.limit is true"),
        ({"source": "magic"}, "'personal', 'similar', 'together', 'popular', 'segment' or"),
        ({"filter": {"any": [TEA, {"field": "price", "op": "is"}]}}, "placement.filter.any[1].op"),
        ({"filter": {**TEA, "op": "gt"}}, "value: with gt, a number"),
        ({"filter": {**TEA, "op": "in"}}, "a list of 1 to 1,000 texts or numbers"),
        ({"filter": {"all": []}}, "placement.filter.all"),
        ({"filter": nested(7)}, "at most 6 levels deep"),
        ({"boosts": [{"filter": nested(7), "factor": 2}]}, "at most 6 levels deep"),
        ({"boosts": [{"filter": TEA, "factor": 11}]}, "placement.boosts[0].factor is 11"),
        ({"pins": [{"item_id": "a", "rank": 1}, {"item_id": "b", "rank": 1}]}, "each rank once"),
        ({"promote": {"filter": TEA, "percent": 0}}, "placement.promote.percent is 0"),
        ({"caps": {"category": 0}}, "at least 1 item for each field"),
        ({"from": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, "later than from"),
        ({"from": "2026-01-02T00:00:00"}, "placement.from"),
        ([], "placement is []"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_by_its_place(said: Any, message: str) -> None:
    with pytest.raises(BadRule) as refused:
        read(said)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"filter": {**TEA, "field": "categry"}}, "did you mean 'category'? "),
        ({"filter": {"not": {**TEA, "field": "size"}}}, "placement.filter.not.field is 'size'"),
        ({"filter": {"field": "price", "op": "eq", "value": "x"}}, "a number (price)"),
        ({"filter": {"field": "category", "op": "gt", "value": 3}}, "a text: no item has a number"),
        ({"boosts": [{"filter": {**TEA, "field": "x"}, "factor": 2}]}, "placement.boosts[0].f"),
        ({"promote": {"filter": {**TEA, "field": "x"}, "percent": 9}}, "placement.promote.filter"),
        ({"caps": {"brand": 2}}, "placement.caps.brand"),
        ({"pins": [{"item_id": "nope", "rank": 1}]}, "placement.pins[0].item_id is 'nope'"),
    ],
)  # fmt: skip
def test_what_the_catalogue_does_not_have_is_refused_when_saved(said: Any, message: str) -> None:
    with pytest.raises(BadRule) as refused:
        check_against(read(said), FIELDS)
    assert message in str(refused.value)


def test_numbers_that_texts_spell_may_be_compared() -> None:
    check_against(read({"filter": {"field": "stars", "op": "gte", "value": 3}}), FIELDS)


def chosen(said: dict[str, Any]) -> list[int]:
    filter_ = read({"filter": said}).filter
    assert filter_ is not None
    return matching(filter_, FIELDS).nonzero()[0].tolist()


def test_of_several_values_one_has_to_fit_and_with_ne_all() -> None:
    red = {"field": "colour", "op": "eq", "value": "red"}
    assert chosen(red) == [row for row in range(N_ITEMS) if row % 3 != 1]
    assert chosen({**red, "op": "ne"}) == [row for row in range(N_ITEMS) if row % 3 == 1]


def test_what_is_not_known_satisfies_nothing_but_the_opposite_of_something() -> None:
    cheap = {"field": "price", "op": "lt", "value": 12}
    assert chosen(cheap) == [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11]
    assert 9 in chosen({"not": cheap})
    assert chosen({"field": "no such field", "op": "exists"}) == []


def saved(version: int, **said: Any) -> PlacementVersion:
    return PlacementVersion("home", version, read(said), 0)


def test_the_latest_version_in_force_serves() -> None:
    week = {"from": "2026-01-02T00:00:00Z", "until": "2026-01-09T00:00:00Z"}
    known = Placements([saved(1, limit=5), saved(2, **week)])
    found = [known.in_force("home", at=at(days)) for days in (0, 1, 7.99, 8)]
    assert [one.version for one in found if one] == [1, 2, 2, 1]
    assert [one.version for one in known.versions("home")] == [2, 1]


def test_out_of_its_time_no_version_is_in_force() -> None:
    known = Placements([saved(1, until="2026-01-02T00:00:00Z")])
    assert known.in_force("home", at=at(2)) is None


def test_there_is_a_default_that_mixes_what_was_bought_with_what_is_new() -> None:
    assert Placements([]).in_force("default", at=at(0)) == BUILT_IN
    assert (BUILT_IN.placement.repeats, BUILT_IN.placement.bought_percent) == ("mix", 30)
    own = PlacementVersion("default", 1, Placement(limit=3), 0)
    assert Placements([own]).in_force("default", at=at(0)) == own


def test_an_unknown_placement_is_refused_with_the_nearest_known_one() -> None:
    with pytest.raises(UnknownPlacement, match="did you mean 'home'"):
        Placements([saved(1)]).versions("hom")


@pytest.mark.parametrize("name", ["", "a b", "-a", "a/b", "ü", "a" * 65, "a\n"])
def test_a_name_has_to_stand_in_an_address_as_it_is(name: str) -> None:
    with pytest.raises(BadQuery):
        checked_name(name)
