"""Whether a condition holds of values that are known: the same for cohorts and for items."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.segments.rule import Condition

Bools = NDArray[np.bool_]

COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    "eq": np.equal,
    "ne": np.not_equal,
    "gt": np.greater,
    "gte": np.greater_equal,
    "lt": np.less,
    "lte": np.less_equal,
}
"""What each comparison is called in a rule."""


def numbers_are(condition: Condition, values: NDArray[np.float64]) -> Bools:
    """Return of which numbers a condition holds, bool, shape (n,); of NaN none does."""
    has_one: Bools = ~np.isnan(values)
    if condition.op == "exists":
        return has_one
    if condition.op == "in":
        several = condition.value if isinstance(condition.value, tuple) else ()
        numbers = [value for value in several if isinstance(value, float)]
        return np.isin(values, np.array(numbers, np.float64)) & has_one
    so: Bools = COMPARE[condition.op](values, condition.value)
    return so & has_one


def texts_are(condition: Condition, texts: Sequence[str]) -> Bools:
    """Return of which texts a condition holds, bool, shape (n,); of an empty one none does.

    Compared with a number, a text counts as the number that it spells, if it does.
    """
    if isinstance(condition.value, float):
        return numbers_are(condition, np.array([_number(text) for text in texts], np.float64))
    return np.array([bool(text) and _text_is(condition, text) for text in texts], bool)


def _text_is(condition: Condition, text: str) -> bool:
    value = condition.value
    if condition.op == "in":
        several = value if isinstance(value, tuple) else ()
        return text in several or _number(text) in several
    if condition.op == "contains":
        return str(value).lower() in text.lower()
    return {"eq": text == value, "ne": text != value}.get(condition.op, True)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan
