"""One evaluator: a batch and a request agree, logic holds, the future changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.data.catalogue import Catalogue
from recsys.data.ids import IdMap
from recsys.data.interactions import UserEvents
from recsys.data.person import Person
from recsys.data.times import DAY
from recsys.segments import cohort, lifecycle, rfm, rule_parser
from recsys.segments.cohort import NO_LEAF, CohortDecision, Lookup
from recsys.segments.groups import Groups
from recsys.segments.rule import MAX_DEPTH
from recsys.segments.snapshot import Crowd

AT = 1_000 * DAY
KINDS = ("view", "purchase")
ITEMS = ("cup", "mug", "tea")
CATALOGUE = Catalogue(
    title=("Red cup", "Blue mug", ""),
    category=("china", "china", "food"),
    url=("",) * 3,
    image_url=("",) * 3,
    price=np.array([5.0, 8.0, np.nan], np.float32),
    available=np.ones(3, bool),
)
GROUPS = Groups(
    critical=1,
    trait="country",
    cuts=rfm.RfmCuts(np.arange(1.0, 5), np.arange(1.0, 4), np.arange(1.0, 5)),
    period_days=30,
    clusters=None,
    no_clusters="a test",
    portraits=(),
    transitions=np.zeros((6, 5), np.int64),
)

Told = tuple[str, str, float, float]
"""Kind, item, days ago, money."""


def person(*told: Told, profiling: bool = True, **traits: str) -> Person:
    ordered = sorted(told, key=lambda each: -each[2])
    return Person(
        "somebody",
        AT,
        profiling=profiling,
        traits=traits,
        past=UserEvents(
            np.array([ITEMS.index(item) for _, item, _, _ in ordered], np.int32),
            np.array([KINDS.index(kind) for kind, _, _, _ in ordered], np.int8),
            np.array([AT - int(days * DAY) for _, _, days, _ in ordered], np.int64),
            np.ones(len(ordered), np.float32),
            np.array([money for *_, money in ordered], np.float64),
        ),
    )


def decided(
    rule: Any, *people: Person, scores: Mapping[str, list[float]] | None = None
) -> CohortDecision:
    known = {name: np.array(values) for name, values in (scores or {}).items()}
    lookup = Lookup(
        KINDS, IdMap.of(ITEMS), CATALOGUE, GROUPS,
        lambda name: known.get(name, np.full(len(people), np.nan)),
        lambda _: np.zeros(len(people), bool),
    )  # fmt: skip
    return cohort.decide(rule_parser.parse(rule), Crowd.of(people, at=AT), lookup)


def inside(rule: Any, *people: Person, **scores: list[float]) -> list[bool]:
    found: list[bool] = decided(rule, *people, scores=scores).inside.tolist()
    return found


BUYER = person(("purchase", "cup", 1, 5.0), ("purchase", "mug", 40, 8.0), ("view", "tea", 2, 0.0))
NOBODY = person()


def test_events_are_counted_in_their_window() -> None:
    assert inside({"event": "purchase", "count": {"gte": 2}}, BUYER, NOBODY) == [True, False]
    assert inside({"event": "purchase", "count": {"gte": 2}, "within_days": 30}, BUYER) == [False]
    assert inside({"event": "purchase", "count": {"lt": 1}}, BUYER, NOBODY) == [False, True]
    assert inside({"event": "purchase", "count": {"gte": 1, "lte": 1}}, BUYER) == [False]
    assert inside({"event": "view"}, BUYER, NOBODY) == [True, False]


def test_a_window_of_days_ends_now_and_begins_just_after_its_first_instant() -> None:
    at_edge = person(("purchase", "cup", 7, 1.0))
    assert inside({"event": "purchase", "within_days": 7}, at_edge) == [False]
    now = person(("purchase", "cup", 0, 1.0))
    assert inside({"event": "purchase", "within_days": 1e-6}, now) == [True]


def test_money_is_summed() -> None:
    assert inside({"event": "purchase", "value": {"gte": 13}}, BUYER) == [True]
    assert inside({"event": "purchase", "value": {"gt": 13}}, BUYER) == [False]


@pytest.mark.parametrize(
    ("condition", "is_so"),
    [
        ({"prop": "item_id", "op": "eq", "value": "mug"}, True),
        ({"prop": "item_id", "op": "in", "value": ["tea", "pot"]}, False),
        ({"prop": "category", "op": "ne", "value": "china"}, False),
        ({"prop": "title", "op": "contains", "value": "BLUE"}, True),
        ({"prop": "price", "op": "gte", "value": 8}, True),
        ({"prop": "price", "op": "gt", "value": 8}, False),
        ({"prop": "value", "op": "in", "value": [5, 7]}, True),
        ({"prop": "quantity", "op": "eq", "value": 1}, True),
        ({"prop": "price", "op": "exists"}, True),
    ],
)
def test_conditions_look_at_the_event_and_its_item(condition: Any, *, is_so: bool) -> None:
    assert inside({"event": "purchase", "where": [condition]}, BUYER) == [is_so]


def test_what_is_not_known_satisfies_nothing() -> None:
    tea = person(("purchase", "tea", 1, 1.0))
    for op, value in (("ne", 3), ("lt", 9), ("exists", None)):
        condition = {"prop": "price", "op": op, **({"value": value} if value else {})}
        assert inside({"event": "purchase", "where": [condition]}, tea) == [False]
    assert inside({"trait": "country", "op": "ne", "value": "France"}, tea) == [False]
    assert inside({"score": "churn", "op": "lt", "value": 1}, tea) == [False]


def test_traits_are_texts_or_numbers() -> None:
    french = person(country="France", age="41")
    assert inside({"trait": "country", "op": "eq", "value": "France"}, french, NOBODY) == [
        True,
        False,
    ]
    assert inside({"trait": "age", "op": "gte", "value": 40}, french, NOBODY) == [True, False]
    assert inside({"trait": "age", "op": "in", "value": [41, "x"]}, french) == [True]
    assert inside({"trait": "country", "op": "gt", "value": 4}, french) == [False]
    assert inside({"trait": "country", "op": "exists"}, french, NOBODY) == [True, False]


def test_scores_are_compared() -> None:
    rule = {"score": "churn", "op": "gte", "value": 0.5}
    assert inside(rule, BUYER, NOBODY, BUYER, churn=[0.5, 0.4, np.nan]) == [True, False, False]


def test_segments_are_those_of_now() -> None:
    assert inside({"segment": "lifecycle:current"}, BUYER, NOBODY) == [True, False]
    assert inside({"segment": "country:France"}, person(country="France"), BUYER) == [True, False]
    assert inside({"segment": "rfm:no-such"}, BUYER) == [False]
    in_some = {"any": [{"segment": f"rfm:{name}"} for name in rfm.NAMES]}
    assert inside(in_some, BUYER, NOBODY) == [True, False]
    in_stage = {"any": [{"segment": f"lifecycle:{state}"} for state in lifecycle.STATES]}
    assert inside(in_stage, BUYER, NOBODY) == [True, False]


SEEN_THEN_BOUGHT = [{"event": "view"}, {"event": "purchase"}]


@pytest.mark.parametrize(
    ("days", "is_so"),
    [
        ([("view", 9), ("purchase", 8)], True),
        ([("purchase", 9), ("view", 8)], False),
        ([("view", 40), ("purchase", 8)], False),
        ([("view", 40), ("view", 9), ("purchase", 8)], True),
        ([("view", 40), ("purchase", 20), ("view", 12), ("purchase", 8)], True),
        ([("view", 9)], False),
    ],
)
def test_a_sequence_is_in_order_and_within_its_span(
    days: list[tuple[str, float]], *, is_so: bool
) -> None:
    told = person(*((kind, "cup", ago, 1.0) for kind, ago in days))
    assert inside({"sequence": SEEN_THEN_BOUGHT, "span_days": 7}, told) == [is_so]


def test_a_sequence_does_not_run_from_one_user_into_the_next() -> None:
    looker, buyer = person(("view", "cup", 9, 0.0)), person(("purchase", "cup", 8, 1.0))
    assert inside({"sequence": SEEN_THEN_BOUGHT}, looker, buyer) == [False, False]


def test_one_event_is_not_two_steps() -> None:
    once = person(("purchase", "cup", 8, 1.0))
    assert inside({"sequence": [{"event": "purchase"}] * 2}, once, BUYER) == [False, True]


def test_the_leaf_that_decided_is_told() -> None:
    rule = {"all": [{"event": "purchase"}, {"any": [{"event": "view"}, {"event": "purchase"}]}]}
    found = decided(rule, BUYER, NOBODY, person(("purchase", "cup", 1, 1.0)))
    assert found.leaf.tolist() == [1, 0, 2]


def test_whoever_denied_profiling_is_in_no_cohort_that_looks_at_behaviour() -> None:
    hidden = person(profiling=False, country="France")
    found = decided({"not": {"event": "purchase"}}, hidden, NOBODY)
    assert found.inside.tolist() == [False, True]
    assert found.leaf.tolist() == [NO_LEAF, 0]
    assert inside({"trait": "country", "op": "eq", "value": "France"}, hidden) == [True]


told = st.tuples(st.sampled_from(KINDS), st.sampled_from(ITEMS), st.floats(0, 90), st.floats(0, 20))
people = st.lists(
    st.builds(
        lambda told, country, profiling: (
            person(*told, profiling=True, country=country)
            if profiling
            else person(profiling=False, country=country)
        ),
        st.lists(told, max_size=6),
        st.sampled_from(["France", "Malta", ""]),
        st.booleans(),
    ),
    min_size=1,
    max_size=6,
)
leaves = st.one_of(
    st.builds(
        lambda kind, n, days: {"event": kind, "count": {"gte": n}, "within_days": days},
        st.sampled_from(KINDS), st.integers(0, 3), st.integers(1, 60),
    ),
    st.builds(lambda c: {"trait": "country", "op": "eq", "value": c}, st.sampled_from(["France"])),
    st.builds(lambda s: {"segment": f"lifecycle:{s}"}, st.sampled_from(lifecycle.STATES)),
    st.builds(lambda days: {"sequence": SEEN_THEN_BOUGHT, "span_days": days}, st.integers(1, 30)),
    st.builds(
        lambda price: {
            "event": "view", "where": [{"prop": "price", "op": "lt", "value": price}]
        },
        st.integers(1, 10),
    ),
)  # fmt: skip
rules: st.SearchStrategy[Any] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
    ),
    max_leaves=5,
).filter(lambda rule: _depth(rule) < MAX_DEPTH - 1)


def _depth(rule: Any) -> int:
    parts = [*rule.get("all", []), *rule.get("any", []), *([rule["not"]] if "not" in rule else [])]
    return 1 + max(map(_depth, parts), default=0)


@given(rule=rules, crowd=people)
def test_a_request_answers_as_the_batch_does(rule: Any, crowd: list[Person]) -> None:
    batch = decided(rule, *crowd)
    for place, one in enumerate(crowd):
        alone = decided(rule, one)
        assert alone.inside[0] == batch.inside[place]
        assert alone.leaf[0] == batch.leaf[place]


@given(parts=st.lists(rules, min_size=1, max_size=3), crowd=people)
def test_not_all_is_any_not_and_the_same_leaf_decides(
    parts: list[Any], crowd: list[Person]
) -> None:
    first = decided({"not": {"all": parts}}, *crowd)
    second = decided({"any": [{"not": part} for part in parts]}, *crowd)
    assert np.array_equal(first.inside, second.inside)
    assert np.array_equal(first.leaf, second.leaf)


@given(rule=rules, crowd=people)
def test_not_not_changes_nothing(rule: Any, crowd: list[Person]) -> None:
    twice = decided({"not": {"not": rule}}, *crowd)
    assert np.array_equal(twice.inside, decided(rule, *crowd).inside)


@given(rule=rules, known=st.lists(told, max_size=5), later=st.lists(told, min_size=1, max_size=5))
def test_later_events_change_nothing(rule: Any, known: list[Told], later: list[Told]) -> None:
    to_come = [(kind, item, -1 - days, money) for kind, item, days, money in later]
    before, after = decided(rule, person(*known)), decided(rule, person(*known, *to_come))
    assert before.inside[0] == after.inside[0]
    assert before.leaf[0] == after.leaf[0]


def test_nobody_at_all_is_no_problem() -> None:
    found = decided({"all": [{"event": "purchase"}, {"sequence": SEEN_THEN_BOUGHT}]})
    assert len(found.inside) == 0
