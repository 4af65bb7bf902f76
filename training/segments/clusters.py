"""Content clusters: as many as bootstrap samples of the users agree on, or none, and why."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from recsys.algorithms.threads import one_thread
from recsys.data.catalogue import Catalogue
from recsys.data.interactions import Interactions
from recsys.segments.clusters import MIN_ITEMS, Clusters, content, different, distinct
from training.segments.content_vectors import ItemContents, contents

FEWEST, MOST = 4, 12
MIN_STABILITY = 0.80
MIN_SHARE = 0.02
MIN_USERS = 200
RESAMPLES = 10
MOST_USERS = 10_000
TYPICAL = 5

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Tried:
    """How one number of clusters did.

    Attributes
    ----------
    k : int
        Number of clusters.
    stability : float
        Mean adjusted Rand index against clusters of bootstrap samples (Hubert & Arabie 1985).
    smallest : float
        Share of the users in the smallest cluster.
    """

    k: int
    stability: float
    smallest: float

    @property
    def holds(self) -> bool:
        """Whether the clusters may be shown to anybody."""
        return self.stability >= MIN_STABILITY and self.smallest >= MIN_SHARE


@dataclass(frozen=True, slots=True)
class Clustering:
    """What was found.

    Attributes
    ----------
    clusters : Clusters or None
        The most that hold.
    why_not : str
        Why there are none; empty when there are.
    tried : tuple of Tried
        Every number of clusters looked at, most first.
    """

    clusters: Clusters | None
    why_not: str
    tried: tuple[Tried, ...]


def cluster(critical: Interactions, catalogue: Catalogue, *, seed: int) -> Clustering:
    """Group users by what they take: k-means on their content.

    The largest number of clusters from ``FEWEST`` to ``MOST`` whose stability is at least
    ``MIN_STABILITY`` and whose smallest cluster has at least ``MIN_SHARE`` of the users is taken.

    Parameters
    ----------
    critical : Interactions
        Of the critical kind.
    catalogue : Catalogue
        Categories and titles of the items.
    seed : int
        Same seed, same clusters.
    """
    about = contents(critical, catalogue, seed=seed)
    if about is None:
        return Clustering(None, "too few items or users to tell what items are about", ())
    enough, vectors = content(about.vectors, critical.item_row, critical.indptr)
    if (n := int(enough.sum())) < MIN_USERS:
        why = f"{n:,} users with {MIN_ITEMS} different items, at least {MIN_USERS} needed"
        return Clustering(None, why, ())
    users = _drawn(vectors[enough], seed=seed)
    tried: list[Tried] = []
    for k in range(MOST, FEWEST - 1, -1):
        # One thread: the sums of several depend on their number, and wait for each other.
        with one_thread():
            fitted, outcome = _try(users, k, seed=seed)
        tried.append(outcome)
        if outcome.holds:
            clusters = named(fitted, about, critical, outcome.stability)
            return Clustering(clusters, "", tuple(tried))
    best = max(tried, key=lambda each: each.stability)
    why = (
        f"no number of clusters from {FEWEST} to {MOST} holds: the most stable is {best.k} with a "
        f"bootstrap ARI of {best.stability:.2f} and a smallest share of {best.smallest:.1%}; "
        f"needed are {MIN_STABILITY:.2f} and {MIN_SHARE:.0%}"
    )
    return Clustering(None, why, tuple(tried))


def _drawn(users: Floats, *, seed: int) -> Floats:
    if len(users) <= MOST_USERS:
        return users
    rows = np.random.default_rng(seed).choice(len(users), MOST_USERS, replace=False)
    drawn: Floats = users[np.sort(rows)]
    return drawn


def _try(users: Floats, k: int, *, seed: int) -> tuple[Floats, Tried]:
    fitted = KMeans(k, n_init=10, random_state=seed).fit(users)
    rng = np.random.default_rng([seed, k])
    agreement = []
    for _ in range(RESAMPLES):
        sample = users[rng.integers(len(users), size=len(users))]
        other = KMeans(k, n_init=3, random_state=int(rng.integers(2**31))).fit(sample)
        agreement.append(adjusted_rand_score(fitted.labels_, other.predict(users)))
    smallest = np.bincount(fitted.labels_, minlength=k).min() / len(users)
    centres = fitted.cluster_centers_.astype(np.float32)
    return centres, Tried(k, float(np.mean(agreement)), float(smallest))


def named(
    centres: Floats,
    about: ItemContents,
    critical: Interactions,
    stability: float,
    *,
    min_items: int = MIN_ITEMS,
) -> Clusters:
    """Return clusters, each named by what its users take more than the others."""
    blank = Clusters((), (), about.vectors, centres, stability, min_items)
    of_user = blank.of(critical.item_row, critical.indptr)
    typical = _typical(of_user, about, critical, k=len(centres))
    names: list[str] = []
    for labels in typical:
        lower = [label.lower() for label in labels]
        names.append(next((name for name in lower if name not in names), f"group {len(names)}"))
    return replace(blank, names=tuple(names), typical=typical)


def _typical(
    of_user: NDArray[np.int8], about: ItemContents, critical: Interactions, *, k: int
) -> tuple[tuple[str, ...], ...]:
    """Return what each cluster's users take more than the others, by the z of two proportions."""
    labels, code = np.unique(np.array(about.labels, object).astype(str), return_inverse=True)
    user, item = different(critical.item_row, critical.indptr, n_items=len(about.labels))
    user, label = distinct(user, code[item], size=len(labels))
    inside = of_user[user] >= 0
    user, label = user[inside], label[inside]
    took = np.zeros((k, len(labels)))
    np.add.at(took, (of_user[user], label), 1)
    sizes = np.bincount(of_user[of_user >= 0], minlength=k)[:, None]
    rest = np.maximum(sizes.sum() - sizes, 1)
    share, elsewhere = took / np.maximum(sizes, 1), (took.sum(0) - took) / rest
    both = took.sum(0) / sizes.sum()
    spread = np.sqrt(np.maximum(both * (1 - both), 1e-12) * (1 / np.maximum(sizes, 1) + 1 / rest))
    order = np.argsort(-(share - elsewhere) / spread, axis=1, kind="stable")[:, :TYPICAL]
    return tuple(tuple(str(labels[c]) for c in row if labels[c]) for row in order)
