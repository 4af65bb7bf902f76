"""What rules may ask of items: fields of any name, in the rows of one model version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.data.catalogue import Catalogue
from recsys.data.ids import IdMap
from recsys.segments.conditions import numbers_are, texts_are
from recsys.segments.rule import Condition

NOTHING = -1
SEVERAL = "|"
"""Divides the values of a field that has several."""

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ItemField:
    """One field of all items, each distinct value once.

    Attributes
    ----------
    code : int32, shape (n_items,)
        Place of each item's value in `values`; ``NOTHING`` where it has none.
    values : tuple of str, or float64, shape (n_values,)
        Distinct, in order of appearance. A text may hold several values, ``red|blue``.
    """

    code: NDArray[np.int32]
    values: tuple[str, ...] | NDArray[np.float64]

    @classmethod
    def of_texts(cls, texts: Sequence[str]) -> ItemField:
        """Return a field of texts; an empty one is no value."""
        numbers: dict[str, int] = {"": NOTHING}
        code = [numbers.setdefault(text, len(numbers) - 1) for text in texts]
        return cls(np.array(code, np.int32), tuple(numbers)[1:])

    @classmethod
    def of_numbers(cls, numbers: NDArray[np.floating]) -> ItemField:
        """Return a field of numbers; NaN is no value."""
        values, code = np.unique(numbers.astype(np.float64), return_inverse=True)
        known = ~np.isnan(values)
        return cls(np.where(known[code], code, NOTHING).astype(np.int32), values[known])

    @property
    def numeric(self) -> bool:
        """Whether the values are numbers."""
        return isinstance(self.values, np.ndarray)

    def satisfies(self, condition: Condition) -> Bools:
        """Return of which items a condition holds, bool, shape (n_items,).

        Of several values one has to satisfy it, and with ``ne`` all of them. What is not known
        satisfies nothing.
        """
        return np.append(self._so(condition), False)[self.code]

    def _so(self, condition: Condition) -> Bools:
        """Return of which values it holds, bool, shape (n_values,)."""
        if isinstance(self.values, np.ndarray):
            return numbers_are(condition, self.values)
        parts = [text.split(SEVERAL) for text in self.values]
        if not parts:
            return np.zeros(0, bool)
        so = texts_are(condition, [part for several in parts for part in several])
        first = np.cumsum([0, *map(len, parts[:-1])])
        found: Bools = (np.logical_and if condition.op == "ne" else np.logical_or).reduceat(
            so, first
        )
        return found


@dataclass(frozen=True, slots=True)
class ItemFields:
    """All fields of all items.

    Attributes
    ----------
    items : IdMap
        What the rows mean.
    fields : mapping of str to ItemField
        By name: ``item_id, title, category, url, image_url, price`` and every attribute that was
        imported.
    available : bool, shape (n_items,)
        False for what must never be recommended: sold out, hidden, postage.
    """

    items: IdMap
    fields: Mapping[str, ItemField]
    available: Bools

    @classmethod
    def of(
        cls, items: IdMap, catalogue: Catalogue, attributes: Mapping[str, Sequence[str]]
    ) -> ItemFields:
        """Return the fields of a catalogue, and further texts by name, in rows of `items`."""
        texts = {
            **attributes,
            "item_id": [items[row] for row in range(len(items))],
            **{name: getattr(catalogue, name) for name in ("title", "category", "url")},
            "image_url": catalogue.image_url,
        }
        fields = {name: ItemField.of_texts(values) for name, values in texts.items()}
        price = ItemField.of_numbers(catalogue.price)
        return cls(items, {**fields, "price": price}, catalogue.available)

    def __len__(self) -> int:
        return len(self.available)
