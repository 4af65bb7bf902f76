"""Filters: which items a rule is about, as a value that JSON says.

::

    filter     {"all": [filter, …]}   {"any": [filter, …]}   {"not": filter}   or a condition
    condition  {"field": name, "op": op, "value": …}

with the `op` of :mod:`recsys.segments.rule`.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Discriminator, Field, StrictStr, Tag, model_validator

from recsys.config.section import Section
from recsys.errors import BadRule
from recsys.placements.fields import ItemField, ItemFields
from recsys.segments import rule

MAX_DEPTH = 6
MOST_PARTS = 100
MOST_VALUES = 1_000

Number = Annotated[float, Field(strict=True)]
Scalar = StrictStr | Number
_ALLOWED = {
    **dict.fromkeys(rule.ORDERINGS, "a number"),
    "contains": "a text",
    "in": f"a list of 1 to {MOST_VALUES:,} texts or numbers",
    "exists": "nothing: it asks whether there is a value",
}


class ItemCondition(Section):
    """A field has to be so. What is not known never satisfies a condition."""

    field: str = Field(min_length=1, description="of the catalogue, by name")
    op: Literal["eq", "ne", "gt", "gte", "lt", "lte", "in", "contains", "exists"]
    value: Scalar | tuple[Scalar, ...] | None = None

    @model_validator(mode="after")
    def _fits(self) -> ItemCondition:
        value, op = self.value, self.op
        if op == "in":
            fits = isinstance(value, tuple) and 1 <= len(value) <= MOST_VALUES
        elif op == "exists":
            fits = value is None
        elif op in rule.ORDERINGS:
            fits = isinstance(value, float)
        elif op == "contains":
            fits = isinstance(value, str)
        else:
            fits = isinstance(value, float | str)
        if not fits:
            raise ValueError(f"value: with {op}, {_ALLOWED.get(op, 'a text or a number')}")
        return self

    @property
    def asked(self) -> rule.Condition:
        """The condition as rules evaluate it."""
        return rule.Condition(self.field, self.op, self.value)


class Every(Section):
    """All of several filters hold."""

    parts: tuple[Filter, ...] = Field(alias="all", min_length=1, max_length=MOST_PARTS)


class Some(Section):
    """At least one of several filters holds."""

    parts: tuple[Filter, ...] = Field(alias="any", min_length=1, max_length=MOST_PARTS)


class Opposite(Section):
    """A filter does not hold."""

    part: Filter = Field(alias="not")


def _kind(found: object) -> str:
    for kind, name in ((Every, "all"), (Some, "any"), (Opposite, "not")):
        if isinstance(found, kind):
            return name
    names = found if isinstance(found, dict) else {}
    return next((name for name in ("all", "any", "not") if name in names), "condition")


Filter = Annotated[
    Annotated[Every, Tag("all")]
    | Annotated[Some, Tag("any")]
    | Annotated[Opposite, Tag("not")]
    | Annotated[ItemCondition, Tag("condition")],
    Discriminator(_kind),
]


def is_deep(found: object, left: int = MAX_DEPTH) -> bool:
    """Return whether JSON holds filters in each other beyond ``MAX_DEPTH`` levels."""
    if not isinstance(found, dict):
        return False
    if not left:
        return True
    inner = [*_listed(found.get("all")), *_listed(found.get("any")), found.get("not")]
    return any(is_deep(part, left - 1) for part in inner)


def _listed(found: object) -> list[object]:
    return list(found) if isinstance(found, list | tuple) else []


def matching(asked: Filter, fields: ItemFields) -> NDArray[np.bool_]:
    """Return which items a filter is about, bool, shape (n_items,).

    A field that the catalogue does not have any more is not known of any item.
    """
    if isinstance(asked, ItemCondition):
        field = fields.fields.get(asked.field)
        return np.zeros(len(fields), bool) if field is None else field.satisfies(asked.asked)
    if isinstance(asked, Opposite):
        return ~matching(asked.part, fields)
    together = np.logical_and if isinstance(asked, Every) else np.logical_or
    return together.reduce([matching(part, fields) for part in asked.parts])  # type: ignore[no-any-return]


def check(asked: Filter, fields: ItemFields, path: str) -> None:
    """Refuse a filter that asks for what the catalogue does not have.

    Raises
    ------
    BadRule
        A field does not exist, or holds texts where a number is asked for, or the reverse.
    """
    for condition, place in _conditions(asked, path):
        field = find(condition.field, fields, f"{place}.field")
        values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
        for value in values:
            if value is not None and not _comparable(value, field):
                allowed = "a number" if field.numeric else "a text: no item has a number there"
                raise BadRule(f"{place}.value", value, f"{allowed} ({condition.field})")


def find(name: str, fields: ItemFields, path: str) -> ItemField:
    """Return a field by name.

    Raises
    ------
    BadRule
        There is none; says which there are, the nearest first.
    """
    if name in fields.fields:
        return fields.fields[name]
    near = get_close_matches(name, fields.fields, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise BadRule(path, name, f"{hint}{', '.join(fields.fields)}")


def _comparable(value: str | float, field: ItemField) -> bool:
    if isinstance(field.values, np.ndarray):
        return isinstance(value, float)
    if isinstance(value, str):
        return True
    spelled = rule.Condition("", "gte", -np.inf)
    return bool(field.satisfies(spelled).any())


def _conditions(asked: Filter, path: str) -> Iterator[tuple[ItemCondition, str]]:
    if isinstance(asked, ItemCondition):
        yield asked, path
    elif isinstance(asked, Opposite):
        yield from _conditions(asked.part, f"{path}.not")
    else:
        name = "all" if isinstance(asked, Every) else "any"
        for number, part in enumerate(asked.parts):
            yield from _conditions(part, f"{path}.{name}[{number}]")
