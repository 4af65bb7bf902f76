"""Which kind of event judges lists, where nobody says."""

from __future__ import annotations

import numpy as np
import pytest

from recsys.config import Config, parse
from recsys.data.ids import IdMap
from recsys.data.interactions import Interactions, UserEvents
from training.items.relevance import with_relevant_kind


def events(**rows: int) -> Interactions:
    config = Config()
    kinds = tuple(config.kinds)
    kind = np.concatenate([np.full(n, kinds.index(name), np.int8) for name, n in rows.items()])
    n = len(kind)
    seen = UserEvents(
        np.zeros(n, np.int32), kind, np.arange(n), np.ones(n, np.float32), np.zeros(n)
    )
    users = IdMap.of(["ann"])
    return Interactions.of(
        users, IdMap.of(["tea"]), kinds, user_row=np.zeros(n, np.int32), events=seen
    )


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        ({"view": 500}, "view"),
        ({"view": 500, "cart": 30}, "cart"),
        ({"view": 500, "cart": 30, "purchase": 25}, "purchase"),
        ({"view": 500, "purchase": 3}, "view"),
        ({"view": 5}, "purchase"),
        ({"return": 500}, "purchase"),
    ],
)
def test_the_strongest_kind_with_enough_rows_judges(rows: dict[str, int], kind: str) -> None:
    assert with_relevant_kind(Config(), events(**rows)).relevant_kind == kind


def test_what_the_configuration_says_stays() -> None:
    config = parse({"items": {"relevant_kind": "cart"}}, {})
    assert with_relevant_kind(config, events(view=500)).relevant_kind == "cart"


def test_churn_has_its_own_kind() -> None:
    config = parse({"churn": {"critical_kind": "purchase"}}, {})
    assert with_relevant_kind(config, events(view=500)).churn.critical_kind == "purchase"
