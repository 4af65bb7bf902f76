"""How a served ladder did on held-out users, kept so that a later model can be compared with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.data.ids import IdMap
from recsys.evaluation.estimate import Estimate, bootstrap_mean


@dataclass(frozen=True, slots=True)
class PerUser:
    """One figure a held-out user, for one question.

    Attributes
    ----------
    question : str
        Which question was asked.
    metric : str
        What `figure` is; higher is better.
    window_start : int
        The test cutoff: the ladder was fitted strictly before, judged at or after (microseconds).
    users : IdMap
        The users judged. Ids, not rows: rows mean something else in another model.
    figure : float32, shape (len(users),)
        By row of `users`.
    """

    question: str
    metric: str
    window_start: int
    users: IdMap
    figure: NDArray[np.float32]

    @classmethod
    def of(
        cls,
        question: str,
        metric: str,
        *,
        window_start: int,
        users: IdMap,
        user_row: NDArray[np.int32],
        figure: NDArray[np.float32],
    ) -> PerUser:
        """Return the figures of some of the `users`, given by row in any order, each once."""
        order = np.argsort(user_row, kind="stable")
        return cls(
            question=str(question),
            metric=metric,
            window_start=window_start,
            users=IdMap.of(users[row] for row in user_row[order]),
            figure=figure[order].astype(np.float32, copy=False),
        )


def paired(
    mine: PerUser, theirs: PerUser, *, seed: int, resamples: int, confidence: float
) -> Estimate | None:
    """Estimate the mean difference over users that both were judged on in the same window.

    None where the windows differ, or with fewer than two users in common. For `seed`,
    `resamples` and `confidence` see :func:`recsys.evaluation.estimate.bootstrap_mean`.
    """
    if mine.window_start != theirs.window_start:
        return None
    row = theirs.users.rows(mine.users)
    both = row >= 0
    difference = mine.figure[both].astype(np.float64) - theirs.figure[row[both]]
    return bootstrap_mean(difference, seed=seed, resamples=resamples, confidence=confidence)
