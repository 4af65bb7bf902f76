"""Rules as JSON: what is read, and how a mistake is told."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.errors import BadRule
from recsys.segments import rule_parser
from recsys.segments.rule import Junction, Negation

BOUGHT = {"event": "purchase"}


def nested(depth: int) -> Any:
    rule: Any = BOUGHT
    for _ in range(depth - 1):
        rule = {"not": rule}
    return rule


def test_a_rule_is_read_with_the_place_of_each_leaf() -> None:
    rule = rule_parser.parse(
        {
            "all": [
                {"event": "purchase", "count": {"gte": 3}, "within_days": 30},
                {"any": [{"trait": "country", "op": "eq", "value": "France"}, {"not": BOUGHT}]},
                {"score": "churn", "op": "gte", "value": 0.5},
                {"segment": "rfm:champions"},
                {"sequence": [{"event": "view"}, {"event": "purchase"}], "span_days": 7},
            ]
        }
    )
    assert isinstance(rule.root, Junction)
    assert [leaf.path for leaf in rule.leaves] == [
        "rule.all[0]",
        "rule.all[1].any[0]",
        "rule.all[1].any[1].not",
        "rule.all[2]",
        "rule.all[3]",
        "rule.all[4]",
    ]
    kinds = [type(leaf.says).__name__ for leaf in rule.leaves]
    assert kinds == ["Happened", "Trait", "Happened", "Score", "InSegment", "Sequence"]
    assert rule.profiles


def test_a_rule_about_traits_alone_profiles_nobody() -> None:
    said = {"trait": "country", "op": "exists"}
    assert not rule_parser.parse({"any": [said, {"not": said}]}).profiles


def test_a_rule_has_at_most_six_levels() -> None:
    assert isinstance(rule_parser.parse(nested(6)).root, Negation)
    with pytest.raises(BadRule, match="at most 6 levels"):
        rule_parser.parse(nested(7))


@pytest.mark.parametrize(
    ("rule", "path", "allowed"),
    [
        ([], "rule", "a JSON object"),
        ({}, "rule", "one of all, any, not, event"),
        ({"all": []}, "rule.all", "a list of 1 to 100"),
        ({"all": [BOUGHT], "any": [BOUGHT]}, "rule.any", "all"),
        ({"all": [BOUGHT, 7]}, "rule.all[1]", "a JSON object"),
        ({"event": ""}, "rule.event", "a text"),
        ({"event": "purchase", "counts": {"gte": 1}}, "rule.counts", "did you mean 'count'?"),
        ({"event": "purchase", "count": {"gte": 1.5}}, "rule.count.gte", "a whole number"),
        ({"event": "purchase", "count": {"gte": True}}, "rule.count.gte", "a whole number"),
        ({"event": "purchase", "count": {}}, "rule.count", "at least one of eq"),
        ({"event": "purchase", "within_days": 0}, "rule.within_days", "above 0"),
        ({"event": "purchase", "where": [{"prop": "colour", "op": "eq", "value": "red"}]},
         "rule.where[0].prop", "item_id, category, title, price, quantity, value"),
        ({"event": "purchase", "where": [{"prop": "price", "op": "eq", "value": "5"}]},
         "rule.where[0].value", "a number"),
        ({"event": "purchase", "where": [{"prop": "title", "op": "gt", "value": "5"}]},
         "rule.where[0].value", "a number"),
        ({"trait": "country", "op": "like", "value": "Fr"}, "rule.op", "eq, ne"),
        ({"trait": "country", "op": "in", "value": "Fr"}, "rule.value", "a list"),
        ({"trait": "country", "op": "exists", "value": 1}, "rule.value", "nothing"),
        ({"trait": "country", "op": "eq"}, "rule.value", "text or number"),
        ({"score": "churn", "op": "contains", "value": "x"}, "rule.op", "a number"),
        ({"score": "churn", "op": "eq", "value": "x"}, "rule.op", "a number"),
        ({"sequence": [{"event": "view", "count": 2}]}, "rule.sequence[0].count", "event, where"),
        ({"sequence": []}, "rule.sequence", "a list of 1 to 10"),
        ({"not": {"segment": 3}}, "rule.not.segment", "a text"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place_and_what_is_allowed(
    rule: Any, path: str, allowed: str
) -> None:
    with pytest.raises(BadRule) as caught:
        rule_parser.parse(rule)
    assert caught.value.path == path
    assert allowed in str(caught.value)


def test_a_rule_of_too_many_leaves_is_refused() -> None:
    with pytest.raises(BadRule, match="at most 100 leaves"):
        rule_parser.parse({"all": [{"any": [BOUGHT] * 60}, {"any": [BOUGHT] * 60}]})


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["all", "any", "not", "event", "count", "where", "trait", "op", "value", "segment",
             "score", "sequence", "within_days", "prop", "gte", "span_days"]
        ),
        inner,
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(found=json)
def test_whatever_is_said_is_a_rule_or_a_mistake_that_is_told(found: Any) -> None:
    with suppress(BadRule):
        rule = rule_parser.parse(found)
        assert rule.leaves
        assert [leaf.index for leaf in rule.leaves] == [*range(len(rule.leaves))]
