"""How a served ladder did on held-out users, kept so that a later model can be compared with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.data.ids import IdMap


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
            question=question,
            metric=metric,
            window_start=window_start,
            users=IdMap.of(users[row] for row in user_row[order]),
            figure=figure[order].astype(np.float32, copy=False),
        )
