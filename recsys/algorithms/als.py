"""Matrix factorisation of confidences by alternating least squares, with fold-in.

Hu, Koren & Volinsky 2008, *Collaborative filtering for implicit feedback datasets*.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.histories import Histories
from recsys.algorithms.threads import one_thread


@dataclass(frozen=True, slots=True)
class AlsSettings:
    """What is tuned.

    Attributes
    ----------
    factors : int
        Length of the vectors.
    alpha : float
        Confidence is ``1 + alpha · weight``.
    regularization : float
        Not scaled by frequency.
    iterations : int
        Passes over users and items.
    """

    factors: int
    alpha: float
    regularization: float
    iterations: int = 10

    def __str__(self) -> str:
        return f"ALS, {self.factors} factors, alpha {self.alpha:g}, lambda {self.regularization:g}"


@dataclass(frozen=True)
class AlsFactors:
    """The item side. A user is solved from bare history, the same way for known and new users.

    The user side of the training is not kept: `implicit` leaves it half an iteration behind the
    item side, so it would rank a little differently from the fold-in of the very same history.

    Attributes
    ----------
    item_factors : float32, shape (n_items, n_factors)
        ``Y``.
    gram : float32, shape (n_factors, n_factors)
        ``YᵀY + λI``.
    alpha : float
        Confidence is ``1 + alpha · weight``.
    """

    item_factors: NDArray[np.float32]
    gram: NDArray[np.float32]
    alpha: float

    @property
    def n_items(self) -> int:
        """How many items can be scored."""
        return len(self.item_factors)

    def fold_in(self, rows: NDArray[np.int32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the user's vector, float32, shape (n_factors,); zeros for an empty history.

        ``x = (YᵀCY + λI)⁻¹ YᵀC p``, equation 4 of the paper. For a history of m items, few against
        the factors, O(m³ + m · n_factors²), else O(n_factors³ + m · n_factors²).
        """
        taken, extra = self.item_factors[rows], weights * np.float32(self.alpha)
        if 2 * len(rows) > len(self.gram):
            system = self.gram + taken.T @ (extra[:, None] * taken)
            return np.asarray(np.linalg.solve(system, (1 + extra) @ taken), np.float32)
        # In the space of the m items: (G + YᵀCY)⁻¹Yᵀ = G⁻¹Yᵀ(I + C Y G⁻¹Yᵀ)⁻¹.
        solved = taken @ self._inverse
        small = extra[:, None] * (solved @ taken.T)
        small.ravel()[:: len(rows) + 1] += 1
        return np.asarray(np.linalg.solve(small, 1 + extra) @ solved, np.float32)

    @cached_property
    def _inverse(self) -> NDArray[np.float32]:
        return np.linalg.inv(self.gram.astype(np.float64)).astype(np.float32)

    def score(self, rows: NDArray[np.int32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """Score all items for one history.

        Parameters
        ----------
        rows : int32, shape (m,)
            Distinct items taken.
        weights : float32, shape (m,)
            How strongly, positive.

        Returns
        -------
        float32, shape (n_items,)
            Preference: near 1 for what the user takes, near 0 for what not; zeros for no history.
        """
        return self.item_factors @ self.fold_in(rows, weights)

    def fold_in_all(self, histories: Histories) -> NDArray[np.float32]:
        """Return many users' vectors, float32, shape (n_users, n_factors)."""
        users = np.zeros((len(histories), len(self.gram)), np.float32)
        for user, (rows, weights) in enumerate(histories):
            users[user] = self.fold_in(rows, weights)
        return users

    def score_all(self, histories: Histories) -> NDArray[np.float32]:
        """Score all items for many users, float32, shape (n_users, n_items)."""
        return self.fold_in_all(histories) @ self.item_factors.T

    def explain(
        self,
        rows: NDArray[np.int32],
        weights: NDArray[np.float32],
        items: NDArray[np.int32],
    ) -> NDArray[np.float32]:
        """Return what each history item adds to the score of each of `items`.

        Section 5 of the paper: ``y_iᵀ W y_j c_j`` with ``W = (YᵀCY + λI)⁻¹``, which adds up over
        the history to the score of item i. May be negative.

        Returns
        -------
        float32, shape (m, len(items))
        """
        taken = self.item_factors[rows]
        confidence = 1 + np.float32(self.alpha) * weights
        system = self.gram + taken.T @ (taken * (confidence - 1)[:, None])
        solved: NDArray[np.float32] = np.linalg.solve(system, self.item_factors[items].T)
        return (taken * confidence[:, None]) @ solved


def fit(histories: Histories, settings: AlsSettings, *, seed: int) -> AlsFactors:
    """Learn item factors from the histories of all users.

    One thread: the same seed and histories give the same bits.

    Notes
    -----
    O(iterations · (n_pairs · n_factors + (n_users + n_items) · n_factors²)) with the conjugate
    gradient solver of Takács, Pilászy & Tikk 2011.
    """
    from implicit.cpu.als import AlternatingLeastSquares
    from scipy.sparse import csr_matrix

    confidence = 1 + np.float32(settings.alpha) * histories.weight
    matrix = csr_matrix(
        (confidence, histories.item_row, histories.indptr),
        shape=(len(histories), histories.n_items),
    )
    # implicit warns about BLAS threads when constructed, and is slow with them when fitted.
    with one_thread("blas"):
        model = AlternatingLeastSquares(
            factors=settings.factors,
            regularization=settings.regularization,
            iterations=settings.iterations,
            num_threads=1,
            random_state=seed,
        )
        model.fit(matrix, show_progress=False)
        item_factors = np.asarray(model.item_factors, np.float32)
        gram = item_factors.T @ item_factors
    ridge = np.float32(settings.regularization) * np.eye(settings.factors, dtype=np.float32)
    return AlsFactors(item_factors=item_factors, gram=gram + ridge, alpha=settings.alpha)
