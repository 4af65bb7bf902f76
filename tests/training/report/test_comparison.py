"""Two versions on the same users."""

from __future__ import annotations

import numpy as np

from recsys.config import Training
from recsys.data.ids import IdMap
from recsys.evaluation.per_user import PerUser
from training.report.comparison import compared

SETTINGS = Training(resamples=200)


def judged(
    figures: list[float],
    *,
    question: str = "items",
    metric: str = "NDCG@20",
    start: int = 7,
    first: int = 0,
) -> PerUser:
    users = IdMap.of(f"u{row:03}" for row in range(first, first + len(figures)))
    return PerUser(question, metric, start, users, np.array(figures, np.float32))


def only(one: PerUser, other: PerUser) -> tuple[str, ...]:
    (row,) = compared([one], [other], settings=SETTINGS)
    return row


def test_the_same_users_are_compared_in_pairs() -> None:
    row = only(judged([0.1] * 50), judged([0.3] * 50))
    assert row[2:] == ("0.1000", "0.3000", "0.2000 [0.2000, 0.2000]", "50", "the same users")


def test_only_users_that_both_were_judged_on_are_paired() -> None:
    assert only(judged([0.1] * 50), judged([0.3] * 50, first=20))[5] == "30"


def test_other_windows_are_not_paired_and_it_is_said() -> None:
    row = only(judged([0.1] * 50), judged([0.3] * 50, start=8))
    assert row[6] == "other users or days"


def test_other_metrics_are_not_compared() -> None:
    row = only(judged([0.1] * 9), judged([0.3] * 9, metric="AUC"))
    assert row[4:] == ("", "", "not judged alike")


def test_a_question_that_only_one_was_judged_on_is_said() -> None:
    (row,) = compared([judged([0.1, 0.2])], [], settings=SETTINGS)
    assert row[6] == "not judged alike"


def test_too_few_users_are_no_figure() -> None:
    assert only(judged([]), judged([]))[2:5] == ("", "", "too few users")
