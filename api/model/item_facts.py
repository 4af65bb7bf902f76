"""What an answer says of an item."""

from __future__ import annotations

import math
from urllib.parse import urlsplit

from recsys.bundle import Bundle

MOST_KEPT = 100_000


Facts = tuple[str, str, str, str, float | None]
"""Id, title, address, address of the picture, price."""


class FactsByRow(dict[int, Facts]):
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

    def __missing__(self, item_row: int) -> Facts:
        catalogue = self._catalogue
        price = float(catalogue.price[item_row])
        facts = (
            self._items[item_row],
            catalogue.title[item_row],
            link(catalogue.url[item_row]),
            link(catalogue.image_url[item_row]),
            None if math.isnan(price) else round(price, 4),
        )
        if len(self) < MOST_KEPT:
            self[item_row] = facts
        return facts

    def name(self, item_row: int) -> str:
        """Return the title of an item, or its id where it has none."""
        item_id, title, *_ = self[item_row]
        return title or item_id


def link(address: str) -> str:
    """Return an address that leads to http, https or elsewhere on the same site; else empty.

    What a browser would run (``javascript:``, ``data:``) never leaves, however it is spelled.
    """
    if any(character <= " " or character == "\\" for character in address):
        return ""
    try:
        scheme = urlsplit(address).scheme
    except ValueError:
        return ""
    return address if scheme in {"", "http", "https"} else ""
