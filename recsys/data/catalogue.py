"""Items: what they are called, what they cost, whether they can be had."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Facts about items, aligned with the rows of the item id map.

    Attributes
    ----------
    title, category, url, image_url : tuple of str, length n_items
        Empty string where not known.
    price : float32, shape (n_items,)
        Price of one unit; NaN where not known.
    available : bool, shape (n_items,)
        False for what must never be recommended (sold out, postage, fees).
    """

    title: tuple[str, ...]
    category: tuple[str, ...]
    url: tuple[str, ...]
    image_url: tuple[str, ...]
    price: NDArray[np.float32]
    available: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.title)
