"""What the ranker listens to: item graphs, a low-pass in bands, factors."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from recsys.algorithms import als, spectral
from recsys.algorithms.als import AlsFactors, AlsSettings
from recsys.algorithms.histories import Histories
from recsys.algorithms.spectral import Basis, SpectralSettings

BANDS = (8, 32, 128, 256, 512)
"""Where the components of the low-pass are cut: the ranker weighs each band."""

PAIRS_A_FACTOR = 3_000

Exponents = tuple[float, float, float]
"""Of the users, of the items of the history, of the items scored: see `SpectralSettings`."""


@dataclass(frozen=True, slots=True)
class SpectralPartSettings:
    """What is tuned.

    Attributes
    ----------
    exponents : tuple of Exponents
        One item graph each; the first chooses the edges and the candidates.
    edges : int
        Kept an item, the strongest.
    components : int
        Of the low-pass.
    item_exponent : float
        Of the low-pass.
    factors : tuple of AlsSettings
    """

    exponents: tuple[Exponents, ...] = ((0.3, 0.5, 0.4), (0.5, 0.5, 0.5), (0.0, 0.5, 0.5))
    edges: int = 300
    components: int = 1024
    item_exponent: float = 0.4
    factors: tuple[AlsSettings, ...] = (
        AlsSettings(256, alpha=40.0, regularization=20.0),
        AlsSettings(64, alpha=40.0, regularization=20.0),
    )

    @classmethod
    def of_size(cls, n_pairs: int) -> SpectralPartSettings:
        """Return where to start: the fewer pairs, the fewer factors and components."""
        most = 2 ** round(np.log2(np.clip(n_pairs / PAIRS_A_FACTOR, 16, 256)))
        return cls(
            components=max(4 * most, 128),
            factors=tuple(
                AlsSettings(factors, alpha=40.0, regularization=20.0)
                for factors in (most, max(most // 4, 8))
            ),
        )

    def __str__(self) -> str:
        graphs = ", ".join("/".join(f"{one:g}" for one in each) for each in self.exponents)
        return (
            f"item graphs of {self.edges} edges with exponents {graphs}; low-pass of "
            f"{self.components} components, exponent {self.item_exponent:g}; "
            + "; ".join(str(each) for each in self.factors)
        )


@dataclass(frozen=True, slots=True)
class Parts:
    """All parts, fitted.

    Attributes
    ----------
    graphs : sequence of csr_array, each of shape (n_items, n_items)
        The same edges in the same order, with weights by other exponents.
    to_vector : float32, shape (n_items, n_components)
        A history's sum of these is what it says in the low-pass.
    factors : sequence of AlsFactors
    vectors : float32, shape (n_items, n_components + all factors)
        What an item answers to low-pass and factors.
    bounds : sequence of int
        Where bands and factors begin in `vectors`, and the end of the last.
    popularity : float64, shape (n_items,)
    """

    graphs: Sequence[csr_array]
    to_vector: NDArray[np.float32]
    factors: Sequence[AlsFactors]
    vectors: NDArray[np.float32]
    bounds: Sequence[int]
    popularity: NDArray[np.float64]

    @property
    def n_items(self) -> int:
        """How many items can be ranked."""
        return len(self.popularity)

    def user_vectors(self, histories: Histories) -> NDArray[np.float32]:
        """Return what users say to `vectors`, float32, shape (n_users, n_vector)."""
        low = matrix(histories) @ self.to_vector
        solved = [each.fold_in_all(histories) for each in self.factors]
        return np.concatenate([low, *solved], axis=1, dtype=np.float32)


def fit(
    histories: Histories, settings: SpectralPartSettings, *, seed: int, threads: int = 1
) -> Parts:
    """Fit all parts, several at a time; the same bits, however many threads."""
    return Workshop(histories, seed, threads).fit(settings)


@dataclass(slots=True)
class Workshop:
    """Fits parts to the same histories again and again; what did not change is not fitted again.

    Kept are the parts of the last settings fitted and of those settled on.

    Attributes
    ----------
    histories : Histories
        Of all users.
    seed : int
        Of the decomposition and the factors.
    threads : int
        Parts fitted at a time.
    """

    histories: Histories
    seed: int
    threads: int
    _made: dict[Hashable, Any] = field(default_factory=dict)
    _settled: set[Hashable] = field(default_factory=set)

    def fit(self, settings: SpectralPartSettings) -> Parts:
        """Return the parts, fitting those that are not kept."""
        from threadpoolctl import threadpool_limits

        import_module("scipy.linalg")  # brings a BLAS of its own; only loaded ones are limited
        jobs = self._jobs(settings)
        missing = [key for key in jobs if key not in self._made]
        with threadpool_limits(1, "blas"), ThreadPoolExecutor(self.threads) as pool:
            made = dict(zip(missing, pool.map(lambda key: jobs[key](), missing), strict=True))
        self._made = {
            key: part
            for key, part in {**self._made, **made}.items()
            if key in jobs or key in self._settled
        }
        basis, edges, *factors = (self._made[key] for key in jobs)
        return _assembled(self.histories, basis, edges, factors)

    def settle(self, settings: SpectralPartSettings) -> None:
        """Keep the parts of these settings, as long as no others are settled on."""
        self._settled = set(self._jobs(settings))

    def _jobs(self, settings: SpectralPartSettings) -> dict[Hashable, Callable[[], Any]]:
        spectrum = SpectralSettings(
            components=settings.components, item_exponent=settings.item_exponent
        )
        jobs: dict[Hashable, Callable[[], Any]] = {
            spectrum: lambda: spectral.decompose(self.histories, spectrum, seed=self.seed),
            (settings.exponents, settings.edges): lambda: graphs(self.histories, settings),
        }
        for each in settings.factors:
            jobs[each] = partial(als.fit, self.histories, each, seed=self.seed)
        return jobs


def graphs(histories: Histories, settings: SpectralPartSettings) -> list[csr_array]:
    """Return the item graphs; the edges are the strongest of the first."""
    popular = spectral.popularity(histories)
    first, *others = settings.exponents
    kept = _strongest(_weighed(histories, first, popular), settings.edges)
    edge = csr_array((np.ones(kept.nnz, np.float32), kept.indices, kept.indptr), shape=kept.shape)
    found = [kept]
    found += [_weighed(histories, each, popular).multiply(edge).tocsr() for each in others]
    return found


def matrix(histories: Histories) -> csr_array:
    """Return the histories as a matrix, float32, shape (n_users, n_items)."""
    return csr_array(
        (histories.weight, histories.item_row, histories.indptr),
        shape=(len(histories), histories.n_items),
    )


def _weighed(histories: Histories, exponents: Exponents, popular: NDArray[np.float64]) -> csr_array:
    of_user, of_history, of_scored = exponents
    together = spectral.co_taken(histories, of_user)
    row = np.repeat(popular**-of_history, np.diff(together.indptr)).astype(np.float32)
    together.data *= row * (popular**-of_scored).astype(np.float32)[together.indices]
    together.sort_indices()
    return together


def _strongest(graph: csr_array, limit: int) -> csr_array:
    """Keep the highest weights of each row, in the order of the columns."""
    kept = np.ones(graph.nnz, np.bool_)
    for start, end in zip(graph.indptr[:-1], graph.indptr[1:], strict=True):
        if end - start > limit:
            weakest = np.argpartition(graph.data[start:end], end - start - limit)
            kept[start + weakest[: end - start - limit]] = False
    ends = np.concatenate([[0], np.cumsum(kept)])[graph.indptr]
    return csr_array((graph.data[kept], graph.indices[kept], ends), shape=graph.shape)


def _assembled(
    histories: Histories, basis: Basis, edges: list[csr_array], factors: list[AlsFactors]
) -> Parts:
    popular = spectral.popularity(histories)
    tilt = (popular**basis.item_exponent).astype(np.float32)[:, None]
    found = basis.vectors.shape[1]
    cuts = [0, *(cut for cut in BANDS if cut < found), found]
    for each in factors:
        cuts.append(cuts[-1] + each.item_factors.shape[1])
    return Parts(
        graphs=edges,
        to_vector=basis.vectors / tilt,
        factors=factors,
        vectors=np.concatenate(
            [basis.vectors * tilt, *(each.item_factors for each in factors)], axis=1
        ),
        bounds=cuts,
        popularity=popular,
    )
