"""What an answer says of an item."""

from __future__ import annotations

import math
from typing import Any

from recsys.bundle import Bundle

MOST_KEPT = 100_000


class FactsByRow(dict[int, dict[str, Any]]):
    """The facts of the items of one model version by row, put together when first asked for.

    The first ``MOST_KEPT`` are kept, so that memory stays bounded whatever the catalogue. A dict,
    because every answer looks up ten or twenty.

    Parameters
    ----------
    bundle : Bundle
        Where the facts are.
    """

    def __init__(self, bundle: Bundle) -> None:
        super().__init__()
        self._items = bundle.interactions.items
        self._catalogue = bundle.catalogue

    def __missing__(self, item_row: int) -> dict[str, Any]:
        catalogue = self._catalogue
        price = float(catalogue.price[item_row])
        facts = {
            "item_id": self._items[item_row],
            "title": catalogue.title[item_row],
            "url": catalogue.url[item_row],
            "image_url": catalogue.image_url[item_row],
            "price": None if math.isnan(price) else round(price, 4),
        }
        if len(self) < MOST_KEPT:
            self[item_row] = facts
        return facts

    def name(self, item_row: int) -> str:
        """Return the title of an item, or its id where it has none."""
        facts = self[item_row]
        return str(facts["title"] or facts["item_id"])
