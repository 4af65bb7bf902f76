from typing import Any

import pytest

from recsys.errors import BadRule
from recsys.experiments.experiment import read
from tests.recsys.experiments.cases import TWO_PLACEMENTS, stepping


def test_what_is_said_reads_as_the_same() -> None:
    for one in (read(TWO_PLACEMENTS), read(stepping())):
        assert read(one.said()) == one


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"variants": TWO_PLACEMENTS["variants"][:1]}, "at least 2"),
        ({"placement": ""}, "placement is named"),
        ({"days": 20}, "multiple of 7"),
        ({"days": 63}, "56"),
        ({"days": 7}, "14"),
        ({"window_days": 30}, "7, 14 or 28"),
        ({"colour": 1}, "no such field"),
        ({"slots": [5, 5]}, "until before"),
        ({"over": "step_down", "placement": ""}, "its own variants"),
        (
            {"variants": [{"name": "a", "weight": 0.5}, {"name": "b", "weight": 0.6}]},
            "add up to 1",
        ),
        (
            {"variants": [{"name": "a", "weight": 0.5}, {"name": "b", "weight": 0.5}]},
            "no two of them",
        ),
        (
            {
                "variants": [
                    {"name": "a", "weight": 0.5},
                    {"name": "b", "weight": 0.5, "arms": ["email"]},
                ]
            },
            "arms of variant b",
        ),
    ],
)
def test_what_cannot_be_is_refused_by_name(changed: dict[str, Any], named: str) -> None:
    with pytest.raises(BadRule, match=named):
        read({**TWO_PLACEMENTS, **changed})


def test_a_step_has_the_shares_of_its_epsilon() -> None:
    assert read(stepping(epsilon=0.1)).arms == (("kept", 0.9), ("stepped", 0.1))
