"""What the model looks at, in words."""

from __future__ import annotations

import math

import pytest

from recsys.churn.features import FEATURES, GROUPS, Group


def test_every_feature_is_in_one_group_only() -> None:
    assert len(FEATURES) == len(set(FEATURES)) == 51


def test_group_names_differ() -> None:
    assert len({group.name for group in GROUPS}) == len(GROUPS)


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
def test_every_story_can_be_told_for_any_kind(group: Group) -> None:
    told = group.told(1234.5, "visit")
    assert "{" not in told
    assert "purchase" not in told
    assert "nan" not in group.told(math.nan, "visit")


def test_a_story_tells_the_value() -> None:
    assert GROUPS[0].told(43.2, "purchase") == "43 days since the last purchase"


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
def test_the_leading_feature_is_of_the_group(group: Group) -> None:
    assert group.lead in group.features
