"""What items are about, as vectors: their category where known, else who takes what with what."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.decomposition import TruncatedSVD

from recsys.data.catalogue import Catalogue
from recsys.data.ids import NO_ITEM
from recsys.data.interactions import Interactions
from recsys.segments.clusters import different

MIN_CATEGORIES = 4
MOST_CATEGORIES = 48
KNOWN_SHARE = 0.8
FACTORS = 12


@dataclass(frozen=True, slots=True)
class ItemContents:
    """What items are about, and what to call it.

    Attributes
    ----------
    vectors : float32, shape (n_items, n_dimensions)
        Zeros where nothing is known of an item.
    labels : tuple of str, length n_items
        Category, title or id of each item.
    of : str
        ``categories`` or ``items``: what the labels are.
    """

    vectors: NDArray[np.float32]
    labels: tuple[str, ...]
    of: str


def contents(critical: Interactions, catalogue: Catalogue, *, seed: int) -> ItemContents | None:
    """Return what items are about; None where too little is known.

    Categories, when at least ``KNOWN_SHARE`` of the events have one and there are at least
    ``MIN_CATEGORIES``; those beyond the ``MOST_CATEGORIES`` most frequent say nothing.
    Else the item factors of a truncated singular value decomposition of who took what, each item
    weighted down by the logarithm of its share of users.
    """
    rows = critical.item_row[critical.item_row != NO_ITEM]
    has_category = np.array([bool(category) for category in catalogue.category], bool)
    if len(rows) and has_category[rows].mean() >= KNOWN_SHARE:
        names = [catalogue.category[row] for row in rows[has_category[rows]].tolist()]
        if len(set(names)) >= MIN_CATEGORIES:
            return _categories(names, catalogue)
    return taken_together(critical, catalogue, seed=seed)


def taken_together(
    critical: Interactions, catalogue: Catalogue, *, seed: int, factors: int = FACTORS
) -> ItemContents | None:
    """Return what items are about by who takes what with what; None of too few items or users."""
    n_users, n_items = len(critical.users), len(critical.items)
    user, item = different(critical.item_row, critical.indptr, n_items=n_items)
    taken = np.bincount(item, minlength=n_items)
    if np.count_nonzero(taken) <= factors or n_users <= factors:
        return None
    rarity = np.log(n_users / np.maximum(taken, 1)).astype(np.float32)
    matrix = sparse.csr_array((rarity[item], (user, item)), shape=(n_users, n_items))
    model = TruncatedSVD(factors, random_state=seed).fit(matrix)
    vectors = model.components_.T * rarity[:, None]
    ids = list(critical.items)
    labels = tuple(title or ids[row] for row, title in enumerate(catalogue.title))
    return ItemContents(vectors.astype(np.float32), labels, "items")


def _categories(names: list[str], catalogue: Catalogue) -> ItemContents:
    categories, counts = np.unique(np.array(names, object).astype(str), return_counts=True)
    most = categories[np.argsort(-counts, kind="stable")[:MOST_CATEGORIES]].tolist()
    column = {name: number for number, name in enumerate(most)}
    vectors = np.zeros((len(catalogue), len(most)), np.float32)
    for row, category in enumerate(catalogue.category):
        if category in column:
            vectors[row, column[category]] = 1
    return ItemContents(vectors, catalogue.category, "categories")
