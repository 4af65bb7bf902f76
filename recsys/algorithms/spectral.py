"""A spectral linear filter, folded into a truncated item graph.

Shen et al. 2021, *How powerful is graph convolution for recommendation?* (GF-CF): an item is
scored by the normalised co-occurrence graph (a linear low-pass) plus the ideal low-pass of its
first singular vectors. Where we deviate:

- The exponents of the normalisation are free (½ everywhere in the paper), one each for users,
  for the items of the history and for the items scored, as in Fu et al. 2022, *Revisiting
  neighborhood-based link prediction for collaborative filtering* (LinkProp).
- Both filters are added up into one item graph of which each item keeps its strongest edges. A
  history is then scored by a sparse sum, also that of an unknown user.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.co_taken import CoTaken, normalised, popularity
from recsys.algorithms.histories import Histories
from recsys.algorithms.neighbours import ItemNeighbours
from recsys.algorithms.threads import one_thread
from recsys.algorithms.topk import strongest

if TYPE_CHECKING:
    from scipy.sparse import csr_array

ROWS = 4_096
"""Items whose singular vectors are in double precision at a time."""

ROUNDING = 1e-5
"""Singular values below this share of the largest are 0 up to rounding (float32)."""

OVERSAMPLED = 16
"""Random directions beyond those kept, as Halko, Martinsson & Tropp 2011 recommend (5 to 20)."""

PAIRS_A_COMPONENT = 750
"""Pairs that carry one component more; in a first try on files of .03 to .8 million pairs."""

FEW_USERS = 4
"""A component: to be decomposed exactly, which takes less memory then, and no longer."""

ITERATIONS = 3
"""Power iterations of the randomised decomposition."""


@dataclass(frozen=True, slots=True)
class SpectralSettings:
    """What is tuned.

    Attributes
    ----------
    user_exponent : float
        In the graph a user counts ``strength ** -2·user_exponent``: 0 lets heavy users decide.
    in_exponent : float
        Popular items of the history say less by ``popularity ** -in_exponent``.
    out_exponent : float
        Popular items are scored lower by ``popularity ** -out_exponent``.
    components : int
        Singular vectors of the low-pass; at most one fewer than there are users or items.
    item_exponent : float
        Popular items count less by ``popularity ** -item_exponent`` in the decomposition.
    soft : float
        A component counts ``value ** soft`` by its singular value: 0 cuts off hard, as the paper.
    low_pass : float
        How much the low-pass adds to the graph, both in units of their root mean square; 0: none.
    neighbours : int
        Kept an item, the strongest: the graph takes 8 · neighbours · n_items bytes.
    weighting : str
        What this graph is called beside those of :mod:`recsys.algorithms.neighbours`.
    """

    user_exponent: float = 0.3
    in_exponent: float = 0.5
    out_exponent: float = 0.4
    components: int = 512
    item_exponent: float = 0.4
    soft: float = 0.0
    low_pass: float = 0.4
    neighbours: int = 100
    weighting: Literal["spectral"] = "spectral"

    @classmethod
    def of_size(cls, n_pairs: int) -> SpectralSettings:
        """Return a soft low-pass as strong as the graph: the fewer pairs, the fewer components."""
        components = 2 ** round(np.log2(np.clip(n_pairs / PAIRS_A_COMPONENT, 64, 1024)))
        return cls(components=components, soft=1.0, low_pass=1.0, neighbours=300)

    def __str__(self) -> str:
        return (
            f"spectral, {self.components} components, softness {self.soft:g}, "
            f"low-pass {self.low_pass:g}, "
            f"exponents {self.user_exponent:g}/{self.in_exponent:g}/{self.out_exponent:g}, "
            f"{self.neighbours} neighbours"
        )


@dataclass(frozen=True, slots=True)
class Basis:
    """The first singular vectors of the normalised matrix.

    Attributes
    ----------
    item_exponent : float
        Of the normalisation.
    vectors : float32, shape (n_items, n_components), or ByUsers
        Orthonormal, the strongest first.
    values : float32, shape (n_components,)
        Their singular values.
    """

    item_exponent: float
    vectors: NDArray[np.float32] | ByUsers
    values: NDArray[np.float32]

    def first(self, n: int) -> NDArray[np.float32] | ByUsers:
        """Return the strongest `n` vectors."""
        if isinstance(self.vectors, ByUsers):
            return ByUsers(self.vectors.items, self.vectors.vectors[:, :n])
        return self.vectors[:, :n]


@dataclass(frozen=True, slots=True)
class ByUsers:
    """Singular vectors ``items · vectors``, never held: a product with them is one with few pairs.

    Attributes
    ----------
    items : csr_array of float32, shape (n_items, n_users)
        What was decomposed.
    vectors : float32, shape (n_users, n_components)
        Left singular vectors over their values.
    """

    items: csr_array
    vectors: NDArray[np.float32]

    def __getitem__(self, rows: slice) -> NDArray[np.float32]:
        """Return the vectors of some items, float32, shape (n_rows, n_components)."""
        found: NDArray[np.float32] = self.items[rows] @ self.vectors
        return found


def fit(histories: Histories, settings: SpectralSettings, *, seed: int) -> ItemNeighbours:
    """Build the item graph from the histories of all users.

    Returns
    -------
    ItemNeighbours
        An item is not its own neighbour; weights above 0 only, in units in which items are similar
        to themselves by 1 on average (by the graph alone).

    Notes
    -----
    O(sum over users of squared history length) for the graph, O(n_pairs · components + (n_users +
    n_items) · components²) for the decomposition, O(n_items² · components) for the low-pass. The
    dense n_items² is never held, only a block of it. One thread: the same histories give the same
    bits.
    """
    basis = decompose(histories, settings, seed=seed) if settings.low_pass else None
    return graph(histories, basis, settings)


def decompose(histories: Histories, settings: SpectralSettings, *, seed: int) -> Basis:
    """Return the first right singular vectors of ``D_u^-½ R D_i^-item_exponent``.

    Randomised subspace iteration (Halko, Martinsson & Tropp 2011, algorithm 4.4), or exactly, where
    fewer users than items are at most ``FEW_USERS`` times as many as components. One thread and a
    seed: the same histories give the same bits.
    """
    matrix = normalised(histories, 0.5, item_exponent=settings.item_exponent)
    components = min(settings.components, matrix.shape[0] - 1, matrix.shape[1] - 1)
    if components < 1 or not matrix.nnz:
        return Basis(
            settings.item_exponent,
            np.zeros((matrix.shape[1], 0), np.float32),
            np.zeros(0, np.float32),
        )
    few = matrix.shape[0] < matrix.shape[1] and matrix.shape[0] <= FEW_USERS * components
    with one_thread("blas"):
        found = _exactly(matrix, components) if few else _randomised(matrix, components, seed)
    return Basis(settings.item_exponent, *found)


def _randomised(
    matrix: csr_array, components: int, seed: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return right singular vectors and their values."""
    from sklearn.utils.extmath import randomized_svd

    _, values, vectors = randomized_svd(
        matrix,
        components,
        n_oversamples=OVERSAMPLED,
        n_iter=ITERATIONS,
        random_state=seed,
    )
    return np.ascontiguousarray(vectors.T, np.float32), values.astype(np.float32)


def _exactly(matrix: csr_array, components: int) -> tuple[ByUsers, NDArray[np.float32]]:
    """Return the same, by what users have in common."""
    from scipy.linalg import eigh

    precise, n_users = matrix.astype(np.float64), matrix.shape[0]
    squares, left = eigh(
        (precise @ precise.T).toarray(),
        subset_by_index=(n_users - components, n_users - 1),
        overwrite_a=True,
    )
    values = np.sqrt(np.maximum(squares[::-1], 0)).astype(np.float32)
    # What has no singular value but rounding errors has no direction.
    left = left[:, ::-1] / np.where(values > ROUNDING * values[0], values, np.inf)
    return ByUsers(matrix.T.tocsr(), np.ascontiguousarray(left, np.float32)), values


def graph(histories: Histories, basis: Basis | None, settings: SpectralSettings) -> ItemNeighbours:
    """Add up both filters and keep the strongest edges of each item.

    Parameters
    ----------
    histories : Histories
        What the parts were made of.
    basis : Basis or None
        See :func:`decompose`; only its first ``settings.components`` are used; None: no low-pass.
    settings : SpectralSettings
        The exponents of `basis` are taken as given.
    """
    together = CoTaken.of(histories, settings.user_exponent)
    mixed = _Mixed.of(histories, together, basis, settings)
    with one_thread("blas"):
        edges = [mixed.edges(block, settings.neighbours) for block in together.blocks]
    counts = np.concatenate([count for count, _, _ in edges] or [np.empty(0, np.int64)])
    return ItemNeighbours(
        indptr=np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)]),
        indices=np.concatenate([item for _, item, _ in edges] or [np.empty(0, np.int32)]),
        data=np.concatenate([weight for _, _, weight in edges] or [np.empty(0, np.float32)]),
    )


@dataclass(frozen=True, slots=True)
class _LowPass:
    """The low-pass as a product ``left · rightᵀ`` of which some rows are made at a time.

    Attributes
    ----------
    vectors : float32, shape (n_items, n_components), or ByUsers
        Singular vectors; without any, nothing passes.
    response : float64, shape (n_components,)
        What each counts.
    tilt : float64, shape (n_items, 1)
        What popular items count less in the decomposition.
    """

    vectors: NDArray[np.float32] | ByUsers
    response: NDArray[np.float64]
    tilt: NDArray[np.float64]

    @classmethod
    def of(
        cls, basis: Basis | None, popular: NDArray[np.float64], settings: SpectralSettings
    ) -> _LowPass:
        if basis is None:
            nothing = np.zeros((len(popular), 0), np.float32)
            return cls(nothing, np.zeros(0), np.ones((len(popular), 1)))
        values = basis.values[: settings.components]
        # What has no singular value but rounding errors is in no direction worth passing.
        there = values > ROUNDING * values.max(initial=0.0)
        return cls(
            vectors=basis.first(settings.components),
            response=np.where(there, values**settings.soft, 0.0),
            tilt=popular[:, None] ** basis.item_exponent,
        )

    def left(self, rows: slice) -> NDArray[np.float64]:
        """Return the side of the history, float64, shape (n_rows, n_components)."""
        found: NDArray[np.float64] = self.vectors[rows] * self.response / self.tilt[rows]
        return found

    def right(self, rows: slice) -> NDArray[np.float64]:
        """Return the side of what is scored, of the same shape."""
        found: NDArray[np.float64] = self.vectors[rows] * self.tilt[rows]
        return found

    def passing(self) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
        """Return what multiplies some rows of the side of the history by all of the other side."""
        n_items = len(self.tilt)
        if not isinstance(self.vectors, ByUsers):
            whole = np.empty((len(self.response), n_items), np.float32)
            for rows in self._some:
                whole[:, rows] = self.right(rows).T
            return lambda left: left @ whole
        of_users, items = self.vectors.vectors.T, self.vectors.items.copy()
        items.data *= np.repeat(self.tilt[:, 0], np.diff(items.indptr)).astype(np.float32)
        parts = [(rows, items[rows]) for rows in self._some]

        def passed(left: NDArray[np.float32]) -> NDArray[np.float32]:
            # Some items at a time: what is turned around is still at hand.
            users = np.ascontiguousarray((left @ of_users).T)
            found = np.empty((len(left), n_items), np.float32)
            for rows, part in parts:
                found[:, rows] = (part @ users).T
            return found

        return passed

    def rms(self, popular: NDArray[np.float64]) -> float:
        """Return the root of the sum over i, j ≠ i of ``popular_i · (left_i · right_j)²``.

        ``|AB|² = tr(AᵀA BBᵀ)``: the product is never made.
        """
        size = len(self.response)
        of_left, of_right, own = np.zeros((size, size)), np.zeros((size, size)), 0.0
        for rows in self._some:
            left, right = self.left(rows), self.right(rows)
            of_left += (left * popular[rows, None]).T @ left
            of_right += right.T @ right
            own += popular[rows] @ np.einsum("ik,ik->i", left, right) ** 2
        return float(np.sqrt(max(np.sum(of_left * of_right) - own, 0.0))) or 1.0

    @property
    def _some(self) -> list[slice]:
        return [slice(start, start + ROWS) for start in range(0, len(self.tilt), ROWS)]


@dataclass(frozen=True, slots=True)
class _Mixed:
    """Both filters with all exponents and units folded in; a block of edges at a time."""

    together: CoTaken
    of_history: NDArray[np.float32]
    of_scored: NDArray[np.float32]
    low_pass: _LowPass
    scale: float
    passed: Callable[[NDArray[np.float32]], NDArray[np.float32]]

    @classmethod
    def of(
        cls,
        histories: Histories,
        together: CoTaken,
        basis: Basis | None,
        settings: SpectralSettings,
    ) -> _Mixed:
        popular = popularity(histories)
        of_history = popular**-settings.in_exponent
        of_scored = popular**-settings.out_exponent
        # Root mean squares are over what histories hold, so popular items weigh more.
        squares = together.squares(of_scored**2)
        graph_rms = np.sqrt(popular * of_history**2 @ squares) or 1.0
        itself = _with_itself(histories, settings.user_exponent) * of_history * of_scored
        unit = itself[itself > 0].mean() if itself.any() else 1.0
        low = _LowPass.of(basis, popular, settings)
        return cls(
            together=together,
            of_history=(of_history / unit).astype(np.float32),
            of_scored=of_scored.astype(np.float32),
            low_pass=low,
            scale=float(settings.low_pass * graph_rms / unit / low.rms(popular)),
            passed=low.passing(),
        )

    def edges(
        self, block: slice, limit: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]:
        """Return count, end (ascending within an item) and weight of the edges of some items."""
        together = self.together.rows(block)
        start = np.repeat(np.arange(together.shape[0]), np.diff(together.indptr))
        near = together.data * self.of_history[block][start] * self.of_scored[together.indices]
        weight = self.passed((self.low_pass.left(block) * self.scale).astype(np.float32))
        weight[start, together.indices] += near
        own = np.arange(len(weight))
        weight[own, own + block.start] = 0
        counts, ends = strongest(weight, limit)
        owner = np.repeat(own, counts)
        kept = weight[owner, ends]
        there = kept > 0
        return np.bincount(owner[there], minlength=len(own)), ends[there], kept[there]


def _with_itself(histories: Histories, user_exponent: float) -> NDArray[np.float64]:
    """Return the diagonal that :class:`CoTaken` leaves out, float64, shape (n_items,)."""
    users = histories.user_row
    strength = np.bincount(users, histories.weight, minlength=len(histories))
    value = histories.weight.astype(np.float64) ** 2 * strength[users] ** (-2 * user_exponent)
    # bincount of nothing is of integers, whatever the weights.
    return np.asarray(np.bincount(histories.item_row, value, histories.n_items), np.float64)
