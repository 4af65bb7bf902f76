"""Items that are described alike: neighbours for items that nobody has taken yet.

Cosine over TF-IDF of the words of the title (Salton & Buckley 1988), with the category and the
price level as words of their own; Lops, de Gemmis & Semeraro 2011 for the idea.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.neighbours import ItemNeighbours

PRICE_LEVELS_PER_DOUBLING = 1.0
CHUNK = 512
WORD = re.compile(r"[^\W\d_]{2,}")


def fit(
    titles: Sequence[str],
    categories: Sequence[str],
    price: NDArray[np.float32],
    *,
    neighbours: int,
    wanted: NDArray[np.bool_] | None = None,
) -> ItemNeighbours:
    """Build the graph of items that are described alike.

    Parameters
    ----------
    titles, categories : sequence of str, length n_items
        Empty where not known.
    price : float32, shape (n_items,)
        Price of one unit; NaN or 0 where not known.
    neighbours : int
        Kept per item, the most alike, ties by the lower row.
    wanted : bool, shape (n_items,), or None
        Items that get neighbours, which may be any item; None for all.

    Returns
    -------
    ItemNeighbours
        Cosine similarities in (0, 1]; an item about which nothing is known, or nothing that
        another item shares, has none.

    Notes
    -----
    O(wanted items · items that share a word) time, O(wanted items · neighbours) memory.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    n_items = len(titles)
    documents = [
        words(title, category, float(cost))
        for title, category, cost in zip(titles, categories, price, strict=True)
    ]
    if len({word for document in documents for word in document}) == 0:
        return _graph({}, n_items)
    weighted = TfidfVectorizer(analyzer=list, dtype=np.float32).fit_transform(documents).tocsr()
    transposed = weighted.T.tocsr()
    asked = np.arange(n_items) if wanted is None else np.flatnonzero(wanted)
    edges = {}
    for start in range(0, len(asked), CHUNK):
        rows = asked[start : start + CHUNK]
        alike = (weighted[rows] @ transposed).tocsr()
        for number, row in enumerate(rows.tolist()):
            edges[row] = _strongest(alike, number, row, neighbours)
    return _graph(edges, n_items)


def words(title: str, category: str, price: float) -> list[str]:
    """Return what an item is known by: lower-case words, its category, its price level."""
    terms = [word.lower() for word in WORD.findall(title)]
    if category:
        terms.append(f"category:{category}")
    if terms and price > 0:
        terms.append(f"price:{round(np.log2(price) * PRICE_LEVELS_PER_DOUBLING)}")
    return terms


def _strongest(
    alike: Any, number: int, row: int, neighbours: int
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    own = slice(alike.indptr[number], alike.indptr[number + 1])
    rows, similarity = alike.indices[own], alike.data[own]
    other = (rows != row) & (similarity > 0)
    rows, similarity = rows[other], similarity[other]
    best = np.lexsort((rows, -similarity))[:neighbours]
    best = best[np.argsort(rows[best])]
    return rows[best].astype(np.int32), similarity[best].astype(np.float32)


def _graph(
    edges: Mapping[int, tuple[NDArray[np.int32], NDArray[np.float32]]], n_items: int
) -> ItemNeighbours:
    """Return the graph of some items' neighbours, given in order of row."""
    sizes = [len(edges[row][0]) if row in edges else 0 for row in range(n_items)]
    return ItemNeighbours(
        indptr=np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes, dtype=np.int64)]),
        indices=np.concatenate([np.empty(0, np.int32), *(rows for rows, _ in edges.values())]),
        data=np.concatenate([np.empty(0, np.float32), *(value for _, value in edges.values())]),
    )
