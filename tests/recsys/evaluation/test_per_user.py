"""What is kept of a judgement."""

from __future__ import annotations

import numpy as np

from recsys.data.ids import IdMap
from recsys.evaluation.per_user import PerUser


def test_figures_follow_their_users_in_any_order() -> None:
    judged = PerUser.of(
        "items",
        "ndcg_at_20",
        window_start=0,
        users=IdMap.of(["ann", "bob", "cem", "dee"]),
        user_row=np.array([3, 0, 2], np.int32),
        figure=np.array([0.3, 0.0, 0.2], np.float32),
    )
    assert list(judged.users) == ["ann", "cem", "dee"]
    assert judged.figure.tolist() == np.array([0.0, 0.2, 0.3], np.float32).tolist()
    assert judged.figure.dtype == np.float32


def test_nobody_judged_is_no_figures() -> None:
    nobody = np.empty(0, np.int32)
    judged = PerUser.of(
        "items",
        "ndcg_at_20",
        window_start=0,
        users=IdMap.of(["ann"]),
        user_row=nobody,
        figure=nobody.astype(np.float32),
    )
    assert len(judged.users) == len(judged.figure) == 0
