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

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.histories import Histories
from recsys.algorithms.neighbours import ItemNeighbours
from recsys.algorithms.topk import top_k

if TYPE_CHECKING:
    from scipy.sparse import csr_array

BLOCK = 512
"""Items whose edges are worked out at a time: a block takes 4 · BLOCK · n_items bytes."""

ROUNDING = 1e-5
"""Singular values below this share of the largest are 0 up to rounding (float32)."""

OVERSAMPLED = 16
"""Random directions beyond those kept, as Halko, Martinsson & Tropp 2011 recommend (5 to 20)."""

PAIRS_A_COMPONENT = 750
"""Pairs that carry one component more; in a first try on files of .03 to .8 million pairs."""

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
    vectors : float32, shape (n_items, n_components)
        Orthonormal, the strongest first.
    values : float32, shape (n_components,)
        Their singular values.
    """

    item_exponent: float
    vectors: NDArray[np.float32]
    values: NDArray[np.float32]


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
    basis = None
    if settings.low_pass:
        basis = decompose(histories, settings, seed=seed)
    together = co_taken(histories, settings.user_exponent)
    return graph(histories, together, basis, settings)


def co_taken(histories: Histories, user_exponent: float) -> csr_array:
    """Return how strongly items are taken together, ``Rᵀ D_u^(-2·user_exponent) R``.

    Returns
    -------
    csr_array of float32, shape (n_items, n_items)
        Zeros on the diagonal.
    """
    from scipy.sparse import csr_array

    matrix = _normalised(histories, user_exponent, item_exponent=0.0)
    together: csr_array = csr_array(matrix.T @ matrix)
    together.setdiag(0)
    together.eliminate_zeros()
    return together


def decompose(histories: Histories, settings: SpectralSettings, *, seed: int) -> Basis:
    """Return the first right singular vectors of ``D_u^-½ R D_i^-item_exponent``.

    Randomised subspace iteration (Halko, Martinsson & Tropp 2011, algorithm 4.4). One thread and
    a seed: the same histories give the same bits.
    """
    from sklearn.utils.extmath import randomized_svd
    from threadpoolctl import threadpool_limits

    matrix = _normalised(histories, 0.5, item_exponent=settings.item_exponent)
    components = min(settings.components, matrix.shape[0] - 1, matrix.shape[1] - 1)
    if components < 1 or not matrix.nnz:
        return Basis(
            settings.item_exponent,
            np.zeros((matrix.shape[1], 0), np.float32),
            np.zeros(0, np.float32),
        )
    with threadpool_limits(1, "blas"):
        _, values, vectors = randomized_svd(
            matrix,
            components,
            n_oversamples=OVERSAMPLED,
            n_iter=ITERATIONS,
            random_state=seed,
        )
    vectors = np.ascontiguousarray(vectors.T, np.float32)
    return Basis(settings.item_exponent, vectors, values.astype(np.float32))


def graph(
    histories: Histories,
    together: csr_array,
    basis: Basis | None,
    settings: SpectralSettings,
) -> ItemNeighbours:
    """Add up both filters and keep the strongest edges of each item.

    Parameters
    ----------
    histories : Histories
        What the parts were made of.
    together : csr_array
        See :func:`co_taken`.
    basis : Basis or None
        See :func:`decompose`; only its first ``settings.components`` are used; None: no low-pass.
    settings : SpectralSettings
        The exponents of `together` and `basis` are taken as given.
    """
    mixed = _Mixed.of(histories, together, basis, settings)
    rows = np.arange(histories.n_items)
    blocks = [rows[start : start + BLOCK] for start in range(0, len(rows), BLOCK)]
    with _one_blas_thread():
        edges = [mixed.edges(block, settings.neighbours) for block in blocks]
    counts = np.concatenate([count for count, _, _ in edges] or [np.empty(0, np.int64)])
    return ItemNeighbours(
        indptr=np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)]),
        indices=np.concatenate([item for _, item, _ in edges] or [np.empty(0, np.int32)]),
        data=np.concatenate([weight for _, _, weight in edges] or [np.empty(0, np.float32)]),
    )


def popularity(histories: Histories) -> NDArray[np.float64]:
    """Return how much of each item was taken; 1 where nothing was, float64, shape (n_items,)."""
    taken = np.bincount(histories.item_row, histories.weight, minlength=histories.n_items)
    return np.where(taken > 0, taken, 1.0)


@dataclass(frozen=True, slots=True)
class _Mixed:
    """Both filters with all exponents and units folded in; a block of edges at a time."""

    together: csr_array
    of_history: NDArray[np.float32]
    of_scored: NDArray[np.float32]
    left: NDArray[np.float32]
    right: NDArray[np.float32]

    @classmethod
    def of(
        cls,
        histories: Histories,
        together: csr_array,
        basis: Basis | None,
        settings: SpectralSettings,
    ) -> _Mixed:
        popular = popularity(histories)
        of_history = popular**-settings.in_exponent
        of_scored = popular**-settings.out_exponent
        # Root mean squares are over what histories hold, so popular items weigh more.
        squares = (together**2) @ of_scored**2
        graph_rms = np.sqrt(popular * of_history**2 @ squares) or 1.0
        itself = _with_itself(histories, settings.user_exponent) * of_history * of_scored
        unit = itself[itself > 0].mean() if itself.any() else 1.0
        left = right = np.zeros((len(popular), 0))
        if basis is not None:
            tilt = popular[:, None] ** basis.item_exponent
            vectors = basis.vectors[:, : settings.components]
            values = basis.values[: settings.components]
            # What has no singular value but rounding errors is in no direction worth passing.
            there = values > ROUNDING * values.max(initial=0.0)
            response = np.where(there, values**settings.soft, 0.0)
            left, right = vectors * response / tilt, vectors * tilt
            left = left * (settings.low_pass * graph_rms / unit / _rms(left, right, popular))
        return cls(
            together=together,
            of_history=(of_history / unit).astype(np.float32),
            of_scored=of_scored.astype(np.float32),
            left=left.astype(np.float32),
            right=np.ascontiguousarray(right.T, np.float32),
        )

    def edges(
        self, rows: NDArray[np.int64], limit: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]:
        """Return count, end (ascending within an item) and weight of the edges of some items."""
        weight = self.together[rows].toarray()
        weight *= self.of_history[rows][:, None]
        weight *= self.of_scored
        if self.left.shape[1]:
            weight += self.left[rows] @ self.right
        weight[np.arange(len(rows)), rows] = 0
        kept = [_strongest(row, limit) for row in weight]
        counts = np.array([len(ends) for ends in kept], np.int64)
        ends = np.concatenate(kept)
        return counts, ends.astype(np.int32), weight[np.repeat(np.arange(len(rows)), counts), ends]


def _with_itself(histories: Histories, user_exponent: float) -> NDArray[np.float64]:
    """Return the diagonal that :func:`co_taken` leaves out, float64, shape (n_items,)."""
    users = histories.user_row
    strength = np.bincount(users, histories.weight, minlength=len(histories))
    value = histories.weight.astype(np.float64) ** 2 * strength[users] ** (-2 * user_exponent)
    # bincount of nothing is of integers, whatever the weights.
    return np.asarray(np.bincount(histories.item_row, value, histories.n_items), np.float64)


def _strongest(weight: NDArray[np.float32], limit: int) -> NDArray[np.int64]:
    return np.sort(top_k(np.where(weight > 0, weight, np.float32(-np.inf)), limit))


def _rms(
    left: NDArray[np.float64], right: NDArray[np.float64], popular: NDArray[np.float64]
) -> float:
    """Return the root of the sum over i, j ≠ i of ``popular_i · (left_i · right_j)²``.

    ``|AB|² = tr(AᵀA BBᵀ)``: the product is never made.
    """
    whole = np.sum(((left * popular[:, None]).T @ left) * (right.T @ right))
    own = popular @ np.einsum("ik,ik->i", left, right) ** 2
    return float(np.sqrt(max(whole - own, 0.0))) or 1.0


def _normalised(histories: Histories, user_exponent: float, *, item_exponent: float) -> csr_array:
    """Return ``D_u^-user_exponent R D_i^-item_exponent``, float32, shape (n_users, n_items)."""
    from scipy.sparse import csr_array

    users = histories.user_row
    strength = np.bincount(users, histories.weight, minlength=len(histories))
    value = histories.weight * strength[users] ** -user_exponent
    value *= popularity(histories)[histories.item_row] ** -item_exponent
    return csr_array(
        (value.astype(np.float32), histories.item_row, histories.indptr),
        shape=(len(histories), histories.n_items),
    )


def _one_blas_thread() -> AbstractContextManager[object]:
    from threadpoolctl import threadpool_limits

    limits: AbstractContextManager[object] = threadpool_limits(1, "blas")
    return limits
