"""Which annotations a kept value may have, and what they are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, NewType, Union, get_args, get_origin, get_type_hints

import numpy as np

SCALARS = (str, int, float, bool)


class Family(Enum):
    """What a value is, and so how it is kept."""

    SCALAR = "one str, int, float or bool"
    ARRAY = "an array"
    ENUM = "a member of an Enum of str or int"
    JSON = "plain JSON"
    MANY = "a tuple of any length, all of one kind"
    SEVERAL = "a tuple of fixed length"
    KEYED = "a mapping from str"
    ONE_OF = "one of several kinds"
    RECORD = "a dataclass"


@dataclass(frozen=True, slots=True)
class Shape:
    """An annotation, taken apart.

    Attributes
    ----------
    family : Family
        What it is.
    kind : type
        The type itself, of scalars, enums and records.
    parts : tuple of annotations
        What it is made of: the kinds of a tuple, key and value of a mapping, the members of a
        union without None.
    optional : bool
        Whether None is allowed.
    """

    family: Family
    kind: Any = None
    parts: tuple[Any, ...] = ()
    optional: bool = False


@cache
def shape(kind: Any) -> Shape:
    """Take an annotation apart.

    Raises
    ------
    TypeError
        It is none of the families: a value could not be rebuilt from it.
    """
    if isinstance(kind, NewType):
        return shape(kind.__supertype__)
    if kind in (Any, object):
        return Shape(Family.JSON)
    if np.ndarray in (kind, get_origin(kind)):
        return Shape(Family.ARRAY)
    if get_origin(kind) is not None:
        return _composed(kind, get_origin(kind), get_args(kind))
    if kind in SCALARS:
        return Shape(Family.SCALAR, kind)
    if isinstance(kind, type) and is_dataclass(kind):
        return Shape(Family.RECORD, kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return Shape(Family.ENUM, kind)
    raise TypeError(f"what is annotated {kind} cannot be kept")


@cache
def hints(record: type) -> dict[str, Any]:
    """Return the annotation of each field of a dataclass, in order."""
    known = get_type_hints(record)
    return {field.name: known[field.name] for field in fields(record)}


@cache
def members(union: Shape) -> dict[str, Any]:
    """Return the kinds of a union by the name that facts call them.

    Raises
    ------
    TypeError
        Two of them have the same name.
    """
    named = {(get_origin(kind) or kind).__name__: kind for kind in union.parts}
    if len(named) < len(union.parts):
        raise TypeError(f"the members of {union.parts} cannot be told apart by name")
    return named


def _composed(kind: Any, origin: Any, args: tuple[Any, ...]) -> Shape:
    if origin is Literal:
        return Shape(Family.JSON)
    if origin in (Union, UnionType):
        parts = tuple(arg for arg in args if arg is not NoneType)
        return Shape(Family.ONE_OF, parts=parts, optional=NoneType in args)
    if origin is tuple and args[1:] == (Ellipsis,):
        return Shape(Family.MANY, parts=args[:1])
    if origin is tuple:
        return Shape(Family.SEVERAL, parts=args)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return Shape(Family.KEYED, parts=args)
    raise TypeError(f"what is annotated {kind} cannot be kept")
