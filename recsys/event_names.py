"""What others call the kinds of events: Segment's e-commerce names, Gorse's, and plain words."""

from __future__ import annotations

from collections.abc import Mapping

KIND_OF: Mapping[str, str] = {
    "product viewed": "view",
    "product clicked": "view",
    "view": "view",
    "read": "view",
    "click": "view",
    "product added": "cart",
    "product added to wishlist": "cart",
    "add to cart": "cart",
    "cart": "cart",
    "order completed": "purchase",
    "purchase": "purchase",
    "buy": "purchase",
    "order": "purchase",
    "product removed": "remove",
    "remove from cart": "remove",
    "remove": "remove",
    "product dismissed": "dismiss",
    "not interested": "dismiss",
    "dislike": "dismiss",
    "dismiss": "dismiss",
    "order refunded": "return",
    "refund": "return",
    "return": "return",
}
"""Kinds by name in lower case, ``_`` and ``-`` read as a space, CamelCase taken apart."""


def kind_of(name: str) -> str:
    """Return the kind that an event `name` means; the name itself where none is known."""
    if name in KIND_OF:
        return KIND_OF[name]
    apart = "".join(f" {c}" if c.isupper() else c for c in name).replace("_", " ").replace("-", " ")
    for spelling in (name, apart):
        if kind := KIND_OF.get(" ".join(spelling.lower().split())):
            return kind
    return name
